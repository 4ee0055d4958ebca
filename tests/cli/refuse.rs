//! What the command refuses, and how it says so.

use std::fs;

use insta::assert_snapshot;

use crate::{digest, refusal, stdout};

#[test]
fn what_cannot_be_understood_is_said_with_what_could() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("broken.toml"), "[run]\nseed = \n").unwrap();
    fs::write(here.path().join("stray.toml"), "[run]\nsed = 3\n").unwrap();
    for (name, args) in [
        ("unknown_command", "rum"),
        ("unknown_flag", "run --sead 3"),
        ("unknown_world", "run interest-evolution"),
        ("unknown_recommender", "run --recommender popular"),
        ("unknown_key", "run interest-evolution-v0 --set candidats=5"),
        ("value_out_of_range", "run --set examination=2"),
        ("unknown_way", "run --set rule=greedy"),
        ("ranking_key_that_would_do_nothing", "run --set recommender.retriever=recency"),
        ("unknown_reranker", "run --set recommender.rerank=mrr"),
        ("dial_of_nothing", "run --set recommender.dial=0.3"),
        ("dial_out_of_range", "run --set recommender.rerank=fairrec --set recommender.dial=1.3"),
        (
            "relevance_of_a_fair_reranker",
            "run --set recommender.rerank=p-mmf --set recommender.relevance=0.3",
        ),
        ("shortlist_of_a_fair_reranker", "run --set recommender.rerank=tfrom --set recommender.shortlist=9"),
        (
            "dial_and_relevance",
            "run --set recommender.rerank=mmr --set recommender.dial=0.3 --set recommender.relevance=0.3",
        ),
        ("relevance_out_of_range", "run --set recommender.rerank=dpp --set recommender.relevance=-0.3"),
        ("nothing_to_retrieve", "run --set recommender.retrieve=0"),
        ("no_exploration", "run --recommender linucb --set recommender.exploration=-1"),
        ("unknown_reward", "run --recommender thompson --set recommender.reward=likes"),
        ("neither_world_nor_recommender", "worlds fed-v0"),
        ("key_of_another_section", "run --set temperature=0.5"),
        ("unknown_key_in_a_file", "run --config stray.toml"),
        ("file_that_is_not_toml", "run --config broken.toml"),
        ("no_such_file", "run --config nowhere.toml"),
        ("setting_without_a_value", "run --set candidates"),
        ("value_of_the_wrong_type", "run interest-evolution-v0 --set candidates=many"),
        ("slate_longer_than_the_candidates", "run interest-evolution-v0 --set slate=11"),
        ("two_ways_to_stop", "run --steps 3 --days 2"),
        ("days_where_there_are_none", "run interest-evolution-v0 --days 2"),
        ("no_time_at_all", "run --days 0"),
        ("waiting_for_ever", "run interest-exploration-v0 --until-done"),
        ("recommender_that_does_not_fit", "run interest-evolution-v0 --recommender popularity"),
        ("world_without_its_data", "run movielens-v0"),
        ("data_nobody_reads", "run --data ml"),
        ("not_a_run", "inspect ."),
        ("no_ratings", "import movielens . --out ml"),
        ("no_listeners", "import lastfm . --out lf"),
    ] {
        assert_snapshot!(name, refusal(here.path(), args));
    }
    assert!(!here.path().join("runs").exists(), "what is refused leaves nothing behind");
}

#[test]
fn a_directory_that_holds_a_run_is_left_as_it_is() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run interest-evolution-v0 --users 10 --steps 4 --out r");
    let before = digest(here.path(), "r");
    assert_snapshot!(
        "occupied",
        refusal(here.path(), "run interest-evolution-v0 --users 10 --steps 4 --seed 8 --out r")
    );
    assert_eq!(digest(here.path(), "r"), before);
}

#[test]
fn only_the_run_that_was_begun_can_be_resumed() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run interest-evolution-v0 --users 10 --steps 4 --out r");
    assert_snapshot!("another_seed", refusal(here.path(), "run --out r --resume --seed 8"));
    let args = "run --out r --resume --users 10 --steps 5 --recommender random --set slate=2";
    assert_snapshot!("another_config", refusal(here.path(), args));
}

#[test]
fn a_finished_run_says_so_and_shows_its_result() {
    let here = tempfile::tempdir().unwrap();
    let first = stdout(here.path(), "run --users 10 --days 2 --format json");
    let again = crate::recloop(here.path(), "run --users 10 --days 2 --threads 1 --format json --resume");
    assert!(again.status.success());
    assert_eq!(String::from_utf8(again.stdout).unwrap(), first);
    let note = String::from_utf8(again.stderr).unwrap();
    assert_eq!(note, "runs/feed-v0-mf-7 is finished; nothing is left to do\n");
}

#[test]
fn resuming_what_was_never_begun_begins_it() {
    let here = tempfile::tempdir().unwrap();
    stdout(here.path(), "run --users 10 --days 2 --out a --resume");
    stdout(here.path(), "run --users 10 --days 2 --out b");
    assert_eq!(digest(here.path(), "a"), digest(here.path(), "b"));
}

/// A run that was killed between two checkpoints: what `--resume` finds.
fn killed(here: &std::path::Path) -> std::path::PathBuf {
    let args = "run interest-evolution-v0 --users 3000 --set run.checkpoint_secs=0 --out r";
    let mut run = crate::command(here, args).stdout(std::process::Stdio::null()).spawn().unwrap();
    let checkpoints = here.join("r/checkpoint");
    // Until some parts of the log are finished; the run is far from done then.
    while !here.join("r/log/slates/part-00003.parquet").exists() {
        assert!(run.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    checkpoints
}

#[test]
fn a_damaged_checkpoint_is_not_taken_for_another_past() {
    let here = tempfile::tempdir().unwrap();
    let checkpoints = killed(here.path());
    for entry in std::fs::read_dir(checkpoints).unwrap().flatten() {
        let mut bytes = std::fs::read(entry.path()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(entry.path(), bytes).unwrap();
    }
    let refused = crate::refusal(here.path(), "run --out r --resume");
    assert!(refused.contains("its checksum does not fit") && refused.contains("exit code 1"), "{refused}");
}

#[test]
fn a_damaged_part_stops_a_resume() {
    let here = tempfile::tempdir().unwrap();
    killed(here.path());
    let part = here.path().join("r/log/slates/part-00000.parquet");
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() - 100]).unwrap();
    let refused = crate::refusal(here.path(), "run --out r --resume");
    assert!(refused.contains("part-00000.parquet") && refused.contains("exit code 1"), "{refused}");
}

#[test]
fn a_world_that_cannot_begin_leaves_no_directory_behind() {
    let here = tempfile::tempdir().unwrap();
    for (args, left) in [
        ("interest-evolution-v0 --set redraw=false --set candidates=2", "only 2 candidates are left"),
        ("feed-v0 --set opening_items=0", "only 0 candidates are left"),
    ] {
        let refused = crate::refusal(here.path(), &format!("run {args} --out r"));
        assert!(refused.contains(left), "{refused}");
        assert!(!here.path().join("r").exists());
    }
}
