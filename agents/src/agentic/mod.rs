//! A recommender that listens: it perceives what was said, plans, uses tools, explains itself, and asks.
//!
//! Start at [`Advised`], the scorer that obeys; [`Agentic`] adds the words. [`Tool`] and [`Planner`] are for your own;
//! [`Obedient`] plans by rule, [`Consulted`] asks a language model; [`Belief`] is what a question is worth.
//!
//! # Source
//! RecoWorld (2025), "Building simulated environments for agentic recommender systems", arXiv 2509.10397: user instructs,
//! recommender responds. The tools, the planner and the laws they obey are ours.

mod advised;
mod belief;
mod consulted;
mod desk;
mod inquiry;
mod memory;
mod planner;
#[cfg(test)]
mod tests;
mod tools;
mod words;

use recloop_env::{
    Basis, EnvSpec, Grid, ItemId, Known, Message, Observation, RecommendError, Recommender, Said, Slates,
    Snapshot, SnapshotError, Step, Streams, TargetPolicy,
};

pub use advised::Advised;
pub use belief::{Belief, Question};
pub use consulted::{Consultations, Consulted};
pub use desk::{Call, Desk};
use inquiry::Inquiry;
pub use memory::Obey;
pub use planner::{Ask, Copied, Obedient, Planner, Toolbox};
pub use tools::{
    Familiarity, Length, Loudness, Neighbours, OfTopic, Repetition, SameCreator, Takes, Tool, Words, loudness,
};

use crate::scorer::Scorer;
use crate::{Greedy, PlackettLuce};

/// A ranker around an [`Advised`] scorer.
pub trait Listening: Recommender {
    /// The scorer underneath.
    type Scorer: Scorer;

    /// What listens.
    fn advised(&self) -> &Advised<Self::Scorer>;
}

impl<S: Scorer> Listening for Greedy<Advised<S>> {
    type Scorer = S;

    fn advised(&self) -> &Advised<S> {
        self.scorer()
    }
}

impl<S: Scorer> Listening for PlackettLuce<Advised<S>> {
    type Scorer = S;

    fn advised(&self) -> &Advised<S> {
        self.scorer()
    }
}

/// What an agentic recommender says beside its slates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speech {
    /// Why each slate is what it is, in a line.
    pub explains: bool,
    /// What was asked, which tools were called and how many items they moved: for the log.
    pub traces: bool,
    /// One question a session, where an answer would tell enough.
    pub asks: bool,
}

impl Default for Speech {
    fn default() -> Self {
        Self { explains: true, traces: true, asks: false }
    }
}

/// A ranker that listens, with the words that go with its slates.
///
/// Slates and propensities are the ranker's own. Words are added to them: an explanation for every row, a trace for every
/// row that asked for something, and at most one question a session. Answers are instructions of their own: who answers
/// with a topic is shown a bit more of it.
///
/// ```
/// use recloop_agents::agentic::{Advised, Agentic, Obey, Speech};
/// use recloop_agents::{DotProduct, Greedy};
/// use recloop_env::{Env, Message, Observation, Recommender, ResetOptions, Said, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(2), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let mut agent = Agentic::new(Greedy::new(Advised::new(DotProduct::default(), Obey::True)), Speech::default());
/// agent.begin(world.spec())?;
/// seen.messages.push(Message { row: 1, said: Said::Instruction, text: "Show me something new.".into() });
/// let mut slates = Slates::default();
/// agent.recommend(&seen, &world.streams(), &mut slates)?;
/// let traces = slates.messages.iter().filter(|message| message.said == Said::Trace);
/// assert!(traces.map(|trace| trace.row).eq([1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Agentic<R> {
    ranker: R,
    speech: Speech,
    inquiry: Inquiry,
}

impl<R: Listening> Agentic<R> {
    /// Adds words to a ranker's slates.
    #[must_use]
    pub fn new(ranker: R, speech: Speech) -> Self {
        Self { ranker, speech, inquiry: Inquiry::default() }
    }

    /// Says what goes with row `row`'s slate.
    fn speak(&self, seen: &Observation, row: usize, out: &mut Slates) {
        let advised = self.ranker.advised();
        let topics = advised.topics();
        let mut say = |said, text| out.messages.push(Message { row, said, text });
        if self.speech.explains || self.speech.traces {
            let done = advised.retrace(seen, row);
            if self.speech.explains {
                say(Said::Explanation, words::explanation(seen, row, &done, advised.fitting(), topics));
            }
            if self.speech.traces && !done.asks.is_empty() {
                say(Said::Trace, words::trace(&done, topics));
            }
        }
        if let Some(question) = self.speech.asks.then(|| self.inquiry.question(seen, row, topics)).flatten() {
            say(Said::Question, question);
        }
    }
}

impl<R: Listening> Recommender for Agentic<R> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.inquiry = Inquiry::default();
        self.ranker.begin(spec)
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        self.ranker.recommend(seen, rng, out)?;
        (0..seen.len()).for_each(|row| self.speak(seen, row, out));
        Ok(())
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        if self.speech.asks {
            self.inquiry.learn(seen, shown, step);
        }
        self.ranker.learn(seen, shown, step);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_all("inquiry", self.inquiry.save());
        snapshot.put_all("ranker", self.ranker.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.inquiry.load(&from.part("inquiry"))?;
        self.ranker.load(&from.part("ranker"))
    }
}

impl<R: Listening + TargetPolicy> TargetPolicy for Agentic<R> {
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        self.ranker.distribution(seen, row, above, out)
    }

    fn along(
        &self,
        seen: &Observation,
        row: usize,
        slate: &[ItemId],
        out: &mut Grid<f64>,
    ) -> Result<(), RecommendError> {
        self.ranker.along(seen, row, slate, out)
    }

    fn marginals(
        &self,
        seen: &Observation,
        row: usize,
        k: usize,
        out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        self.ranker.marginals(seen, row, k, out)
    }

    fn basis(&self) -> Basis {
        self.ranker.basis()
    }
}
