//! Users in buckets: rows of one user fall into one bucket, and buckets are independent.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Buckets that users are hashed into where there are more of them.
pub const N_BUCKETS: usize = 1024;

/// A bijection of the 64-bit words after which close ids lie far apart.
///
/// # Source
/// The finaliser of SplitMix64: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators".
#[inline]
pub(crate) fn scatter(id: u64) -> u64 {
    let mut word = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The bucket of a user whose id was scattered to `word`.
#[inline]
fn hashed(word: u64) -> usize {
    (word >> 54) as usize
}

/// Which bucket a user's rows are summed in: one of their own up to [`N_BUCKETS`] users, a hashed one beyond.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Buckets {
    /// Users in the order in which they came.
    Own {
        users: Vec<u64>,
        #[serde(skip)]
        places: HashMap<u64, u32>,
    },
    Hashed,
}

/// How the buckets of one ledger become those of another.
pub(crate) enum Move {
    /// Bucket `b` becomes bucket `to[b]`.
    To(Vec<u32>),
    /// They are the same already.
    Stay,
}

impl Default for Buckets {
    fn default() -> Self {
        Self::Own { users: Vec::new(), places: HashMap::new() }
    }
}

impl Buckets {
    /// How many buckets can hold something.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own { users, .. } => users.len(),
            Self::Hashed => N_BUCKETS,
        }
    }

    /// Whether every user has one of their own.
    pub(crate) fn are_own(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// Finds the bucket of every user, whose ids were scattered to `words`. If they are too many for buckets of their own, says how those before must move.
    pub(crate) fn place(&mut self, of: &[u64], words: &[u64], out: &mut Vec<u32>) -> Move {
        out.clear();
        if let Self::Own { users, places } = self {
            let mut last = None;
            for &user in of {
                let place = match last {
                    Some((same, place)) if same == user => place,
                    _ => *places.entry(user).or_insert_with(|| {
                        users.push(user);
                        users.len() as u32 - 1
                    }),
                };
                last = Some((user, place));
                out.push(place);
                if users.len() > N_BUCKETS {
                    break;
                }
            }
            if users.len() <= N_BUCKETS {
                return Move::Stay;
            }
            let moved = self.collapse();
            self.place(of, words, out);
            return moved;
        }
        out.extend(words.iter().map(|word| hashed(*word) as u32));
        Move::Stay
    }

    /// Gives up the buckets of their own.
    fn collapse(&mut self) -> Move {
        match std::mem::replace(self, Self::Hashed) {
            Self::Own { users, .. } => {
                Move::To(users.iter().map(|user| hashed(scatter(*user)) as u32).collect())
            }
            Self::Hashed => Move::Stay,
        }
    }

    /// Takes in the buckets of another ledger: how mine must move first, then how theirs become mine.
    pub(crate) fn merge(&mut self, other: Self) -> (Move, Move) {
        let mut other = other;
        match &mut other {
            Self::Hashed => (self.collapse(), Move::Stay),
            Self::Own { users, .. } => {
                let mut to = Vec::new();
                let words: Vec<_> = users.iter().map(|user| scatter(*user)).collect();
                let mine = self.place(users, &words, &mut to);
                (mine, Move::To(to))
            }
        }
    }

    /// Finds the places of users again after reading.
    pub(crate) fn index(&mut self) {
        if let Self::Own { users, places } = self {
            *places = users.iter().copied().zip(0..).collect();
        }
    }
}

impl Move {
    /// Sums `[buckets, width]` after the move.
    pub(crate) fn apply(&self, sums: &mut Vec<f64>, width: usize) {
        if let Self::To(to) = self {
            let old = std::mem::take(sums);
            self.add(&old, to.iter().max().map_or(0, |top| *top as usize + 1), width, sums);
        }
    }

    /// Adds `[buckets, width]` of another ledger, of which at least `n` buckets are wanted here.
    pub(crate) fn add(&self, theirs: &[f64], n: usize, width: usize, mine: &mut Vec<f64>) {
        if mine.len() < n * width {
            mine.resize(n * width, 0.0);
        }
        for (bucket, sums) in theirs.chunks_exact(width.max(1)).enumerate() {
            let to = match self {
                Self::To(to) => to[bucket] as usize,
                Self::Stay => bucket,
            };
            if mine.len() < (to + 1) * width {
                mine.resize((to + 1) * width, 0.0);
            }
            mine[to * width..(to + 1) * width].iter_mut().zip(sums).for_each(|(to, from)| *to += from);
        }
    }
}

/// Bits of ids that are counted one by one: memory is not to grow with a log, and 32 KiB is little (chosen by us).
const DENSE_BITS: u32 = 18;
/// Registers of the sketch, as a power of two: a standard error of 1.04 / √2¹⁵ = .6 %.
const REGISTER_BITS: u32 = 15;

