//! Creators who know what the platform knows.

use std::collections::BTreeMap;

use recloop_env::{
    BlockAt, Brief, CreatorAction, CreatorError, CreatorId, CreatorModel, InformedCreators, ItemId, NewItem,
    OwnFeedback, Platform, Snapshot, SnapshotError, Streams, Tick,
};

use crate::belief::Evidence;
use crate::roster::corrupt;
use crate::{Admit, Authored, FeedCreators};

/// [`FeedCreators`] who choose topics knowing what everybody's items bring: what belief is measured against.
///
/// They estimate from what the platform saw; they are not told the law it comes from, so that this is no upper bound. Of every topic t they know the clicks a turn `D_t` of all items about it, whoever made them, and the number `n_t` of items on
/// offer, including those posted this very turn: one more item would bring `m_t = D_t / (n_t + 1)` if the clicks on its topic
/// were shared equally. What their own items brought per turn, x̄ over w faded items, tells how they themselves fare. The next
/// item is about the topic of the largest `(κm_t + w x̄) / (κ + w)`, κ = 5 items (chosen by us). A topic that nobody posts about
/// any more keeps the `D_t` it last had; one that never was on offer has the mean of the others. Equal ones: the first topic.
///
/// `D_t` fades, so that the luck of one turn is not all they go by: of what was, 0.8 stays a turn (chosen by us).
///
/// All else is as for other creators: who they are, when they post and what their items are like.
#[derive(Debug, Clone)]
pub struct FullInformation {
    creators: FeedCreators,
    topic: BlockAt,
    /// `[T]` clicks a turn, fading.
    demand: Vec<f64>,
    /// `[T]` how much of a past that rests on.
    known: Vec<f64>,
    /// `[T]` items on offer.
    supply: Vec<u32>,
    /// No older item is on offer.
    oldest: u32,
}

/// Share of what was that stays in mind a turn.
const KEEP: f64 = 0.8;

impl FullInformation {
    /// The same creators, told everything.
    #[must_use]
    pub fn new(creators: FeedCreators) -> Self {
        let topic = creators.items().observed().find("topic").expect("items of a feed have a topic");
        let n_topics = creators.items().topics().len();
        let (demand, known, supply) = (vec![0.0; n_topics], vec![0.0; n_topics], vec![0; n_topics]);
        Self { creators, topic, demand, known, supply, oldest: 0 }
    }

    /// What they are made of.
    #[must_use]
    pub fn creators(&self) -> &FeedCreators {
        &self.creators
    }
}

/// Items that what everybody's bring is worth beside own ones.
const MARKET_ITEMS: f64 = 5.0;

/// Where an item brings most to somebody whose `own` ones brought so much, now that others have posted; takes the place.
fn enter(demand: &[f64], own: &[Evidence], supply: &mut [u32]) -> u16 {
    let brings = |topic: usize| {
        let market = demand[topic] / (f64::from(supply[topic]) + 1.0);
        (MARKET_ITEMS * market + own[topic].sum) / (MARKET_ITEMS + own[topic].weight)
    };
    let better = |best: usize, topic: usize| if brings(topic) > brings(best) { topic } else { best };
    let topic = (0..demand.len()).fold(0, better);
    supply[topic] += 1;
    topic as u16
}

/// `[T]` clicks a turn on each topic.
fn expected(demand: &[f64], known: &[f64]) -> Vec<f64> {
    let rate = |topic: usize| (known[topic] > 0.0).then(|| demand[topic] / known[topic]);
    let (sum, n) =
        (0..demand.len()).filter_map(rate).fold((0.0, 0.0), |(sum, n), rate| (sum + rate, n + 1.0));
    let usual = if n > 0.0 { sum / n } else { 0.0 };
    (0..demand.len()).map(|topic| rate(topic).unwrap_or(usual)).collect()
}

