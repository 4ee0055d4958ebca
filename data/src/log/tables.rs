//! The one description of every table: it makes the files, their metadata, `docs/log.md` and what `inspect` prints.

use recloop_env::{BlockKind, EnvSpec, Layout};

use super::schema::{CHANNELS, Column, ENDS, EVENTS, FATES, KNOWN, Kind, SAID, Shape, Table, TableName};
use crate::DataError;

fn column(name: &str, kind: Kind, shape: Shape, unit: &'static str, meaning: &str) -> Column {
    Column { name: name.into(), kind, shape, nullable: false, unit, meaning: meaning.into() }
}

const CHANCE: &str = "probability";

fn one(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    column(name, kind, Shape::One, unit, meaning)
}

fn maybe(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    Column { nullable: true, ..one(name, kind, unit, meaning) }
}

/// A column that logs of schema 1.0 lack.
fn since_1_1(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    maybe(name, kind, unit, &format!("{meaning}; null in logs of schema 1.0"))
}

fn maybe_list(name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    Column { nullable: true, ..column(name, kind, Shape::List, unit, meaning) }
}

/// The tables of a world's log, in the order of [`TableName::ALL`]; a column's name must be its own.
pub fn tables(spec: &EnvSpec) -> Result<Vec<Table>, DataError> {
    let tables = vec![slates(spec), observations(), waiting(), users(spec), items(spec)];
    let people = vec![sessions(), events(), messages(), groups(spec), creators()];
    distinct([tables, vec![candidate_sets()], people].concat())
}

/// The tables of what only the world knew, in the order of [`TableName::TRUTH`]; `latent` are the features of its items
/// that nobody observes.
pub fn truth_tables(spec: &EnvSpec, latent: &Layout) -> Result<Vec<Table>, DataError> {
    distinct(vec![accounts(spec), latent_items(latent)])
}

fn distinct(tables: Vec<Table>) -> Result<Vec<Table>, DataError> {
    for table in &tables {
        for (i, column) in table.columns.iter().enumerate() {
            if table.columns[..i].iter().any(|other| other.name == column.name) {
                let (table, column) = (table.name.as_str(), column.name.clone());
                return Err(DataError::DuplicateColumn { table, column });
            }
        }
    }
    Ok(tables)
}

/// Who wants a slate, and from what: the front of `slates` and all of `waiting`.
fn asking() -> Vec<Column> {
    use Kind::{F64, U32, U64};
    vec![
        one("tick", U32, "tick", "when the user wanted a slate"),
        one("user", U32, "id", "who"),
        one(
            "session",
            U64,
            "id",
            "in which visit: user id in the high 32 bits, number of visits before in the low",
        ),
        since_1_1("time_secs", F64, "s", "the user's own clock then: time since the start of the world"),
        maybe(
            "candidate_set",
            U32,
            "id",
            "the shared candidates, see candidate_sets; null if the row had its own; in a world without repeats, \
             what the user was shown before is barred",
        ),
        maybe_list("candidates", U32, "id", "the row's own candidates, ascending; null if they were shared"),
    ]
}

fn slates(spec: &EnvSpec) -> Table {
    let columns = [asking(), shown(spec), responses(spec), outcome(spec)].concat();
    Table { name: TableName::Slates, row: "a slate shown to a user, with what came of it", columns }
}

/// A column with a value per position.
fn per_position(spec: &EnvSpec, name: &str, kind: Kind, unit: &'static str, meaning: &str) -> Column {
    column(name, kind, Shape::Fixed(spec.slate_size), unit, &format!("{meaning}, per position"))
}

fn shown(spec: &EnvSpec) -> Vec<Column> {
    use Kind::{F64, U32, Word};
    let items = "what was shown: an item, or its place in the row's list where items do not last";
    vec![
        per_position(spec, "items", U32, "id", items),
        maybe_list("propensity", F64, CHANCE, "P(item here | the items above); null if unavailable"),
        maybe_list("marginal", F64, CHANCE, "P(item here) over all slates; null if not computed"),
        one("known", Word(KNOWN), "", "how well propensities are known: exact, estimated or unavailable"),
        maybe("draws", U32, "draws", "simulated draws behind an estimated propensity"),
    ]
}

