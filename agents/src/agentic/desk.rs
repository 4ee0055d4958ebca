//! What a tool works on, and how a use of it is written down.

use recloop_env::{BlockAt, BlockKind, ItemId, Observation};

use crate::scorer::NOT_RETRIEVED;

/// One use of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which tool, by its name.
    pub tool: String,
    /// How strongly, in spreads of the row's scores; below 0 is away from.
    pub weight: f32,
    /// A topic, for tools that work on one.
    pub topic: Option<u16>,
    /// Words, for tools that read.
    pub words: String,
}

impl Call {
    /// A use of a tool that needs no more than a weight.
    #[must_use]
    pub fn of(tool: &str, weight: f32) -> Self {
        Self { tool: tool.into(), weight, topic: None, words: String::new() }
    }
}

/// One row's candidates and what each is worth so far.
///
/// A tool adds to what items are worth; what may not be shown, or was not retrieved, it does not meet.
pub struct Desk<'a> {
    pub(super) seen: &'a Observation,
    pub(super) row: usize,
    pub(super) scores: &'a mut [f32],
    /// Standard deviation of the scores at first, 1 if they are all equal.
    pub(super) spread: f32,
}

impl<'a> Desk<'a> {
    /// What the recommender sees.
    #[must_use]
    pub fn seen(&self) -> &'a Observation {
        self.seen
    }

    /// Whose slate it is.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// A block of the items, if they have it and it holds categories.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<BlockAt> {
        self.block(name).filter(|block| matches!(block.kind, BlockKind::Category { .. }))
    }

    /// A block of the items, if they have it and it holds numbers.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Option<BlockAt> {
        self.block(name).filter(|block| matches!(block.kind, BlockKind::Dense { .. }))
    }

    fn block(&self, name: &str) -> Option<BlockAt> {
        self.seen.items.layout().find(name)
    }

    /// The code of an item.
    #[must_use]
    pub fn code(&self, block: BlockAt, item: ItemId) -> u16 {
        self.seen.items.code(block, self.row, item)
    }

    /// The numbers of an item.
    #[must_use]
    pub fn dense(&self, block: BlockAt, item: ItemId) -> &'a [f32] {
        self.seen.items.dense(block, self.row, item)
    }

    /// What an item is called; nothing where items do not last.
    #[must_use]
    pub fn title(&self, item: ItemId) -> &'a str {
        self.seen.items.catalogue().map_or("", |catalogue| catalogue.title(item))
    }

    /// Items met lately, oldest first, with whether they were clicked; none where items do not last.
    pub fn past(&self) -> impl Iterator<Item = (ItemId, bool)> + use<'a> {
        let lasts = self.seen.items.is_durable();
        self.seen.row(self.row).history().filter(move |_| lasts)
    }

    /// What may be shown, with what it is worth so far.
    pub fn items(&self) -> impl Iterator<Item = (ItemId, f32)> {
        let listed = self.seen.candidates.listed(self.row).iter().copied();
        listed.zip(self.scores.iter().copied()).filter(|(_, score)| *score > NOT_RETRIEVED)
    }

    /// Adds `weight · spread · amount(item)` to what every item is worth; tells to how many that was not nothing.
    pub fn lean(&mut self, weight: f32, amount: impl Fn(ItemId) -> f32) -> usize {
        let (listed, mut n) = (self.seen.candidates.listed(self.row), 0);
        let open = self.scores.iter_mut().zip(listed).filter(|(score, _)| **score > NOT_RETRIEVED);
        for (score, item) in open {
            let more = weight * self.spread * amount(*item);
            if more.is_finite() && more != 0.0 {
                *score = (*score + more).clamp(NOT_RETRIEVED / 2.0, -NOT_RETRIEVED / 2.0);
                n += 1;
            }
        }
        n
    }
}
