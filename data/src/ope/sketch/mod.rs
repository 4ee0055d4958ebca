//! How weights are distributed, in constant memory.

mod tail;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Shrink;
pub use tail::tail_index;

/// Bits of the mantissa that choose a bin: 64 bins an octave, .8 to 1.6 % wide (chosen by us).
const MANTISSA: u32 = 6;
/// The smallest power of two with bins of its own; what is smaller shares one (chosen by us, as are the next two).
const SMALLEST: u64 = 1023 - 20;
/// The largest one.
const LARGEST: u64 = 1023 + 30;
/// The largest weights are kept as they are, this many of them.
const KEPT: usize = 4_096;
const BINS: usize = ((LARGEST + 1 - SMALLEST) << MANTISSA) as usize;
/// What a bin's number is to be raised by to be the leading bits of its weights.
const FIRST: u64 = SMALLEST << MANTISSA;
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA;
/// Bins of the histogram that is shown: half an octave each.
const SHOWN: usize = 1 << (MANTISSA - 1);

/// Weights between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WeightBin {
    /// From here.
    pub from: f64,
    /// To here, exclusively.
    pub to: f64,
    /// How many.
    pub count: u64,
}

/// Moments of weights.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Σ w.
    pub sum: f64,
    /// Σ w².
    pub squares: f64,
    /// The largest, in size.
    pub largest: f64,
}

/// What is remembered of a column of weights: moments, a histogram on a logarithmic scale, and the 4,096 largest.
///
/// Weights may be negative (those of the pseudo-inverse are); histogram, largest and tail then speak of their size. Sketches
/// of parts merge into that of the whole: exactly, but for the order in which Σ w and Σ w² are added.
///
/// # Numerics
/// Moments and the largest 4,096 are exact. What is read from the histogram takes every weight for the middle of its bin,
/// at most .8 % off; weights below 2⁻²⁰ count as zero, those of 2³¹ and above share its last bin.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct WeightSketch {
    moments: Moments,
    zeros: u64,
    counts: Vec<u64>,
    /// Among them the 4,096 largest; no larger one than `floor` is missing.
    large: Vec<f64>,
    floor: f64,
}

impl Default for WeightSketch {
    fn default() -> Self {
        let counts = vec![0; BINS];
        Self { moments: Moments::default(), zeros: 0, counts, large: Vec::new(), floor: 0.0 }
    }
}

impl WeightSketch {
    /// Takes weights in.
    pub fn add(&mut self, weights: &[f64]) {
        // Four sums at a time: one would wait for its own last addition.
        let (mut sums, mut squares, mut largest) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        let mut lanes = weights.chunks_exact(4);
        for four in &mut lanes {
            for lane in 0..4 {
                let w = four[lane];
                sums[lane] += w;
                squares[lane] += w * w;
                largest[lane] = f64::max(largest[lane], w.abs());
            }
        }
        for (lane, w) in lanes.remainder().iter().enumerate() {
            sums[lane] += w;
            squares[lane] += w * w;
            largest[lane] = f64::max(largest[lane], w.abs());
        }
        let part = Moments {
            n: weights.len() as u64,
            sum: sums.iter().sum(),
            squares: squares.iter().sum(),
            largest: largest.into_iter().fold(0.0, f64::max),
        };
        self.moments.add(&part);
        self.place(weights);
    }

    fn place(&mut self, weights: &[f64]) {
        let Some(counts) = self.counts.first_chunk_mut::<BINS>() else { return };
        for w in weights {
            let size = w.abs();
            self.zeros += u64::from(size == 0.0);
            counts[bin(size)] += 1;
            if size > self.floor {
                self.large.push(size);
                if self.large.len() >= 2 * KEPT {
                    self.floor = cut(&mut self.large);
                }
            }
        }
    }

    /// Takes in the sketch of another part.
    pub fn merge(&mut self, other: &Self) {
        self.moments.add(&other.moments);
        self.zeros += other.zeros;
        self.counts.iter_mut().zip(&other.counts).for_each(|(here, there)| *here += there);
        self.large.extend_from_slice(&other.large);
        self.floor = self.floor.max(other.floor);
        if self.large.len() > KEPT {
            self.floor = self.floor.max(cut(&mut self.large));
        }
    }

    /// Exact moments.
    #[must_use]
    pub fn moments(&self) -> Moments {
        self.moments
    }

    /// Moments of what `shrink` makes of the weights, read from the histogram.
    #[must_use]
    pub fn shrunk(&self, shrink: Shrink) -> Moments {
        if shrink == Shrink::Not {
            return self.moments;
        }
        let mut moments = Moments { n: self.moments.n, ..Moments::default() };
        for (middle, count) in self.bins() {
            let w = shrink.of(middle);
            moments.sum += count as f64 * w;
            moments.squares += count as f64 * w * w;
            moments.largest = moments.largest.max(w);
        }
        moments
    }

