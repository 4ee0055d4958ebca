//! Randomness as a function: a draw is named by *(seed, purpose, entity, tick, draw)* and has no state.
//!
//! Nothing here remembers anything, so a snapshot holds no generator, threads cannot reorder luck, and two
//! policies run on one seed meet the same people with the same luck. Start at [`Streams::at`].

mod draws;
mod philox;
pub mod purpose;

pub use draws::Draws;
pub use philox::philox4x32;
pub use purpose::Purpose;

use crate::{Entity, ItemId, Tick};

/// All the randomness of one run: a 64-bit seed.
///
/// # Source
/// Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3" (Philox4x32-10).
///
/// ```
/// use recloop_env::{Streams, Tick, UserId, purpose};
/// use rand::Rng;
/// let rng = Streams::new(7);
/// let once = rng.at(purpose::USER_INIT, UserId(3), Tick(0)).next_u32();
/// let again = rng.at(purpose::USER_INIT, UserId(3), Tick(0)).next_u32();
/// assert_eq!(once, again);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    key: [u32; 2],
}

impl Streams {
    /// The streams of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// The seed these streams came from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        ((self.key[1] as u64) << 32) | self.key[0] as u64
    }

    /// As many draws as wanted for one entity at one tick, in order.
    #[must_use]
    #[inline]
    pub fn at<E: Entity>(&self, purpose: Purpose<E>, entity: E, tick: Tick) -> Draws {
        Draws::new(self.key, tick.0, entity.word(), purpose.code())
    }

    /// The one 32-bit word that belongs to `item` in the eyes of `entity` at `tick`.
    ///
    /// Four neighbouring items share a cipher block. The word depends on the item, never on where it is shown.
    #[must_use]
    #[inline]
    pub fn item_word<E: Entity>(&self, purpose: Purpose<E>, entity: E, tick: Tick, item: ItemId) -> u32 {
        self.block(purpose, entity, tick, item.0 >> 2)[(item.0 & 3) as usize]
    }

    /// Fills `out[i]` with [`Streams::item_word`] of `items[i]`, ciphering each run of neighbours once.
    #[inline]
    pub fn item_words<E: Entity>(
        &self,
        purpose: Purpose<E>,
        entity: E,
        tick: Tick,
        items: &[ItemId],
        out: &mut [u32],
    ) {
        let (mut block, mut words) = (u32::MAX, [0; 4]);
        for (item, word) in items.iter().zip(out) {
            if item.0 >> 2 != block {
                block = item.0 >> 2;
                words = self.block(purpose, entity, tick, block);
            }
            *word = words[(item.0 & 3) as usize];
        }
    }

    /// One cipher block: four words named by `draw`.
    #[must_use]
    #[inline]
    pub fn block<E: Entity>(&self, purpose: Purpose<E>, entity: E, tick: Tick, draw: u32) -> [u32; 4] {
        philox4x32([draw, tick.0, entity.word(), purpose.code()], self.key)
    }
}

/// A word as a number in the open unit interval: (w + ½) / 2³².
#[must_use]
#[inline]
pub fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// A word as a number in [0, 1) with the 24 bits an `f32` can hold.
#[must_use]
#[inline]
pub fn unit_f32(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A word as an integer in `0..n` (multiply-shift; the bias is below n/2³²).
#[must_use]
#[inline]
pub fn below(word: u32, n: u32) -> u32 {
    ((u64::from(word) * u64::from(n)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;

    #[test]
    fn item_words_are_item_word_in_any_order() {
        let rng = Streams::new(0x0123_4567_89ab_cdef);
        let items = [9, 1, 2, 3, 8, 1].map(ItemId);
        let mut words = [0; 6];
        rng.item_words(purpose::CHOICE, UserId(5), Tick(2), &items, &mut words);
        for (item, word) in items.iter().zip(words) {
            assert_eq!(word, rng.item_word(purpose::CHOICE, UserId(5), Tick(2), *item));
        }
        assert_eq!(rng.seed(), 0x0123_4567_89ab_cdef);
    }

    #[test]
    fn words_become_numbers_inside_their_bounds() {
        assert!(unit(0) > 0.0 && unit(u32::MAX) < 1.0);
        assert_eq!(unit_f32(0), 0.0);
        assert!(unit_f32(u32::MAX) < 1.0);
        assert_eq!((below(0, 20), below(u32::MAX, 20), below(1 << 31, 20)), (0, 19, 10));
    }
}
