//! What the README tells people to type works, in the order in which it stands there.

use std::path::{Path, PathBuf};

/// The `recloop …` lines of the README's console blocks, without their comments.
fn commands(readme: &str) -> Vec<String> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("recloop "));
    // Quotes are for the shell: no argument of ours has spaces.
    lines.map(|line| line.split('#').next().unwrap_or_default().trim().replace('\'', "")).collect()
}

/// A data set of the README, if it is there.
fn data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RECLOOP_DATA").map_or(beside, PathBuf::from).join(name);
    data.canonicalize().ok()
}

/// Data sets as the README names them, what our own copy is called, and the word by which their commands are known.
const DATA: [(&str, &str, &str); 3] = [
    ("ml-100k", "ml-100k", "movielens"),
    ("hetrec2011-lastfm-2k", "lastfm-2k", "lastfm"),
    ("open_bandit_dataset", "obd", "obd"),
];

/// The same command with fewer people and fewer days, where it would otherwise live through a month: what is tested is
/// that it means something.
fn sooner(command: &str) -> String {
    if ["train ", "frontier "].iter().any(|verb| command.starts_with(verb)) {
        return format!("{command} --steps 2000");
    }
    if command.starts_with("study creators") {
        return format!("{} --set users=40", command.replace("--rounds 30", "--rounds 4"));
    }
    if command.starts_with("study impressions") {
        return format!("{command} --ticks 6 --set users=400");
    }
    let plays = ["run", "compare", "twins"].iter().any(|verb| command.split(' ').next() == Some(verb));
    let small = command.contains("-v1") || command.contains("interest-") || command.contains("--resume");
    if !plays || small {
        return command.to_owned();
    }
    let people = if command.contains("--data") || command.contains("--users") { "" } else { " --users 40" };
    let days = if command.contains("--days") { "" } else { " --days 2" };
    format!("{command}{people}{days}")
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = include_str!("../../README.md");
    let here = tempfile::tempdir().unwrap();
    let mut missing = Vec::new();
    for (named, ours, word) in DATA {
        match data(ours) {
            Some(folder) => std::os::unix::fs::symlink(folder, here.path().join(named)).unwrap(),
            None => {
                println!("skipped: the README's {word} commands, for there is no data");
                missing.push(word);
            }
        }
    }
    crate::stdout(here.path(), &sooner("run"));
    let commands = commands(readme);
    assert!(commands.len() >= 12, "the README shows {} commands", commands.len());
    for command in &commands {
        if !missing.iter().any(|word| command.contains(word)) {
            let said = crate::stdout(here.path(), &sooner(command));
            assert!(!said.is_empty(), "recloop {command} says nothing");
        }
    }
}
