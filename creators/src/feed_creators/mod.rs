//! Creators who publish to a feed.

mod authored;
mod turn;

pub use authored::Authored;
pub(crate) use authored::{Habits, Plan};

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_distr::{Beta, Distribution, StandardNormal};
use recloop_env::{
    Brief, CreatorAction, CreatorError, CreatorId, CreatorModel, Draws, NewItem, OwnFeedback, Snapshot,
    SnapshotError, Streams, Tick, Topics, below, normalise, purpose,
};

use crate::belief::{BeliefParams, Lens, Minds, TopicBelief};
use crate::given::{self, GivenCreator};
use crate::made::Choice;
use crate::market::Admit;
use crate::params::{Turns, within};
use crate::roster::{Identity, Roster};
use crate::{CreatorsError, FeedCreatorsParams, FeedItems, Maker, TopicRule, titles};

/// Creators who make a few items a day, each in its own style, on topics chosen by a [`TopicRule`](crate::TopicRule).
///
/// - *Who they are*: home topic uniform; style s a uniform direction; mean quality and mean bait from their Betas. Or
///   [given](FeedCreators::given) by a table. Fixed for life.
/// - *When they post*: Poisson(posts a day × days per turn) items a turn, drawn when the turn is, or like a clock; a turn
///   speaks for the time that follows it.
/// - *What they post*: a topic by the rule, then an item by [`FeedItems`], on offer for a whole number of turns.
/// - *What there is at the start*: every creator's share of the opening items in proportion to its posting rate, item by
///   item around the circle. They look as if published at random times of the last lifetime: what is left to each is
///   uniform over whole turns, so the shelf does not empty at once. Their topics do not depend on the rule: worlds that
///   differ in the rule open alike.
///
/// A creator's luck is named by itself and the turn; nothing it does depends on anybody else. It knows the clicks of its
/// own items, for which the shelf must hold nothing under its name but what it published.
///
/// # Shapes and units
/// Items have the blocks of [`FeedItems`]; rates are per day of 86,400 s.
///
/// # Numerics
/// Poisson, Beta and normal draws are `rand_distr`'s. Snapshots hold every array exactly.
///
/// ```
/// use std::sync::Arc;
/// use recloop_creators::{FeedCreators, FeedCreatorsParams};
/// use recloop_env::{CreatorModel, Streams, Topics};
///
/// let params = FeedCreatorsParams { n_creators: 3, opening_items: 10, ..FeedCreatorsParams::default() };
/// let mut creators = FeedCreators::new(&params, Arc::new(Topics::new(14, 32)), 120.0)?;
/// let rng = Streams::new(7);
/// creators.begin(&rng);
/// assert_eq!(creators.opening(&rng).len(), 10);
/// assert_eq!(creators.period(), 30);
/// # Ok::<(), recloop_creators::CreatorsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeedCreators {
    params: FeedCreatorsParams,
    items: FeedItems,
    turns: Turns,
    quality: Beta<f32>,
    bait: Beta<f32>,
    /// The creators of a table; none if they are drawn.
    table: Arc<[GivenCreator]>,
    beliefs: BeliefParams,
    roster: Roster,
    /// There if the rule needs them.
    minds: Option<Minds>,
}

/// Names the draws of opening items: they were made before any turn.
const BEFORE: Tick = Tick(u32::MAX);

impl FeedCreators {
    /// Creators drawn anew for every run, in a world whose ticks last `tick_secs`.
    pub fn new(
        params: &FeedCreatorsParams,
        topics: Arc<Topics>,
        tick_secs: f64,
    ) -> Result<Self, CreatorsError> {
        Self::build(params, topics, tick_secs, Vec::new())
    }

    /// The creators of a table, the same in every run.
    ///
    /// The table's own numbers stand in for `n_creators`, `posts_per_day`, `quality_beta` and `bait_beta`. Creators who
    /// arrive later are like one of the table, drawn uniformly.
    pub fn given(
        params: &FeedCreatorsParams,
        topics: Arc<Topics>,
        tick_secs: f64,
        table: Vec<GivenCreator>,
    ) -> Result<Self, CreatorsError> {
        within("given creators", table.len() as f32, 1.0, 1e6)?;
        Self::build(params, topics, tick_secs, table)
    }

