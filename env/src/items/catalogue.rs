//! Durable items: append-only, cheap to share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ItemTable;
use crate::{CreatorId, ItemId, Layout, Tick};

/// Items per segment: publishing copies at most one segment while observations still share it (chosen by us).
const SEGMENT: usize = 1024;

/// An item about to be published.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NewItem {
    /// Who made it.
    pub creator: CreatorId,
    /// What people read.
    pub title: String,
    /// How long it is on offer; for good if not said.
    pub live_ticks: Option<u32>,
    /// Observed real features, packed as the observed layout says.
    pub dense: Vec<f32>,
    /// Observed category codes.
    pub codes: Vec<u16>,
    /// Latent real features, packed as the latent layout says.
    pub latent_dense: Vec<f32>,
    /// Latent category codes.
    pub latent_codes: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Segment {
    table: ItemTable,
    creators: Vec<CreatorId>,
    published: Vec<Tick>,
    until: Vec<Tick>,
    titles: Vec<String>,
}

/// Every item ever published, in order of publication: item `i` is `ItemId(i)`.
///
/// A clone shares its memory; publishing copies only the newest segment, so observations, forks and the world hold
/// the same items without holding them twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Catalogue {
    layout: Layout,
    segments: Vec<Arc<Segment>>,
    len: usize,
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Segment>, &Arc<Segment>)| Arc::ptr_eq(a, b) || a == b;
        self.len == other.len
            && self.layout == other.layout
            && self.segments.iter().zip(&other.segments).all(same)
    }
}

impl Catalogue {
    /// Until when an item is on offer that stays.
    pub const FOR_GOOD: Tick = Tick(u32::MAX);

    /// An empty catalogue of items with these features.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout, segments: Vec::new(), len: 0 }
    }

    /// Which features an item has.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Number of items ever published.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was ever published.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Publishes an item `at` a tick, on offer `until` another; its id is the number of items before it. Slices must fit
    /// the layout.
    pub fn push(
        &mut self,
        creator: CreatorId,
        (at, until): (Tick, Tick),
        title: &str,
        dense: &[f32],
        codes: &[u16],
    ) -> ItemId {
        if self.len.is_multiple_of(SEGMENT) {
            let table = ItemTable::new(self.layout.clone());
            let segment =
                Segment { table, creators: vec![], published: vec![], until: vec![], titles: vec![] };
            self.segments.push(Arc::new(segment));
        }
        let newest = self.segments.last_mut().expect("a segment was just ensured");
        let segment = Arc::make_mut(newest);
        segment.table.push(dense, codes);
        segment.creators.push(creator);
        segment.published.push(at);
        segment.until.push(until);
        segment.titles.push(title.to_owned());
        self.len += 1;
        ItemId(self.len as u32 - 1)
    }

    /// The table that holds an item, and where in it.
    #[must_use]
    #[inline]
    pub fn locate(&self, item: ItemId) -> (&ItemTable, usize) {
        (&self.segment(item).table, item.index() % SEGMENT)
    }

    /// Who made an item.
    #[must_use]
    pub fn creator(&self, item: ItemId) -> CreatorId {
        self.segment(item).creators[item.index() % SEGMENT]
    }

    /// When it was published.
    #[must_use]
    pub fn published(&self, item: ItemId) -> Tick {
        self.segment(item).published[item.index() % SEGMENT]
    }

    /// The first tick at which it is no longer on offer; the last tick there is for an item that stays.
    #[must_use]
    pub fn until(&self, item: ItemId) -> Tick {
        self.segment(item).until[item.index() % SEGMENT]
    }

    /// Its title.
    #[must_use]
    pub fn title(&self, item: ItemId) -> &str {
        &self.segment(item).titles[item.index() % SEGMENT]
    }

    #[inline]
    fn segment(&self, item: ItemId) -> &Segment {
        &self.segments[item.index() / SEGMENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn publishing_leaves_earlier_holders_as_they_were() {
        let layout = Layout::new(vec![Block::dense("quality", 1, (0.0, 1.0), "")]);
        let quality = layout.find("quality").unwrap();
        let mut now = Catalogue::new(layout);
        for i in 0..SEGMENT as u32 + 2 {
            assert_eq!(
                now.push(CreatorId(i % 7), (Tick(i), Catalogue::FOR_GOOD), "", &[i as f32], &[]),
                ItemId(i)
            );
        }
        let before = now.clone();
        now.push(CreatorId(1), (Tick(9), Tick(12)), "late", &[0.5], &[]);
        assert_eq!((before.len(), now.len()), (SEGMENT + 2, SEGMENT + 3));
        let (table, at) = now.locate(ItemId(SEGMENT as u32 + 1));
        assert_eq!(table.dense(quality, at), [SEGMENT as f32 + 1.0]);
        assert_eq!((now.title(ItemId(SEGMENT as u32 + 2)), now.creator(ItemId(8))), ("late", CreatorId(1)));
        assert_ne!(before, now);
    }
}
