//! The source: a log read back as the transitions it was written from.

use std::mem::swap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use recloop_env::{
    Candidates, Catalogue, Event, Grid, HistoryStore, ItemView, Observation, Slates, Step, Tick, Transition,
    UserId, record,
};

use super::answers::Answers;
use super::manifest::Manifest;
use super::reader::{Cursor, TableReader};
use super::schema::TableName;
use super::tables::tables;
use crate::DataError;

/// One tick of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replayed {
    /// What was seen.
    pub seen: Observation,
    /// What was shown.
    pub slates: Slates,
    /// What came of it.
    pub step: Step,
}

impl Replayed {
    /// The tick as metrics and evaluation take it.
    #[must_use]
    pub fn as_transition(&self) -> Transition<'_> {
        Transition { seen: &self.seen, slates: &self.slates, step: &self.step }
    }
}

/// Replays the log of a run directory, tick by tick, in memory that does not grow with the log.
///
/// What comes back equals what was logged: histories are rebuilt, catalogues grow at the tick at which they grew,
/// features hold from the tick at which they changed. Two things cannot come back: numbers beside a propensity that is
/// [`Unavailable`](recloop_env::Known::Unavailable) (they are 0 here), and, of a run that was cut off, the last tick of
/// the parts that count, whose outcome was seen but whose next observation was not logged.
///
/// # Errors
/// Truncated or foreign parts, missing tables, another schema, tables that contradict each other. After an error the
/// source is at its end.
pub struct LogSource {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) cursors: Vec<Cursor>,
    replayed: Replayed,
    /// Slates and outcome of the tick whose observation is `replayed.step.next`.
    pub(super) ahead: Answers,
    answered: bool,
    history: HistoryStore,
    /// `[n_users, F]` features last logged.
    pub(super) features: Grid<f32>,
    pub(super) candidates: Arc<Candidates>,
    /// The catalogue so far; for items that do not last, an empty view of their form.
    pub(super) items: Arc<ItemView>,
}

impl LogSource {
    /// Opens the log of the run in `dir`.
    pub fn open(dir: &Path) -> Result<Self, DataError> {
        let manifest = Manifest::load(dir)?;
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
            replayed: Replayed::default(),
            ahead: Answers::default(),
            answered: false,
            history: HistoryStore::new(spec.history, spec.n_users, ephemeral),
            features: Grid::zeros(spec.n_users, spec.user_features.dense_width()),
            // No set yet.
            candidates: Arc::new(Candidates::PerRow { starts: vec![0], items: Vec::new() }),
            items: Arc::new(items),
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
    pub fn next(&mut self) -> Result<Option<&Replayed>, DataError> {
        if !std::mem::take(&mut self.answered) {
            return Ok(None);
        }
        let Replayed { seen, slates, step } = &mut self.replayed;
        swap(seen, &mut step.next);
        swap(step, &mut self.ahead.step);
        swap(slates, &mut self.ahead.slates);
        record(&mut self.history, &seen.users, &seen.items, slates, &step.responses);
        for event in &step.events {
            if let Event::Renew { user } = event {
                self.history.forget(*user);
            }
        }
        if !self.look_ahead()? {
            return Ok(None);
        }
        let Step { ended, next, next_row, .. } = &mut self.replayed.step;
        let stays =
            |(user, ended): (&UserId, &Option<_>)| ended.is_none().then(|| next.row_of(*user)).flatten();
        next_row.clear();
        next_row.extend(self.replayed.seen.users.iter().zip(&*ended).map(stays));
        Ok(Some(&self.replayed))
    }

    /// Reads the next observation and what was answered to it, if anything; `false` if there is no observation.
    fn look_ahead(&mut self) -> Result<bool, DataError> {
        let Some(tick) = self.cursor(TableName::Observations).tick()? else { return Ok(false) };
        let (n, set) = self.heading(tick)?;
        let from_slates = self.cursor(TableName::Slates).tick()? == Some(tick);
        let last = self.cursor(TableName::Observations).tick()?.is_none();
        let mut next = std::mem::take(&mut self.replayed.step.next);
        next.tick = Tick(tick);
        self.ahead.reset(&self.manifest.spec, n);
        self.candidate_sets(tick)?;
        self.items(&mut next, n)?;
        self.rows(&mut next, n, set, from_slates)?;
        self.user_features(&mut next)?;
        self.events(tick)?;
        self.messages(&mut next)?;
        self.history.observe(&next.users, &mut next.history);
        self.replayed.step.next = next;
        self.answered = from_slates || (n == 0 && !last);
        Ok(true)
    }

    pub(super) fn cursor(&mut self, table: TableName) -> &mut Cursor {
        &mut self.cursors[table as usize]
    }
}
