//! Creators whose words come from a language model.
//!
//! Refuses to trust what comes back: a title is a title, a decision is one of those offered, and whatever else is said is a
//! failure. Start at [`Authors`]; `prompt` is what a model is told, `past` what a creator remembers of its own titles.

mod past;
mod prompt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use recloop_env::{
    Brief, CreatorAction, CreatorError, CreatorId, CreatorModel, InformedCreators, NewItem, OwnFeedback,
    Platform, Snapshot, SnapshotError, Streams, Tick, purpose,
};
use recloop_llm::{ChatBackend, ChatReply, ChatRequest, LlmError, Shape};

use crate::feed_creators::Plan;
use crate::{Admit, Authored};
use past::Past;
use prompt::{Asked, Does};

/// Creators whose titles and texts a language model writes, and who may leave it their slow decisions.
///
/// The creators within decide when to publish, and what. Of everything published at a turn the model is asked in one batch:
/// rules, who the creator is, how its own last titles did, what the item is to be; it answers with a title and a text. An answer
/// that is none leaves the title that the creators within gave.
///
/// [Deciding](Authors::deciding), the model also has the last word on every eighth publication of a creator: what was planned is
/// shown to it, and it may keep to that, choose another topic (and, where creators [decide more than
/// topics](crate::Actions::All), another effort and bait), or wait. An answer that is none of these leaves the plan as it was.
///
/// An author knows what its creator knows, which is its own items' feedback, and is nobody's who [knows
/// more](crate::FullInformation) but by the plan. Whose words they are is the creator's account
/// ([`Payer::Creator`](recloop_llm::Payer::Creator)). Items on offer when a world opens keep their titles.
///
/// Put it inside the [`Market`](crate::Market), which may keep feedback from creators.
///
/// # Errors
/// What concerns one answer is counted and never stops a run; a spent budget, a lost recording or a wrong key is a
/// [`CreatorError::Failed`].
///
/// ```
/// use std::sync::Arc;
/// use recloop_creators::{Authors, FeedCreators, FeedCreatorsParams};
/// use recloop_env::{CreatorAction, CreatorModel, CreatorId, OwnFeedback, Streams, Tick, Topics};
/// use recloop_llm::{ChatReply, Scripted};
///
/// let says = r#"{"title": "Pasta, slowly", "text": "Twenty minutes and one pan."}"#;
/// let backend = Arc::new(Scripted::new(move |request| ChatReply::said(request, says)));
/// let params = FeedCreatorsParams { n_creators: 1, posts_per_day: 100.0, ..FeedCreatorsParams::default() };
/// let creators = FeedCreators::new(&params, Arc::new(Topics::new(14, 32)), 120.0)?;
/// let mut authors = Authors::new(creators, backend)?;
/// let (rng, told) = (Streams::new(7), OwnFeedback { creator: CreatorId(0), items: vec![] });
/// authors.begin(&rng);
/// let mut did = Vec::new();
/// authors.act(&[told], Tick(0), &rng, &mut did)?;
/// let (_, CreatorAction::Publish(item)) = &did[0] else { panic!("a hundred a day are some an hour") };
/// assert_eq!((item.title.as_str(), authors.failed()), ("Pasta, slowly", 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Authors<M> {
    creators: M,
    backend: Arc<dyn ChatBackend>,
    words: Shape,
    slow: Option<Slow>,
    every: NonZeroU32,
    past: Past,
    asked: u64,
    failed: u64,
}

/// The forms of decisions.
#[derive(Debug, Clone)]
struct Slow {
    topics: Shape,
    /// Of creators who decide more than topics.
    everything: Shape,
}

impl<M: fmt::Debug> fmt::Debug for Authors<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { creators, slow, every, past, asked, failed, .. } = self;
        let mut out = f.debug_struct("Authors");
        out.field("creators", creators).field("slow", slow).field("every", every).field("past", past);
        out.field("asked", asked).field("failed", failed).finish_non_exhaustive()
    }
}

/// Every how many publications there is a slow decision (chosen by us).
const EVERY: NonZeroU32 = NonZeroU32::new(8).expect("8 is not 0");

/// Names the draw of a creator's manner, which is of no turn.
const FOR_LIFE: Tick = Tick(u32::MAX);

/// Somebody's item on its way out.
struct Draft {
    creator: CreatorId,
    /// Which of the creator's items of this turn.
    nth: u32,
    plan: Plan,
    /// Whether it is up to the model what becomes of it.
    decides: bool,
}

/// Title and text.
type Words = (String, String);

