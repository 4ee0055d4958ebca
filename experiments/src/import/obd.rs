//! The Open Bandit Dataset as logs to evaluate by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, UInt32Array};
use recloop_data::obd::{Campaign, ItemTable, Round, Rounds, campaigns};
use recloop_data::ope::table::Mapping;
use recloop_data::{DataError, LineFault};
use serde::{Deserialize, Serialize};

use super::folder::{ABOUT, about_text, in_place_of, parse};
use super::obd_rounds::{RoundsFile, micros};
use super::parquet_table::{Column, write};
use super::{ImportError, Progress};

const DATASET: &str = "Open Bandit Dataset";
const SCHEMA: &str = "1.0";
/// Where probabilities by action and position lie.
const TARGETS: &str = "targets";
/// How the files of such probabilities end.
const TARGET: &str = "_action_dist.csv";
const UNIFORM: &str = "random_action_dist.csv";
/// After how many rounds progress is told (chosen by us).
const TELL_EVERY: u64 = 100_000;

/// What was taken over; `Display` is the text for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObdReport {
    /// Where the logs now are.
    pub dir: PathBuf,
    /// By policy and campaign.
    pub logs: Vec<ImportedLog>,
    /// Files of probabilities to evaluate, beside the logs.
    pub targets: Vec<String>,
}

/// The log of one policy in one campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportedLog {
    /// Which policy chose.
    pub policy: String,
    /// Whose items.
    pub campaign: String,
    /// Impressions.
    pub n_rounds: u64,
    /// Ids of the items.
    pub items: Vec<u32>,
    /// Positions that occur.
    pub positions: Vec<u16>,
    /// Clicks.
    pub n_clicks: u64,
    /// Whether every item had the same probability in every row.
    pub uniform: bool,
}

/// What `import.json` says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    schema_version: String,
    dataset: String,
    licence: String,
    /// The csv files with their lengths.
    files: BTreeMap<String, u64>,
}

/// Takes over every log of the Open Bandit Dataset in `from` into the folder `to`, round by round.
///
/// `to/<policy>/<campaign>/` holds `part-00000.parquet`, `items.parquet`, and the `columns.toml` by which
/// `recloop evaluate` reads them; `to/targets/` every `*_action_dist.csv` of `from`, and the uniform policy's.
///
/// # Errors
/// [`ImportError::Data`] for a folder that is not the data set or a malformed line;
/// [`ImportError::Occupied`] or [`ImportError::OtherImport`] if `to` holds anything else than an import of the same files.
pub fn obd(from: &Path, to: &Path, mut tell: impl FnMut(Progress)) -> Result<ObdReport, ImportError> {
    tell(Progress::Reading);
    let campaigns = campaigns(from)?;
    let about = about(&campaigns)?;
    let replaced = check_vacant(to, &about)?;
    let mut report = ObdReport { dir: to.to_owned(), logs: Vec::new(), targets: Vec::new() };
    in_place_of(to, replaced, |fresh| {
        for campaign in &campaigns {
            report.logs.push(take_over(campaign, fresh, &mut tell)?);
        }
        tell(Progress::Writing);
        report.targets = write_targets(from, fresh, &report.logs)?;
        let text = serde_json::to_string_pretty(&about).unwrap_or_default();
        write_text(&fresh.join(ABOUT), &text)?;
        Ok(String::new())
    })?;
    Ok(report)
}

fn about(campaigns: &[Campaign]) -> Result<About, ImportError> {
    let length = |campaign: &Campaign| {
        let cause = |cause| DataError::Read { path: campaign.log.clone(), cause };
        let bytes = fs::metadata(&campaign.log).map_err(cause)?.len();
        Ok((format!("{}/{}", campaign.policy, campaign.name), bytes))
    };
    Ok(About {
        schema_version: SCHEMA.into(),
        dataset: DATASET.into(),
        licence: "CC BY 4.0 (ZOZO Research)".into(),
        files: campaigns.iter().map(length).collect::<Result<_, DataError>>()?,
    })
}

