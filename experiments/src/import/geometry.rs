//! From fitted vectors to the ⟨x, z⟩ of a feed world.

use recloop_agents::factorise::ImplicitFactors;
use recloop_env::{Grid, Topics};
use serde::{Deserialize, Serialize};

/// What ⟨x, z⟩ varies by over pairs of a person and any item, as in `feed-v0`.
const PAIR_SD: f64 = 0.2;
/// No item is longer than this (chosen by us): the few that everybody rated would otherwise make up all the spread.
const LONGEST: f64 = 1.5;
/// Vectors shorter than this say nothing: their row was never fitted to anything.
const FAINT: f64 = 1e-6;
/// How many people the best match is measured on, evenly spread over all.
const N_SAMPLED: usize = 128;

/// How fitted vectors were made into vectors whose product plays the part of ⟨interest, topic vector⟩ in `feed-v0`.
///
/// A person's `x` is the *direction* of their taste: in a feed world interests have length 1. Items are centred (`z −
/// z̄`), so that the average person likes nothing above all else, then multiplied by one `scale`, such that ⟨x, z⟩ has
/// standard deviation .2 over all pairs; whichever item is then longer than 1.5 is shortened to it; and items are
/// centred again, which may lengthen some a little. Lengths are kept below that because they tell how much is known: the
/// fit's penalty leaves an item that few people rated or heard near 0, where nobody is matched with it better than
/// with another.
///
/// Whoever has no taste points where all others do on average; an item without a factor gets the median length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// What centred items were multiplied by.
    pub scale: f64,
    /// Items that were shortened.
    pub n_shortened: usize,
    /// People who had no taste.
    pub n_without_taste: usize,
    /// Items that had no factor.
    pub n_without_factor: usize,
    /// Mean of ⟨x, z⟩ over all pairs.
    pub pair_mean: f64,
    /// Its standard deviation.
    pub pair_sd: f64,
    /// Median over people of their mean ⟨x, z⟩ with the best 1 % of items.
    pub best_percent: f64,
}

/// Vectors in place, as far as they are known.
pub(super) struct Placed {
    /// x and z.
    pub(super) vectors: ImplicitFactors,
    /// `[n_items]` whether the item had a factor.
    known: Vec<bool>,
    scale: f64,
    n_shortened: usize,
    n_without_taste: usize,
}

impl Placed {
    /// Places people by their tastes and items by their factors; items without one stay at 0.
    pub(super) fn new(tastes: &Grid<f32>, factors: &Grid<f32>) -> Self {
        let (users, n_without_taste) = directions(tastes);
        let mut items = factors.clone();
        let known: Vec<bool> = rows(&items).map(|z| length(z) > FAINT).collect();
        centre(&mut items, &known);
        let scale = scale(&second_moment(&users), &items, &known);
        let mut n_shortened = 0;
        for at in 0..items.rows() {
            let z = items.row_mut(at);
            let by = factor(scale, length(z));
            n_shortened += usize::from(by < scale);
            z.iter_mut().for_each(|value| *value *= by as f32);
        }
        centre(&mut items, &known);
        Self { vectors: ImplicitFactors { users, items }, known, scale, n_shortened, n_without_taste }
    }

    /// Gives items without a factor the median length of the others, each in its own direction.
    pub(super) fn fill(&mut self, direction: impl Fn(usize) -> Vec<f32>) {
        let mut lengths: Vec<f64> = self.placed_items().map(|(_, z)| length(z)).collect();
        lengths.sort_by(f64::total_cmp);
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or(1.0) as f32;
        for at in (0..self.known.len()).filter(|&at| !self.known[at]) {
            let z = self.vectors.items.row_mut(at).iter_mut();
            z.zip(normalised(direction(at))).for_each(|(z, towards)| *z = median * towards);
        }
    }

    fn placed_items(&self) -> impl Iterator<Item = (usize, &[f32])> {
        rows(&self.vectors.items).enumerate().filter(|(at, _)| self.known[*at])
    }

    /// Unit centres of topics: the mean direction of their items that have a factor.
    pub(super) fn topics(&self, names: Vec<String>, of: &[Option<u16>]) -> Topics {
        let width = self.vectors.items.width();
        let mut sums = vec![vec![0.0; width]; names.len()];
        for (at, z) in self.placed_items() {
            if let Some(topic) = of[at] {
                let towards = normalised(z.to_vec());
                sums[topic as usize].iter_mut().zip(towards).for_each(|(sum, value)| *sum += value);
            }
        }
        let mut centres = Grid::new(width);
        sums.into_iter().for_each(|sum| centres.push_row(&normalised(sum)));
        Topics { names, centres }
    }

