//! A language model decides which tools are used.

mod form;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use recloop_env::{RecommendError, Snapshot, SnapshotError};
use recloop_llm::{ChatBackend, ChatReply, ChatRequest, LlmError};

use self::form::{Form, Move};
use super::desk::Call;
use super::memory::take_text;
use super::planner::{Ask, Obedient, Planner, Toolbox};
use crate::AgentError;

/// Plans that are kept; of more, the oldest that nobody asks for now go (chosen by us).
const KEPT: usize = 10_000;

/// How often a model was consulted, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consultations {
    /// Requests that brought a plan.
    pub planned: u64,
    /// Requests without an answer, or with one of no use: the rule plans instead.
    pub fell_back: u64,
}

/// A plan, or that there is none.
#[derive(Debug, Clone, Default, PartialEq)]
struct Plan {
    /// When it was asked for, in requests.
    born: u64,
    /// Requests so far.
    tries: u32,
    /// Tokens read and written for it.
    tokens: [u32; 2],
    /// What the model said last, in the form it was asked for; empty if it said nothing.
    answer: String,
    /// What there is to do of it: nothing is no plan.
    moves: Vec<Move>,
}

/// Asks a language model which tools to use, and plans by rule where that comes to nothing.
///
/// The model chooses tools, topics, a direction, one of three strengths and words to look for; the weights are
/// [`Obedient`]'s, `± gain · strength · 2^(−slates / half-life)`, so that no answer moves a slate by more than a strong wish
/// does. It is asked in one batch per tick, and about the same words once in a run: a plan depends on the words that were
/// said (the first 400 characters), the tools that fit and the names of the topics (the first 200), not on who said them.
/// Plans are kept, and saved with the recommender: a run that goes on asks nothing again. With the same answers it is the
/// same run.
///
/// What was said goes into the prompt as quoted data. Whatever the model answers is checked here: tools there are none of, a
/// topic that is missing and repetitions are dropped; if nothing is left, or there was no answer, the rule plans for these
/// words. Rows that no tick was prepared for are planned for by what is kept, else by rule.
///
/// # Errors
/// `begin` refuses tools whose names cannot be asked for. `prepare` fails on what concerns the run as a whole, such as a
/// budget that is used up.
///
/// ```
/// use std::sync::Arc;
/// use recloop_agents::agentic::{Ask, Consulted, Obedient, Planner, Toolbox};
/// use recloop_env::{Instruction, Wish};
/// use recloop_llm::{ChatReply, Scripted};
///
/// let model = Scripted::new(|request| ChatReply::said(request, r#"{"calls": [
///     {"tool": "long", "topic": "none", "direction": "away", "strength": "strong", "words": ""},
///     {"tool": "loud", "topic": "none", "direction": "away", "strength": "slight", "words": ""}]}"#));
/// let mut planner = Consulted::new(Arc::new(model), Obedient::default());
/// let tools = Toolbox::standard();
/// planner.begin(&tools, &["music".into()])?;
/// let said = "I have two minutes and no nerves left";
/// let ask = Ask { instruction: Instruction::of(Wish::Free), said: said.into(), slates_ago: 0 };
/// planner.prepare(&[ask.clone()])?;
/// let calls = planner.plan(&[ask], &tools);
/// assert!(calls.iter().map(|call| (call.tool.as_str(), call.weight)).eq([("long", -4.0), ("loud", -1.0)]));
/// assert_eq!(planner.consultations().planned, 1);
/// # Ok::<(), recloop_env::RecommendError>(())
/// ```
#[derive(Clone)]
pub struct Consulted {
    backend: Arc<dyn ChatBackend>,
    rule: Obedient,
    tries: u32,
    room: usize,
    /// None before there is a world, and where no tool fits it.
    form: Option<Arc<Form>>,
    /// By what the model read.
    plans: BTreeMap<String, Plan>,
    consultations: Consultations,
}

impl fmt::Debug for Consulted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consulted")
            .field("rule", &self.rule)
            .field("plans", &self.plans)
            .finish_non_exhaustive()
    }
}

