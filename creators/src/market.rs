//! Who comes and who goes.

use rand_distr::{Distribution, Poisson};
use recloop_env::{
    Brief, CreatorAction, CreatorError, CreatorId, CreatorModel, InformedCreators, NewItem, OwnFeedback,
    Platform, Snapshot, SnapshotError, Streams, Tick, purpose,
};

use crate::ledger::Ledger;
use crate::params::{Turns, within};
use crate::{CreatorsError, Exit, MarketParams};

/// Creators that newcomers can join.
pub trait Admit: CreatorModel {
    /// Adds `n` creators, drawn like the first ones; their ids follow on.
    fn admit(&mut self, n: usize, rng: &Streams);

    /// Value less cost that creating brought a creator lately, in clicks a day; nothing if nobody can tell yet.
    fn utility_a_day(&self, _creator: CreatorId) -> Option<f64> {
        None
    }
}

/// Entry and exit around any creators.
///
/// - *Entry*: Poisson(entries a day × days per turn) creators arrive a turn, whatever happens to the others.
/// - *Exit*, [`Exit::UnderShare`]: with s a creator's clicks so far, each day's kept ×`keep_per_day` overnight, a day is
///   bad if s < `exit_share` × the mean of s over the creators still there. After `exit_days` bad days in a row a creator
///   leaves, unless it is younger than `grace_days`.
/// - *Exit*, [`Exit::OutsideOption`]: a creator leaves when what creating brought it lately, value less cost, is worth less
///   a day than `outside_option`, unless it is younger than `grace_days`. It compares with nobody.
/// - *Exit*, [`Exit::FiveSilent`]: from turn `silent_from_turn` on, a creator whose last five items have no click leaves.
///
/// The market is the world, not a creator, so it may compare; a creator's own decisions are its model's, which is still
/// told its own items' feedback alone. A creator that leaves acts no more, and its items stay.
///
/// [Without interference](Market::without_interference) creators are told nothing and nobody leaves: what one user does
/// then reaches no other through creators. Entry goes on, by its own clock.
///
/// # Shapes and units
/// A day has 86,400 s and ends at the first turn of the next one.
///
/// # Source
/// The share rule is ours; five silent items is the rule of "CreAgent: Towards Long-Term Evaluation of Recommender System
/// under Platform-Creator Information Asymmetry" (2025).
///
/// ```
/// use std::sync::Arc;
/// use recloop_creators::{FeedCreators, FeedCreatorsParams, Market, MarketParams};
/// use recloop_env::{CreatorModel, Topics};
///
/// let topics = Arc::new(Topics::new(14, 32));
/// let creators = FeedCreators::new(&FeedCreatorsParams::default(), topics, 120.0)?;
/// let market = Market::new(creators, &MarketParams::default(), 120.0)?;
/// assert_eq!(market.n_creators(), 100);
/// # Ok::<(), recloop_creators::CreatorsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Market<M> {
    creators: M,
    params: MarketParams,
    tick_secs: f64,
    interference: bool,
    ledger: Ledger,
}

/// Names the draws of arrivals, which are nobody's own.
const NOBODY: CreatorId = CreatorId(0);

impl<M: Admit> Market<M> {
    /// A market around `creators`, in a world whose ticks last `tick_secs`.
    pub fn new(creators: M, params: &MarketParams, tick_secs: f64) -> Result<Self, CreatorsError> {
        params.check()?;
        within("tick_secs", tick_secs as f32, 1.0, 86_400.0)?;
        let (params, ledger) = (params.clone(), Ledger::default());
        Ok(Self { creators, params, tick_secs, interference: true, ledger })
    }

    /// The same market with creators who are told nothing and do not leave.
    #[must_use]
    pub fn without_interference(mut self) -> Self {
        self.interference = false;
        self
    }

    fn days(&self, tick: u32) -> f64 {
        f64::from(tick) * self.tick_secs / Turns::DAY_SECS
    }

