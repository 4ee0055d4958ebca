//! Users in buckets: rows of one user fall into one bucket, and buckets are independent.

use std::collections::{BTreeSet, HashMap};

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

#[inline]
fn hashed(user: u64) -> usize {
    // The high bits: the low ones choose folds of a model.
    (scatter(user) >> 54) as usize
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

    /// Finds the bucket of every user. If they are too many for buckets of their own, says how those before must move.
    pub(crate) fn place(&mut self, of: &[u64], out: &mut Vec<u32>) -> Move {
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
            self.place(of, out);
            return moved;
        }
        out.extend(of.iter().map(|user| hashed(*user) as u32));
        Move::Stay
    }

    /// Gives up the buckets of their own.
    fn collapse(&mut self) -> Move {
        match std::mem::replace(self, Self::Hashed) {
            Self::Own { users, .. } => Move::To(users.iter().map(|user| hashed(*user) as u32).collect()),
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
                let mine = self.place(users, &mut to);
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

/// Bits of ids that are counted one by one: memory is not to grow with a log, and 32 KiB is little (chosen by us, as is the
/// next).
const DENSE_BITS: u32 = 18;
/// Ids in a page.
const PAGE: usize = 1 << 16;
/// Larger ids that are kept as they are.
const FEW: usize = 1 << 12;
/// Registers of the sketch, as a power of two: a standard error of 1.04 / √2¹⁵ = .6 %.
const REGISTER_BITS: u32 = 15;

/// How many distinct users there are: exactly while ids are below 2²⁶ or few, else to 1 %.
///
/// # Source
/// Flajolet, Fusy, Gandouet & Meunier (2007), "HyperLogLog: the analysis of a near-optimal cardinality estimation
/// algorithm", for ids that are too large to count.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct UserCount {
    /// A bit for every small id, in pages; a page nobody is on is empty.
    pages: Vec<Vec<u64>>,
    /// Large ids, while they are few.
    large: BTreeSet<u64>,
    /// Longest run of zeros by register; empty while large ids are few.
    registers: Vec<u8>,
}

impl UserCount {
    pub(crate) fn add(&mut self, users: impl Iterator<Item = u64>) {
        let mut last = None;
        for user in users {
            if last.replace(user) != Some(user) {
                self.one(user);
            }
        }
    }

    #[inline]
    pub(crate) fn one(&mut self, user: u64) {
        if user >> DENSE_BITS == 0 {
            let (page, at) = (user as usize / PAGE, user as usize % PAGE);
            if self.pages.len() <= page {
                self.pages.resize_with(page + 1, Vec::new);
            }
            if self.pages[page].is_empty() {
                self.pages[page].resize(PAGE / 64, 0);
            }
            self.pages[page][at / 64] |= 1 << (at % 64);
        } else if self.registers.is_empty() {
            self.large.insert(user);
            if self.large.len() > FEW {
                self.give_up_counting();
            }
        } else {
            self.register(user);
        }
    }

    fn give_up_counting(&mut self) {
        self.registers.resize(1 << REGISTER_BITS, 0);
        std::mem::take(&mut self.large).into_iter().for_each(|user| self.register(user));
    }

    fn register(&mut self, user: u64) {
        let word = scatter(user);
        let run = (word << REGISTER_BITS | 1 << (REGISTER_BITS - 1)).leading_zeros() as u8 + 1;
        let register = &mut self.registers[(word >> (64 - REGISTER_BITS)) as usize];
        *register = run.max(*register);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.pages.resize_with(self.pages.len().max(other.pages.len()), Vec::new);
        for (mine, theirs) in self.pages.iter_mut().zip(&other.pages) {
            mine.resize(mine.len().max(theirs.len()), 0);
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine |= theirs);
        }
        if self.registers.is_empty() && !other.registers.is_empty() {
            self.give_up_counting();
        }
        other.large.iter().for_each(|user| self.one(*user));
        self.registers
            .iter_mut()
            .zip(&other.registers)
            .for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
    }

    pub(crate) fn count(&self) -> u64 {
        let dense: u64 = self.pages.iter().flatten().map(|word| u64::from(word.count_ones())).sum();
        dense + self.large.len() as u64 + self.estimated()
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

    #[test]
    fn a_thousand_users_have_buckets_of_their_own_and_more_are_hashed() {
        let (mut buckets, mut out) = (Buckets::default(), Vec::new());
        let few: Vec<u64> = (0..1024).map(|user| user * 7).collect();
        assert!(matches!(buckets.place(&few, &mut out), Move::Stay));
        assert_eq!((out[5], buckets.len()), (5, 1024));
        let mut sums: Vec<f64> = (0..1024).map(f64::from).collect();
        let moved = buckets.place(&[1], &mut out);
        moved.apply(&mut sums, 1);
        assert_eq!((buckets.len(), sums.iter().sum::<f64>()), (1024, 1023.0 * 512.0));
        assert_eq!(out, [hashed(1) as u32]);
        assert_eq!(sums[hashed(7 * 5)].fract(), 0.0);
    }

    #[test]
    fn buckets_of_two_ledgers_meet_by_user() {
        let (mut left, mut right, mut out) = (Buckets::default(), Buckets::default(), Vec::new());
        left.place(&[10, 20], &mut out);
        right.place(&[20, 30], &mut out);
        let (mine, theirs) = left.merge(right);
        let mut sums = vec![1.0, 2.0];
        mine.apply(&mut sums, 1);
        theirs.add(&[5.0, 7.0], left.len(), 1, &mut sums);
        assert_eq!(sums, [1.0, 7.0, 7.0]);
    }

    #[test]
    fn users_are_counted_exactly_where_ids_are_small_and_nearly_where_they_are_large() {
        let (mut small, mut large) = (UserCount::default(), UserCount::default());
        small.add((0..200_000).map(|user| user * 3 % 150_000));
        assert_eq!(small.count(), 50_000);
        large.add((0..300_000).map(|user: u64| (user % 150_000) << 30 | 1 << 60));
        let n = large.count() as f64;
        // Four standard errors of .6 %.
        assert!((n / 150_000.0 - 1.0).abs() < 0.024, "{n}");
        small.merge(&large);
        assert_eq!(small.count() as f64, 50_000.0 + n);
    }
}
