//! The rounds of a campaign, row by row.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use crate::DataError;
use crate::lines::{LineFault, misread, parse, parse_id};

const HEADER: &str =
    "timestamp, item_id, position, click, propensity_score, and any user_feature_* and user-item_affinity_*";
const FEATURE: &str = "user_feature_";
const AFFINITY: &str = "user-item_affinity_";

/// Bytes gathered before the operating system is called.
const BUFFER: usize = 1 << 20;

/// One impression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Round {
    /// When, as written: `2019-11-24 00:00:17.004101+00:00`.
    pub timestamp: String,
    /// Which item was shown.
    pub item: u32,
    /// At which position, from 0.
    pub position: u16,
    /// Whether it was clicked.
    pub click: bool,
    /// The probability that the policy gave to the item at this position.
    pub propensity: f64,
    /// What is known of the user, hashed; in the order of their numbers.
    pub user_features: Vec<String>,
    /// How much the user is drawn to each item, in the order of their numbers.
    pub affinities: Vec<f64>,
}

/// Where the fields of a round stand in a line.
#[derive(Debug, Default)]
struct Places {
    timestamp: usize,
    item: usize,
    position: usize,
    click: usize,
    propensity: usize,
    user_features: Vec<usize>,
    affinities: Vec<usize>,
    /// Fields of a line.
    n: usize,
}

/// The rounds of a campaign, read one by one: memory does not grow with them.
#[derive(Debug)]
pub struct Rounds {
    path: PathBuf,
    lines: BufReader<File>,
    line: String,
    number: u64,
    places: Places,
}

impl Rounds {
    /// Opens a campaign's csv and understands its header.
    ///
    /// # Errors
    /// A file that is not there, or whose header lacks a column.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let path = path.to_owned();
        let file = File::open(&path).map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => DataError::Missing { path: path.clone() },
            _ => DataError::Read { path: path.clone(), cause },
        })?;
        let lines = BufReader::with_capacity(BUFFER, file);
        let mut rounds = Self { path, lines, line: String::new(), number: 0, places: Places::default() };
        if !rounds.step()? {
            return Err(DataError::Empty { path: rounds.path });
        }
        rounds.places = Places::read(&rounds.line).map_err(|fault| rounds.fault(fault))?;
        Ok(rounds)
    }

    /// How many features a user has, and for how many items there are affinities.
    #[must_use]
    pub fn widths(&self) -> (usize, usize) {
        (self.places.user_features.len(), self.places.affinities.len())
    }

    /// The line last read, counted from 1, header included.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.number
    }

    /// Reads the next round into `round`; false after the last.
    ///
    /// # Errors
    /// A malformed line, by its number.
    pub fn read(&mut self, round: &mut Round) -> Result<bool, DataError> {
        if !self.step()? {
            return Ok(false);
        }
        self.places.fill(&self.line, round).map_err(|fault| self.fault(fault))?;
        Ok(true)
    }

    /// An error at the line last read.
    #[must_use]
    pub fn fault(&self, fault: LineFault) -> DataError {
        DataError::Line { path: self.path.clone(), line: self.number, fault }
    }

    /// Reads on by a line, without its end.
    fn step(&mut self) -> Result<bool, DataError> {
        self.line.clear();
        self.number += 1;
        let n = self.lines.read_line(&mut self.line).map_err(|cause| match cause.kind() {
            ErrorKind::InvalidData => self.fault(LineFault::NotUtf8),
            _ => DataError::Read { path: self.path.clone(), cause },
        })?;
        let kept = self.line.trim_end_matches(['\n', '\r']).len();
        self.line.truncate(kept);
        Ok(n > 0)
    }
}

impl Places {
    fn read(header: &str) -> Result<Self, LineFault> {
        let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').collect();
        let place = |name: &str| {
            let found = names.iter().position(|own| *own == name);
            found.ok_or_else(|| LineFault::Header { expected: HEADER, found: header.to_owned() })
        };
        // In the order of their numbers, which need not be that of the columns.
        let numbered = |prefix: &str| {
            let columns = names.iter().enumerate();
            let mut own: Vec<(u32, usize)> = columns
                .filter_map(|(at, name)| Some((name.strip_prefix(prefix)?.parse().ok()?, at)))
                .collect();
            own.sort_unstable();
            own.into_iter().map(|(_, at)| at).collect()
        };
        Ok(Self {
            timestamp: place("timestamp")?,
            item: place("item_id")?,
            position: place("position")?,
            click: place("click")?,
            propensity: place("propensity_score")?,
            user_features: numbered(FEATURE),
            affinities: numbered(AFFINITY),
            n: names.len(),
        })
    }

    fn fill(&self, line: &str, round: &mut Round) -> Result<(), LineFault> {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() != self.n {
            return Err(LineFault::FieldCount { expected: self.n, found: fields.len() });
        }
        round.timestamp.clear();
        round.timestamp.push_str(fields[self.timestamp]);
        round.item = parse_id("item_id", fields[self.item])?;
        let position = fields[self.position];
        let place: u16 = parse("position", position, "a whole number from 1")?;
        round.position =
            place.checked_sub(1).ok_or_else(|| misread("position", position, "a whole number from 1"))?;
        round.click = match fields[self.click] {
            "0" => false,
            "1" => true,
            other => return Err(misread("click", other, "0 or 1")),
        };
        let propensity = fields[self.propensity];
        round.propensity = parse("propensity_score", propensity, "a probability in (0, 1]")?;
        if !(round.propensity > 0.0 && round.propensity <= 1.0) {
            return Err(misread("propensity_score", propensity, "a probability in (0, 1]"));
        }
        round.user_features.clear();
        round.user_features.extend(self.user_features.iter().map(|at| fields[*at].to_owned()));
        round.affinities.clear();
        for at in &self.affinities {
            let affinity: f64 = parse("user-item_affinity", fields[*at], "a number")?;
            if !affinity.is_finite() {
                return Err(misread("user-item_affinity", fields[*at], "a finite number"));
            }
            round.affinities.push(affinity);
        }
        Ok(())
    }
}
