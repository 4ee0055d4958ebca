//! A scorer that listens.

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams};

use super::desk::{Call, Desk};
use super::memory::{Memory, Obey};
use super::planner::{Ask, Obedient, Planner, Toolbox};
use crate::moments::moments;
use crate::scorer::{NOT_RETRIEVED, Scorer, keep_out};

/// A scorer whose scores are moved by what the user asked for: perceive, plan, use tools.
///
/// For a row of which nothing is asked the scores are the scorer's own, to the bit. Of others the
/// [`Planner`] makes [`Call`]s, and each tool of the [`Toolbox`] adds `weight · w · x` to what items are worth, w the
/// standard deviation of the row's scores. What a row is shown depends on no other row, but under
/// [`Obey::Shuffled`].
///
/// # Errors
/// `begin` refuses what the scorer and the planner refuse, `prepare` fails as they do. Tools that have nothing to work with in a
/// world are left out.
pub struct Advised<S> {
    scorer: S,
    planner: Box<dyn Planner>,
    toolbox: Toolbox,
    obey: Obey,
    /// Those of the toolbox that fit the world.
    fitting: Toolbox,
    topics: Vec<String>,
    memory: Memory,
}

/// What was done for a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Done {
    pub(super) asks: Vec<Ask>,
    /// Each call, with how many items it moved.
    pub(super) calls: Vec<(Call, usize)>,
    /// What the planner says of it.
    pub(super) note: String,
}

impl<S: Clone> Clone for Advised<S> {
    fn clone(&self) -> Self {
        Self {
            scorer: self.scorer.clone(),
            planner: self.planner.copied(),
            toolbox: self.toolbox.clone(),
            obey: self.obey,
            fitting: self.fitting.clone(),
            topics: self.topics.clone(),
            memory: self.memory.clone(),
        }
    }
}

impl<S: Scorer> Advised<S> {
    /// Obeys by the standard tools and [`Obedient`].
    #[must_use]
    pub fn new(scorer: S, obey: Obey) -> Self {
        let toolbox = Toolbox::standard();
        Self {
            scorer,
            planner: Box::new(Obedient::default()),
            fitting: toolbox.clone(),
            toolbox,
            obey,
            topics: Vec::new(),
            memory: Memory::default(),
        }
    }

    /// Plans by another planner.
    #[must_use]
    pub fn planned_by(self, planner: impl Planner + 'static) -> Self {
        Self { planner: Box::new(planner), ..self }
    }

    /// Uses other tools.
    #[must_use]
    pub fn using(self, toolbox: Toolbox) -> Self {
        Self { toolbox, ..self }
    }

    /// The tools that fit the world.
    pub(super) fn fitting(&self) -> &Toolbox {
        &self.fitting
    }

    /// What topics are called.
    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// What a row asks for that is to be followed.
    fn asks(&self, seen: &Observation, row: usize) -> Vec<Ask> {
        if self.obey == Obey::False {
            return Vec::new();
        }
        self.memory.asks(seen, row, self.obey, &self.topics)
    }

    /// What is asked, and the calls it comes to.
    fn plan(&self, seen: &Observation, row: usize) -> (Vec<Ask>, Vec<Call>) {
        let asks = self.asks(seen, row);
        if asks.is_empty() {
            return Default::default();
        }
        let mut calls = self.planner.plan(&asks, &self.fitting);
        if self.obey == Obey::Opposite {
            calls.iter_mut().for_each(|call| call.weight = -call.weight);
        }
        (asks, calls)
    }

    /// Works on a row's scores, which are left alone if one of them is no number.
    fn work(
        &self,
        seen: &Observation,
        row: usize,
        calls: Vec<Call>,
        scores: &mut [f32],
    ) -> Vec<(Call, usize)> {
        if calls.is_empty() || keep_out(seen, row, scores).is_err() {
            return Vec::new();
        }
        let (_, sd) = moments(scores.iter().copied().filter(|score| *score > NOT_RETRIEVED));
        let spread = if sd > 0.0 { sd as f32 } else { 1.0 };
        let mut desk = Desk { seen, row, scores, spread };
        let work = |call: Call| {
            let moved = self.fitting.find(&call.tool).map_or(0, |tool| tool.work(&mut desk, &call));
            (call, moved)
        };
        calls.into_iter().map(work).collect()
    }

    /// What is asked and done for a row, from the scorer's own scores, for the record.
    pub(super) fn retrace(&self, seen: &Observation, row: usize) -> Done {
        let (asks, calls) = self.plan(seen, row);
        if asks.is_empty() {
            return Done::default();
        }
        let note = self.planner.note(&asks);
        if calls.is_empty() {
            return Done { asks, calls: Vec::new(), note };
        }
        let mut scores = vec![0.0; seen.candidates.listed(row).len()];
        self.scorer.score(seen, row, &mut scores);
        Done { asks, calls: self.work(seen, row, calls, &mut scores), note }
    }
}

impl<S: Scorer> Scorer for Advised<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        let topic = spec.item_features.blocks().iter().find(|block| block.name == "topic");
        self.topics = topic.map_or_else(Vec::new, |block| block.labels.clone());
        self.fitting = self.toolbox.fitting(spec);
        self.memory = Memory::default();
        self.planner.begin(&self.fitting, &self.topics)?;
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        let asks: Vec<Ask> = (0..seen.len()).flat_map(|row| self.asks(seen, row)).collect();
        if !asks.is_empty() {
            self.planner.prepare(&asks)?;
        }
        self.scorer.prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
        let (_, calls) = self.plan(seen, row);
        self.work(seen, row, calls, out);
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.memory.learn(seen, step, self.obey, &self.topics);
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.obey != Obey::False || self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_all("memory", self.memory.save());
        snapshot.put_all("planner", self.planner.save()?);
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.memory.load(&from.part("memory"))?;
        self.planner.load(&from.part("planner"))?;
        self.scorer.load(&from.part("scorer"))
    }
}
