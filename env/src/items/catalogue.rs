//! Durable items: append-only, cheap to share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ItemTable, wording};
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
    /// What more there is to read, if anything.
    pub text: String,
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
    texts: Vec<String>,
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
    /// Longest title, in characters; what is beyond is cut (chosen by us).
    pub const TITLE_CHARS: usize = 200;
    /// Longest text, in characters; what is beyond is cut (chosen by us).
    pub const TEXT_CHARS: usize = 1_000;

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
    /// the layout. Control characters of the title, and those that turn the direction of writing, go; a line break becomes
    /// a space.
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
            let (creators, published, until, titles, texts) = (vec![], vec![], vec![], vec![], vec![]);
            let segment = Segment { table, creators, published, until, titles, texts };
            self.segments.push(Arc::new(segment));
        }
        let newest = self.segments.last_mut().expect("a segment was just ensured");
        let segment = Arc::make_mut(newest);
        segment.table.push(dense, codes);
        segment.creators.push(creator);
        segment.published.push(at);
        segment.until.push(until);
        segment.titles.push(wording::plain(title, Self::TITLE_CHARS));
        segment.texts.push(String::new());
        self.len += 1;
        ItemId(self.len as u32 - 1)
    }

    /// Gives the newest item a text, cleaned as titles are.
    ///
    /// # Panics
    /// If nothing was ever published.
    ///
    /// ```
    /// use recloop_env::{Catalogue, CreatorId, Layout, Tick};
    /// let mut catalogue = Catalogue::new(Layout::default());
    /// let item = catalogue.push(CreatorId(0), (Tick(0), Catalogue::FOR_GOOD), "Pasta", &[], &[]);
    /// catalogue.describe("Twenty minutes,\none pan.");
    /// assert_eq!(catalogue.text(item), "Twenty minutes, one pan.");
    /// ```
    pub fn describe(&mut self, text: &str) {
        let newest = self.segments.last_mut().and_then(|segment| Arc::make_mut(segment).texts.last_mut());
        *newest.expect("an item was published") = wording::plain(text, Self::TEXT_CHARS);
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

    /// What more there is to read; empty if there is nothing.
    #[must_use]
    pub fn text(&self, item: ItemId) -> &str {
        &self.segment(item).texts[item.index() % SEGMENT]
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

    #[test]
    fn words_are_capped_and_cleaned_where_they_enter() {
        let mut catalogue = Catalogue::new(Layout::default());
        let mut publish = |title: &str, text: &str| {
            let item = catalogue.push(CreatorId(0), (Tick(0), Catalogue::FOR_GOOD), title, &[], &[]);
            catalogue.describe(text);
            (catalogue.title(item).to_owned(), catalogue.text(item).to_owned())
        };
        let (title, text) = publish(&"é".repeat(50_000), &"x".repeat(100_000));
        assert_eq!((title.chars().count(), text.chars().count()), (200, 1_000));
        assert_eq!(publish("a\u{202e}b\u{1b}[2J", "c\r\nd"), ("ab[2J".into(), "c  d".into()));
        assert_eq!(publish("", ""), (String::new(), String::new()));
    }
}
