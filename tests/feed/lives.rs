//! Luck belongs to people and items: the same slates are the same lives, whoever showed them.

use std::collections::BTreeMap;

use recloop_env::{
    Env, Known, Observation, Recommender, ResetOptions, Slates, Snapshot, SnapshotError, Step, Tick,
};
use recloop_env::{RecommendError, Streams};

use super::{configured, play};

/// Shows the same candidates in ascending or descending order of id.
struct ById {
    k: usize,
    newest_first: bool,
}

impl Recommender for ById {
    fn recommend(&mut self, seen: &Observation, _: &Streams, out: &mut Slates) -> Result<(), RecommendError> {
        out.reset(seen.len(), self.k);
        for r in 0..seen.len() {
            let mut first: Vec<_> = seen.row(r).candidates().iter().take(self.k).collect();
            if self.newest_first {
                first.reverse();
            }
            out.items.row_mut(r).copy_from_slice(&first);
            out.propensity.row_mut(r).fill(1.0);
            out.known[r] = Known::Exact;
        }
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// Everything that happened, under two recommenders that are different programs but show the same.
#[test]
fn two_recommenders_that_show_the_same_slates_get_the_same_lives() {
    let lives = |mut policy: Box<dyn Recommender>| {
        let mut world = recloop::make("feed-v0", &["users=40"]).expect("a world");
        let options = ResetOptions { horizon: Some(Tick(2_000)), ..ResetOptions::default() };
        let mut steps = Vec::new();
        recloop::play(&mut world, &mut *policy, 5, &options, |t| {
            steps.push((t.slates.items.clone(), t.step.clone()));
        })
        .expect("it runs");
        steps
    };
    let oldest = || ById { k: 10, newest_first: false };
    let script = lives(Box::new(oldest()));
    assert!(script.len() > 100);
    let mut at = 0;
    // The other one reads from a script what the first one chose.
    struct Reader<F>(F);
    impl<F: FnMut(&Observation, &mut Slates) + Send> Recommender for Reader<F> {
        fn recommend(
            &mut self,
            seen: &Observation,
            _: &Streams,
            out: &mut Slates,
        ) -> Result<(), RecommendError> {
            (self.0)(seen, out);
            Ok(())
        }

        fn save(&self) -> Result<Snapshot, SnapshotError> {
            Ok(Snapshot::default())
        }

        fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
            Ok(())
        }
    }
    let slates: Vec<_> = script.iter().map(|(items, _)| items.clone()).collect();
    let again = lives(Box::new(Reader(move |seen: &Observation, out: &mut Slates| {
        out.reset(seen.len(), 10);
        out.items.copy_from(&slates[at]);
        out.known.fill(Known::Unavailable);
        at += 1;
    })));
    let lived = |script: &[(_, Step)]| script.iter().map(|(_, step)| step.clone()).collect::<Vec<_>>();
    assert!(lived(&script) == lived(&again), "the same slates led to other lives");
}

/// Which of the items a user examined and clicked does not depend on their order, except by how far down they were.
#[test]
fn a_reranked_slate_meets_the_same_luck() {
    let first_clicks = |newest_first| {
        let mut world = recloop::make("feed-v0", &["users=300", "examination=1"]).expect("a world");
        let mut clicks = BTreeMap::new();
        let options = ResetOptions { horizon: Some(Tick(720)), ..ResetOptions::default() };
        let mut policy = ById { k: 10, newest_first };
        recloop::play(&mut world, &mut policy, 5, &options, |t| {
            for (r, user) in t.seen.users.iter().enumerate() {
                let slate = t.slates.items.row(r).iter().zip(t.step.responses.click.row(r));
                let mut clicked: Vec<_> = slate.filter(|(_, click)| **click).map(|(item, _)| *item).collect();
                clicked.sort_unstable();
                // Later slates follow from how long the first took; their ticks may differ.
                clicks.entry(*user).or_insert((t.tick(), clicked));
            }
        })
        .expect("it runs");
        clicks
    };
    let (up, down) = (first_clicks(false), first_clicks(true));
    assert_eq!(up.len(), 300);
    assert!(up.values().any(|(_, clicked)| !clicked.is_empty()));
    // Popularity is what others clicked before: the same on both sides, since they clicked the same.
    assert_eq!(up, down);
}

/// Nothing one user does reaches another once interference is off: a user alone lives as in a crowd.
#[test]
fn without_interference_a_user_lives_as_if_alone() {
    let minutes = |users: usize, interference: &str| {
        let settings = [&format!("users={users}"), &format!("interference={interference}"), "run.days=6"];
        let config = configured("feed-v0", "oracle-click", 11, &settings);
        let mut minutes = 0.0;
        play(&config, |world, _, t| {
            let user = recloop_env::UserId(0);
            assert!(user.index() < world.spec().n_users);
            if let Some(r) = t.seen.row_of(user) {
                minutes += f64::from(t.step.responses.dwell_secs.row(r).iter().sum::<f32>());
            }
        })
        .expect("it runs");
        minutes
    };
    assert_eq!(minutes(1, "off").to_bits(), minutes(60, "off").to_bits());
    assert_ne!(minutes(1, "on").to_bits(), minutes(200, "on").to_bits());
}
