//! The source: a log read back as the transitions it was written from.

use std::mem::swap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use recloop_env::{
    Candidates, Catalogue, Event, Facts, Grid, HistoryStore, ItemView, Met, Observation, Slates, Step, Tick,
    Transition, UserId, record,
};

use super::answers::Answers;
use super::manifest::Manifest;
use super::reader::{Cursor, TableReader};
use super::roster::Roster;
use super::schema::TableName;
use super::tables::tables;
use super::truth::TruthSource;
use crate::DataError;

/// One tick of a log, as its source lends it: what metrics and evaluation take.
#[derive(Debug, Clone, Copy)]
pub struct Replayed<'a> {
    /// What was known after the tick.
    pub facts: Facts<'a>,
    /// What was seen, what was shown, what came of it.
    pub transition: Transition<'a>,
}

/// Replays the log of a run directory, tick by tick, in memory that does not grow with the log.
///
/// What comes back equals what was logged, facts included: histories are rebuilt, what was shown before is barred again
/// in a world without repeats, catalogues grow at the tick at which they grew, features hold from the tick at which they
/// changed. Two things cannot come back: numbers beside a propensity that is
/// [`Unavailable`](recloop_env::Known::Unavailable) (they are 0 here), and, of a run that was cut off, the last tick of
/// the parts that count, whose outcome was seen but whose next observation was not logged.
///
/// Logs of schema 1.0 have no clocks, no group attributes and no creators: every row is at the start of its tick.
///
/// # Errors
/// Truncated or foreign parts, missing tables, another schema, tables that contradict each other. After an error the
/// source is at its end.
///
/// ```no_run
/// use recloop_data::{LogSource, metrics::Engagement};
/// use recloop_env::Metric;
///
/// let mut log = LogSource::open("runs/mine".as_ref())?;
/// let mut total = Engagement.start();
/// while let Some(tick) = log.next()? {
///     Engagement.fold(&mut total, &tick.facts, &tick.transition);
/// }
/// # Ok::<(), recloop_data::DataError>(())
/// ```
pub struct LogSource {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) cursors: Vec<Cursor>,
    pub(super) seen: Observation,
    slates: Slates,
    pub(super) step: Step,
    /// Slates and outcome of the tick whose observation is `step.next`.
    pub(super) ahead: Answers,
    answered: bool,
    history: HistoryStore,
    /// What was shown to whom, in a world without repeats.
    pub(super) met: Option<Met>,
    /// `[n_users, F]` features last logged.
    pub(super) features: Grid<f32>,
    /// The shared list last logged.
    pub(super) candidates: Arc<Candidates>,
    /// The catalogue so far; for items that do not last, an empty view of their form.
    pub(super) items: Arc<ItemView>,
    pub(super) roster: Roster,
    truth: Option<TruthSource>,
}

impl LogSource {
    /// Opens the log of the run in `dir`, without its truth.
    pub fn open(dir: &Path) -> Result<Self, DataError> {
        Self::begin(dir, Manifest::load(dir)?, None)
    }

    /// Opens the log and the truth beside it: facts then carry hindsight, as in a live run of the world's owner. Not for
    /// evaluating a policy.
    pub fn open_with_truth(dir: &Path) -> Result<Self, DataError> {
        let manifest = Manifest::load(dir)?;
        let truth = TruthSource::open(dir, &manifest)?;
        Self::begin(dir, manifest, Some(truth))
    }

    fn begin(dir: &Path, manifest: Manifest, truth: Option<TruthSource>) -> Result<Self, DataError> {
        let cursor = |table| Ok(Cursor::new(TableReader::new(dir, &manifest, table)?));
        let cursors = tables(&manifest.spec)?.iter().map(cursor).collect::<Result<_, _>>()?;
        let spec = &manifest.spec;
        let ephemeral = (!spec.durable_items).then_some(&spec.item_features);
        let items = match ephemeral {
            Some(layout) => ItemView::ephemeral(layout.clone(), spec.max_candidates.unwrap_or(0)),
            None => ItemView::Durable(Catalogue::new(spec.item_features.clone())),
        };
        let mut source = Self {
            dir: dir.into(),
            cursors,
            seen: Observation::default(),
            slates: Slates::default(),
            step: Step::default(),
            ahead: Answers::default(),
            answered: false,
            history: HistoryStore::new(spec.history, spec.n_users, ephemeral),
            met: spec.no_repeat.then(|| Met::new(spec.n_users)),
            features: Grid::zeros(spec.n_users, spec.user_features.dense_width()),
            // No set yet.
            candidates: Arc::new(Candidates::PerRow { starts: vec![0], items: Vec::new() }),
            items: Arc::new(items),
            roster: Roster::default(),
            truth,
            manifest,
        };
        source.look_ahead()?;
        Ok(source)
    }

