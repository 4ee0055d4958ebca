//! What became of creators in one run.

use recloop_data::metrics::{Everything, Records};
use recloop_env::{BlockAt, Catalogue, CreatorId, Event, Facts, ItemId, Metric, Tick, Transition, World};

use crate::RunError;
use crate::measure::numbers;
use crate::playing::Visitor;

/// Own items that are recent: a topic among theirs is exploited, any other explored (published: 10).
const RECENT: usize = 10;

/// One decision about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// Clicks that the creator's last item had by then.
    pub(super) reward: u32,
    /// Whether the topic is among those of its recent items.
    pub(super) exploits: bool,
}

/// What became of the focal creators of one run, and of everybody.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Career {
    /// Clicks per focal creator.
    pub(super) reward: f64,
    /// Items made per focal creator, which is their cost at usual effort.
    pub(super) items: f64,
    /// Share of the focal creators that are still there.
    pub(super) survival: f64,
    /// What focal creators decided.
    pub(super) decisions: Vec<Decision>,
    /// Metrics of the whole run that a study shows.
    pub(super) metrics: Vec<(&'static str, f64)>,
}

/// Metrics of a run that the study keeps.
pub(super) const METRICS: [&str; 5] =
    ["dwell_minutes_per_user", "ctr", "provider_gini", "creator_survival", "topic_entropy"];

/// An item as the study remembers it.
#[derive(Debug, Clone, Copy)]
struct Made {
    creator: CreatorId,
    topic: u16,
    /// Clicks its maker was told of so far.
    told: u32,
}

/// Watches creators.
pub(super) struct Careers {
    focal: usize,
    topic: BlockAt,
    items: Vec<Made>,
    /// Per creator: its items.
    own: Vec<Vec<ItemId>>,
    clicks: Vec<u64>,
    decisions: Vec<Decision>,
    records: Records,
}

impl Careers {
    /// Watches the first `focal` creators of a world; 0 is everybody.
    pub(super) fn of(world: &World, focal: usize) -> Self {
        let topic = world.facts().spec.item_features.find("topic").expect("items of creators have a topic");
        Self {
            focal: if focal == 0 { usize::MAX } else { focal },
            topic,
            items: Vec::new(),
            own: Vec::new(),
            clicks: Vec::new(),
            decisions: Vec::new(),
            records: Everything::default().start(),
        }
    }

    /// Creators are told before they act: that is what their decisions of this turn rest on.
    fn tell(&mut self, world: &World) {
        for news in world.creator_feedback().iter().flat_map(|own| &own.items) {
            if let Some(made) = self.items.get_mut(news.item.index()) {
                made.told += news.clicks;
            }
        }
    }

    /// Takes down an item, and that it was decided on unless it was there from the start.
    fn take_down(&mut self, catalogue: &Catalogue, item: ItemId) {
        let (creator, at) = (catalogue.creator(item), catalogue.creator(item).index());
        let (table, place) = catalogue.locate(item);
        let topic = table.code(self.topic, place);
        if self.own.len() <= at {
            self.own.resize(at + 1, Vec::new());
        }
        let own = &mut self.own[at];
        let recent = &own[own.len().saturating_sub(RECENT)..];
        if at < self.focal && catalogue.published(item) > Tick(0) {
            let exploits = recent.iter().any(|item| self.items[item.index()].topic == topic);
            if let Some(last) = own.last() {
                self.decisions.push(Decision { reward: self.items[last.index()].told, exploits });
            }
        }
        own.push(item);
        self.items.push(Made { creator, topic, told: 0 });
    }

    /// What it came to.
    pub(super) fn end(self, world: &World) -> Career {
        let n = world.creator_facts().len().min(self.focal);
        let of = |values: &dyn Fn(usize) -> f64| (0..n).map(values).sum::<f64>() / n.max(1) as f64;
        let here = |at: usize| f64::from(u8::from(world.creator_facts()[at].left.is_none()));
        let all = numbers(self.records);
        let found = |name: &'static str| {
            let metric = all.iter().find(|metric| metric.name == name)?;
            Some((name, metric.estimate.mean))
        };
        Career {
            reward: of(&|at| self.clicks.get(at).map_or(0.0, |clicks| *clicks as f64)),
            items: of(&|at| self.own.get(at).map_or(0.0, |own| own.len() as f64)),
            survival: of(&here),
            decisions: self.decisions,
            metrics: METRICS.into_iter().filter_map(found).collect(),
        }
    }
}

impl Visitor for Careers {
    fn done(&mut self, world: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        Everything::default().fold(&mut self.records, facts, t);
        let Some(catalogue) = facts.catalogue else { return Ok(()) };
        let made_now = t.step.events.iter().filter(|event| matches!(event, Event::Publish { .. })).count();
        let before = catalogue.len() - made_now;
        // The first tick also meets what was there from the start.
        for item in (self.items.len()..before).map(|item| ItemId(item as u32)) {
            self.take_down(catalogue, item);
        }
        for r in 0..t.seen.len() {
            let clicked = t.slates.items.row(r).iter().zip(t.step.responses.click.row(r));
            for (item, _) in clicked.filter(|(_, clicked)| **clicked) {
                let at = self.items[item.index()].creator.index();
                if self.clicks.len() <= at {
                    self.clicks.resize(at + 1, 0);
                }
                self.clicks[at] += 1;
            }
        }
        self.tell(world);
        for item in (before..catalogue.len()).map(|item| ItemId(item as u32)) {
            self.take_down(catalogue, item);
        }
        Ok(())
    }
}