/// Whether an import of the same files stands where one is to be written; refuses anything else that stands there.
fn check_vacant(to: &Path, about: &About) -> Result<bool, ImportError> {
    let Ok(mut entries) = fs::read_dir(to) else { return Ok(false) };
    let Some(first) = entries.next() else { return Ok(false) };
    let Ok((path, text)) = about_text(to) else {
        let found =
            first.map_or_else(|_| String::new(), |entry| entry.file_name().to_string_lossy().into_owned());
        return Err(ImportError::Occupied { dir: to.to_owned(), found });
    };
    match parse::<About>(&path, &text) {
        Ok(there) if there.dataset == DATASET && there.files == about.files => Ok(true),
        _ => Err(ImportError::OtherImport { dir: to.to_owned() }),
    }
}

/// Writes the log of a campaign with what describes it.
fn take_over(
    campaign: &Campaign,
    to: &Path,
    tell: &mut impl FnMut(Progress),
) -> Result<ImportedLog, ImportError> {
    let home = to.join(&campaign.policy).join(&campaign.name);
    fs::create_dir_all(&home).map_err(|cause| ImportError::Io {
        action: "create",
        path: home.clone(),
        cause,
    })?;
    let items = ItemTable::load(&campaign.items)?;
    let log = take_rounds(campaign, &items, &home.join("part-00000.parquet"), tell)?;
    write(&home.join("items.parquet"), item_columns(&items))?;
    write_text(&home.join("columns.toml"), &columns(&log))?;
    Ok(log)
}

fn take_rounds(
    campaign: &Campaign,
    items: &ItemTable,
    to: &Path,
    tell: &mut impl FnMut(Progress),
) -> Result<ImportedLog, ImportError> {
    let known: BTreeSet<u32> = items.ids.iter().copied().collect();
    let mut rounds = Rounds::open(&campaign.log)?;
    let mut file = RoundsFile::create(to, rounds.widths().0)?;
    let (mut round, mut places) = (Round::default(), BTreeSet::new());
    let (mut n_rounds, mut n_clicks, mut uniform) = (0, 0, true);
    while rounds.read(&mut round)? {
        let micros = checked(&round, &known).map_err(|fault| rounds.fault(fault))?;
        file.push(&round, micros)?;
        n_rounds += 1;
        n_clicks += u64::from(round.click);
        // Propensities are written with 16 digits.
        uniform &= (round.propensity * known.len() as f64 - 1.0).abs() < 1e-9;
        places.insert(round.position);
        if n_rounds % TELL_EVERY == 0 {
            tell(Progress::Rounds { n_rounds });
        }
    }
    if n_rounds == 0 {
        return Err(DataError::Empty { path: campaign.log.clone() }.into());
    }
    file.finish()?;
    let (policy, name) = (campaign.policy.clone(), campaign.name.clone());
    let (items, positions) = (items.ids.clone(), places.into_iter().collect());
    Ok(ImportedLog { policy, campaign: name, n_rounds, items, positions, n_clicks, uniform })
}

/// When a round was, if its item is known.
fn checked(round: &Round, known: &BTreeSet<u32>) -> Result<i64, LineFault> {
    if !known.contains(&round.item) {
        return Err(LineFault::Unlisted { what: "item", id: round.item, file: "item_context.csv" });
    }
    micros(&round.timestamp).ok_or_else(|| LineFault::Field {
        field: "timestamp",
        text: round.timestamp.clone(),
        wanted: "a time such as 2019-11-24 00:00:17+00:00",
    })
}

fn item_columns(items: &ItemTable) -> Vec<Column> {
    let ids: ArrayRef = Arc::new(UInt32Array::from(items.ids.clone()));
    let described = items.columns.iter().zip(&items.values).map(|(name, words)| {
        let numbers: Option<Vec<f64>> = words.iter().map(|word| word.parse().ok()).collect();
        let values: ArrayRef = match numbers {
            Some(numbers) => Arc::new(Float64Array::from(numbers)),
            None => Arc::new(StringArray::from(words.clone())),
        };
        Column::new(name, "as published; words are hashed", values)
    });
    std::iter::once(Column::new("item_id", "which item", ids)).chain(described).collect()
}