fn responses(spec: &EnvSpec) -> Vec<Column> {
    use Kind::{Bool, F32};
    let mut columns = vec![
        per_position(spec, "click", Bool, "", "whether it was clicked"),
        per_position(spec, "dwell_secs", F32, "s", "time spent on it; 0 where not clicked"),
    ];
    columns.extend(spec.signals.iter().map(|name| {
        let meaning = format!("signal `{name}` of the user's response");
        per_position(spec, &format!("signal_{name}"), F32, "", &meaning)
    }));
    columns.push(maybe_list(
        "choice_probs",
        F32,
        CHANCE,
        "click chances the user model believed, if it told",
    ));
    columns
}

fn outcome(spec: &EnvSpec) -> Vec<Column> {
    use Kind::{F32, Word};
    let mut columns = vec![one("reward", F32, "", "weighted sum of the reward parts")];
    columns.extend(spec.reward_parts.iter().map(|(name, weight)| {
        one(&format!("reward_{name}"), F32, "", &format!("reward part `{name}`, weight {weight}"))
    }));
    columns.extend([
        one("fate", Word(FATES), "", "stays in the session, returns later, or gone for good"),
        maybe("after_secs", F32, "s", "time until the next slate is wanted; null if gone"),
        maybe("ended", Word(ENDS), "", "terminated (it ended) or truncated (no longer watched); else null"),
    ]);
    columns
}

fn observations() -> Table {
    use Kind::{F64, U32};
    let columns = vec![
        one("tick", U32, "tick", "when"),
        one("time_secs", F64, "s", "start of the tick since the start of the world"),
        one("n_rows", U32, "rows", "how many users wanted a slate"),
        maybe("candidate_set", U32, "id", "the shared candidates; null if rows had their own"),
    ];
    Table { name: TableName::Observations, row: "a tick; the last one's slates were never shown", columns }
}

fn waiting() -> Table {
    let row = "a user who wanted a slate when the log ended";
    Table { name: TableName::Waiting, row, columns: asking() }
}

fn users(spec: &EnvSpec) -> Table {
    let mut columns = vec![
        one("tick", Kind::U32, "tick", "from when on the features held"),
        one("user", Kind::U32, "id", "whose"),
    ];
    columns.extend(features(&spec.user_features, 1));
    Table { name: TableName::Users, row: "a user whose observable features are new or changed", columns }
}

fn items(spec: &EnvSpec) -> Table {
    use Kind::{Text, U32};
    let (row, mut columns) = if spec.durable_items {
        let columns = vec![
            one("tick", U32, "tick", "when it was first seen"),
            one("item", U32, "id", "the item"),
            one("creator", U32, "id", "its maker"),
            one("published", U32, "tick", "when it was published"),
            maybe("until", U32, "tick", "the first tick at which it is no longer on offer; null if it stays"),
            one("title", Text, "", "what people read"),
            maybe(
                "text",
                Text,
                "",
                "what more there is to read; null if nothing, and in logs of schema 1.2 and before",
            ),
        ];
        ("an item, once", columns)
    } else {
        let tick = one("tick", U32, "tick", "when they were on offer");
        (
            "the candidates of one user at one tick, in order of place",
            vec![tick, one("user", U32, "id", "to whom")],
        )
    };
    let per_row = if spec.durable_items { 1 } else { spec.max_candidates.unwrap_or(0) };
    columns.extend(features(&spec.item_features, per_row));
    Table { name: TableName::Items, row, columns }
}

/// A column per named block; lists hold the values of `n` items, one item after another.
fn features(layout: &Layout, n: usize) -> impl Iterator<Item = Column> {
    layout.blocks().iter().map(move |block| {
        let (kind, width, unit) = match block.kind {
            BlockKind::Dense { width } => (Kind::F32, width, ""),
            BlockKind::Category { .. } => (Kind::U16, 1, "code"),
        };
        let shape = if n * width == 1 { Shape::One } else { Shape::Fixed(n * width) };
        column(&format!("feature_{}", block.name), kind, shape, unit, &block.meaning)
    })
}

