//! How much people did: the engagement metrics that need no model and no group.

use recloop_env::{Facts, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::{Estimate, Named};

/// Reward, steps, clicks and time, per user, slate and impression.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `reward_per_user` | mean over users of the sum of their rewards | users |
/// | `steps_per_user` | mean over users of the slates they saw | users |
/// | `click_rate` | slates with a click / slates | slates |
/// | `ctr` | clicks / impressions | impressions |
/// | `dwell_minutes_per_user` | mean over users of the minutes they spent | users |
/// | `quality_per_click` | mean of the signal `quality` over clicked impressions, in worlds that have it | clicks |
///
/// Users are those who saw a slate; a place taken over by somebody new counts as one user. Standard errors are clustered
/// by user ([`Estimate::ratio`]) and conditional on the run's world.
///
/// # Numerics
/// Sums are f64 in the order of the log. Shards that keep users whole merge to the same counts exactly and to the
/// same values within 1e-9 relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Engagement;

/// What one user did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct UserTotals {
    /// Slates seen.
    pub slates: u64,
    /// Slates with a click.
    pub clicked_slates: u64,
    /// Items shown.
    pub impressions: u64,
    /// Items clicked.
    pub clicks: u64,
    /// Sum of rewards.
    pub reward: f64,
    /// Time spent.
    pub dwell_secs: f64,
    /// Sum of the signal `quality` over clicked items.
    pub quality: f64,
}

/// What everybody did so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// By user id, as far as users have been met.
    pub users: Vec<UserTotals>,
    /// Whether responses carry the signal `quality`.
    pub has_quality: bool,
}

impl Metric for Engagement {
    const KEY: Key = Key::User;
    type Partial = Totals;
    type Value = Vec<Named>;

    fn start(&self) -> Totals {
        Totals::default()
    }

    fn fold(&self, into: &mut Totals, facts: &Facts<'_>, t: &Transition<'_>) {
        let (did, quality) = (&t.step.responses, facts.spec.signal("quality"));
        into.has_quality |= quality.is_some();
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= into.users.len() {
                into.users.resize(user.index() + 1, UserTotals::default());
            }
            let (total, clicked) = (&mut into.users[user.index()], did.click.row(r));
            let clicks = clicked.iter().filter(|clicked| **clicked).count() as u64;
            total.slates += 1;
            total.clicked_slates += u64::from(clicks > 0);
            total.impressions += clicked.len() as u64;
            total.clicks += clicks;
            total.reward += f64::from(t.step.reward[r]);
            total.dwell_secs += did.dwell_secs.row(r).iter().map(|secs| f64::from(*secs)).sum::<f64>();
            if let Some(quality) = quality {
                let of = did.signal(quality, r).iter().zip(clicked).filter(|(_, clicked)| **clicked);
                total.quality += of.map(|(quality, _)| f64::from(*quality)).sum::<f64>();
            }
        }
    }

    fn merge(&self, left: Totals, right: Totals) -> Totals {
        let has_quality = left.has_quality || right.has_quality;
        let (mut users, other) = (left.users, right.users);
        users.resize(users.len().max(other.len()), UserTotals::default());
        users.iter_mut().zip(other).for_each(|(total, more)| total.add(&more));
        Totals { users, has_quality }
    }

    fn value(&self, total: Totals) -> Vec<Named> {
        let users = || total.users.iter().filter(|user| user.slates > 0);
        let named = |name: &str, estimate| Named { name: name.into(), estimate };
        let mut metrics = vec![
            named("reward_per_user", Estimate::mean(users().map(|user| user.reward))),
            named("steps_per_user", Estimate::mean(users().map(|user| user.slates as f64))),
            named(
                "click_rate",
                Estimate::ratio(users().map(|user| (user.clicked_slates as f64, user.slates))),
            ),
            named("ctr", Estimate::ratio(users().map(|user| (user.clicks as f64, user.impressions)))),
            named("dwell_minutes_per_user", Estimate::mean(users().map(|user| user.dwell_secs / 60.0))),
        ];
        if total.has_quality {
            let quality = Estimate::ratio(users().map(|user| (user.quality, user.clicks)));
            metrics.push(named("quality_per_click", quality));
        }
        metrics
    }
}

impl UserTotals {
    fn add(&mut self, more: &Self) {
        self.slates += more.slates;
        self.clicked_slates += more.clicked_slates;
        self.impressions += more.impressions;
        self.clicks += more.clicks;
        self.reward += more.reward;
        self.dwell_secs += more.dwell_secs;
        self.quality += more.quality;
    }
}

#[cfg(test)]
mod tests {
    use recloop_env::testing::{ToyRecommender, toy_world};
    use recloop_env::{
        Env, EnvSpec, Grid, Observation, Recommender, ResetOptions, SessionId, Slates, Step, UserId,
    };

    use super::*;

    fn spec() -> EnvSpec {
        let spec = toy_world(3).spec().clone();
        EnvSpec { signals: vec!["joy".into(), "quality".into()], ..spec }
    }

