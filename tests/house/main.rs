//! The house is in order: documents name what exists, files keep their size, the front page compiles.

use std::fs;
use std::path::{Path, PathBuf};

/// Soft limit of a source file, in lines.
const LONGEST_FILE: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a document quotes in backticks or links to, if it looks like a path of ours.
fn named_paths(document: &str) -> Vec<String> {
    let quoted = document.split('`').skip(1).step_by(2);
    let linked = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let folders = [
        "env",
        "llm",
        "users",
        "creators",
        "agents",
        "data",
        "experiments",
        "tests",
        "examples",
        "docs",
        "scripts",
    ];
    let ours = |path: &&str| {
        let first = path.split('/').next().unwrap_or_default();
        path.contains('/') && folders.contains(&first) && !path.contains(['<', '*', ' ', '$'])
    };
    quoted.chain(linked).filter(ours).map(str::to_owned).collect()
}

#[test]
fn documents_name_what_exists() {
    let mut checked = 0;
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/agentic.md",
        "docs/dialogue.md",
        "docs/feed-world.md",
        "docs/fidelity.md",
        "docs/language-models.md",
        "docs/offline-evaluation.md",
    ] {
        for path in named_paths(&text(document)) {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} paths were found to check");
}

#[test]
fn the_readme_shows_the_program_that_the_front_page_runs() {
    let fence = |text: &str, start: &str| {
        let (_, rest) = text.split_once(start).expect("a code block");
        rest.split("```").next().unwrap_or_default().trim().to_owned()
    };
    let doctest = text("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .fold(String::new(), |text, line| text + line.strip_prefix(' ').unwrap_or(line) + "\n");
    let hidden = |line: &&str| !line.starts_with("# ");
    let doctest: Vec<String> = fence(&doctest, "```\n").lines().filter(hidden).map(str::to_owned).collect();
    assert_eq!(fence(&text("README.md"), "```rust\n"), doctest.join("\n").trim());
    assert!(doctest.len() <= 15, "the front page is {} lines", doctest.len());
}

/// The cells of a table row, without what only marks them as code.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

#[test]
fn the_feed_page_tells_every_default() {
    tells_every_default("docs/feed-world.md", "feed-v0", &toml::Table::new());
}

#[test]
fn the_dialogue_page_tells_every_default_beyond_the_feeds() {
    let worlds = recloop_experiments::worlds::registry();
    let feed = (worlds.find("feed-v0").expect("the flagship").defaults)();
    tells_every_default("docs/dialogue.md", "dialogue-feed-v0", &feed);
}

/// Refuses a page that does not tell every key of a world, other than these, once and with its default.
fn tells_every_default(name: &str, world: &str, other: &toml::Table) {
    let page = text(name);
    let worlds = recloop_experiments::worlds::registry();
    let numbers = |value: &toml::Value| match value {
        toml::Value::Array(values) => values.iter().map(|value| value.as_float().unwrap() as f32).collect(),
        toml::Value::Integer(n) => vec![*n as f32],
        toml::Value::Float(x) => vec![*x as f32],
        _ => Vec::new(),
    };
    let keys = (worlds.find(world).expect("a world").defaults)();
    for (key, value) in keys.into_iter().filter(|(key, _)| !other.contains_key(key)) {
        let rows: Vec<Vec<&str>> =
            page.lines().filter(|line| line.starts_with(&format!("| `{key}` |"))).map(cells).collect();
        assert_eq!(rows.len(), 1, "{name} must tell `{key}` once");
        let told = format!("x = {}", rows[0][1]).parse::<toml::Table>().expect("a value")["x"].clone();
        let told = match &told {
            toml::Value::Array(all) => all.iter().flat_map(numbers).collect(),
            other => numbers(other),
        };
        let same = if told.is_empty() { format!("{value}") == rows[0][1] } else { told == numbers(&value) };
        assert!(same, "{name} says `{key}` is {}, it is {value}", rows[0][1]);
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of ours").flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden && entry.file_name() != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_keep_their_size_and_say_what_they_are() {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 50, "only {} source files were found", found.len());
    for path in found {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        assert!(is_test || text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

#[test]
fn every_decision_states_its_cost() {
    for entry in fs::read_dir(root().join("docs/adr")).expect("docs/adr exists").flatten() {
        let text = fs::read_to_string(entry.path()).expect("a decision is text");
        for part in ["# ", "**Decision.**", "**Cost.**"] {
            let (name, is_table) = (entry.file_name(), part == "**Decision.**" && text.contains("|---|"));
            assert!(text.contains(part) || is_table, "{} lacks {part}", name.display());
        }
    }
}
