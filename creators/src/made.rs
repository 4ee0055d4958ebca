//! What a creator decides about an item, and what it remembers of its items.

use recloop_env::{ItemFeedback, ItemId, Snapshot, SnapshotError, Tick};

use crate::roster::{corrupt, row, rows};

/// Low, usual, high: how far a creator may go from its habit in effort and in bait.
pub(crate) const LEVELS: usize = 3;
/// The level of somebody who does as usual.
pub(crate) const USUAL: u8 = 1;

/// Own items that are always remembered: what a creator calls its recent ones (published: 10).
pub(crate) const RECENT: usize = 10;

/// What a creator decides about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) topic: u16,
    /// Below [`LEVELS`].
    pub(crate) effort: u8,
    /// Below [`LEVELS`].
    pub(crate) bait: u8,
}

impl Choice {
    /// As usual, about a topic.
    pub(crate) fn about(topic: u16) -> Self {
        Self { topic, effort: USUAL, bait: USUAL }
    }
}

/// An item its maker has not heard of since it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) choice: Choice,
    /// Ticks it is on offer.
    pub(crate) live_ticks: u32,
}

/// An item in the eyes of its maker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnItem {
    pub(crate) id: ItemId,
    pub(crate) choice: Choice,
    pub(crate) published: Tick,
    pub(crate) until: Tick,
    pub(crate) impressions: u32,
    pub(crate) clicks: u32,
    pub(crate) likes: f32,
    pub(crate) dwell_secs: f32,
}

impl OwnItem {
    /// Ticks it has been on offer.
    pub(crate) fn ticks(&self, now: Tick) -> u32 {
        now.min(self.until).0.saturating_sub(self.published.0)
    }

    fn hear(&mut self, news: &ItemFeedback) {
        self.impressions += news.impressions;
        self.clicks += news.clicks;
        self.likes += news.signals.first().copied().unwrap_or(0.0) as f32;
        self.dwell_secs += news.dwell_secs as f32;
    }
}

/// What every creator remembers of its own items: those on offer, and the latest whatever their age.
///
/// Ids are given in the order of publication and every item is told of once it is published, so an id above all known
/// ones is the oldest item not yet heard of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Memory {
    items: Vec<Vec<OwnItem>>,
    unheard: Vec<Vec<Made>>,
}

impl Memory {
    pub(crate) fn push(&mut self) {
        self.items.push(Vec::new());
        self.unheard.push(Vec::new());
    }

    /// A creator's items, in the order of publication.
    pub(crate) fn items(&self, at: usize) -> &[OwnItem] {
        &self.items[at]
    }

    /// A creator's latest items, in the order of publication.
    pub(crate) fn recent(&self, at: usize) -> &[OwnItem] {
        let items = &self.items[at];
        &items[items.len().saturating_sub(RECENT)..]
    }

    /// Remembers what an item is until its id is heard of.
    pub(crate) fn publish(&mut self, at: usize, made: Made) {
        self.unheard[at].push(made);
    }

    /// Items of a creator that were not heard of yet, in the order of publication.
    pub(crate) fn unheard(&self, at: usize) -> &[Made] {
        &self.unheard[at]
    }

    /// Takes in what happened to an item; tells what it is, and whether it is new. Nothing if it is not an own one that
    /// is remembered.
    pub(crate) fn hear(&mut self, at: usize, news: &ItemFeedback) -> Option<(Choice, bool)> {
        let (items, unheard) = (&mut self.items[at], &mut self.unheard[at]);
        if items.last().is_some_and(|last| last.id >= news.item) {
            let place = items.binary_search_by_key(&news.item, |own| own.id).ok()?;
            items[place].hear(news);
            return Some((items[place].choice, false));
        }
        if unheard.is_empty() {
            return None;
        }
        let made = unheard.remove(0);
        let until = Tick(news.published.0.saturating_add(made.live_ticks));
        let (id, choice, published) = (news.item, made.choice, news.published);
        let (impressions, clicks, likes, dwell_secs) = (0, 0, 0.0, 0.0);
        let mut own = OwnItem { id, choice, published, until, impressions, clicks, likes, dwell_secs };
        own.hear(news);
        items.push(own);
        Some((choice, true))
    }

    /// Forgets a creator's oldest items that are no longer on offer, but for the latest; `keep` is handed each, with how
    /// many were published since.
    pub(crate) fn forget(&mut self, at: usize, now: Tick, mut keep: impl FnMut(&OwnItem, usize)) {
        let items = &mut self.items[at];
        let spare = items.len().saturating_sub(RECENT);
        let n_gone = items[..spare].iter().take_while(|own| own.until <= now).count();
        let newest = items.len().saturating_sub(1);
        items.drain(..n_gone).enumerate().for_each(|(place, own)| keep(&own, newest - place));
    }

    pub(crate) fn save(&self, out: &mut Snapshot) {
        let ids = rows(&self.items).flat_map(|(at, own)| {
            let [topic, effort, bait] = words(own.choice);
            [at, own.id.0, topic, effort, bait, own.published.0, own.until.0, own.impressions, own.clicks]
        });
        out.put_u32("own_items", 9, &ids.collect::<Vec<_>>());
        let sums = rows(&self.items).flat_map(|(_, own)| [own.likes, own.dwell_secs]);
        out.put_f32("own_sums", 2, &sums.collect::<Vec<_>>());
        let unheard = rows(&self.unheard).flat_map(|(at, made)| {
            let [topic, effort, bait] = words(made.choice);
            [at, topic, effort, bait, made.live_ticks]
        });
        out.put_u32("unheard", 5, &unheard.collect::<Vec<_>>());
    }

