//! Everything creators carry, one row each.

use recloop_env::{CreatorId, Grid, OwnFeedback, Snapshot, SnapshotError};

use crate::belief::BeliefParams;
use crate::made::{Choice, Made, Memory};

/// What makes one creator who they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    pub(crate) home: u16,
    /// What the name is made from: a word, or a place in a table.
    pub(crate) name: u32,
    pub(crate) quality: f32,
    pub(crate) bait: f32,
    pub(crate) posts_per_day: f32,
    /// `[D]`.
    pub(crate) style: Vec<f32>,
}

/// All creators there ever were, in order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Roster {
    homes: Vec<u32>,
    names: Vec<u32>,
    /// `[n, 3]` mean quality, mean bait, posts a day.
    traits: Grid<f32>,
    /// `[n, D]`.
    style: Grid<f32>,
    /// `[n, T]` v.
    leaning: Grid<f32>,
    /// `[n, T]` clicks on own items.
    clicks: Grid<u32>,
    /// `[n, T]` own items.
    posted: Grid<u32>,
    /// `[n, 4]` value and cost a day lately, how much of a lately there has been, and cost not booked yet.
    purse: Grid<f64>,
    memory: Memory,
}

impl Roster {
    pub(crate) fn new(n_topics: usize, dim: usize) -> Self {
        Self {
            homes: Vec::new(),
            names: Vec::new(),
            traits: Grid::new(3),
            style: Grid::new(dim),
            leaning: Grid::new(n_topics),
            clicks: Grid::new(n_topics),
            posted: Grid::new(n_topics),
            purse: Grid::new(4),
            memory: Memory::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.homes.len()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.leaning.width(), self.style.width());
    }

    /// Adds a creator who knows nothing yet.
    pub(crate) fn push(&mut self, who: &Identity) {
        let n_topics = self.leaning.width();
        self.homes.push(u32::from(who.home));
        self.names.push(who.name);
        self.traits.push_row(&[who.quality, who.bait, who.posts_per_day]);
        self.style.push_row(&who.style);
        self.clicks.push_row(&vec![0; n_topics]);
        self.posted.push_row(&vec![0; n_topics]);
        let mut leaning = vec![0.0; n_topics];
        leaning[usize::from(who.home)] = 1.0;
        self.leaning.push_row(&leaning);
        self.purse.push_row(&[0.0; 4]);
        self.memory.push();
    }

    pub(crate) fn home(&self, at: usize) -> u16 {
        self.homes[at] as u16
    }

    pub(crate) fn name(&self, at: usize) -> u32 {
        self.names[at]
    }

    pub(crate) fn style(&self, at: usize) -> &[f32] {
        self.style.row(at)
    }

    /// Mean quality and mean bait.
    pub(crate) fn means(&self, at: usize) -> (f32, f32) {
        let row = self.traits.row(at);
        (row[0], row[1])
    }

    pub(crate) fn posts_per_day(&self, at: usize) -> f32 {
        self.traits.row(at)[2]
    }

    /// v, to move.
    pub(crate) fn leaning_mut(&mut self, at: usize) -> &mut [f32] {
        self.leaning.row_mut(at)
    }