    /// What has come out.
    pub(super) fn measure(&self) -> Geometry {
        let ImplicitFactors { users, items } = &self.vectors;
        let pair_mean = dot(&mean(rows(users), users.width()), &mean(rows(items), items.width()));
        let (of_users, of_items) = (second_moment(users), second_moment(items));
        let square = dot(&of_users, &of_items);
        Geometry {
            scale: self.scale,
            n_shortened: self.n_shortened,
            n_without_taste: self.n_without_taste,
            n_without_factor: self.known.iter().filter(|known| !**known).count(),
            pair_mean,
            pair_sd: (square - pair_mean * pair_mean).max(0.0).sqrt(),
            best_percent: self.best_percent(),
        }
    }

    fn best_percent(&self) -> f64 {
        let ImplicitFactors { users, items } = &self.vectors;
        let n_best = items.rows().div_ceil(100);
        let of = |user| {
            let mut matches: Vec<f64> =
                (0..items.rows()).map(|item| self.vectors.score(user, item)).collect();
            matches.sort_unstable_by(|a, b| b.total_cmp(a));
            matches[..n_best].iter().sum::<f64>() / n_best as f64
        };
        let sampled = (0..users.rows()).step_by(users.rows().div_ceil(N_SAMPLED));
        let mut best: Vec<f64> = sampled.map(of).collect();
        best.sort_by(f64::total_cmp);
        best[best.len() / 2]
    }
}

/// Unit rows, and how many had none: they get the mean direction of the rest.
fn directions(tastes: &Grid<f32>) -> (Grid<f32>, usize) {
    let told = |x: &&[f32]| length(x) > FAINT;
    let units: Vec<Vec<f32>> = rows(tastes).filter(told).map(|x| normalised(x.to_vec())).collect();
    let middle = mean(units.iter().map(Vec::as_slice), tastes.width());
    let middle = normalised(middle.into_iter().map(|value| value as f32).collect());
    let mut out = Grid::new(tastes.width());
    let mut units_left = units.iter();
    for x in rows(tastes) {
        let own = if told(&x) { units_left.next() } else { None };
        out.push_row(own.unwrap_or(&middle));
    }
    (out, tastes.rows() - units.len())
}

/// Takes the mean of the known rows from them.
fn centre(items: &mut Grid<f32>, known: &[bool]) {
    let middle = {
        let told = rows(items).zip(known).filter(|(_, known)| **known).map(|(z, _)| z);
        mean(told, items.width())
    };
    for at in (0..items.rows()).filter(|&at| known[at]) {
        items.row_mut(at).iter_mut().zip(&middle).for_each(|(value, middle)| *value -= *middle as f32);
    }
}

/// The scale at which ⟨x, z⟩ varies by [`PAIR_SD`] once items are shortened and centred again, or a huge one if it
/// cannot; by bisection, since the spread only grows with the scale.
///
/// With `f_i` what item i is multiplied by, `m = mean(f z)` and `S = mean(x xᵀ)`: `Var⟨x, f z − m⟩ = mean(f² zᵀSz) − mᵀSm`.
fn scale(of_users: &[f64], items: &Grid<f32>, known: &[bool]) -> f64 {
    let told: Vec<(&[f32], f64, f64)> = rows(items)
        .zip(known)
        .filter(|(_, known)| **known)
        .map(|(z, _)| (z, length(z), quadratic(of_users, &widened(z))))
        .collect();
    let variance = |scale: f64| {
        let n = told.len() as f64;
        let mut middle = vec![0.0; items.width()];
        let mut square = 0.0;
        for &(z, length, own) in &told {
            let by = factor(scale, length);
            square += by * by * own / n;
            middle.iter_mut().zip(z).for_each(|(sum, &value)| *sum += by * f64::from(value) / n);
        }
        square - quadratic(of_users, &middle)
    };
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if variance(10_f64.powf(middle)) < PAIR_SD * PAIR_SD { low = middle } else { high = middle }
    }
    10_f64.powf(low)
}

/// What a vector of this length is multiplied by.
fn factor(scale: f64, length: f64) -> f64 {
    if scale * length > LONGEST { LONGEST / length } else { scale }
}

