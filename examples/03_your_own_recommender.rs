//! A complete recommender: finds out which of two topics each user likes, from clicks alone.
//!
//! Run with `cargo run --release --example 03_your_own_recommender`.

use recloop::agents::{PlackettLuce, RandomSlates, Scorer};
use recloop::{
    BlockAt, EnvSpec, Grid, Observation, RecommendError, Recommender, ResetOptions, Slates, Step, Tick,
};

/// Scores an item by its quality plus the user's estimated click rate on its topic.
#[derive(Clone, Default)]
struct TopicTaste {
    blocks: Option<(BlockAt, BlockAt)>,
    /// `[n_users, 4]`: clicks and impressions of topic 0, then of topic 1.
    counts: Grid<f32>,
}

impl Scorer for TopicTaste {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        let items = &spec.item_features;
        self.blocks = items.find("topic").zip(items.find("quality"));
        self.counts = Grid::zeros(spec.n_users, 4);
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some((topic, quality)) = self.blocks else { return };
        let (user, counts) = (seen.row(row), self.counts.row(seen.users[row].index()));
        for (score, &item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            let t = 2 * usize::from(user.code(topic, item));
            let rate = (counts[t] + 1.0) / (counts[t + 1] + 4.0); // as if 1 of 4 had been clicked before
            *score = user.dense(quality, item)[0] + 4.0 * rate;
        }
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        let Some((topic, _)) = self.blocks else { return };
        for (r, user) in seen.users.iter().enumerate() {
            for (&item, &clicked) in shown.items.row(r).iter().zip(step.responses.click.row(r)) {
                let t = 2 * usize::from(seen.row(r).code(topic, item));
                let counts = self.counts.row_mut(user.index());
                counts[t] += f32::from(u8::from(clicked));
                counts[t + 1] += 1.0;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = ResetOptions { horizon: Some(Tick(100)), ..ResetOptions::default() };
    let clicks = |policy: &mut dyn Recommender| -> Result<f32, Box<dyn std::error::Error>> {
        let (mut world, mut total) = (recloop::make("interest-exploration-v0", &["users=400"])?, 0.0);
        recloop::play(&mut world, policy, 7, &options, |t| total += t.step.reward.iter().sum::<f32>())?;
        Ok(total / 400.0)
    };
    let random = clicks(&mut RandomSlates::default())?;
    // Behind Plackett–Luce it explores, and the propensity of every slate is exact.
    let ours = clicks(&mut PlackettLuce::new(TopicTaste::default(), 0.1)?)?;
    println!("clicks per user in 100 slates: random {random:.1}, ours {ours:.1}");
    assert!(ours > 1.2 * random);
    Ok(())
}
