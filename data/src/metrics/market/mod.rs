//! What became of items and their creators: one small record for each, from which all provider-side metrics are read.

pub(super) mod audience;
mod ecosystem;
mod exposure;

use recloop_env::{BlockAt, BlockKind, Catalogue, Clock, CreatorId, Facts, ItemId, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::Section;
use audience::Audience;

/// Days of a window (a week evens out the weekdays; chosen by us).
pub const WINDOW_DAYS: f64 = 7.0;
/// Impressions after which a creator has been noticed.
pub const NOTICED: u32 = 100;

/// Provider-side fairness, the ecosystem of creators, and how the catalogue is used.
///
/// There where items last. What a world lacks is left out: no creators, nothing of them; no
/// [`Hindsight`](recloop_env::Hindsight), no quality; no group attributes, no impression variance.
///
/// # Shards
/// Everything folded is a sum over rows, or the first so many impressions of each creator, which two shards give
/// together: rows may be cut anywhere. What is *read* from the sums (a Gini coefficient, a top share) is not a sum, and is
/// computed once they are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Market;

/// One item's record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ItemTotals {
    /// Who made it.
    pub creator: CreatorId,
    /// The ticks on which it was on offer: from the first to before the second.
    pub offered: (u32, u32),
    /// Its latent quality, if that is known.
    pub quality: Option<f32>,
    /// How often it was shown.
    pub impressions: u32,
    /// How often it was clicked.
    pub clicks: u32,
    /// How often it was liked, in worlds with the signal `like`.
    pub likes: u32,
}

/// One creator's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatorTotals {
    /// The tick it arrived.
    pub entered: u32,
    /// The tick it left for good.
    pub left: Option<u32>,
    /// Impressions, each weighing how likely its position is looked at.
    pub exposure: f64,
    /// Impressions, each weighing `1 / log₂(1 + rank)`, rank from 1.
    pub exposure_log2: f64,
    /// Ticks of the first impressions and how many there were, until there are [`NOTICED`].
    first: Vec<(u32, u32)>,
    /// How many those are.
    n_first: u32,
}

/// Every item's and creator's record.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MarketTable {
    /// By item id.
    pub items: Vec<ItemTotals>,
    /// By creator id.
    pub creators: Vec<CreatorTotals>,
    /// By window, then creator: exposure as in [`CreatorTotals::exposure`]. Empty in worlds without a calendar.
    windows: Vec<Vec<f64>>,
    audience: Audience,
    /// The tick after the last one folded.
    end: u32,
    tick_secs: f64,
    has_calendar: bool,
    has_likes: bool,
    /// Users there are: how many independent readers impressions come from at most.
    n_users: u64,
}

/// One impression.
struct Impression {
    item: ItemId,
    position: usize,
    clicked: bool,
    liked: bool,
}

impl Metric for Market {
    const KEY: Key = Key::Row;
    type Partial = MarketTable;
    type Value = Vec<Section>;

    fn start(&self) -> MarketTable {
        MarketTable::default()
    }

    fn fold(&self, into: &mut MarketTable, facts: &Facts<'_>, t: &Transition<'_>) {
        let Some(catalogue) = facts.catalogue else { return };
        into.learn(facts, catalogue, t.tick().next().0);
        let like = facts.spec.signal("like");
        let (did, weights) = (&t.step.responses, Weights::of(facts, t.slates.items.width()));
        for (r, &user) in t.seen.users.iter().enumerate() {
            let clicked = did.click.row(r);
            let levels = into.audience.levels(facts.population, user);
            for (position, &item) in t.slates.items.row(r).iter().enumerate() {
                let liked = like.is_some_and(|like| did.signal(like, r)[position] > 0.0);
                let shown = Impression { item, position, clicked: clicked[position], liked };
                into.show(&shown, &weights, t.tick().0);
                into.audience.show(item, levels);
            }
        }
    }

    fn merge(&self, left: MarketTable, right: MarketTable) -> MarketTable {
        left.and(right)
    }

    fn value(&self, total: MarketTable) -> Vec<Section> {
        let mut sections = Vec::new();
        if !total.creators.is_empty() {
            sections.push(Section::new("Providers", exposure::metrics(&total)));
            sections.push(Section::new("Ecosystem", ecosystem::creators(&total)));
        }
        if !total.items.is_empty() {
            sections.push(Section::new("Catalogue", ecosystem::catalogue(&total)));
        }
        if total.items.iter().any(|item| item.quality.is_some()) {
            sections.push(Section::new("Quality", ecosystem::quality(&total)));
        }
        let coverage = total.audience.metrics(&total.items);
        if !coverage.is_empty() {
            sections.push(Section::new("Impression variance", coverage));
        }
        sections
    }
}

/// What an impression weighs at each position.
struct Weights {
    examined: Vec<f64>,
    log2: Vec<f64>,
}

impl Weights {
    fn of(facts: &Facts<'_>, slate_size: usize) -> Self {
        let looked_at = |position: usize| facts.spec.examination.get(position).map_or(1.0, |p| f64::from(*p));
        let examined = (0..slate_size).map(looked_at).collect();
        let log2 = (0..slate_size).map(|position| 1.0 / (position as f64 + 2.0).log2()).collect();
        Self { examined, log2 }
    }
}

