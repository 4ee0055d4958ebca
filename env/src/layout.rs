//! What the columns of a feature row mean: named blocks, so that a policy asks for `topic`, not for column 7.

use serde::{Deserialize, Serialize};

/// What one block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// `width` real numbers.
    Dense {
        /// How many numbers.
        width: usize,
    },
    /// One of `levels` categories, stored as its code; stands for a one-hot vector of that length.
    Category {
        /// How many categories.
        levels: u16,
    },
}

/// A named block of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The name a policy looks it up by.
    pub name: String,
    /// What it holds.
    pub kind: BlockKind,
    /// Smallest value; `-inf` if unbounded.
    #[serde(with = "unbounded_below")]
    pub low: f32,
    /// Largest value; `inf` if unbounded.
    #[serde(with = "unbounded_above")]
    pub high: f32,
    /// Meaning and unit, in a few words.
    pub meaning: String,
    /// What the levels of a category are called; empty if they have no names.
    #[serde(default)]
    pub labels: Vec<String>,
}

impl Block {
    /// A block of `width` real numbers in `low..=high`.
    #[must_use]
    pub fn dense(name: &str, width: usize, (low, high): (f32, f32), meaning: &str) -> Self {
        let (kind, labels) = (BlockKind::Dense { width }, Vec::new());
        Self { name: name.into(), kind, low, high, meaning: meaning.into(), labels }
    }

    /// One category out of `levels`.
    #[must_use]
    pub fn category(name: &str, levels: u16, meaning: &str) -> Self {
        let high = f32::from(levels.saturating_sub(1));
        Self {
            name: name.into(),
            kind: BlockKind::Category { levels },
            low: 0.0,
            high,
            meaning: meaning.into(),
            labels: Vec::new(),
        }
    }

    /// The same category with names for its levels.
    ///
    /// # Panics
    /// If there is not a name for each level.
    #[must_use]
    pub fn labelled(self, labels: Vec<String>) -> Self {
        let is_of_all =
            matches!(self.kind, BlockKind::Category { levels } if usize::from(levels) == labels.len());
        assert!(is_of_all, "{} names for `{}`", labels.len(), self.name);
        Self { labels, ..self }
    }
}

/// An infinite bound is saved as nothing: JSON has no infinity.
macro_rules! bound {
    ($name:ident, $infinity:expr) => {
        mod $name {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            pub(super) fn serialize<S: Serializer>(bound: &f32, to: S) -> Result<S::Ok, S::Error> {
                bound.is_finite().then_some(*bound).serialize(to)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
                Ok(Option::deserialize(from)?.unwrap_or($infinity))
            }
        }
    };
}

bound!(unbounded_below, f32::NEG_INFINITY);
bound!(unbounded_above, f32::INFINITY);

/// Where a block sits in a packed row. Handed out by [`Layout::find`]; cheap to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockAt {
    /// What the block holds.
    pub kind: BlockKind,
    /// First column: among the real numbers of a dense block, among the codes of a category.
    pub offset: usize,
}

impl BlockAt {
    /// Length of the vector this block stands for: a category counts as its one-hot.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self.kind {
            BlockKind::Dense { width } => width,
            BlockKind::Category { levels } => levels as usize,
        }
    }
}

/// An ordered list of blocks, packed: all real numbers of a row together, all codes together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Layout {
    blocks: Vec<Block>,
}

impl Layout {
    /// A layout of these blocks.
    #[must_use]
    pub fn new(blocks: Vec<Block>) -> Self {
        Self { blocks }
    }

    /// The blocks, in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Real numbers per row.
    #[must_use]
    pub fn dense_width(&self) -> usize {
        self.places().map(|(_, at)| if let BlockKind::Dense { width } = at.kind { width } else { 0 }).sum()
    }

    /// Category codes per row.
    #[must_use]
    pub fn code_width(&self) -> usize {
        self.places().filter(|(_, at)| matches!(at.kind, BlockKind::Category { .. })).count()
    }

    /// Where the block called `name` sits.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<BlockAt> {
        self.places().find(|(block, _)| block.name == name).map(|(_, at)| at)
    }

    /// Every block with its place.
    pub fn places(&self) -> impl Iterator<Item = (&Block, BlockAt)> {
        let (mut dense, mut codes) = (0, 0);
        self.blocks.iter().map(move |block| {
            let (counter, step) = match block.kind {
                BlockKind::Dense { width } => (&mut dense, width),
                BlockKind::Category { .. } => (&mut codes, 1),
            };
            let offset = *counter;
            *counter += step;
            (block, BlockAt { kind: block.kind, offset })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_and_codes_are_packed_apart() {
        let layout = Layout::new(vec![
            Block::dense("quality", 1, (0.0, 1.0), ""),
            Block::category("topic", 20, ""),
            Block::dense("text", 8, (-1.0, 1.0), ""),
            Block::category("framing", 3, ""),
        ]);
        assert_eq!((layout.dense_width(), layout.code_width()), (9, 2));
        assert_eq!(layout.find("text"), Some(BlockAt { kind: BlockKind::Dense { width: 8 }, offset: 1 }));
        assert_eq!(layout.find("framing").map(|at| (at.offset, at.length())), Some((1, 3)));
        assert_eq!(layout.find("title"), None);
    }
}