impl Consulted {
    /// Asks `backend` once about everything that is said. `rule` has the weights, and plans where the model does not.
    #[must_use]
    pub fn new(backend: Arc<dyn ChatBackend>, rule: Obedient) -> Self {
        let (plans, consultations) = Default::default();
        Self { backend, rule, tries: 1, room: KEPT, form: None, plans, consultations }
    }

    /// Asks again, once a tick, where no plan came of it: at most so many requests about the same words, 1 or more.
    pub fn with_tries(self, tries: u32) -> Result<Self, AgentError> {
        if tries == 0 {
            return Err(AgentError::Setting { name: "tries", value: 0.0 });
        }
        Ok(Self { tries, ..self })
    }

    /// What came of asking so far, before a snapshot included.
    #[must_use]
    pub fn consultations(&self) -> Consultations {
        self.consultations
    }

    /// The plan of a model for this, if there is one.
    fn known(&self, ask: &Ask) -> Option<&Plan> {
        self.plans.get(&Form::heard(&ask.said)).filter(|plan| !plan.moves.is_empty())
    }

    /// What must be asked about these.
    fn questions(&self, form: &Form, heard: &BTreeSet<String>) -> Vec<(String, ChatRequest)> {
        let asked = |heard: &&String| self.plans.get(*heard).map_or(0, |plan| plan.tries);
        let has_plan = |heard: &&String| self.plans.get(*heard).is_some_and(|plan| !plan.moves.is_empty());
        let open = heard.iter().filter(|heard| !has_plan(heard) && asked(heard) < self.tries);
        open.map(|heard| (heard.clone(), form.request(heard, asked(&heard)))).collect()
    }

    /// Takes in what came of a question; an error that is not of one request is given back.
    fn take(
        &mut self,
        form: &Form,
        heard: String,
        reply: Result<ChatReply, LlmError>,
    ) -> Result<(), LlmError> {
        let reply = match reply {
            Ok(reply) => Some(reply),
            Err(error) if error.is_of_one_request() => None,
            Err(error) => return Err(error),
        };
        let born = self.consultations.planned + self.consultations.fell_back;
        let plan = self.plans.entry(heard).or_insert_with(|| Plan { born, ..Plan::default() });
        plan.tries += 1;
        if let Some(reply) = reply {
            let more = [reply.tokens.prompt, reply.tokens.completion];
            for (tokens, more) in plan.tokens.iter_mut().zip(more) {
                *tokens = tokens.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            }
            // Kept as it is checked, so that the same comes of it when it is read again.
            let answer = reply.value.map(|value| value.to_string()).unwrap_or_default();
            if let Some(moves) = form.read(&answer) {
                (plan.answer, plan.moves) = (answer, moves);
            }
        }
        let had = &mut self.consultations;
        *if plan.moves.is_empty() { &mut had.fell_back } else { &mut had.planned } += 1;
        Ok(())
    }

    /// Lets go of the oldest plans beyond those there is room for, but not of what is asked now.
    fn make_room(&mut self, asked: &BTreeSet<String>) {
        let beyond = self.plans.len().saturating_sub(self.room);
        if beyond == 0 {
            return;
        }
        let idle = self.plans.iter().filter(|(heard, _)| !asked.contains(*heard));
        let mut idle: Vec<(u64, String)> = idle.map(|(heard, plan)| (plan.born, heard.clone())).collect();
        idle.sort();
        for (_, heard) in idle.iter().take(beyond) {
            self.plans.remove(heard);
        }
    }
}

impl Planner for Consulted {
    fn begin(&mut self, toolbox: &Toolbox, topics: &[String]) -> Result<(), RecommendError> {
        let form = Form::new(toolbox, topics);
        let refused = |error| RecommendError::Failed { reason: format!("the planner failed to {error}") };
        self.form = form.map_err(refused)?.map(Arc::new);
        (self.plans, self.consultations) = Default::default();
        Ok(())
    }