    /// Who leaves now, ascending.
    fn leaving(&mut self, own: &[OwnFeedback], tick: Tick) -> Vec<CreatorId> {
        self.ledger.note(own);
        let everyone = || own.iter().map(|own| own.creator);
        let mut leaving = Vec::new();
        match self.params.exit {
            Exit::Never => {}
            Exit::FiveSilent if tick.0 / self.creators.period().max(1) < self.params.silent_from_turn => {}
            Exit::FiveSilent => {
                leaving.extend(everyone().filter(|creator| self.ledger.is_silent(*creator)));
            }
            Exit::OutsideOption => {
                leaving.extend(everyone().filter(|creator| self.is_better_off(*creator, tick)));
            }
            Exit::UnderShare => {
                let (share, keep) = (f64::from(self.params.exit_share), f64::from(self.params.keep_per_day));
                if self.ledger.end_days(self.days(tick.0) as u32, own, share, keep) {
                    leaving.extend(everyone().filter(|creator| self.has_failed(*creator, tick)));
                }
            }
        }
        leaving
    }

    fn has_failed(&self, creator: CreatorId, tick: Tick) -> bool {
        self.ledger.bad_days(creator) >= self.params.exit_days && self.is_grown(creator, tick)
    }

    /// Whether creating is worth less to a creator than what else it could do.
    fn is_better_off(&self, creator: CreatorId, tick: Tick) -> bool {
        let outside = f64::from(self.params.outside_option);
        self.is_grown(creator, tick)
            && self.creators.utility_a_day(creator).is_some_and(|utility| utility < outside)
    }

    fn is_grown(&self, creator: CreatorId, tick: Tick) -> bool {
        self.days(tick.0 - self.ledger.entered(creator).0) >= f64::from(self.params.grace_days)
    }
}