    /// The share of Σ w that the largest `share` of the weights has; exact for up to 4,096 of them.
    #[must_use]
    pub fn top_share(&self, share: f64) -> f64 {
        let n = (share * self.moments.n as f64).ceil() as u64;
        let large = self.large();
        if n <= large.len() as u64 {
            return large[..n as usize].iter().sum::<f64>() / self.moments.sum;
        }
        let (mut left, mut sum) = (n, 0.0);
        for (middle, count) in self.bins().rev() {
            let taken = left.min(count);
            sum += taken as f64 * middle;
            left -= taken;
        }
        sum / self.moments.sum
    }

    /// The tail index k of the weights, of which moments of order 1/k and above are infinite; `None` where the log says
    /// nothing of a tail.
    ///
    /// See [`tail_index`] for how it is fitted.
    #[must_use]
    pub fn tail_index(&self) -> Option<f64> {
        tail_index(&self.large(), self.moments.n)
    }

    /// How many weights are zero.
    #[must_use]
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// How many weights there are between powers of √2, zeros left out.
    #[must_use]
    pub fn histogram(&self) -> Vec<WeightBin> {
        let edge = |shown: usize| lower_edge(shown * SHOWN);
        let bins = self.counts.chunks(SHOWN).enumerate().map(|(shown, counts)| WeightBin {
            from: if shown == 0 { 0.0 } else { edge(shown) },
            to: if (shown + 1) * SHOWN == BINS { f64::INFINITY } else { edge(shown + 1) },
            count: counts.iter().sum::<u64>() - if shown == 0 { self.zeros } else { 0 },
        });
        let bins: Vec<_> = bins.collect();
        let some = |bin: &WeightBin| bin.count > 0;
        let (first, last) = (bins.iter().position(some), bins.iter().rposition(some));
        first.zip(last).map_or_else(Vec::new, |(first, last)| bins[first..=last].to_vec())
    }

    /// Middles of bins and how many weights are in each, ascending. The first holds what counts as zero.
    fn bins(&self) -> impl DoubleEndedIterator<Item = (f64, u64)> + '_ {
        self.counts.iter().enumerate().map(|(bin, count)| {
            let middle = if bin == 0 { 0.0 } else { f64::midpoint(lower_edge(bin), lower_edge(bin + 1)) };
            (middle.min(self.moments.largest), *count)
        })
    }

    /// The largest, descending.
    fn large(&self) -> Vec<f64> {
        let mut large = self.large.clone();
        large.sort_unstable_by(|left, right| right.total_cmp(left));
        large.truncate(KEPT);
        large
    }
}

impl Moments {
    fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
        self.largest = self.largest.max(other.largest);
    }

    /// The mean weight.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }

    /// (Σ w)² / Σ w²: how many rows of equal weight would tell as much.
    #[must_use]
    pub fn effective_sample_size(&self) -> f64 {
        self.sum * self.sum / self.squares
    }
}

/// The bin of a weight: its exponent and the first bits of its mantissa.
#[inline]
fn bin(size: f64) -> usize {
    ((size.to_bits() >> SHIFT).saturating_sub(FIRST) as usize).min(BINS - 1)
}

/// The smallest weight of a bin.
fn lower_edge(bin: usize) -> f64 {
    f64::from_bits((bin as u64 + FIRST) << SHIFT)
}

/// Leaves the largest and says how large the smallest of them is.
fn cut(large: &mut Vec<f64>) -> f64 {
    let (_, floor, _) = large.select_nth_unstable_by(KEPT - 1, |left, right| right.total_cmp(left));
    let floor = *floor;
    large.truncate(KEPT);
    floor
}

/// As it is written: counts as *(bin, count)*, the largest in order, so that the same weights make the same bytes.
#[derive(Serialize, Deserialize)]
struct Kept {
    moments: Moments,
    zeros: u64,
    counts: Vec<(u32, u64)>,
    large: Vec<f64>,
    floor: f64,
}

impl From<WeightSketch> for Kept {
    fn from(sketch: WeightSketch) -> Self {
        let counts = (0..).zip(&sketch.counts).filter(|(_, count)| **count > 0);
        let counts = counts.map(|(bin, count)| (bin, *count)).collect();
        let (large, moments) = (sketch.large(), sketch.moments);
        // What a sketch of the same weights in another order would have dropped already.
        let floor = if large.len() == KEPT { large[KEPT - 1] } else { 0.0 };
        Self { moments, zeros: sketch.zeros, counts, large, floor }
    }
}

impl TryFrom<Kept> for WeightSketch {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let Kept { moments, zeros, counts: some, large, floor } = kept;
        let mut counts = vec![0; BINS];
        for (bin, count) in some {
            *counts.get_mut(bin as usize).ok_or("a histogram of weights has too many bins")? = count;
        }
        Ok(Self { moments, zeros, counts, large, floor })
    }
}