/// `[D, D]` mean of v vᵀ.
fn second_moment(vectors: &Grid<f32>) -> Vec<f64> {
    let width = vectors.width();
    let mut sum = vec![0.0; width * width];
    for v in rows(vectors) {
        for (line, &left) in sum.chunks_exact_mut(width.max(1)).zip(v) {
            line.iter_mut().zip(v).for_each(|(sum, &right)| *sum += f64::from(left) * f64::from(right));
        }
    }
    sum.iter_mut().for_each(|sum| *sum /= vectors.rows() as f64);
    sum
}

/// vᵀ S v.
fn quadratic(matrix: &[f64], v: &[f64]) -> f64 {
    matrix.chunks_exact(v.len().max(1)).zip(v).map(|(line, left)| left * dot(line, v)).sum()
}

fn rows(grid: &Grid<f32>) -> impl Iterator<Item = &[f32]> {
    (0..grid.rows()).map(|at| grid.row(at))
}

fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>, width: usize) -> Vec<f64> {
    let (mut sum, mut n) = (vec![0.0; width], 0.0_f64);
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        n += 1.0;
    }
    sum.iter_mut().for_each(|sum| *sum /= n.max(1.0));
    sum
}

fn widened(v: &[f32]) -> Vec<f64> {
    v.iter().copied().map(f64::from).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn length(v: &[f32]) -> f64 {
    v.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

/// Length 1; along the first axis if there is no direction to keep.
fn normalised(mut v: Vec<f32>) -> Vec<f32> {
    let by = length(&v);
    if by > FAINT {
        v.iter_mut().for_each(|value| *value = (f64::from(*value) / by) as f32);
    } else {
        v.fill(0.0);
        v.iter_mut().take(1).for_each(|first| *first = 1.0);
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[[f32; 2]]) -> Grid<f32> {
        Grid::from_vec(rows.concat(), rows.len(), 2).unwrap()
    }

    #[test]
    fn pairs_spread_as_asked_around_zero_and_people_keep_their_direction() {
        let tastes = grid(&[[3.0, 0.0], [0.0, 0.5], [0.0, 0.0]]);
        // Centred: (±2, 0), (0, ±1) around (1, 1).
        let factors = grid(&[[3.0, 1.0], [-1.0, 1.0], [1.0, 2.0], [1.0, 1e-9]]);
        let placed = Placed::new(&tastes, &factors);
        let told = placed.measure();
        let middle = std::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(placed.vectors.users.as_slice(), [1.0, 0.0, 0.0, 1.0, middle, middle]);
        assert_eq!((told.n_without_taste, told.n_without_factor, told.n_shortened), (1, 0, 0));
        assert!(told.pair_mean.abs() < 1e-7 && (told.pair_sd - 0.2).abs() < 1e-6, "{told:?}");
        // S = mean(x xᵀ) = [[.5, 1/6], [1/6, .5]]; mean(zᵀSz) = (2·4·.5 + 2·1·.5)/4 = 1.25.
        assert!((told.scale - 0.2 / 1.25_f64.sqrt()).abs() < 1e-6, "{}", told.scale);
        assert!((placed.vectors.score(0, 0) - 2.0 * told.scale).abs() < 1e-6);
    }

    #[test]
    fn far_items_are_shortened_and_unknown_ones_are_filled() {
        // Two hundred faint items and two far out, which alone make no spread of .2: √(2 · 1.5² / 202) is .15.
        let mut factors = vec![[50.0, 0.0], [-50.0, 0.0], [0.0, 0.0]];
        factors.extend([[0.01, 0.0], [-0.01, 0.0]].repeat(100));
        let mut placed = Placed::new(&grid(&[[1.0, 0.0]]), &grid(&factors));
        placed.fill(|_| vec![0.0, 2.0]);
        let told = placed.measure();
        assert_eq!((told.n_without_factor, told.n_shortened), (1, 2), "{told:?}");
        assert!((placed.vectors.item(0)[0] - 1.5).abs() < 1e-5 && placed.vectors.item(3)[0] > 0.1);
        let own = placed.vectors.item(2);
        assert!(own[0] == 0.0 && own[1] > 0.0);
    }

    #[test]
    fn topics_stand_where_their_items_do() {
        let placed =
            Placed::new(&grid(&[[1.0, 0.0]]), &grid(&[[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]));
        let of = [Some(0), None, Some(1), None];
        let topics = placed.topics(["a", "b", "c"].map(str::to_owned).to_vec(), &of);
        assert_eq!(topics.centres.as_slice(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }
}