impl MarketTable {
    /// What does not depend on the rows.
    fn learn(&mut self, facts: &Facts<'_>, catalogue: &Catalogue, end: u32) {
        self.end = self.end.max(end);
        self.n_users = facts.spec.n_users as u64;
        (self.tick_secs, self.has_calendar) = (facts.spec.clock.tick_secs, facts.spec.clock.calendar);
        self.has_likes |= facts.spec.signal("like").is_some();
        let truth = facts.hindsight.and_then(|hindsight| hindsight.items);
        let quality = truth.and_then(|truth| Some((truth, dense(truth, "quality")?)));
        for item in (self.items.len()..catalogue.len()).map(|item| ItemId(item as u32)) {
            self.items.push(ItemTotals {
                creator: catalogue.creator(item),
                offered: (catalogue.published(item).0, catalogue.until(item).0),
                quality: quality.and_then(|(truth, block)| number(truth, block, item)),
                impressions: 0,
                clicks: 0,
                likes: 0,
            });
        }
        for (c, fact) in facts.creators.iter().enumerate() {
            if c == self.creators.len() {
                self.creators.push(CreatorTotals::new(fact.entered.0));
            }
            self.creators[c].left = fact.left.map(|tick| tick.0);
        }
        self.audience.learn(facts.population, self.items.len());
    }

    fn show(&mut self, shown: &Impression, weights: &Weights, tick: u32) {
        let Some(item) = self.items.get_mut(shown.item.index()) else { return };
        item.impressions += 1;
        item.clicks += u32::from(shown.clicked);
        item.likes += u32::from(shown.liked);
        let (at, window) = (item.creator.index(), self.window(tick));
        let n_creators = self.creators.len();
        let Some(creator) = self.creators.get_mut(at) else { return };
        let examined = weights.examined[shown.position];
        creator.exposure += examined;
        creator.exposure_log2 += weights.log2[shown.position];
        creator.notice(tick, 1);
        if let Some(window) = window {
            if window >= self.windows.len() {
                self.windows.resize(window + 1, Vec::new());
            }
            if at >= self.windows[window].len() {
                self.windows[window].resize(n_creators, 0.0);
            }
            self.windows[window][at] += examined;
        }
    }

    fn window(&self, tick: u32) -> Option<usize> {
        self.has_calendar.then(|| (f64::from(tick) / self.window_ticks()) as usize)
    }

    fn window_ticks(&self) -> f64 {
        WINDOW_DAYS * Clock::DAY_SECS / self.tick_secs
    }

    fn and(mut self, mut right: Self) -> Self {
        if right.items.len() > self.items.len() {
            std::mem::swap(&mut self.items, &mut right.items);
        }
        for (item, more) in self.items.iter_mut().zip(right.items) {
            item.impressions += more.impressions;
            item.clicks += more.clicks;
            item.likes += more.likes;
        }
        if right.creators.len() > self.creators.len() {
            std::mem::swap(&mut self.creators, &mut right.creators);
        }
        self.creators.iter_mut().zip(right.creators).for_each(|(creator, more)| creator.add(more));
        self.windows.resize(self.windows.len().max(right.windows.len()), Vec::new());
        for (window, more) in self.windows.iter_mut().zip(right.windows) {
            window.resize(window.len().max(more.len()), 0.0);
            window.iter_mut().zip(more).for_each(|(exposure, more)| *exposure += more);
        }
        self.audience.add(right.audience);
        if right.end > self.end {
            (self.end, self.tick_secs, self.has_calendar) = (right.end, right.tick_secs, right.has_calendar);
        }
        self.has_likes |= right.has_likes;
        self.n_users = self.n_users.max(right.n_users);
        self
    }
}

fn dense(truth: &Catalogue, name: &str) -> Option<BlockAt> {
    truth.layout().find(name).filter(|at| matches!(at.kind, BlockKind::Dense { .. }))
}

fn number(truth: &Catalogue, block: BlockAt, item: ItemId) -> Option<f32> {
    let (table, at) = (item.index() < truth.len()).then(|| truth.locate(item))?;
    table.dense(block, at).first().copied()
}

impl CreatorTotals {
    fn new(entered: u32) -> Self {
        Self { entered, left: None, exposure: 0.0, exposure_log2: 0.0, first: Vec::new(), n_first: 0 }
    }

    /// Remembers impressions while fewer than [`NOTICED`] are known.
    fn notice(&mut self, tick: u32, n: u32) {
        if self.n_first >= NOTICED {
            return;
        }
        self.n_first += n;
        match self.first.last_mut().filter(|(last, _)| *last == tick) {
            Some((_, known)) => *known += n,
            None => self.first.push((tick, n)),
        }
    }

    /// When the creator had been shown [`NOTICED`] times.
    fn noticed(&self) -> Option<u32> {
        self.first.last().filter(|_| self.n_first >= NOTICED).map(|(tick, _)| *tick)
    }

    fn add(&mut self, more: Self) {
        self.left = self.left.or(more.left);
        self.exposure += more.exposure;
        self.exposure_log2 += more.exposure_log2;
        // A shard that stopped remembering had enough by then, so the two together reach the mark no later.
        let mut both = std::mem::take(&mut self.first);
        self.n_first = 0;
        both.extend(more.first);
        both.sort_unstable();
        both.into_iter().for_each(|(tick, n)| self.notice(tick, n));
    }

    /// For how many ticks between two it was there.
    fn ticks_within(&self, (from, to): (u32, u32)) -> f64 {
        overlap((self.entered, self.left.unwrap_or(u32::MAX)), (from, to))
    }
}

/// Ticks that two stretches of time have in common.
fn overlap(a: (u32, u32), b: (u32, u32)) -> f64 {
    f64::from(a.1.min(b.1).saturating_sub(a.0.max(b.0)))
}