    fn build(
        params: &FeedCreatorsParams,
        topics: Arc<Topics>,
        tick_secs: f64,
        table: Vec<GivenCreator>,
    ) -> Result<Self, CreatorsError> {
        let (n_topics, dim) = (topics.len(), topics.centres.width());
        let items = FeedItems::new(params, topics)?;
        let turns = Turns::new(params.turn_secs, tick_secs)?;
        let beta = |name, [a, b]: [f32; 2]| {
            let refused = |_| CreatorsError::Parameter { name, value: a, allowed: "[0.01, 10000]".into() };
            Beta::new(a, b).map_err(refused)
        };
        Ok(Self {
            quality: beta("quality_beta", params.quality_beta)?,
            bait: beta("bait_beta", params.bait_beta)?,
            params: params.clone(),
            items,
            turns,
            table: given::checked(table, n_topics, dim)?.into(),
            roster: Roster::new(n_topics, dim),
            minds: None,
            beliefs: BeliefParams::default(),
        }
        .minded())
    }

    /// The same creators with beliefs, worth and costs as told.
    pub fn believing(self, beliefs: &BeliefParams) -> Result<Self, CreatorsError> {
        beliefs.check()?;
        Ok(Self { beliefs: beliefs.clone(), ..self }.minded())
    }

    fn minded(mut self) -> Self {
        let n_topics = self.items.topics().len();
        let learns = self.anybody(TopicRule::Belief) || self.anybody(TopicRule::FullInformation);
        self.minds = learns.then(|| Minds::new(self.beliefs.clone(), n_topics));
        self
    }

    /// What a creator believes about every topic at `now`; nothing if its rule is not to believe.
    #[must_use]
    pub fn beliefs(&self, creator: CreatorId, now: Tick) -> Option<Vec<TopicBelief>> {
        let (at, minds) = (creator.index(), self.minds.as_ref()?);
        let believes = at < self.roster.len() && self.params.rule_of(at) == TopicRule::Belief;
        believes.then(|| minds.beliefs(at, self.roster.memory().items(at), now, self.lens()))
    }

    fn lens(&self) -> Lens {
        let life_turns = f64::from(self.turns.in_days(self.params.lifetime_days));
        Lens { period: self.turns.period, life_turns }
    }

    /// Whether anybody chooses topics by this rule.
    #[must_use]
    pub fn anybody(&self, rule: TopicRule) -> bool {
        self.params.anybody(rule)
    }

    /// What they make: its layouts are the shelf's.
    #[must_use]
    pub fn items(&self) -> &FeedItems {
        &self.items
    }

    fn identity(&self, creator: CreatorId, rng: &Streams) -> Identity {
        let mut draws = rng.at(purpose::CREATOR_INIT, creator, Tick(0));
        if !self.table.is_empty() {
            let n = self.table.len();
            let at = if creator.index() < n { creator.0 } else { below(draws.word(), n as u32) };
            return self.table[at as usize].identity(at);
        }
        let home = below(draws.word(), self.items.topics().len() as u32) as u16;
        let name = draws.word();
        let (quality, bait) = (self.quality.sample(&mut draws), self.bait.sample(&mut draws));
        let dim = self.items.topics().centres.width();
        let mut style: Vec<f32> = (0..dim).map(|_| StandardNormal.sample(&mut draws)).collect();
        normalise(&mut style);
        Identity { home, name, quality, bait, posts_per_day: self.params.posts_per_day, style }
    }

    fn item(&self, at: usize, choice: Choice, live_ticks: u32, draws: &mut Draws) -> NewItem {
        let (quality, bait) = self.roster.means(at);
        let beyond = |level: u8, step: f32| (f32::from(level) - 1.0) * step;
        let quality = (quality + beyond(choice.effort, self.beliefs.effort_quality)).clamp(0.0, 1.0);
        let bait = (bait + beyond(choice.bait, self.beliefs.bait_step)).clamp(0.0, 1.0);
        let creator = CreatorId(at as u32);
        let maker = Maker { creator, style: self.roster.style(at), quality, bait };
        NewItem { live_ticks: Some(live_ticks), ..self.items.draw(&maker, choice.topic, draws) }
    }