    fn prepare(&mut self, asks: &[Ask]) -> Result<(), RecommendError> {
        let Some(form) = self.form.clone() else { return Ok(()) };
        let heard: BTreeSet<String> = asks.iter().map(|ask| Form::heard(&ask.said)).collect();
        let (open, requests): (Vec<String>, Vec<ChatRequest>) =
            self.questions(&form, &heard).into_iter().unzip();
        if requests.is_empty() {
            return Ok(());
        }
        let replies = self.backend.submit(&requests);
        let mut stop = None;
        for (heard, reply) in open.into_iter().zip(replies) {
            stop = self.take(&form, heard, reply).err().or(stop);
        }
        self.make_room(&heard);
        stop.map_or(Ok(()), |error| {
            let remedy = "put that right and go on from the last checkpoint, or plan by rule alone";
            Err(RecommendError::Failed {
                reason: format!("the model that plans failed to {error}; {remedy}"),
            })
        })
    }

    fn plan(&self, asks: &[Ask], toolbox: &Toolbox) -> Vec<Call> {
        let mut calls = Vec::new();
        for ask in asks {
            let Some(plan) = self.known(ask) else {
                calls.extend(self.rule.plan(std::slice::from_ref(ask), toolbox));
                continue;
            };
            let weigh = |it: &Move| {
                let pull = self.rule.pull(it.strength, ask.slates_ago);
                Call { weight: if it.towards { pull } else { -pull }, ..it.call.clone() }
            };
            calls.extend(plan.moves.iter().map(weigh).filter(|call| toolbox.find(&call.tool).is_some()));
        }
        calls
    }

    fn note(&self, asks: &[Ask]) -> String {
        if self.form.is_none() {
            return String::new(); // there was nothing to choose from
        }
        let plans: Vec<&Plan> = asks.iter().filter_map(|ask| self.known(ask)).collect();
        let tokens = |which: usize| plans.iter().map(|plan| u64::from(plan.tokens[which])).sum::<u64>();
        let cost = format!("{} tokens read, {} written", tokens(0), tokens(1));
        if plans.len() == asks.len() {
            return format!("planned by the model ({cost})");
        }
        if !plans.is_empty() {
            return format!(
                "planned by the model for {} of {} ({cost}), else by rule",
                plans.len(),
                asks.len()
            );
        }
        let answered =
            |ask: &Ask| self.plans.get(&Form::heard(&ask.said)).is_some_and(|plan| !plan.answer.is_empty());
        let failed = if asks.iter().any(answered) { "gave no plan" } else { "did not answer" };
        format!("the model {failed}: planned by rule")
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut plans: Vec<_> = self.plans.iter().collect();
        plans.sort_by_key(|(_, plan)| plan.born);
        let (mut words, mut texts) = (Vec::new(), Vec::new());
        for (heard, plan) in plans {
            words.extend([heard.len() as u32, plan.answer.len() as u32, plan.tries]);
            words.extend(plan.tokens);
            texts.extend_from_slice(heard.as_bytes());
            texts.extend_from_slice(plan.answer.as_bytes());
        }
        let mut snapshot = Snapshot::default();
        let Consultations { planned, fell_back } = self.consultations;
        snapshot.put_f64("consultations", 2, &[planned as f64, fell_back as f64]);
        snapshot.put_u32("plans", 5, &words);
        snapshot.put_bytes("plans.texts", texts);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let corrupt = || SnapshotError::Corrupt { name: "plans".into(), reason: "it holds no plans".into() };
        let (mut plans, mut texts) = (BTreeMap::new(), from.get_bytes("plans.texts")?);
        for (born, words) in (0..).zip(from.get_u32_vec("plans")?.chunks(5)) {
            let [heard, answer, tries, read, written] = *words else { return Err(corrupt()) };
            let mut take = |n: u32| take_text(&mut texts, n).ok_or_else(corrupt);
            let (heard, answer) = (take(heard)?, take(answer)?);
            let moves = if answer.is_empty() {
                Vec::new()
            } else {
                self.form.as_ref().and_then(|form| form.read(&answer)).ok_or_else(corrupt)?
            };
            plans.insert(heard, Plan { born, tries, tokens: [read, written], answer, moves });
        }
        let mut counts = [0.0; 2];
        from.get_f64("consultations", &mut counts)?;
        self.plans = plans;
        self.consultations = Consultations { planned: counts[0] as u64, fell_back: counts[1] as u64 };
        Ok(())
    }
}
