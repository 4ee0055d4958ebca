use proptest::prelude::*;
use recloop_env::testing::check_sink;
use recloop_env::{Facts, Metric};

use super::*;
use crate::digest;
use crate::metrics::Engagement;

fn options(block_rows: usize, part_rows: u64) -> LogOptions {
    LogOptions { block_rows, part_rows }
}

fn world(kind: u8, n_users: usize) -> World {
    match kind {
        0 => toy_world(n_users),
        1 => toy_feed(n_users),
        _ => own_lists(n_users),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// log → Parquet → replay ≡ live, and the digest does not see how the log was cut or whether it was resumed.
    #[test]
    fn a_replayed_log_is_what_was_logged(
        (kind, n_users, seed) in (0_u8..3, 1_usize..30, any::<u64>()),
        (renew, tell, horizon) in any::<(bool, bool, bool)>(),
        ticks in 1_usize..45,
        (block_rows, part_rows, stop) in (1_usize..80, 1_u64..300, 0_usize..45),
    ) {
        let horizon = horizon.then_some(Tick(17));
        let run_options = ResetOptions { renew, tell_choice_probs: tell, horizon };
        let run = Run { world: world(kind, n_users), seed, options: run_options, ticks };
        let (spec, live) = run.play();
        let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let receipt = log(whole.path(), &spec, &live, &LogOptions::default());
        prop_assert_eq!(receipt.rows, live.iter().map(|tick| tick.seen.len() as u64).sum::<u64>());
        let replayed = replay(whole.path()).unwrap();
        prop_assert_eq!(replayed.len(), live.len());
        for (replayed, live) in replayed.iter().zip(&live) {
            prop_assert_eq!(&replayed.seen, &live.seen);
            prop_assert_eq!(replayed, live);
        }

        let (options, stop) = (options(block_rows, part_rows), stop.min(live.len()));
        super::crash::killed_and_resumed(cut.path(), &spec, &live, &options, stop);
        prop_assert_eq!(digest(cut.path()).unwrap(), digest(whole.path()).unwrap());
        prop_assert_eq!(replay(cut.path()).unwrap(), live);
    }
}

#[test]
fn metrics_are_the_same_live_and_replayed() {
    let (spec, live) = Run::new(toy_feed(30)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let value = |ticks: &[Replayed]| {
        let mut total = Engagement.start();
        for tick in ticks {
            let population = Population::new(spec.groups.clone(), spec.n_users);
            let facts = Facts { catalogue: tick.seen.items.catalogue(), ..Facts::new(&spec, &population) };
            Engagement.fold(&mut total, &facts, &tick.as_transition());
        }
        Engagement.value(total)
    };
    assert_eq!(value(&replay(dir.path()).unwrap()), value(&live));
}

#[test]
fn another_word_is_another_digest() {
    let (spec, mut live) = Run::new(toy_world(4)).play();
    let digest_of = |live: &[Replayed]| {
        let dir = tempfile::tempdir().unwrap();
        log(dir.path(), &spec, live, &LogOptions::default());
        digest(dir.path()).unwrap()
    };
    let before = digest_of(&live);
    live[3].step.responses.replies[0].text.push('!');
    assert_ne!(digest_of(&live), before);
}

#[test]
fn the_sink_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let world = toy_feed(9);
    let sink = ParquetSink::create(dir.path(), world.spec(), &options(5, 20)).unwrap();
    assert!(check_sink(sink, world).unwrap().rows > 9);
}

#[test]
fn a_visit_is_one_row_of_sessions() {
    // A toy user makes three visits of four slates: twelve slates, then gone.
    let (spec, live) = Run { ticks: 100, ..Run::new(toy_world(7)) }.play();
    let dir = tempfile::tempdir().unwrap();
    let receipt = log(dir.path(), &spec, &live, &LogOptions::default());
    assert_eq!(receipt.rows, 7 * 12);
    assert_eq!(receipt.parts["sessions"].iter().map(|part| part.rows).sum::<u64>(), 7 * 3);
    assert_eq!(receipt.parts["waiting"].iter().map(|part| part.rows).sum::<u64>(), 0);
}