impl InformedCreators for FullInformation {
    fn inform(&mut self, platform: &Platform<'_>) {
        let topic_of = |item: ItemId| {
            let (table, at) = platform.catalogue.locate(item);
            usize::from(table.code(self.topic, at))
        };
        let mut clicks = vec![0.0; self.demand.len()];
        for news in platform.everyone.iter().flat_map(|own| &own.items) {
            clicks[topic_of(news.item)] += f64::from(news.clicks);
        }
        // What was on offer since the last turn is what those clicks were shared by.
        for topic in (0..clicks.len()).filter(|topic| self.supply[*topic] > 0 || clicks[*topic] > 0.0) {
            self.demand[topic] = KEEP * self.demand[topic] + clicks[topic];
            self.known[topic] = KEEP * self.known[topic] + 1.0;
        }
        self.supply.fill(0);
        let n_items = platform.catalogue.len() as u32;
        let is_gone = |item: u32| platform.catalogue.until(ItemId(item)) <= platform.tick;
        while self.oldest < n_items && is_gone(self.oldest) {
            self.oldest += 1;
        }
        for item in (self.oldest..n_items).filter(|item| !is_gone(*item)).map(ItemId) {
            self.supply[topic_of(item)] += 1;
        }
    }

    fn fork_informed(&self) -> Box<dyn InformedCreators> {
        Box::new(self.clone())
    }
}

impl Admit for FullInformation {
    fn admit(&mut self, n: usize, rng: &Streams) {
        self.creators.admit(n, rng);
    }

    fn utility_a_day(&self, creator: CreatorId) -> Option<f64> {
        self.creators.utility_a_day(creator)
    }
}

impl Authored for FullInformation {
    fn feed(&self) -> &FeedCreators {
        &self.creators
    }

    fn act_instead(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        instead: &BTreeMap<CreatorId, Option<Brief>>,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        let (demand, supply) = (expected(&self.demand, &self.known), &mut self.supply);
        let mut choose = |own: &[Evidence]| enter(&demand, own, supply);
        self.creators.take_turns(own, tick, rng, Some(&mut choose), instead, out)
    }
}

impl CreatorModel for FullInformation {
    fn n_creators(&self) -> usize {
        self.creators.n_creators()
    }

    fn begin(&mut self, rng: &Streams) {
        self.creators.begin(rng);
        self.demand.fill(0.0);
        self.known.fill(0.0);
        self.supply.fill(0);
        self.oldest = 0;
    }

    fn opening(&mut self, rng: &Streams) -> Vec<NewItem> {
        let items = self.creators.opening(rng);
        items.iter().for_each(|item| self.supply[usize::from(item.codes[self.topic.offset])] += 1);
        items
    }

    fn name(&self, creator: CreatorId) -> String {
        self.creators.name(creator)
    }