impl<M: Admit + Clone + 'static> CreatorModel for Market<M> {
    fn n_creators(&self) -> usize {
        self.creators.n_creators()
    }

    fn begin(&mut self, rng: &Streams) {
        self.creators.begin(rng);
        self.ledger = Ledger::default();
        self.ledger.enter(self.creators.n_creators(), Tick(0));
    }

    fn opening(&mut self, rng: &Streams) -> Vec<NewItem> {
        self.creators.opening(rng)
    }

    fn name(&self, creator: CreatorId) -> String {
        self.creators.name(creator)
    }

    fn period(&self) -> u32 {
        self.creators.period()
    }

    fn arrivals(&mut self, tick: Tick, rng: &Streams) -> usize {
        let mean = f64::from(self.params.entries_per_day) * self.days(self.creators.period());
        let mut draws = rng.at(purpose::MARKET, NOBODY, tick);
        // Only a mean of 0 is no Poisson law.
        let n = Poisson::new(mean).map_or(0, |law| law.sample(&mut draws) as usize);
        self.creators.admit(n, rng);
        self.ledger.enter(n, tick);
        n
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        if let Some(stranger) = own.iter().find(|own| !self.ledger.knows(own.creator)) {
            return Err(CreatorError::Absent { creator: stranger.creator });
        }
        if !self.interference {
            let nothing = |own: &OwnFeedback| OwnFeedback { creator: own.creator, items: Vec::new() };
            let told: Vec<OwnFeedback> = own.iter().map(nothing).collect();
            return self.creators.act(&told, tick, rng, out);
        }
        let leaving = self.leaving(own, tick);
        if leaving.is_empty() {
            return self.creators.act(own, tick, rng, out);
        }
        out.extend(leaving.iter().map(|creator| (*creator, CreatorAction::Leave)));
        let stays = |own: &&OwnFeedback| leaving.binary_search(&own.creator).is_err();
        let staying: Vec<OwnFeedback> = own.iter().filter(stays).cloned().collect();
        self.creators.act(&staying, tick, rng, out)
    }

    fn make(
        &mut self,
        creator: CreatorId,
        brief: &Brief,
        tick: Tick,
        rng: &Streams,
    ) -> Result<NewItem, CreatorError> {
        self.creators.make(creator, brief, tick, rng)
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut out = self.ledger.save();
        out.put_all("creators", self.creators.save()?);
        Ok(out)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.ledger = Ledger::load(from)?;
        self.creators.load(&from.part("creators"))
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

impl<M: Admit + InformedCreators + Clone + 'static> InformedCreators for Market<M> {
    fn inform(&mut self, platform: &Platform<'_>) {
        if self.interference {
            self.creators.inform(platform);
        }
    }

    fn fork_informed(&self) -> Box<dyn InformedCreators> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stage::{Stage, Turn, spec};
    use crate::{FeedCreators, FeedCreatorsParams, TopicRule};
    use recloop_env::testing::check_creators;
    use recloop_env::{ItemId, Topics};

    const DAY: f64 = Turns::DAY_SECS;

    /// Three creators with two items each, whose turns and ticks are days.
    fn market(posts_per_day: f32, params: &MarketParams) -> Market<FeedCreators> {
        let rule = TopicRule::Cfd;
        let feed = FeedCreatorsParams {
            n_creators: 3,
            opening_items: 6,
            turn_secs: DAY as f32,
            posts_per_day,
            rule,
            ..Default::default()
        };
        let creators = FeedCreators::new(&feed, Arc::new(Topics::new(4, 3)), DAY).unwrap();
        Market::new(creators, params, DAY).unwrap()
    }

    fn closed() -> MarketParams {
        MarketParams { entries_per_day: 0.0, ..MarketParams::default() }
    }

    /// Who left at which tick when everybody's clicks on every item and day are as told.
    fn exits(
        market: &mut Market<FeedCreators>,
        n: u32,
        clicks: impl Fn(u32, CreatorId) -> u32,
    ) -> Vec<(u32, u32)> {
        let mut stage = Stage::open(market, 1);
        let mut left = Vec::new();
        for tick in 0..n {
            let turn = stage.turn(market, Tick(tick), |_, item| clicks(tick, item.creator));
            left.extend(leavers(&turn).map(|creator| (tick, creator.0)));
        }
        left
    }

    fn leavers(turn: &Turn) -> impl Iterator<Item = CreatorId> {
        turn.iter().filter(|(_, action)| *action == CreatorAction::Leave).map(|(creator, _)| *creator)
    }

    #[test]
    fn a_creator_leaves_after_a_week_of_bad_days() {
        let starved = |_: u32, creator: CreatorId| if creator.0 == 0 { 0 } else { 10 };
        assert_eq!(exits(&mut market(0.0, &closed()), 30, starved), [(7, 0)]);
        // Before the n-th night the others have 200 − 160·.9ⁿ⁻¹ clicks left, and after 100 on day 5 creator 0 has 100·.9ⁿ⁻⁵.
        // That is under a quarter of the mean, so under 2/11 of another's, from n = 17 on (28.2 < 31.0; 31.4 > 30.4).
        let once = |tick, creator: CreatorId| match creator.0 {
            0 => 50 * u32::from(tick == 5),
            _ => 10,
        };
        let left = exits(&mut market(0.0, &closed()), 40, once);
        assert_eq!(left, [(17 + 6, 0)]);
    }

    #[test]
    fn newcomers_have_a_period_of_grace() {
        let quick = MarketParams { exit_days: 1, grace_days: 3.0, ..closed() };
        assert_eq!(exits(&mut market(0.0, &quick), 10, |_, creator| creator.0), [(3, 0)]);
    }

    #[test]
    fn nobody_leaves_a_market_without_clicks_or_rivals() {
        assert!(exits(&mut market(0.0, &closed()), 30, |_, _| 0).is_empty());
        let never = MarketParams { exit: Exit::Never, ..closed() };
        assert!(exits(&mut market(0.0, &never), 30, |_, creator| creator.0).is_empty());
    }

    #[test]
    fn five_silent_items_end_a_career_from_the_given_turn_on() {
        let silent = MarketParams { exit: Exit::FiveSilent, silent_from_turn: 12, ..closed() };
        // Two opening items are too few; at three posts a day everybody has five within days.
        assert!(exits(&mut market(0.0, &silent), 30, |_, _| 0).is_empty());
        let left = exits(&mut market(3.0, &silent), 30, |_, creator| creator.0);
        assert_eq!(left, [(12, 0)]);
    }

    #[test]
    fn a_creator_leaves_for_an_outside_option_that_is_worth_more() {
        let outside =
            MarketParams { exit: Exit::OutsideOption, outside_option: 5.0, grace_days: 4.0, ..closed() };
        // Two opening items each: 0, 4 and 8 clicks a day at no cost, for nobody posts. Only days after grace count.
        let left = exits(&mut market(0.0, &outside), 10, |_, creator| 2 * creator.0);
        assert_eq!(left, [(4, 0), (4, 1)]);
        let never = MarketParams { outside_option: -1.0, ..outside };
        assert!(exits(&mut market(0.0, &never), 10, |_, _| 0).is_empty());
    }

    #[test]
    fn creators_arrive_at_their_rate() {
        let mut market = market(0.0, &MarketParams { entries_per_day: 20.0, ..closed() });
        let rng = Streams::new(4);
        market.begin(&rng);
        let n: usize = (0..100).map(|tick| market.arrivals(Tick(tick), &rng)).sum();
        // Poisson with mean 2,000 and sd 44.7; 6 sd allows one false alarm in 10⁸.
        assert!((1_732..=2_268).contains(&n), "{n}");
        assert!(market.name(CreatorId(2 + n as u32)).ends_with(&format!("#{}", 2 + n)));
    }

    #[test]
    fn without_interference_users_reach_nobody_through_creators() {
        let live = |exit, clicks: &dyn Fn(ItemId) -> u32| {
            let mut market =
                market(2.0, &MarketParams { exit, ..MarketParams::default() }).without_interference();
            let mut stage = Stage::open(&mut market, 6);
            (0..40).map(|tick| stage.turn(&mut market, Tick(tick), |id, _| clicks(id))).collect::<Vec<_>>()
        };
        for exit in [Exit::UnderShare, Exit::FiveSilent] {
            let quiet = live(exit, &|_| 0);
            assert_eq!(quiet, live(exit, &|id| id.0 % 7));
            assert!(quiet.iter().all(|turn| leavers(turn).next().is_none()));
            assert!(quiet.iter().flatten().any(|(creator, _)| creator.0 > 2), "nobody arrived");
        }
    }

    #[test]
    fn a_restored_market_goes_on_as_if_nothing_had_happened() {
        let clicks = |id: ItemId, item: &NewItem| (item.creator.0 % 4) * (id.0 % 3);
        for exit in [Exit::UnderShare, Exit::FiveSilent] {
            let params = MarketParams { exit, exit_days: 3, ..MarketParams::default() };
            let mut one = market(3.0, &params);
            let mut stage = Stage::open(&mut one, 9);
            for tick in 0..9 {
                stage.turn(&mut one, Tick(tick), clicks);
            }
            let (mut other, mut beside) = (market(3.0, &params), stage.clone());
            other.begin(&Streams::new(77));
            other.load(&one.save().unwrap()).unwrap();
            let mut n_left = 0;
            for tick in (9..40).map(Tick) {
                let turn = stage.turn(&mut one, tick, clicks);
                assert_eq!(turn, beside.turn(&mut other, tick, clicks));
                n_left += leavers(&turn).count();
            }
            assert!(n_left > 1 && one.save().unwrap() == other.save().unwrap());
        }
    }

    #[test]
    fn a_market_keeps_the_contract() {
        let make = || {
            let creators =
                FeedCreators::new(&FeedCreatorsParams::default(), Arc::new(Topics::new(4, 3)), 120.0);
            Market::new(creators.unwrap(), &MarketParams::default(), 120.0).unwrap()
        };
        check_creators(make, &spec(make().creators.items().observed())).unwrap();
    }
}