impl<M: Authored + Clone + 'static> Authors<M> {
    /// Creators whose words `backend` writes.
    ///
    /// # Errors
    /// None that depends on what is given; [`LlmError::Shape`] names what cannot be asked for.
    pub fn new(creators: M, backend: Arc<dyn ChatBackend>) -> Result<Self, LlmError> {
        let (words, past) = (prompt::words()?, Past::default());
        Ok(Self { creators, backend, words, slow: None, every: EVERY, past, asked: 0, failed: 0 })
    }

    /// The same creators, who leave every eighth decision to the model.
    ///
    /// # Errors
    /// [`LlmError::Shape`] for topics whose names are not different words.
    pub fn deciding(self) -> Result<Self, LlmError> {
        let names = self.topics();
        let slow =
            Slow { topics: prompt::decision(names, false)?, everything: prompt::decision(names, true)? };
        Ok(Self { slow: Some(slow), ..self })
    }

    /// The same creators; whatever they leave to the model is one of so many publications.
    #[must_use]
    pub fn every(self, publications: NonZeroU32) -> Self {
        Self { every: publications, ..self }
    }

    /// Requests so far in this run.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Of these, without an answer of use: the creators' own words, and plans, stood.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    fn topics(&self) -> &[String] {
        &self.creators.feed().items().topics().names
    }

    /// What was published at a turn.
    fn drafts(&self, actions: &[(CreatorId, CreatorAction)]) -> Vec<Draft> {
        let mut made = BTreeMap::<CreatorId, u32>::new();
        published(actions).for_each(|item| *made.entry(item.creator).or_default() += 1);
        let mut left = made.clone();
        let draft = |item: &NewItem| {
            let creator = item.creator;
            let (n, later) = (made[&creator], left.get_mut(&creator).expect("it was counted"));
            *later -= 1;
            let before = self.past.published(creator);
            let is_due = (before + n) / self.every > before / self.every;
            Draft {
                creator,
                nth: n - 1 - *later,
                plan: self.creators.feed().plan(item, *later as usize),
                decides: self.slow.is_some() && is_due && *later == 0,
            }
        };
        published(actions).map(draft).collect()
    }

    /// What the model is asked about a draft.
    fn request(&self, draft: &Draft, tick: Tick, rng: &Streams) -> ChatRequest {
        let (creator, feed) = (draft.creator, self.creators.feed());
        let (crafts, slow) = (feed.crafts(creator), self.slow.as_ref().filter(|_| draft.decides));
        let shape = slow.map_or(&self.words, |slow| if crafts { &slow.everything } else { &slow.topics });
        let asked = Asked {
            shape,
            decides: draft.decides.then_some(crafts),
            name: &self.creators.name(creator),
            habits: feed.habits(creator),
            manner: rng.at(purpose::AUTHOR, creator, FOR_LIFE).word(),
            topics: self.topics(),
            titles: self.past.of(creator),
            plan: &draft.plan,
        };
        let nth = self.past.n_unheard(creator) + draft.nth as usize;
        let mut draws = rng.at(purpose::AUTHOR, creator, tick).part(nth as u16);
        asked.request().seeded(u64::from(draws.word()) << 32 | u64::from(draws.word()), 0)
    }

    /// Asks about all of them at once; nothing where there is no answer.
    fn ask(
        &mut self,
        drafts: &[Draft],
        tick: Tick,
        rng: &Streams,
    ) -> Result<Vec<Option<ChatReply>>, CreatorError> {
        let Some(Draft { creator, .. }) = drafts.first() else { return Ok(Vec::new()) };
        let requests: Vec<_> = drafts.iter().map(|draft| self.request(draft, tick, rng)).collect();
        self.asked += requests.len() as u64;
        let mut answers = Vec::with_capacity(requests.len());
        for reply in self.backend.submit(&requests) {
            answers.push(match reply {
                Ok(reply) => Some(reply),
                Err(error) if error.is_of_one_request() => None,
                Err(error) => {
                    let reason = format!(
                        "its author failed to {error}; mend that and resume, or go on without authors"
                    );
                    return Err(CreatorError::Failed { creator: *creator, reason });
                }
            });
        }
        answers.resize(requests.len(), None);
        Ok(answers)
    }

    /// What an answer comes to; of one without use, the plan and nothing to say of it.
    fn judge(&mut self, draft: &Draft, answer: Option<&ChatReply>) -> (Option<Words>, Does) {
        let plan = draft.plan.brief;
        let does = match draft.decides {
            true => {
                let crafts = self.creators.feed().crafts(draft.creator);
                answer.and_then(|said| prompt::decision_in(said, &plan, self.topics(), crafts))
            }
            false => Some(Does::Publish(plan)),
        };
        match (does, answer.and_then(prompt::words_in)) {
            (Some(Does::Wait), _) => (None, Does::Wait),
            (Some(does), Some(words)) => (Some(words), does),
            _ => {
                self.failed += 1;
                (None, Does::Publish(plan))
            }
        }
    }

    /// Puts words on what was published, and remembers it.
    fn sign(
        &mut self,
        mut words: BTreeMap<(CreatorId, u32), Words>,
        actions: &mut [(CreatorId, CreatorAction)],
    ) {
        let mut made = BTreeMap::<CreatorId, u32>::new();
        for (creator, action) in actions {
            let CreatorAction::Publish(item) = action else { continue };
            let nth = made.entry(*creator).or_default();
            if let Some(written) = words.remove(&(*creator, *nth)) {
                (item.title, item.text) = written;
            }
            *nth += 1;
            self.remember(item);
        }
    }

    fn remember(&mut self, item: &NewItem) {
        let topic = self.creators.feed().items().about(item).topic;
        self.past.publish(item.creator, topic, &item.title);
    }
}