    /// The run's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The next tick, in buffers that are used again for the one after it; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "it lends what it holds, which no iterator can")]
    pub fn next(&mut self) -> Result<Option<Replayed<'_>>, DataError> {
        if !std::mem::take(&mut self.answered) {
            return Ok(None);
        }
        swap(&mut self.seen, &mut self.step.next);
        swap(&mut self.step, &mut self.ahead.step);
        swap(&mut self.slates, &mut self.ahead.slates);
        self.remember();
        if !self.look_ahead()? {
            return Ok(None);
        }
        let Step { ended, next, next_row, .. } = &mut self.step;
        let stays =
            |(user, ended): (&UserId, &Option<_>)| ended.is_none().then(|| next.row_of(*user)).flatten();
        next_row.clear();
        next_row.extend(self.seen.users.iter().zip(&*ended).map(stays));
        let told = self.read_roster().and_then(|()| self.read_truth());
        self.answered &= told.is_ok();
        told?;
        Ok(Some(Replayed { facts: self.facts(), transition: self.latest() }))
    }

    /// The tick that [`next`](Self::next) gave last; once it gave none, nothing of use.
    pub(crate) fn latest(&self) -> Transition<'_> {
        Transition { seen: &self.seen, slates: &self.slates, step: &self.step }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            spec: &self.manifest.spec,
            catalogue: self.items.catalogue(),
            horizon: self.manifest.horizon.map(Tick),
            population: &self.roster.population,
            creators: &self.roster.creators,
            hindsight: self.truth.as_ref().map(TruthSource::hindsight),
        }
    }

    /// What was shown and done becomes the past, as in the world.
    fn remember(&mut self) {
        let Self { seen, slates, step, history, met, .. } = self;
        record(history, &seen.users, &seen.items, slates, &step.responses);
        if let Some(met) = met {
            met.remember(&seen.users, slates);
        }
        for event in &step.events {
            if let Event::Renew { user } = event {
                history.forget(*user);
                if let Some(met) = met {
                    met.forget(*user);
                }
            }
        }
    }

    /// Reads the next observation and what was answered to it, if anything; `false` if there is no observation.
    fn look_ahead(&mut self) -> Result<bool, DataError> {
        let Some(tick) = self.cursor(TableName::Observations).tick()? else { return Ok(false) };
        let heading = self.heading(tick)?;
        let from_slates = self.cursor(TableName::Slates).tick()? == Some(tick);
        let last = self.cursor(TableName::Observations).tick()?.is_none();
        let mut next = std::mem::take(&mut self.step.next);
        next.tick = Tick(tick);
        self.ahead.reset(&self.manifest.spec, heading.n_rows);
        self.candidate_sets(tick)?;
        self.items(&mut next, heading.n_rows)?;
        self.rows(&mut next, &heading, from_slates)?;
        self.user_features(&mut next)?;
        self.events(tick)?;
        self.messages(&mut next)?;
        self.history.observe(&next.users, &mut next.history);
        self.step.next = next;
        self.answered = from_slates || (heading.n_rows == 0 && !last);
        Ok(true)
    }

    fn read_truth(&mut self) -> Result<(), DataError> {
        let (tick, n) = (self.seen.tick.0, self.seen.len());
        let Some(truth) = &mut self.truth else { return Ok(()) };
        match truth.read(&self.manifest.spec, tick, n, self.items.catalogue())? {
            Some(reason) => Err(self.inconsistent(tick, reason)),
            None => Ok(()),
        }
    }

    pub(super) fn cursor(&mut self, table: TableName) -> &mut Cursor {
        &mut self.cursors[table.place()]
    }
}