    /// u: mean clicks of the creator's own items of each topic, 0 where it never made one.
    pub(crate) fn gains(&self, at: usize) -> Vec<f32> {
        let both = self.clicks.row(at).iter().zip(self.posted.row(at));
        both.map(|(clicks, posted)| f64::from(*clicks) / f64::from((*posted).max(1)))
            .map(|u| u as f32)
            .collect()
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Remembers what an item is until its id is heard of.
    pub(crate) fn publish(&mut self, at: usize, choice: Choice, live_ticks: u32) {
        self.memory.publish(at, Made { choice, live_ticks });
    }

    /// Takes in what a creator is told; tells what its items brought, in clicks.
    pub(crate) fn learn(&mut self, own: &OwnFeedback, worth: &BeliefParams) -> f64 {
        let (at, mut value) = (own.creator.index(), 0.0);
        for news in &own.items {
            let likes = news.signals.first().copied().unwrap_or(0.0);
            value += worth.value(news.clicks, likes, news.dwell_secs);
            // What an agent published by itself, or no longer is remembered, still pays.
            let Some((choice, is_new)) = self.memory.hear(at, news) else { continue };
            let topic = usize::from(choice.topic);
            self.clicks.row_mut(at)[topic] += news.clicks;
            self.posted.row_mut(at)[topic] += u32::from(is_new);
        }
        value
    }

    /// An item's cost, booked with the turn.
    pub(crate) fn pay(&mut self, at: usize, cost: f64) {
        self.purse.row_mut(at)[3] += cost;
    }

    /// Books a turn of `days` and what was paid since the last, of which `keep` of what was before stays in mind.
    pub(crate) fn book(&mut self, at: usize, days: f64, keep: f64, value: f64) {
        let purse = self.purse.row_mut(at);
        let cost = std::mem::take(&mut purse[3]);
        for (sum, new) in purse.iter_mut().zip([value / days, cost / days, 1.0]) {
            *sum += (1.0 - keep) * (new - *sum);
        }
    }

    /// Cost spent a day lately.
    pub(crate) fn spent_a_day(&self, at: usize) -> f64 {
        let purse = self.purse.row(at);
        if purse[2] > 0.0 { purse[1] / purse[2] } else { 0.0 }
    }

    /// Value less cost a day lately; nothing to somebody who has just come.
    pub(crate) fn utility_a_day(&self, at: usize) -> Option<f64> {
        let purse = self.purse.row(at);
        (purse[2] > 0.0).then(|| (purse[0] - purse[1]) / purse[2])
    }

    pub(crate) fn save(&self) -> Snapshot {
        let mut out = Snapshot::default();
        out.put_u32("home", 1, &self.homes);
        out.put_u32("name", 1, &self.names);
        for (name, grid) in [("traits", &self.traits), ("style", &self.style), ("leaning", &self.leaning)] {
            out.put_f32(name, grid.width(), grid.as_slice());
        }
        for (name, grid) in [("clicks", &self.clicks), ("posted", &self.posted)] {
            out.put_u32(name, grid.width(), grid.as_slice());
        }
        out.put_f64("purse", 4, self.purse.as_slice());
        self.memory.save(&mut out);
        out
    }

    /// A roster as it was saved, for creators of the same number of topics and dimensions.
    pub(crate) fn load(from: &Snapshot, n_topics: usize, dim: usize) -> Result<Self, SnapshotError> {
        let homes = from.get_u32_vec("home")?.to_vec();
        let n = homes.len();
        let mut new = Self {
            homes,
            names: vec![0; n],
            traits: Grid::zeros(n, 3),
            style: Grid::zeros(n, dim),
            leaning: Grid::zeros(n, n_topics),
            clicks: Grid::zeros(n, n_topics),
            posted: Grid::zeros(n, n_topics),
            purse: Grid::zeros(n, 4),
            memory: Memory::load(from, n, n_topics)?,
        };
        check("home", &new.homes, n_topics)?;
        from.get_u32("name", &mut new.names)?;
        from.get_f32("traits", new.traits.as_mut_slice())?;
        from.get_f32("style", new.style.as_mut_slice())?;
        from.get_f32("leaning", new.leaning.as_mut_slice())?;
        from.get_u32("clicks", new.clicks.as_mut_slice())?;
        from.get_u32("posted", new.posted.as_mut_slice())?;
        from.get_f64("purse", new.purse.as_mut_slice())?;
        Ok(new)
    }
}

/// Every entry of a list of lists, with the place of its list.
pub(crate) fn rows<T>(lists: &[Vec<T>]) -> impl Iterator<Item = (u32, &T)> {
    (0..).zip(lists).flat_map(|(at, list)| list.iter().map(move |entry| (at, entry)))
}

/// The list of one creator, as a snapshot names it.
pub(crate) fn row<'a, T>(
    lists: &'a mut [Vec<T>],
    name: &str,
    at: u32,
) -> Result<&'a mut Vec<T>, SnapshotError> {
    lists.get_mut(CreatorId(at).index()).ok_or_else(|| corrupt(name, &format!("there is no creator {at}")))
}

