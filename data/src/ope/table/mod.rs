//! Any Parquet table of decisions as a [`Source`]: what somebody else has logged.
//!
//! A [`Mapping`] says which column is what; a [`TargetSpec`] where the probabilities of the other policy come from. A row is a
//! decision, or a position of a slate. Rows are read in batches and never kept, and of a file only the columns that
//! what is asked for needs.
//!
//! **What it refuses.** Every value that no evaluation can use, with file, row group and row: propensities outside (0, 1],
//! rewards that are no numbers or lie outside their declared range, target probabilities that are no probabilities,
//! whatever is null. With [`TableOptions::skip_invalid`] such rows are left out and counted by reason. Probabilities of
//! all actions must sum to 1 within 1e-6, or 1e-3 in single precision.
//!
//! **Where to start.** [`Table::open`].

mod actions;
mod check;
mod columns;
mod files;
mod lacks;
mod levels;
mod mapping;
mod offers;
mod open;
mod reward;
mod rows;
mod scan;
mod seen;
mod sheet;
mod slates;
mod steps;
mod taken;
mod target;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use self::actions::{Actions, Features};
use self::columns::{Id, List, Number, Role};
use self::files::{Chunk, LogFile};
use self::levels::Levels;
use self::reward::Reward;
use self::rows::Rows;
use self::slates::Slates;
use self::target::Placed;
use super::model::{Modeller, Offer};
use super::sequence::Trajectory;
use super::{Estimator, ModelSource, OpeError, Signals, Source, Told, Wanted, WeightSource};

pub use mapping::{Context, Mapping};
pub use open::mapping_beside;
pub use target::TargetSpec;

/// How a table is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableOptions {
    /// A column, or arithmetic over columns, that counts as reward in place of the mapping's.
    pub reward: Option<String>,
    /// What rewards are declared to lie in; others are faults.
    pub reward_range: Option<(f64, f64)>,
    /// What propensities are declared not to be below; others are faults.
    pub min_propensity: Option<f64>,
    /// The column that results are broken down by, in place of the mapping's `group`.
    pub by: Option<String>,
    /// Whether rows that cannot be used are left out and counted, and are no error.
    pub skip_invalid: bool,
}

/// A Parquet log under the eyes of a target.
///
/// ```no_run
/// use recloop_data::ope::Source;
/// use recloop_data::ope::table::{Table, TableOptions, TargetSpec};
///
/// let target: TargetSpec = "table:targets/bts_action_dist.csv?campaign=men".parse()?;
/// let log = Table::open(&["obd/random/men".into()], None, &target, TableOptions::default())?;
/// println!("{} chunks", log.n_chunks());
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
#[derive(Debug)]
pub struct Table {
    files: Vec<LogFile>,
    chunks: Vec<Chunk>,
    mapping: Mapping,
    options: TableOptions,
    target: Target,
    logging: Logging,
    reward: Reward,
    actions: Actions,
    features: Features,
    levels: Option<Levels>,
    widths: Widths,
    /// Whether actions are words.
    worded: bool,
    /// Positions of a slate; 0 where rows are decisions.
    slate: usize,
    shares: OnceLock<Vec<f64>>,
}

/// What is known of the target.
#[derive(Debug, Clone, PartialEq)]
enum Target {
    /// Its probability of what was logged.
    Logged,
    /// Its probabilities of all actions, row by row.
    Listed,
    /// The same for all rows of a position.
    Placed(Placed),
    /// Its real-valued action.
    Real,
    /// Its probabilities of slates.
    Slates,
}

/// What is known of the logger's probabilities of all actions.
#[derive(Debug, Clone, PartialEq)]
enum Logging {
    Unknown,
    Listed,
    Placed(Placed),
}

/// How long lists are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Widths {
    actions: usize,
    loggers: usize,
    context: usize,
    /// Whether predictions are lists over actions.
    predictions: bool,
}

impl Table {
    /// The columns by which it is read: the mapping with the target's columns in their places.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// What counts as reward, in words.
    #[must_use]
    pub fn reward(&self) -> &str {
        self.reward.name()
    }

    /// Whether the target's probabilities of all actions are known.
    fn knows_all(&self) -> bool {
        match self.target {
            Target::Listed | Target::Placed(_) => true,
            Target::Slates => self.mapping.target_probs.is_some() && self.mapping.action.is_some(),
            Target::Logged | Target::Real => false,
        }
    }