    /// The `n` items of one creator that are on offer when the world opens.
    fn shelf(&mut self, at: usize, n: usize, rng: &Streams) -> Vec<NewItem> {
        let lifetime = self.turns.in_days(self.params.lifetime_days);
        let n_topics = self.items.topics().len() as u32;
        let mut draws = rng.at(purpose::CREATOR_ITEM, CreatorId(at as u32), BEFORE);
        let mut shelf = Vec::with_capacity(n);
        for _ in 0..n {
            let (is_home, any) = (draws.unit() < self.params.opening_home_share, draws.word());
            let topic = if is_home { self.roster.home(at) } else { below(any, n_topics) as u16 };
            let left = (below(draws.word(), lifetime) + 1) * self.turns.period;
            shelf.push(self.item(at, Choice::about(topic), left, &mut draws));
            self.roster.publish(at, Choice::about(topic), left);
        }
        shelf
    }

    /// How many of `n` items are each creator's, in proportion to its posting rate; equal rates if nobody posts.
    fn shares(&self, n: usize) -> Vec<usize> {
        let rates = (0..self.roster.len()).map(|at| f64::from(self.roster.posts_per_day(at)));
        let mut rates: Vec<f64> = rates.collect();
        if rates.iter().all(|rate| *rate == 0.0) {
            rates.fill(1.0);
        }
        let total: f64 = rates.iter().sum();
        // A creator's share ends where the running sum of rates does: shares add up to n whatever the rounding.
        let (mut sum, mut given) = (0.0, 0);
        let share = |rate: &f64| {
            sum += rate;
            let upto = ((n as f64 * sum / total).round() as usize).clamp(given, n);
            let share = upto - given;
            given = upto;
            share
        };
        rates.iter().map(share).collect()
    }
}

impl Admit for FeedCreators {
    fn admit(&mut self, n: usize, rng: &Streams) {
        for _ in 0..n {
            let creator = CreatorId(self.roster.len() as u32);
            let who = self.identity(creator, rng);
            self.roster.push(&who);
            if let Some(minds) = &mut self.minds {
                minds.push(who.home);
            }
        }
    }

    fn utility_a_day(&self, creator: CreatorId) -> Option<f64> {
        self.roster.utility_a_day(creator.index())
    }
}

impl CreatorModel for FeedCreators {
    fn n_creators(&self) -> usize {
        if self.table.is_empty() { self.params.n_creators } else { self.table.len() }
    }

    fn begin(&mut self, rng: &Streams) {
        self.roster.clear();
        self.minds = self.minds.as_ref().map(Minds::emptied);
        self.admit(self.n_creators(), rng);
    }

    fn opening(&mut self, rng: &Streams) -> Vec<NewItem> {
        let shares = self.shares(self.params.opening_items);
        let shelves = shares.iter().enumerate().map(|(at, &n)| self.shelf(at, n, rng).into_iter());
        let mut shelves: Vec<_> = shelves.collect();
        let rounds = shares.iter().max().copied().unwrap_or(0);
        (0..rounds).flat_map(|_| shelves.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()).collect()
    }

    fn name(&self, creator: CreatorId) -> String {
        let at = creator.index();
        if at >= self.roster.len() {
            return format!("creator {at}");
        }
        let name = self.roster.name(at);
        if self.table.is_empty() {
            let topic = &self.items.topics().names[usize::from(self.roster.home(at))];
            return titles::creator(topic, name, creator.0);
        }
        let given = &self.table[name as usize].name;
        if at < self.table.len() { given.clone() } else { format!("someone like {given} #{at}") }
    }

    fn period(&self) -> u32 {
        self.turns.period
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        self.take_turns(own, tick, rng, None, &BTreeMap::new(), out)
    }

    fn make(
        &mut self,
        creator: CreatorId,
        brief: &Brief,
        tick: Tick,
        rng: &Streams,
    ) -> Result<NewItem, CreatorError> {
        let at = creator.index();
        if at >= self.roster.len() {
            return Err(CreatorError::Absent { creator });
        }
        let choice = self.choice(creator, brief)?;
        let nth = self.roster.memory().unheard(at).len();
        let mut making = rng.at(purpose::CREATOR_ITEM, creator, tick).part(nth as u16);
        Ok(self.publish(at, choice, &mut making))
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut out = self.roster.save();
        if let Some(minds) = &self.minds {
            minds.save(&mut out);
        }
        Ok(out)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let topics = self.items.topics();
        let roster = Roster::load(from, topics.len(), topics.centres.width())?;
        given::check_names(&roster, &self.table)?;
        self.minds = self.minds.as_ref().map(|minds| minds.loaded(from, roster.len())).transpose()?;
        self.roster = roster;
        Ok(())
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