    fn period(&self) -> u32 {
        self.creators.period()
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        self.act_instead(own, tick, rng, &BTreeMap::new(), out)
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
        let mut out = self.creators.save()?;
        out.put_f64("demand", 1, &self.demand);
        out.put_f64("known_demand", 1, &self.known);
        out.put_u32("supply", 1, &self.supply);
        out.put_u32("oldest", 1, &[self.oldest]);
        Ok(out)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut oldest = [0];
        from.get_f64("demand", &mut self.demand)?;
        from.get_f64("known_demand", &mut self.known)?;
        from.get_u32("supply", &mut self.supply)?;
        from.get_u32("oldest", &mut oldest)?;
        self.oldest = oldest[0];
        if self.demand.iter().any(|clicks| !clicks.is_finite()) {
            return Err(corrupt("demand", "it is not a number"));
        }
        self.creators.load(from)
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stage::{Stage, published};
    use crate::{FeedCreatorsParams, TopicRule};
    use recloop_env::{Catalogue, ItemFeedback, Topics};

    fn creators(n: usize) -> FullInformation {
        let params = FeedCreatorsParams {
            n_creators: n,
            rule: TopicRule::FullInformation,
            opening_items: 10 * n,
            opening_home_share: 0.0,
            posts_per_day: 48.0,
            ..FeedCreatorsParams::default()
        };
        FullInformation::new(FeedCreators::new(&params, Arc::new(Topics::new(4, 3)), 120.0).unwrap())
    }

    #[test]
    fn an_item_goes_where_it_brings_most_until_others_do() {
        // 12/2, 10/1 and 3/1: the second; then 10/2 = 5 < 6: the first; then 12/3, 10/2: the second again.
        let (demand, mut supply, none) = ([12.0, 10.0, 3.0], [1, 0, 0], [Evidence::default(); 3]);
        let topics: Vec<u16> = (0..3).map(|_| enter(&demand, &none, &mut supply)).collect();
        assert_eq!((topics, supply), (vec![1, 0, 1], [2, 2, 0]));
        // Now 4, 3.3 and 3 for anybody; who got 9 for each of five own items on the third has (15 + 45)/10 there.
        let own = [Evidence::default(), Evidence::default(), Evidence::of(5.0, 9.0, 0.0, 0.0)];
        assert_eq!(enter(&demand, &own, &mut supply), 2);
        assert_eq!(expected(&[6.0, 0.0, 2.0], &[2.0, 0.0, 2.0]), [3.0, 2.0, 1.0]);
        assert_eq!(expected(&[0.0, 0.0], &[0.0, 0.0]), [0.0, 0.0]);
    }

    /// What creator 0 posts when others' items on `wanted` are clicked and its own never are.
    fn first_creator(wanted: u16) -> Vec<u16> {
        let mut model = creators(3);
        let mut stage = Stage::open(&mut model, 1);
        let mut topics = Vec::new();
        for turn in 0..40 {
            let mut catalogue = Catalogue::new(model.creators().items().observed());
            let mut everyone: Vec<OwnFeedback> = (0..3)
                .map(|creator| OwnFeedback { creator: CreatorId(creator), items: Vec::new() })
                .collect();
            for (id, item) in (0..).map(ItemId).zip(&stage.items) {
                catalogue.push(item.creator, (Tick(0), Tick(9_999)), "", &item.dense, &item.codes);
                let clicks = 20 * u32::from(item.creator.0 > 0 && item.codes[0] == wanted);
                everyone[item.creator.index()].items.push(ItemFeedback {
                    item: id,
                    clicks,
                    ..ItemFeedback::default()
                });
            }
            model.inform(&Platform { everyone: &everyone, catalogue: &catalogue, tick: Tick(30 * turn) });
            let turn = stage.turn(&mut model, Tick(30 * turn), |_, _| 0);
            topics.extend(published(&turn).filter(|item| item.creator.0 == 0).map(|item| item.codes[0]));
        }
        topics
    }

    #[test]
    fn the_informed_act_on_what_happens_to_others() {
        let (two, three) = (first_creator(2), first_creator(3));
        let share =
            |topics: &[u16], topic| topics.iter().filter(|t| **t == topic).count() * 10 / topics.len();
        assert!(two.len() > 40 && two != three);
        assert!(share(&two, 2) >= 8 && share(&three, 3) >= 8, "{two:?} {three:?}");
    }

    #[test]
    fn a_restored_model_goes_on_as_if_nothing_had_happened() {
        let mut model = creators(2);
        let mut stage = Stage::open(&mut model, 3);
        (0..20).for_each(|turn| drop(stage.turn(&mut model, Tick(30 * turn), |id, _| id.0 % 3)));
        let (mut copy, mut beside) = (creators(2), stage.clone());
        copy.begin(&Streams::new(9));
        copy.load(&model.save().unwrap()).unwrap();
        for turn in (20..40).map(|turn| Tick(30 * turn)) {
            assert_eq!(stage.turn(&mut model, turn, |_, _| 1), beside.turn(&mut copy, turn, |_, _| 1));
        }
        assert_eq!(copy.save().unwrap(), model.save().unwrap());
    }
}
