//! `docs/log.md`, printed from the schema.

use std::fmt::Write;

use recloop_env::{Block, Clock, EnvSpec, Group, HistorySpec, Layout};

use super::manifest::SCHEMA_VERSION;
use super::schema::{Table, TableName};
use super::tables::{tables, truth_tables};

/// The log's documentation in Markdown: every table and column of every world, with placeholders for what a world names.
#[must_use]
pub fn document() -> String {
    let mut text = format!(
        "# The log\n\nSchema {SCHEMA_VERSION}. Printed from `data/src/log/tables.rs`; a test keeps it current.\n\n{ABOUT}"
    );
    let [durable, ephemeral] = [true, false].map(|durable| tables(&spec(durable)).expect(DISTINCT));
    for (table, other) in durable.iter().zip(&ephemeral) {
        let title = table.name.as_str();
        if table.name == TableName::Items {
            section(&mut text, &format!("{title}, where items are durable"), table);
            section(&mut text, &format!("{title}, where every tick has its own"), other);
        } else {
            section(&mut text, title, table);
        }
    }
    text.push_str(TRUTH);
    for table in truth_tables(&spec(true), &features()).expect(DISTINCT) {
        section(&mut text, &format!("truth/{}", table.name.as_str()), &table);
    }
    text
}

const ABOUT: &str = "\
A run directory holds `manifest.json` and `log/<table>/part-*.parquet`; beside them, of a run that `recloop` played, \
`config.toml` (every setting), `metrics.json` and `recommender.postcard`, what the recommender had learned in the end: records \
of a length and that many bytes, an array each, then SHA-256 of all that. Only the parts that the manifest lists count: \
others are leftovers of a crash. Rows are in the order of ticks; within a tick, slates and candidates are in the order of \
users. Lists hold one value per position of the slate (position 0 on top), or, in `items`, the features of one candidate \
after another. Units and meanings are in the files too, as metadata of each field.\n\n\
What a row's user may be shown follows from `candidate_sets` and, in a world without repeats, from `slates` alone: what \
the user was shown before is barred, until fewer than a slate are left and all starts over; somebody new in the place \
(`renew` in `events`) was shown nothing yet. Who held a group attribute, or whether a creator is still there, is what its \
last row says.\n\n\
A reader takes older minors: what they lack is null, and tables they lack have no rows.\n\n\
```python\n\
import polars\n\
slates = polars.read_parquet(\"run/log/slates/*.parquet\")\n\
print(slates.select(polars.col(\"click\").list.sum().mean()))\n\
```\n";

const TRUTH: &str = "
## The truth

Where it is wanted, what only the world knows lies in `truth/<table>/part-*.parquet`, listed apart in the manifest. It is for \
the world's owner: `LogSource::open` does not read it, the digest does not count it, and no evaluation may.
";

fn section(text: &mut String, title: &str, table: &Table) {
    let _ = write!(
        text,
        "\n## {title}\n\nOne row: {}.\n\n| column | type | unit | meaning |\n|---|---|---|---|\n",
        table.row
    );
    for column in &table.columns {
        let null = if column.nullable { ", nullable" } else { "" };
        // Lengths are the world's; a bar would end the cell.
        let (kind, meaning) = (column.type_name().replace("; 0", ""), column.meaning.replace('|', "\\|"));
        let (name, unit) = (&column.name, column.unit);
        let _ = writeln!(text, "| `{name}` | {kind}{null} | {unit} | {meaning} |");
    }
}

const DISTINCT: &str = "a world that names each thing once";

fn features() -> Layout {
    Layout::new(vec![Block::dense("<name>", 1, (0.0, 1.0), "as the world says; a list if wider than 1")])
}

/// A world that names everything `<name>`.
fn spec(durable_items: bool) -> EnvSpec {
    EnvSpec {
        id: String::new(),
        n_users: 0,
        slate_size: 0,
        max_candidates: None,
        user_features: features(),
        item_features: features(),
        durable_items,
        signals: vec!["<name>".into()],
        groups: vec![Group::new("<name>", &[])],
        accounts: vec!["<name>".into()],
        examination: vec![],
        no_repeat: false,
        reward_parts: vec![("<name>".into(), 1.0)],
        history: HistorySpec::default(),
        clock: Clock::STEPS,
    }
}
