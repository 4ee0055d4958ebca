//! A generator face on a named stream, for the distributions of `rand_distr`.

use std::convert::Infallible;

use rand::TryRng;

use super::philox4x32;

/// The draws of one *(purpose, entity, tick)*, one word after another.
///
/// It is an [`rand::Rng`], so every distribution of `rand_distr` works on it. Two `Draws` of one name give the
/// same words: make it where it is used, never store it.
#[derive(Debug)]
pub struct Draws {
    key: [u32; 2],
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
}

impl Draws {
    #[inline]
    pub(super) fn new(key: [u32; 2], tick: u32, entity: u32, purpose: u32) -> Self {
        Self { key, counter: [0, tick, entity, purpose], words: [0; 4], used: 4 }
    }

    /// The `nth` of the stream's parts, far enough apart that no draw reaches into the next: for things of one name that are
    /// made one after another.
    #[must_use]
    pub fn part(mut self, nth: u16) -> Self {
        (self.counter[0], self.used) = (u32::from(nth) << 16, 4);
        self
    }

    /// The next word.
    #[inline]
    pub fn word(&mut self) -> u32 {
        if self.used == 4 {
            self.words = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    /// The next number in [0, 1), with 24 bits.
    #[inline]
    pub fn unit(&mut self) -> f32 {
        super::unit_f32(self.word())
    }
}

impl TryRng for Draws {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.word());
        Ok((u64::from(self.word()) << 32) | low)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use crate::{Streams, Tick, UserId, purpose};

    #[test]
    fn draws_walk_through_the_blocks_of_their_name() {
        let rng = Streams::new(1);
        let mut draws = rng.at(purpose::CHOICE, UserId(2), Tick(3));
        for draw in 0..3 {
            for word in rng.block(purpose::CHOICE, UserId(2), Tick(3), draw) {
                assert_eq!(draws.next_u32(), word);
            }
        }
    }
}
