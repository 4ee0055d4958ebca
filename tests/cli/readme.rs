//! What the README tells people to type works, in the order in which it stands there.

use std::path::{Path, PathBuf};

/// The `recloop …` lines of the README's console blocks, without their comments.
fn commands(readme: &str) -> Vec<String> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("recloop "));
    lines.map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect()
}

/// MovieLens 100K, if it is there.
fn ratings() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RECLOOP_DATA").map_or(beside, PathBuf::from).join("ml-100k");
    data.canonicalize().ok()
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = include_str!("../../README.md");
    let here = tempfile::tempdir().unwrap();
    let ratings = ratings();
    if let Some(folder) = &ratings {
        std::os::unix::fs::symlink(folder, here.path().join("ml-100k")).unwrap();
    } else {
        println!("skipped: the README's MovieLens commands, for there is no data");
    }
    crate::stdout(here.path(), "run");
    let commands = commands(readme);
    assert!(commands.len() >= 9, "the README shows {} commands", commands.len());
    for command in &commands {
        if ratings.is_some() || !command.contains("movielens") {
            assert!(!crate::stdout(here.path(), command).is_empty(), "recloop {command} says nothing");
        }
    }
}