    /// One tick of slates of two: user, clicks, dwell seconds, quality, reward.
    type Row = (u32, [bool; 2], [f32; 2], [f32; 2], f32);

    fn fold(total: &mut Totals, rows: &[Row]) {
        let (mut seen, mut step) = (Observation::default(), Step::default());
        let did = &mut step.responses;
        (did.click, did.dwell_secs, did.signals) = (Grid::new(2), Grid::new(2), Grid::new(4));
        for (user, click, dwell_secs, quality, reward) in rows {
            seen.users.push(UserId(*user));
            seen.sessions.push(SessionId::new(UserId(*user), 0));
            did.click.push_row(click);
            did.dwell_secs.push_row(dwell_secs);
            did.signals.push_row(&[9.0, 9.0, quality[0], quality[1]]);
            step.reward.push(*reward);
        }
        let t = Transition { seen: &seen, slates: &Slates::default(), step: &step };
        Engagement.fold(total, &Facts { spec: &spec(), catalogue: None }, &t);
    }

    #[test]
    fn three_slates_by_hand() {
        let mut total = Engagement.start();
        fold(
            &mut total,
            &[
                (0, [true, false], [60.0, 0.0], [0.5, 0.9], 1.0),
                (2, [false, false], [0.0, 0.0], [0.9, 0.9], 0.0),
            ],
        );
        fold(&mut total, &[(2, [true, true], [30.0, 90.0], [0.25, 0.75], 5.0)]);
        let value = Engagement.value(total);
        // User 0 has 1 slate, user 2 has 2; user 1 never came. Rewards 1 and 5; clicks 1 of 2 and 2 of 4.
        let expected = [
            // mean 3, deviations ∓2: variance 8, se √(8 / 2).
            ("reward_per_user", 3.0, 2.0, 2),
            // mean 1.5, deviations ∓½: variance ½, se √(½ / 2).
            ("steps_per_user", 1.5, 0.5, 2),
            // r = 2/3; residuals 1 − 2/3 and 1 − 4/3: se = √(2 · 2/9) / 3 = 2/9.
            ("click_rate", 2.0 / 3.0, 2.0 / 9.0, 3),
            // r = 3/6; residuals 1 − 1 and 2 − 2.
            ("ctr", 0.5, 0.0, 6),
            // 1 and 2 minutes: variance ½, se ½.
            ("dwell_minutes_per_user", 1.5, 0.5, 2),
            // r = (0.5 + 1) / 3 = ½; residuals ½ − ½ and 1 − 1.
            ("quality_per_click", 0.5, 0.0, 3),
        ];
        assert_eq!(value.len(), expected.len());
        for (found, (name, mean, se, n)) in value.iter().zip(expected) {
            let Estimate { mean: m, se: s, n: count } = found.estimate;
            assert_eq!((found.name.as_str(), count), (name, n));
            assert!((m - mean).abs() < 1e-12 && (s - se).abs() < 1e-12, "{name}: {m} ± {s}");
        }
    }

    #[test]
    fn shards_that_keep_users_whole_merge_to_the_whole() {
        let (mut world, mut policy) = (toy_world(40), ToyRecommender::default());
        let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
        let spec = world.spec().clone();
        policy.begin(&spec).unwrap();
        world.reset(3, &ResetOptions::default(), &mut seen).unwrap();
        let mut whole = Engagement.start();
        let mut shards = [Engagement.start(), Engagement.start()];
        while !seen.is_empty() {
            policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
            world.step(&slates, &mut step).unwrap();
            let facts = Facts { spec: &spec, catalogue: None };
            Engagement.fold(&mut whole, &facts, &Transition { seen: &seen, slates: &slates, step: &step });
            for (shard, total) in shards.iter_mut().enumerate() {
                let (seen, step) = half(&seen, &step, shard as u32);
                Engagement.fold(total, &facts, &Transition { seen: &seen, slates: &slates, step: &step });
            }
            std::mem::swap(&mut seen, &mut step.next);
        }
        let [left, right] = shards;
        assert_eq!(Engagement.merge(left.clone(), right.clone()), whole);
        assert_eq!(Engagement.merge(right, left), whole);
        assert!(whole.users.iter().all(|user| user.slates == 12));
    }

    /// The rows of the users whose id is `shard` modulo 2.
    fn half(seen: &Observation, step: &Step, shard: u32) -> (Observation, Step) {
        let (mut part, mut did) = (Observation::default(), Step::default());
        let (all, some) = (&step.responses, &mut did.responses);
        (some.click, some.dwell_secs, some.signals) = (Grid::new(2), Grid::new(2), Grid::new(2));
        for r in (0..seen.len()).filter(|r| seen.users[*r].0 % 2 == shard) {
            part.users.push(seen.users[r]);
            some.click.push_row(all.click.row(r));
            some.dwell_secs.push_row(all.dwell_secs.row(r));
            some.signals.push_row(all.signals.row(r));
            did.reward.push(step.reward[r]);
        }
        (part, did)
    }
}