    /// What `n` creators of `n_topics` topics remembered.
    pub(crate) fn load(from: &Snapshot, n: usize, n_topics: usize) -> Result<Self, SnapshotError> {
        let mut new = Self { items: vec![Vec::new(); n], unheard: vec![Vec::new(); n] };
        let own = from.get_u32_vec("own_items")?;
        let mut sums = vec![0.0; own.len() / 9 * 2];
        from.get_f32("own_sums", &mut sums)?;
        for (own, sums) in own.chunks(9).zip(sums.chunks(2)) {
            let [at, id, topic, effort, bait, published, until, impressions, clicks] = *own else {
                return Err(corrupt("own_items", "it is cut off"));
            };
            let choice = choice("own_items", [topic, effort, bait], n_topics)?;
            let (id, published, until) = (ItemId(id), Tick(published), Tick(until));
            let (likes, dwell_secs) = (sums[0], sums[1]);
            let own = OwnItem { id, choice, published, until, impressions, clicks, likes, dwell_secs };
            row(&mut new.items, "own_items", at)?.push(own);
        }
        for unheard in from.get_u32_vec("unheard")?.chunks(5) {
            let [at, topic, effort, bait, live_ticks] = *unheard else {
                return Err(corrupt("unheard", "it is cut off"));
            };
            let choice = choice("unheard", [topic, effort, bait], n_topics)?;
            row(&mut new.unheard, "unheard", at)?.push(Made { choice, live_ticks });
        }
        Ok(new)
    }
}

fn words(choice: Choice) -> [u32; 3] {
    [u32::from(choice.topic), u32::from(choice.effort), u32::from(choice.bait)]
}

fn choice(name: &str, [topic, effort, bait]: [u32; 3], n_topics: usize) -> Result<Choice, SnapshotError> {
    if topic as usize >= n_topics {
        return Err(corrupt(name, &format!("there is no topic {topic}")));
    }
    if effort.max(bait) as usize >= LEVELS {
        return Err(corrupt(name, &format!("there is no level {}", effort.max(bait))));
    }
    Ok(Choice { topic: topic as u16, effort: effort as u8, bait: bait as u8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(item: u32, clicks: u32) -> ItemFeedback {
        let item = ItemId(item);
        ItemFeedback { item, clicks, impressions: 2 * clicks, signals: vec![1.0], ..ItemFeedback::default() }
    }

    fn memory(n: u16) -> Memory {
        let mut memory = Memory::default();
        memory.push();
        (0..n).for_each(|topic| memory.publish(0, Made { choice: Choice::about(topic), live_ticks: 5 }));
        memory
    }

    #[test]
    fn ids_are_learned_in_the_order_of_publication() {
        let mut memory = memory(2);
        assert_eq!(memory.hear(0, &news(10, 4)), Some((Choice::about(0), true)));
        assert_eq!(memory.hear(0, &news(12, 1)), Some((Choice::about(1), true)));
        assert_eq!(memory.hear(0, &news(10, 2)), Some((Choice::about(0), false)));
        // Neither an item between own ones nor one more than were made is own.
        assert!(memory.hear(0, &news(11, 50)).is_none() && memory.hear(0, &news(16, 50)).is_none());
        let first = memory.items(0)[0];
        assert_eq!((first.clicks, first.impressions, first.likes, first.until), (6, 12, 2.0, Tick(5)));
        assert_eq!([3, 9].map(|now| first.ticks(Tick(now))), [3, 5]);
    }

    #[test]
    fn old_items_are_forgotten_but_for_the_latest() {
        let mut memory = memory(13);
        (0..13).for_each(|item| assert!(memory.hear(0, &news(item, 0)).is_some()));
        memory.forget(0, Tick(4), |own, _| panic!("{own:?} is on offer"));
        let mut gone = Vec::new();
        memory.forget(0, Tick(5), |own, since| gone.push((own.id.0, since)));
        assert_eq!(gone, [(0, 12), (1, 11), (2, 10)]);
        assert_eq!(memory.items(0).len(), RECENT);
        let mut none = Memory::default();
        none.push();
        none.forget(0, Tick(9), |own, _| panic!("{own:?} never was"));
    }

    #[test]
    fn a_snapshot_holds_everything_and_damage_is_found() {
        let mut memory = memory(3);
        memory.hear(0, &news(3, 7));
        let mut saved = Snapshot::default();
        memory.save(&mut saved);
        assert_eq!(Memory::load(&saved, 1, 3).unwrap(), memory);
        assert_eq!(
            Memory::load(&saved, 1, 1).unwrap_err().to_string(),
            "restore `unheard`: there is no topic 1"
        );
        assert_eq!(
            Memory::load(&saved, 0, 3).unwrap_err().to_string(),
            "restore `own_items`: there is no creator 0"
        );
    }
}
