//! The slate of the greatest value, where users take at most one item of it.

use serde::{Deserialize, Serialize};

/// How a slate is put together: it makes `V(A) = Σ_{i∈A} w_i s_i / (w_0 + Σ_{i∈A} w_i)` large, where `w_i` is how readily
/// item i is taken, `w_0` how readily none is, and `s_i` what is gained when i is taken.
///
/// # Source
/// Ie, Jain, Wang, Narvekar, Agarwal, Wu, Cheng, Chandra, Boutilier (2019), "SlateQ: a tractable decomposition for
/// reinforcement learning with recommendation sets", for all three; Dinkelbach (1967), "On nonlinear fractional
/// programming", for the exact one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlateOptimiser {
    /// The K largest `w_i s_i`: what each item would add if none took from another.
    TopK,
    /// One item after another, each the one with which the slate is worth most.
    Greedy,
    /// The best of all slates: the K largest `w_i (s_i − λ)`, where λ is the value of that very slate.
    #[default]
    Exact,
}

/// What there is to make a slate of.
///
/// # Shapes and units
/// - `weight`, `gain`: `[C]`, C at least as large as a slate; weights zero or more, in the unit of `none`, of which some
///   weight must be above zero; gains in any unit
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choices<'a> {
    pub(crate) weight: &'a [f64],
    pub(crate) gain: &'a [f64],
    pub(crate) none: f64,
}

impl Choices<'_> {
    /// V of a slate.
    pub(crate) fn value(&self, slate: &[usize]) -> f64 {
        let (gain, weight) = slate.iter().fold((0.0, self.none), |(gain, weight), i| {
            (gain + self.weight[*i] * self.gain[*i], weight + self.weight[*i])
        });
        // A slate that nobody would ever leave or take is worth nothing.
        gain / weight.max(f64::MIN_POSITIVE)
    }

    /// What item i adds to a slate whose value is λ, but for a common factor.
    fn surplus(&self, i: usize, lambda: f64) -> f64 {
        self.weight[i] * (self.gain[i] - lambda)
    }

    fn top(&self, k: usize, score: impl Fn(usize) -> f64) -> Vec<usize> {
        let scores: Vec<f64> = (0..self.weight.len()).map(score).collect();
        let mut places: Vec<usize> = (0..scores.len()).collect();
        // Stable: equals fall to the lower place.
        places.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        places.truncate(k);
        places
    }

    fn greedy(&self, k: usize) -> Vec<usize> {
        let mut slate = Vec::with_capacity(k);
        while slate.len() < k {
            let with = |i: usize| self.value(&[&slate[..], &[i]].concat());
            let left = (0..self.weight.len()).filter(|i| !slate.contains(i)).map(|i| (with(i), i));
            let better = |best: (f64, usize), next: (f64, usize)| if next.0 > best.0 { next } else { best };
            let Some((_, next)) = left.reduce(better) else { break };
            slate.push(next);
        }
        slate
    }

    /// λ only ever grows, and there are finitely many slates: it ends, after three or four rounds as a rule.
    fn exact(&self, k: usize) -> Vec<usize> {
        let mut slate = self.top(k, |i| self.weight[i]);
        loop {
            let lambda = self.value(&slate);
            let next = self.top(k, |i| self.surplus(i, lambda));
            if self.value(&next) <= lambda {
                return next;
            }
            slate = next;
        }
    }
}

impl SlateOptimiser {
    /// The places of the slate of K, or of all where there are fewer, best first.
    pub(crate) fn slate(self, choices: Choices<'_>, k: usize) -> Vec<usize> {
        match self {
            Self::TopK => choices.top(k, |i| choices.surplus(i, 0.0)),
            Self::Greedy => choices.greedy(k),
            Self::Exact => choices.exact(k),
        }
    }

