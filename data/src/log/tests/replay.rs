use std::fs::File;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use recloop_env::testing::check_sink;
use recloop_env::{CreatorId, Event, ItemId, Metric};

use super::*;
use crate::digest;
use crate::metrics::Engagement;

fn options(block_rows: usize, part_rows: u64) -> LogOptions {
    LogOptions { block_rows, part_rows, ..LogOptions::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// log → Parquet → replay ≡ live, and the digest does not see how the log was cut or whether it was resumed.
    #[test]
    fn a_replayed_log_is_what_was_logged(
        (kind, n_users, seed) in (0_u8..4, 1_usize..30, any::<u64>()),
        (renew, tell, horizon) in any::<(bool, bool, bool)>(),
        ticks in 1_usize..45,
        (block_rows, part_rows, stop) in (1_usize..80, 1_u64..300, 0_usize..45),
    ) {
        let horizon = horizon.then_some(Tick(17));
        let run_options = ResetOptions { renew, tell_choice_probs: tell, horizon };
        let run = Run { world: worlds::any(kind, n_users), seed, options: run_options, ticks, truth: false };
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
    let value = |ticks: &[Kept]| {
        let mut total = Engagement.start();
        for tick in ticks {
            Engagement.fold(&mut total, &tick.facts(&spec), &tick.transition());
        }
        Engagement.value(total)
    };
    assert_eq!(value(&replay(dir.path()).unwrap()), value(&live));
}

#[test]
fn another_word_is_another_digest() {
    let (spec, mut live) = Run::new(toy_world(4)).play();
    let digest_of = |live: &[Kept]| {
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
    for kind in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let (world, options) = (worlds::any(kind, 9), LogOptions { truth: true, ..options(5, 20) });
        let sink = ParquetSink::create(dir.path(), world.spec(), &options).unwrap();
        assert!(check_sink(sink, world).unwrap().rows > 9);
    }
}

/// The laws above would hold of a world where nothing happens.
#[test]
fn the_village_puts_every_table_to_use() {
    let options = ResetOptions { renew: true, ..ResetOptions::default() };
    let (spec, live) = Run { options, ..Run::new(village(9)) }.play();
    let dir = tempfile::tempdir().unwrap();
    let receipt = log(dir.path(), &spec, &live, &LogOptions::default());
    for (table, parts) in &receipt.parts {
        assert!(parts.iter().any(|part| part.rows > 0), "{table} is empty");
    }
    let last = live.last().unwrap();
    let barred = |tick: &&Kept| (0..tick.seen.len()).any(|r| !tick.seen.candidates.barred(r).is_empty());
    assert!(live.iter().filter(barred).count() > live.len() / 2);
    assert!(last.creators.iter().any(|creator| creator.left.is_some() && creator.entered > Tick(0)));
    assert_ne!(live[0].population, last.population);
    assert!(receipt.parts["groups"][0].rows > 9, "somebody new differs from who left");
    let catalogue = last.catalogue.as_ref().unwrap();
    let until: Vec<_> = (0..catalogue.len() as u32).map(|item| catalogue.until(ItemId(item))).collect();
    assert!(until.contains(&Catalogue::FOR_GOOD) && until.iter().any(|until| *until < last.seen.tick));
}

#[test]
fn facts_that_are_not_the_worlds_are_refused() {
    let (spec, mut live) = Run::new(village(5)).play();
    let dir = tempfile::tempdir().unwrap();
    let mut sink = ParquetSink::create(dir.path(), &spec, &LogOptions::default()).unwrap();
    let creator = CreatorId(live[0].creators.len() as u32);
    live[0].step.events.push(Event::Exit { creator });
    let error = sink.write(&live[0].facts(&spec), &live[0].transition()).unwrap_err();
    assert!(matches!(error, DataError::Shape { expected: 0, found: 1, .. }), "{error}");
    live[0].step.events.pop();
    live[0].population = Population::default();
    let error = sink.write(&live[0].facts(&spec), &live[0].transition()).unwrap_err();
    assert!(matches!(error, DataError::Shape { what: "number of people", expected: 5, .. }), "{error}");
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
    // The first visit begins with the world and ends with the fourth slate, three seconds later, and the clicks on it.
    let start_secs = sessions(dir.path(), "start_secs");
    let end_secs = sessions(dir.path(), "end_secs");
    assert_eq!(start_secs[..7], [0.0; 7]);
    let fourth = &live[3].step.responses.dwell_secs;
    let dwell_secs = |r: usize| fourth.row(r).iter().copied().map(f64::from).sum::<f64>();
    assert_eq!(end_secs[..7], [0, 1, 2, 3, 4, 5, 6].map(|r| 3.0 + dwell_secs(r)));
}

fn sessions(dir: &Path, column: &str) -> Vec<f64> {
    let file = File::open(dir.join("log/sessions/part-00000.parquet")).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    batch[column].as_primitive::<Float64Type>().values().to_vec()
}
