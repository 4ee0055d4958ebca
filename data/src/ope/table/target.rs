//! What is to be evaluated, and tables of probabilities.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::actions::Actions;
use super::mapping::refused;
use super::sheet::{Sheet, name_of};
use crate::ope::OpeError;

/// How far the probabilities of a table, or of a list in double precision, may be from 1 together.
pub(super) const CLOSE: f64 = 1e-6;
/// The same for lists in single precision: a thousand of them have each lost up to 6e-8 of themselves.
pub(super) const CLOSE_SINGLE: f64 = 1e-3;

/// Where the probabilities of the policy come from that is to be evaluated.
///
/// ```
/// use recloop_data::ope::table::TargetSpec;
///
/// assert_eq!("column:p_new".parse::<TargetSpec>()?, TargetSpec::Column("p_new".into()));
/// assert_eq!("table:new.csv?campaign=men".parse::<TargetSpec>()?.to_string(), "table:new.csv?campaign=men");
/// assert!("popularity-v0".parse::<TargetSpec>().is_err());
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSpec {
    /// `columns`: from the columns that the mapping gives the target.
    Columns,
    /// `column:NAME`: one number a row, the probability of the logged action; or a list, of all actions.
    Column(String),
    /// `table:FILE`: csv or Parquet with the columns `action` or `item_id`, `prob` or `probability`, and, if it differs by
    /// position, `position` or `position0`, from 0. `FILE?COLUMN=VALUE` takes the rows that have the value.
    Table(PathBuf),
}

impl FromStr for TargetSpec {
    type Err = OpeError;

    fn from_str(text: &str) -> Result<Self, OpeError> {
        match text.split_once(':') {
            None if text == "columns" => Ok(Self::Columns),
            Some(("column", name)) if !name.is_empty() => Ok(Self::Column(name.into())),
            Some(("table", file)) if !file.is_empty() => Ok(Self::Table(file.into())),
            _ => Err(refused(
                &format!("target `{text}`"),
                "of a table of decisions it is `column:NAME`, `table:FILE`, or `columns`, those that the mapping names".into(),
            )),
        }
    }
}

impl fmt::Display for TargetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns => f.write_str("columns"),
            Self::Column(name) => write!(f, "column:{name}"),
            Self::Table(file) => write!(f, "table:{}", file.display()),
        }
    }
}

/// Probabilities by position and action, as they were written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    file: String,
    /// By position; one for all if the table has none.
    by_position: BTreeMap<u16, BTreeMap<u64, f64>>,
    placed: bool,
}

impl Written {
    pub(super) fn read(file: &str, worded: bool) -> Result<Self, OpeError> {
        let sheet = Sheet::read(file)?;
        let action = sheet.column(&["action", "item_id"])?;
        let prob = sheet.column(&["prob", "probability"])?;
        let position = sheet.find(&["position", "position0"]);
        let mut by_position: BTreeMap<u16, BTreeMap<u64, f64>> = BTreeMap::new();
        for (row, cells) in sheet.rows().iter().enumerate() {
            let name = name_of(&cells[action], worded).ok_or_else(|| {
                sheet.at(row, format!("action {:?} is no whole number, as in the log", cells[action]))
            })?;
            let place = position.map_or(Ok(0.0), |column| sheet.number(row, column))?;
            let p = sheet.number(row, prob)?;
            if !(0.0..=1.0).contains(&p) {
                return Err(sheet.at(row, format!("its probability is {p}, which does not lie in [0, 1]")));
            }
            if place.fract() != 0.0 || !(0.0..=f64::from(u16::MAX)).contains(&place) {
                return Err(sheet.at(row, format!("{place} is no position")));
            }
            if by_position.entry(place as u16).or_default().insert(name, p).is_some() {
                let hint = "the same action a second time at its position; choose rows as in `?campaign=men`";
                return Err(sheet.at(row, hint.into()));
            }
        }
        for (place, probs) in &by_position {
            let sum = probs.values().sum::<f64>();
            if (sum - 1.0).abs() > CLOSE {
                let place = if position.is_some() { format!(" at position {place}") } else { String::new() };
                return Err(
                    sheet.refused(format!("its probabilities{place} sum to {sum}, not to 1 within {CLOSE}"))
                );
            }
        }
        Ok(Self { file: file.into(), by_position, placed: position.is_some() })
    }

    /// The actions that it names.
    pub(super) fn names(&self) -> impl Iterator<Item = u64> + '_ {
        self.by_position.values().flat_map(|probs| probs.keys().copied())
    }

    /// The same by place among `actions`.
    pub(super) fn placed(&self, actions: &Actions) -> Result<Placed, OpeError> {
        let row = |probs: &BTreeMap<u64, f64>| {
            let mut row = vec![0.0; actions.len() + 1];
            for (name, p) in probs {
                match actions.index(*name) {
                    Some(at) => row[at] = *p,
                    None if *p == 0.0 => {}
                    None => {
                        let reason =
                            format!("action {name} is not among the {} of the log's lists", actions.len());
                        return Err(OpeError::File { path: self.file.clone().into(), reason });
                    }
                }
            }
            Ok(row)
        };
        let last = self.by_position.last_key_value().map_or(0, |(place, _)| usize::from(*place) + 1);
        let mut rows = vec![None; last];
        for (place, probs) in &self.by_position {
            rows[usize::from(*place)] = Some(row(probs)?);
        }
        Ok(Placed { rows, placed: self.placed })
    }
}

/// Probabilities by position and place of the action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// `[A + 1]` each: the last is for an action that the table does not name.
    rows: Vec<Option<Vec<f64>>>,
    placed: bool,
}

impl Placed {
    /// The probabilities at a position, if there are any.
    #[inline]
    pub(super) fn at(&self, position: u16) -> Option<&[f64]> {
        let position = if self.placed { usize::from(position) } else { 0 };
        self.rows.get(position)?.as_deref()
    }
}