/// How many distinct users there are: exactly while ids are below 2²⁶ or few, else to 1 %.
///
/// # Source
/// Flajolet, Fusy, Gandouet & Meunier (2007), "HyperLogLog: the analysis of a near-optimal cardinality estimation
/// algorithm", for ids that are too large to count.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct UserCount {
    /// A bit for every small id; empty while there is none.
    dense: Vec<u64>,
    /// Longest run of zeros by register; empty while there is no large id.
    registers: Vec<u8>,
}

impl UserCount {
    /// Takes in a user, whose id was [scattered](scatter) to `word`.
    #[inline]
    pub(crate) fn add(&mut self, user: u64, word: u64) {
        if user >> DENSE_BITS == 0 {
            self.dense.resize(1 << (DENSE_BITS - 6), 0);
            self.dense[user as usize / 64] |= 1 << (user % 64);
        } else {
            self.registers.resize(1 << REGISTER_BITS, 0);
            let run = (word << REGISTER_BITS | 1 << (REGISTER_BITS - 1)).leading_zeros() as u8 + 1;
            let register = &mut self.registers[(word >> (64 - REGISTER_BITS)) as usize];
            *register = run.max(*register);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.dense.resize(self.dense.len().max(other.dense.len()), 0);
        self.registers.resize(self.registers.len().max(other.registers.len()), 0);
        for (mine, theirs) in self.dense.iter_mut().zip(&other.dense) {
            *mine |= theirs;
        }
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *mine = (*mine).max(*theirs);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        let dense: u64 = self.dense.iter().map(|word| u64::from(word.count_ones())).sum();
        dense + self.estimated()
    }

    fn estimated(&self) -> u64 {
        let m = self.registers.len() as f64;
        if m == 0.0 {
            return 0;
        }
        let empty = self.registers.iter().filter(|run| **run == 0).count() as f64;
        let harmonic: f64 = self.registers.iter().map(|run| (-f64::from(*run)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / harmonic;
        // Few users leave registers empty, which then tell more.
        let few = raw <= 2.5 * m && empty > 0.0;
        (if few { m * (m / empty).ln() } else { raw }).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(users: &[u64]) -> Vec<u64> {
        users.iter().map(|user| scatter(*user)).collect()
    }

    #[test]
    fn a_thousand_users_have_buckets_of_their_own_and_more_are_hashed() {
        let (mut buckets, mut out) = (Buckets::default(), Vec::new());
        let few: Vec<u64> = (0..1024).map(|user| user * 7).collect();
        assert!(matches!(buckets.place(&few, &words(&few), &mut out), Move::Stay));
        assert_eq!((out[5], buckets.len()), (5, 1024));
        let mut sums: Vec<f64> = (0..1024).map(f64::from).collect();
        let moved = buckets.place(&[1], &words(&[1]), &mut out);
        moved.apply(&mut sums, 1);
        assert_eq!((buckets.len(), sums.iter().sum::<f64>()), (1024, 1023.0 * 512.0));
        assert_eq!(out, [hashed(scatter(1)) as u32]);
        assert_eq!(sums[hashed(scatter(7 * 5))].fract(), 0.0);
    }

    #[test]
    fn buckets_of_two_ledgers_meet_by_user() {
        let (mut left, mut right, mut out) = (Buckets::default(), Buckets::default(), Vec::new());
        left.place(&[10, 20], &words(&[10, 20]), &mut out);
        right.place(&[20, 30], &words(&[20, 30]), &mut out);
        let (mine, theirs) = left.merge(right);
        let mut sums = vec![1.0, 2.0];
        mine.apply(&mut sums, 1);
        theirs.add(&[5.0, 7.0], left.len(), 1, &mut sums);
        assert_eq!(sums, [1.0, 7.0, 7.0]);
    }

    #[test]
    fn users_are_counted_exactly_where_ids_are_small_and_nearly_where_they_are_large() {
        let (mut small, mut large) = (UserCount::default(), UserCount::default());
        (0..200_000).map(|user| user * 3 % 150_000).for_each(|user| small.add(user, scatter(user)));
        assert_eq!(small.count(), 50_000);
        let ids = (0..300_000).map(|user: u64| (user % 150_000) << 30 | 1 << 60);
        ids.for_each(|user| large.add(user, scatter(user)));
        let n = large.count() as f64;
        // Four standard errors of .6 %.
        assert!((n / 150_000.0 - 1.0).abs() < 0.024, "{n}");
        small.merge(&large);
        assert_eq!(small.count() as f64, 50_000.0 + n);
    }
}