fn candidate_sets() -> Table {
    let columns = vec![
        one("tick", Kind::U32, "tick", "from when on it was on offer"),
        one("set", Kind::U32, "id", "the set"),
        column("items", Kind::U32, Shape::List, "id", "what it holds, ascending"),
    ];
    Table { name: TableName::CandidateSets, row: "a candidate set taking over from the one before", columns }
}

fn sessions() -> Table {
    use Kind::{F64, U32, U64, Word};
    let columns = vec![
        one("session", U64, "id", "the visit"),
        one("user", U32, "id", "whose"),
        one("start_tick", U32, "tick", "its first slate"),
        one("end_tick", U32, "tick", "its last slate"),
        since_1_1("start_secs", F64, "s", "the user's clock at its first slate"),
        since_1_1(
            "end_secs",
            F64,
            "s",
            "the user's clock at its last slate, plus the time spent on that slate",
        ),
        one("n_slates", U32, "slates", "how many slates it had"),
        maybe("fate", Word(FATES), "", "what its last slate led to; null if it was open when the log ended"),
        maybe("ended", Word(ENDS), "", "whether the user's trajectory ended with it, as in slates"),
    ];
    Table { name: TableName::Sessions, row: "a visit, in order of its end", columns }
}

fn events() -> Table {
    use Kind::{U32, Word};
    let columns = vec![
        one("tick", U32, "tick", "at the end of which tick"),
        one("kind", Word(EVENTS), "", "publish, enter, exit (of a creator) or renew (of a user's place)"),
        maybe("item", U32, "id", "the item published"),
        maybe("creator", U32, "id", "who published, entered or left"),
        maybe("user", U32, "id", "whose place was taken over"),
    ];
    Table { name: TableName::Events, row: "something that happened besides slates and responses", columns }
}

fn messages() -> Table {
    use Kind::{Text, U32, Word};
    let columns = vec![
        one("tick", U32, "tick", "when"),
        one("user", U32, "id", "the user who said it or was told"),
        one(
            "channel",
            Word(CHANNELS),
            "",
            "heard with the observation, said with the slates, or replied to them",
        ),
        one("said", Word(SAID), "", "why it was said"),
        one("text", Text, "", "the words"),
    ];
    Table { name: TableName::Messages, row: "an utterance", columns }
}

fn groups(spec: &EnvSpec) -> Table {
    let mut columns = vec![
        one(
            "tick",
            Kind::U32,
            "tick",
            "at the end of which tick this held: the first, then that of every change",
        ),
        one("user", Kind::U32, "id", "who; a change is somebody new in the place"),
    ];
    columns.extend(spec.groups.iter().map(|group| {
        let levels = Kind::Level(group.levels.as_slice().into());
        one(&format!("group_{}", group.name), levels, "", &format!("`{}` of the user", group.name))
    }));
    Table { name: TableName::Groups, row: "a user whose group attributes are new or changed", columns }
}

fn creators() -> Table {
    use Kind::{Text, U32};
    let columns = vec![
        one(
            "tick",
            U32,
            "tick",
            "at the end of which tick this held; a later row of the creator replaces it",
        ),
        one("creator", U32, "id", "who"),
        one("name", Text, "", "what people read"),
        one("entered", U32, "tick", "when it arrived"),
        maybe("left", U32, "tick", "when it left for good; null if it had not"),
    ];
    Table { name: TableName::Creators, row: "a creator who entered, or left", columns }
}

fn accounts(spec: &EnvSpec) -> Table {
    let mut columns = vec![
        one("tick", Kind::U32, "tick", "when the slate was shown"),
        one("user", Kind::U32, "id", "to whom"),
    ];
    columns.extend(spec.accounts.iter().map(|name| {
        one(&format!("account_{name}"), Kind::F32, "", &format!("latent measure `{name}` of the slate"))
    }));
    Table { name: TableName::Accounts, row: "a slate, by what it was really worth", columns }
}

fn latent_items(latent: &Layout) -> Table {
    let mut columns = vec![
        one("tick", Kind::U32, "tick", "at the end of which tick it was first there"),
        one("item", Kind::U32, "id", "the item"),
    ];
    columns.extend(features(latent, 1));
    Table { name: TableName::Latent, row: "an item that lasts, by what nobody observes", columns }
}