/// The mapping by which a log is read.
fn columns(log: &ImportedLog) -> String {
    let own = |name: &str| Some(name.to_owned());
    let uniform = format!("../../{TARGETS}/{UNIFORM}?campaign={}", log.campaign);
    let mapping = Mapping {
        action: own("item_id"),
        reward: own("click"),
        propensity: own("propensity_score"),
        position: own("position"),
        items: own("items.parquet"),
        logging_table: log.uniform.then_some(uniform),
        ..Mapping::default()
    };
    format!(
        "# Which column is what. Users have no ids: every row counts as one of its own.\n{}",
        toml::to_string(&mapping).unwrap_or_default()
    )
}

/// Copies the targets that lie beside the data, and writes the uniform policy's.
fn write_targets(from: &Path, to: &Path, logs: &[ImportedLog]) -> Result<Vec<String>, ImportError> {
    let home = to.join(TARGETS);
    fs::create_dir_all(&home).map_err(|cause| ImportError::Io {
        action: "create",
        path: home.clone(),
        cause,
    })?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(TARGET) {
            let path = entry.path();
            fs::copy(&path, home.join(&name)).map_err(|cause| ImportError::Io {
                action: "copy",
                path,
                cause,
            })?;
            names.insert(name);
        }
    }
    if !names.contains(UNIFORM) && logs.iter().any(|log| log.uniform) {
        write_text(&home.join(UNIFORM), &uniform(logs))?;
        names.insert(UNIFORM.into());
    }
    Ok(names.into_iter().collect())
}

/// The uniform policy of every campaign that one logged in.
fn uniform(logs: &[ImportedLog]) -> String {
    let mut text = String::from("campaign,item_id,position0,prob\n");
    let logs: BTreeMap<&str, &ImportedLog> =
        logs.iter().filter(|log| log.uniform).map(|log| (log.campaign.as_str(), log)).collect();
    for (campaign, log) in logs {
        let prob = 1.0 / log.items.len() as f64;
        for (place, item) in
            log.positions.iter().flat_map(|place| log.items.iter().map(move |item| (place, item)))
        {
            let _ = writeln!(text, "{campaign},{item},{place},{prob}");
        }
    }
    text
}

fn write_text(path: &Path, text: &str) -> Result<(), ImportError> {
    fs::write(path, text).map_err(|cause| ImportError::Io { action: "write", path: path.to_owned(), cause })
}

impl ObdReport {
    /// What to do next: evaluate a target that did not log, on the rows of one that did.
    #[must_use]
    pub fn next(&self) -> String {
        let other = |log: &&ImportedLog| self.targets.iter().any(|target| !target.starts_with(&log.policy));
        let log = self.logs.iter().rev().find(other).or(self.logs.last());
        let Some(log) = log else { return "recloop evaluate --help".into() };
        let target = self.targets.iter().find(|target| !target.starts_with(&log.policy));
        let dir = self.dir.display();
        let target = target.map_or("table:FILE".to_owned(), |file| {
            format!("table:{dir}/{TARGETS}/{file}?campaign={}", log.campaign)
        });
        format!("recloop evaluate {dir}/{}/{} --target '{target}'", log.policy, log.campaign)
    }
}

impl fmt::Display for ObdReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "imported the {DATASET} into {}", self.dir.display())?;
        for log in &self.logs {
            let ImportedLog { policy, campaign, n_rounds, items, n_clicks, .. } = log;
            let n_items = items.len();
            let rate = 100.0 * *n_clicks as f64 / *n_rounds as f64;
            writeln!(
                f,
                "  {policy}/{campaign}: {n_rounds} rounds of {n_items} items, {n_clicks} clicks ({rate:.2} %)"
            )?;
        }
        match self.targets.as_slice() {
            [] => write!(f, "no target policies lie beside it (*{TARGET})"),
            targets => write!(f, "target policies: {}", targets.join(", ")),
        }
    }
}