pub(crate) fn corrupt(name: &str, reason: &str) -> SnapshotError {
    SnapshotError::Corrupt { name: name.into(), reason: reason.into() }
}

fn check(name: &str, topics: &[u32], n_topics: usize) -> Result<(), SnapshotError> {
    match topics.iter().find(|topic| **topic as usize >= n_topics) {
        Some(topic) => Err(corrupt(name, &format!("there is no topic {topic}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::{ItemFeedback, ItemId};

    fn told(items: &[(u32, u32)]) -> OwnFeedback {
        let item = |&(id, clicks): &(u32, u32)| ItemFeedback {
            item: ItemId(id),
            clicks,
            impressions: clicks,
            ..ItemFeedback::default()
        };
        OwnFeedback { creator: CreatorId(0), items: items.iter().map(item).collect() }
    }

    fn one_creator() -> Roster {
        let mut roster = Roster::new(3, 2);
        let style = vec![0.6, 0.8];
        roster.push(&Identity { home: 1, name: 9, quality: 0.5, bait: 0.25, posts_per_day: 4.0, style });
        roster
    }

    #[test]
    fn gains_are_mean_clicks_per_topic() {
        let mut roster = one_creator();
        for topic in [1, 2, 1] {
            roster.publish(0, Choice::about(topic), 9);
        }
        let worth = BeliefParams::default();
        assert_eq!(roster.learn(&told(&[(10, 4), (12, 1)]), &worth), 5.0);
        roster.learn(&told(&[(10, 2), (15, 0)]), &worth);
        // Topic 1: items 10 and 15 with 6 clicks; topic 2: item 12 with 1; topic 0: none.
        assert_eq!(roster.gains(0), [0.0, 3.0, 1.0]);
        // Neither an item between own ones nor one more than were made is known; both pay.
        assert_eq!(roster.learn(&told(&[(11, 50), (16, 50)]), &worth), 100.0);
        assert_eq!(roster.gains(0), [0.0, 3.0, 1.0]);
    }

    #[test]
    fn a_snapshot_holds_everything_and_damage_is_found() {
        let mut roster = one_creator();
        roster.push(&Identity { home: 0, ..one_identity() });
        for topic in [1, 2, 0] {
            roster.publish(0, Choice::about(topic), 9);
        }
        roster.learn(&told(&[(3, 7)]), &BeliefParams::default());
        roster.pay(1, 1.0);
        roster.book(1, 0.5, 0.75, 3.0);
        roster.pay(1, 2.0);
        roster.leaning_mut(0)[2] = 0.5;
        let saved = roster.save();
        assert_eq!(Roster::load(&saved, 3, 2).unwrap(), roster);
        assert!(Roster::load(&saved, 2, 2).is_err() && Roster::load(&saved, 3, 1).is_err());
    }

    #[test]
    fn a_purse_is_a_fading_mean_by_the_day() {
        let mut roster = one_creator();
        assert_eq!((roster.utility_a_day(0), roster.spent_a_day(0)), (None, 0.0));
        // Half a day that brought 3 and cost 1, then one that brought nothing: weights 3/4·1/4 and 1/4.
        roster.pay(0, 1.0);
        roster.book(0, 0.5, 0.75, 3.0);
        assert_eq!((roster.utility_a_day(0), roster.spent_a_day(0)), (Some(4.0), 2.0));
        roster.book(0, 0.5, 0.75, 0.0);
        assert!((roster.utility_a_day(0).unwrap() - 4.0 * 3.0 / 7.0).abs() < 1e-12);
    }

    fn one_identity() -> Identity {
        Identity { home: 1, name: 2, quality: 0.1, bait: 0.2, posts_per_day: 0.0, style: vec![1.0, 0.0] }
    }
}