    fn placed(&self, position: u16) -> Option<&[f64]> {
        match &self.target {
            Target::Placed(table) => table.at(position),
            _ => None,
        }
    }

    /// Whether something wanted has to be asked of fitted models.
    fn asks_models(&self, wanted: &Wanted) -> bool {
        let fitted = |model: &ModelSource| *model != ModelSource::Outcome || !self.given();
        wanted.models.iter().any(fitted)
            || wanted.weights.contains(&WeightSource::Classifier)
            || (wanted.slates && self.slate > 0 && !self.given())
    }

    /// Whether a column is read for what is wanted.
    fn reads(&self, role: Role, wanted: &Wanted, fitted: bool) -> bool {
        let embeds = || wanted.weights.iter().any(|source| matches!(source, WeightSource::Embedding(_)));
        match role {
            Role::Number(Number::Ended) => false,
            Role::Number(Number::Predicted | Number::PredictedTarget) | Role::List(List::Predictions) => {
                self.given() && (wanted.models.contains(&ModelSource::Outcome) || wanted.slates)
            }
            Role::List(List::Loggers) => wanted.weights.contains(&WeightSource::Balanced),
            Role::List(List::Context) | Role::Part(_) => fitted,
            Role::List(List::Logging) => embeds() || self.knows_all(),
            Role::List(List::Target) => self.slate == 0 || fitted || (wanted.slates && self.given()),
            Role::Id(Id::Action) => self.knows_all(),
            _ => true,
        }
    }
}

impl Source for Table {
    fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    fn rows_of(&self, chunk: usize) -> Option<u64> {
        let Chunk { file, groups } = self.chunks.get(chunk)?;
        let file = &self.files[*file];
        Some(file.start(groups.end) - file.start(groups.start))
    }

    fn levels(&self) -> &[String] {
        self.levels.as_ref().map_or(&[], |levels| &levels.names)
    }

    fn slate_size(&self) -> usize {
        self.slate
    }

    fn n_loggers(&self) -> u16 {
        if self.mapping.logger.is_some() { self.widths.loggers as u16 } else { 0 }
    }

    fn knows_users(&self) -> bool {
        self.mapping.user.is_some()
    }

    fn weighed(&self) -> bool {
        self.lacks_weights().is_none()
    }

    fn lacks(&self, estimator: &Estimator) -> Option<String> {
        self.lacks_for(estimator.form())
    }

    fn offers(
        &self,
        chunk: usize,
        visit: &mut dyn FnMut(&Offer<'_>) -> Result<(), OpeError>,
    ) -> Result<(), OpeError> {
        self.all_offers(&self.chunks[chunk], visit)
    }

    fn signals(
        &self,
        chunk: usize,
        wanted: &Wanted,
        models: Option<&Modeller>,
        visit: &mut dyn FnMut(Signals<'_>) -> Result<(), OpeError>,
    ) -> Result<Told, OpeError> {
        let fitted = models.is_some() && self.asks_models(wanted);
        let columns = self.columns(|role| self.reads(role, wanted, fitted));
        let (chunk, mut told) = (&self.chunks[chunk], Told::default());
        let seen = if self.slate == 0 {
            let mut rows = Rows::new(self, wanted, models);
            self.scan(chunk, &columns, &mut told, &mut |file, lanes, _| {
                visit(Signals::Decisions(rows.tell(file, lanes)?))
            })?;
            rows.seen
        } else {
            let mut slates = Slates::new(self, models);
            self.scan(chunk, &columns, &mut told, &mut |file, lanes, told| {
                slates.tell(wanted, file, lanes, told)?;
                if wanted.slates {
                    visit(Signals::Slates(&slates.out))?;
                }
                if wanted.slates && wanted.weights.is_empty() {
                    Ok(())
                } else {
                    visit(Signals::Decisions(&slates.decisions))
                }
            })?;
            slates.seen
        };
        told.support.merge(seen.support(self));
        Ok(told)
    }

    fn trajectories(&self) -> Result<Vec<Trajectory>, OpeError> {
        self.all_trajectories()
    }

    fn predicts(&self) -> bool {
        self.given()
    }
}