fn published(actions: &[(CreatorId, CreatorAction)]) -> impl Iterator<Item = &NewItem> {
    actions.iter().filter_map(|(_, action)| match action {
        CreatorAction::Publish(item) => Some(item),
        _ => None,
    })
}

impl<M: Authored + Clone + 'static> Admit for Authors<M> {
    fn admit(&mut self, n: usize, rng: &Streams) {
        self.creators.admit(n, rng);
    }

    fn utility_a_day(&self, creator: CreatorId) -> Option<f64> {
        self.creators.utility_a_day(creator)
    }
}

impl<M: Authored + Clone + 'static> CreatorModel for Authors<M> {
    fn n_creators(&self) -> usize {
        self.creators.n_creators()
    }

    fn begin(&mut self, rng: &Streams) {
        self.creators.begin(rng);
        (self.past, self.asked, self.failed) = (Past::default(), 0, 0);
    }

    fn opening(&mut self, rng: &Streams) -> Vec<NewItem> {
        let items = self.creators.opening(rng);
        items.iter().for_each(|item| self.remember(item));
        items
    }

    fn name(&self, creator: CreatorId) -> String {
        self.creators.name(creator)
    }

    fn period(&self) -> u32 {
        self.creators.period()
    }

    fn arrivals(&mut self, tick: Tick, rng: &Streams) -> usize {
        self.creators.arrivals(tick, rng)
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        own.iter().for_each(|own| self.past.hear(own));
        // What was decided outside stands before what is decided here, and is nobody's to reword.
        let from = out.len();
        let before = self.slow.is_some().then(|| self.creators.clone());
        self.creators.act(own, tick, rng, out)?;
        let drafts = self.drafts(&out[from..]);
        let answers = self.ask(&drafts, tick, rng)?;
        let (mut words, mut instead) = (BTreeMap::new(), BTreeMap::new());
        for (draft, answer) in drafts.iter().zip(&answers) {
            let (said, does) = self.judge(draft, answer.as_ref());
            words.extend(said.map(|said| ((draft.creator, draft.nth), said)));
            if does != Does::Publish(draft.plan.brief) {
                instead.insert(draft.creator, does.brief());
            }
            self.past.decide(draft.creator);
        }
        if let Some(before) = before.filter(|_| !instead.is_empty()) {
            self.creators = before;
            out.truncate(from);
            self.creators.act_instead(own, tick, rng, &instead, out)?;
        }
        self.sign(words, &mut out[from..]);
        Ok(())
    }

    fn make(
        &mut self,
        creator: CreatorId,
        brief: &Brief,
        tick: Tick,
        rng: &Streams,
    ) -> Result<NewItem, CreatorError> {
        let mut item = self.creators.make(creator, brief, tick, rng)?;
        let plan = self.creators.feed().plan(&item, 0);
        let draft = Draft { creator, nth: 0, plan, decides: false };
        let answer = self.ask(std::slice::from_ref(&draft), tick, rng)?.pop().flatten();
        if let (Some(words), _) = self.judge(&draft, answer.as_ref()) {
            (item.title, item.text) = words;
        }
        self.remember(&item);
        Ok(item)
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut out = self.past.save();
        let halves = |n: u64| [n as u32, (n >> 32) as u32];
        out.put_u32("counts", 2, &[halves(self.asked), halves(self.failed)].concat());
        out.put_all("creators", self.creators.save()?);
        Ok(out)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut counts = [0; 4];
        from.get_u32("counts", &mut counts)?;
        let whole = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        (self.asked, self.failed) = (whole(counts[0], counts[1]), whole(counts[2], counts[3]));
        self.past = Past::load(from, self.creators.feed().items().topics().len())?;
        self.creators.load(&from.part("creators"))
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

impl<M: Authored + InformedCreators + Clone + 'static> InformedCreators for Authors<M> {
    fn inform(&mut self, platform: &Platform<'_>) {
        self.creators.inform(platform);
    }

    fn fork_informed(&self) -> Box<dyn InformedCreators> {
        Box::new(self.clone())
    }
}