    /// Scores `[C]` of which the K largest are [the slate](Self::slate).
    ///
    /// - top-k: `p_i s_i`; exact: `p_i (s_i − λ)`: both in the unit of the gains, with `p_i` the probability that i is taken
    ///   where all candidates are shown together
    /// - greedy: K for the first item of the slate, 1 for the last, 0 for the others
    pub(crate) fn scores(self, choices: Choices<'_>, k: usize, out: &mut [f32]) {
        let slate = self.slate(choices, k);
        if self != Self::Greedy {
            let lambda = if self == Self::Exact { choices.value(&slate) } else { 0.0 };
            let total = choices.none + choices.weight.iter().sum::<f64>();
            let surplus = |i| (choices.surplus(i, lambda) / total) as f32;
            return out.iter_mut().enumerate().for_each(|(i, score)| *score = surplus(i));
        }
        out.fill(0.0);
        slate.iter().rev().enumerate().for_each(|(below, i)| out[*i] = below as f32 + 1.0);
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    const ALL: [SlateOptimiser; 3] = [SlateOptimiser::TopK, SlateOptimiser::Greedy, SlateOptimiser::Exact];

    /// The value of the best slate of all.
    fn enumerated(choices: Choices<'_>, k: usize) -> f64 {
        let n = choices.weight.len();
        let slates = (0_u32..1 << n).filter(|set| set.count_ones() as usize == k);
        let value = |set: u32| choices.value(&(0..n).filter(|i| set >> i & 1 == 1).collect::<Vec<_>>());
        slates.map(value).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn each_makes_the_slate_one_would_by_hand() {
        // Taken alone: 2·1/3, 1·1.5/2, 8·.5/9. The first two: 3.5/4; the first and last: 6/11; the others: 5.5/10.
        let choices = Choices { weight: &[2.0, 1.0, 8.0], gain: &[1.0, 1.5, 0.5], none: 1.0 };
        assert_eq!(SlateOptimiser::TopK.slate(choices, 2), [2, 0]);
        assert_eq!(SlateOptimiser::Greedy.slate(choices, 2), [1, 0]);
        // λ = .875: surpluses 2·.125, .625, −3.
        assert_eq!(SlateOptimiser::Exact.slate(choices, 2), [1, 0]);
        let mut scores = [0.0; 3];
        SlateOptimiser::Exact.scores(choices, 2, &mut scores);
        assert_eq!(scores, [0.25 / 12.0, 0.625 / 12.0, -0.25]);
        SlateOptimiser::TopK.scores(choices, 2, &mut scores);
        assert_eq!(scores, [2.0 / 12.0, 1.5 / 12.0, 4.0 / 12.0]);
        SlateOptimiser::Greedy.scores(choices, 2, &mut scores);
        assert_eq!(scores, [1.0, 2.0, 0.0]);
    }

    #[test]
    fn the_exact_slate_is_the_best_of_all() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for case in 0..400 {
            let n = rng.random_range(1..9);
            let k = rng.random_range(1..=n);
            let weight: Vec<f64> = (0..n).map(|_| rng.random_range(-4.0_f64..4.0).exp()).collect();
            // A quarter of the cases has gains of both signs, a quarter none above zero: K are shown all the same.
            let low = [0.0, 0.0, -1.0, -2.0][case % 4];
            let gain: Vec<f64> = (0..n).map(|_| low + rng.random_range(0.0..2.0)).collect();
            let choices = Choices { weight: &weight, gain: &gain, none: f64::from(case as u32 % 3) };
            let best = enumerated(choices, k);
            let found = ALL.map(|optimiser| choices.value(&optimiser.slate(choices, k)));
            assert!((found[2] - best).abs() <= 1e-12 * best.abs().max(1.0), "{case}: {found:?} {best}");
            assert!(found.iter().all(|found| *found <= best + 1e-12), "{case}: {found:?} {best}");
        }
    }

    #[test]
    fn the_largest_scores_are_the_slate() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        for case in 0..200 {
            let weight: Vec<f64> = (0..7).map(|_| rng.random_range(0.1..2.0)).collect();
            let gain: Vec<f64> = (0..7).map(|_| rng.random_range(-1.0..1.0)).collect();
            let choices = Choices { weight: &weight, gain: &gain, none: 1.0 };
            for optimiser in ALL {
                let (slate, mut scores) = (optimiser.slate(choices, 3), [0.0; 7]);
                optimiser.scores(choices, 3, &mut scores);
                let mut places: Vec<usize> = (0..7).collect();
                places.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
                assert_eq!(places[..3], slate, "{case} {optimiser:?}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_where_numbers_run_out() {
        let choices = Choices { weight: &[0.0, 1.0, 0.0], gain: &[1.0, -1.0, 2.0], none: 0.0 };
        for optimiser in ALL {
            let mut scores = [f32::NAN; 3];
            optimiser.scores(choices, 2, &mut scores);
            assert!(scores.iter().all(|score| score.is_finite()), "{optimiser:?} {scores:?}");
            assert_eq!(optimiser.slate(choices, 5).len(), 3);
        }
    }
}
