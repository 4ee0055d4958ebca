//! Everything creators carry, one row each.

use recloop_env::{CreatorId, Grid, ItemId, OwnFeedback, Snapshot, SnapshotError};

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
    /// Own items and their topics, ascending.
    known: Vec<Vec<(ItemId, u16)>>,
    /// Topics of own items that have not been heard of since they were published, in order.
    unheard: Vec<Vec<u16>>,
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
            known: Vec::new(),
            unheard: Vec::new(),
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
        self.known.push(Vec::new());
        self.unheard.push(Vec::new());
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

    /// Remembers what an item is about until its id is heard of.
    pub(crate) fn publish(&mut self, at: usize, topic: u16) {
        self.unheard[at].push(topic);
    }

    /// Takes in what a creator is told.
    pub(crate) fn learn(&mut self, own: &OwnFeedback) {
        let at = own.creator.index();
        for item in &own.items {
            if let Some(topic) = self.topic(at, item.item) {
                self.clicks.row_mut(at)[usize::from(topic)] += item.clicks;
            }
        }
    }

    /// What an own item is about. Ids are given in the order of publication and every item is told of once it is
    /// published, so an id above all known ones is the oldest item not yet heard of.
    fn topic(&mut self, at: usize, item: ItemId) -> Option<u16> {
        let (known, unheard) = (&mut self.known[at], &mut self.unheard[at]);
        if known.last().is_some_and(|(last, _)| *last >= item) {
            let place = known.binary_search_by_key(&item, |(id, _)| *id).ok()?;
            return Some(known[place].1);
        }
        if unheard.is_empty() {
            return None;
        }
        let topic = unheard.remove(0);
        known.push((item, topic));
        self.posted.row_mut(at)[usize::from(topic)] += 1;
        Some(topic)
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
        let known = rows(&self.known).flat_map(|(at, (item, topic))| [at, item.0, u32::from(*topic)]);
        out.put_u32("known", 3, &known.collect::<Vec<_>>());
        let unheard = rows(&self.unheard).flat_map(|(at, topic)| [at, u32::from(*topic)]);
        out.put_u32("unheard", 2, &unheard.collect::<Vec<_>>());
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
            known: vec![Vec::new(); n],
            unheard: vec![Vec::new(); n],
        };
        check("home", &new.homes, n_topics)?;
        from.get_u32("name", &mut new.names)?;
        from.get_f32("traits", new.traits.as_mut_slice())?;
        from.get_f32("style", new.style.as_mut_slice())?;
        from.get_f32("leaning", new.leaning.as_mut_slice())?;
        from.get_u32("clicks", new.clicks.as_mut_slice())?;
        from.get_u32("posted", new.posted.as_mut_slice())?;
        for known in from.get_u32_vec("known")?.chunks(3) {
            let [at, item, topic] = *known else { return Err(corrupt("known", "it is cut off")) };
            check("known", &[topic], n_topics)?;
            row(&mut new.known, "known", at)?.push((ItemId(item), topic as u16));
        }
        for unheard in from.get_u32_vec("unheard")?.chunks(2) {
            let [at, topic] = *unheard else { return Err(corrupt("unheard", "it is cut off")) };
            check("unheard", &[topic], n_topics)?;
            row(&mut new.unheard, "unheard", at)?.push(topic as u16);
        }
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
    use recloop_env::ItemFeedback;

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
            roster.publish(0, topic);
        }
        roster.learn(&told(&[(10, 4), (12, 1)]));
        roster.learn(&told(&[(10, 2), (15, 0)]));
        // Topic 1: items 10 and 15 with 6 clicks; topic 2: item 12 with 1; topic 0: none.
        assert_eq!(roster.gains(0), [0.0, 3.0, 1.0]);
        // Neither an item between own ones nor one more than were made is own.
        roster.learn(&told(&[(11, 50), (16, 50)]));
        assert_eq!(roster.gains(0), [0.0, 3.0, 1.0]);
    }

    #[test]
    fn a_snapshot_holds_everything_and_damage_is_found() {
        let mut roster = one_creator();
        roster.push(&Identity { home: 0, ..one_identity() });
        for topic in [1, 2, 0] {
            roster.publish(0, topic);
        }
        roster.learn(&told(&[(3, 7)]));
        roster.leaning_mut(0)[2] = 0.5;
        let saved = roster.save();
        assert_eq!(Roster::load(&saved, 3, 2).unwrap(), roster);
        assert!(Roster::load(&saved, 2, 2).is_err() && Roster::load(&saved, 3, 1).is_err());
        let mut damaged = saved;
        damaged.arrays.retain(|array| array.name != "unheard");
        damaged.put_u32("unheard", 2, &[5, 1]);
        let said = Roster::load(&damaged, 3, 2).unwrap_err().to_string();
        assert_eq!(said, "restore `unheard`: there is no creator 5");
    }

    fn one_identity() -> Identity {
        Identity { home: 1, name: 2, quality: 0.1, bait: 0.2, posts_per_day: 0.0, style: vec![1.0, 0.0] }
    }
}
