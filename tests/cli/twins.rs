//! `recloop twins`: one person told twice, on wide pages and narrow ones.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{command, refusal, stdout};

const WORLD: &str = "twins interest-evolution-v0";
const FEW: &str = "--users 20 --steps 12";

#[test]
fn the_same_recommender_twice_never_diverges() {
    let here = tempfile::tempdir().unwrap();
    let said = stdout(here.path(), &format!("{WORLD} random random --user 3 {FEW} --slates 1"));
    assert!(said.contains("They never diverge: all 12 slates are the same."), "{said}");
    assert!(said.contains("The two are identical for everybody."), "{said}");
    assert!(!said.contains("FIRST DIFFERENCE"), "{said}");
}

#[test]
fn two_lives_stand_side_by_side_and_where_they_part_is_marked() {
    let here = tempfile::tempdir().unwrap();
    let args = format!("{WORLD} dot dot:temperature=0.001 --user 5 {FEW} --slates 3");
    let said = stdout(here.path(), &args);
    assert_eq!(said.matches("FIRST DIFFERENCE").count(), 2, "once on each side: {said}");
    assert_snapshot!("twins", said);
    let narrow = command(here.path(), &args).env("COLUMNS", "72").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    let story = narrow.split("──").next().unwrap();
    assert!(story.lines().skip(2).all(|line| line.chars().count() <= 72), "{story}");
    assert_snapshot!("twins_narrow", narrow);
    assert!(!here.path().join("runs").exists(), "nothing is written");
}

#[test]
fn a_world_with_days_and_titles_tells_when_what_and_why() {
    let here = tempfile::tempdir().unwrap();
    let args = "twins feed-v0 oracle-click oracle-utility --user 3 --users 20 --days 9 --set no_repeat=false";
    let said = stdout(here.path(), args);
    for told in ["Session 1, day 0", "not reached", "declined: ", " s, felt +", "age ", "trust at the end"] {
        assert!(said.contains(told), "{told} is missing: {said}");
    }
    assert!(said.contains(" there 7 days later "), "{said}");
    assert!(said.contains("`recloop compare feed-v0 oracle-click oracle-utility`"), "{said}");
}

#[test]
fn json_tells_everything() {
    let here = tempfile::tempdir().unwrap();
    let args = format!("{WORLD} random dot --user 0 --seed 3 {FEW} --format json");
    let told: Value = serde_json::from_str(&stdout(here.path(), &args)).unwrap();
    assert_eq!((&told["first_difference"], &told["seed"], &told["user"]), (&0.into(), &3.into(), &0.into()));
    for life in told["lives"].as_array().unwrap() {
        assert_eq!(life["sessions"][0]["slates"].as_array().unwrap().len(), 12);
        assert_eq!(life["sessions"][0]["slates"][0]["items"].as_array().unwrap().len(), 3);
    }
    let minutes = told["verdict"].as_array().unwrap().iter().find(|measure| measure["name"] == "minutes");
    assert_eq!(minutes.unwrap()["difference"]["verdict"], "higher");
}

#[test]
fn what_cannot_be_told_is_refused() {
    let here = tempfile::tempdir().unwrap();
    assert_snapshot!("no_such_user", refusal(here.path(), &format!("{WORLD} random dot --user 20 {FEW}")));
    assert_snapshot!("no_such_twin", refusal(here.path(), &format!("{WORLD} random dott --user 3 {FEW}")));
    assert_snapshot!(
        "unfit_twin",
        refusal(here.path(), &format!("{WORLD} random popularity --user 3 {FEW}"))
    );
}
