//! What an estimator makes of each trajectory, and of sums over trajectories.

use recloop_env::Grid;

use super::SequenceForm;

/// Ratios beyond which an estimate is linearised: two numbers for each are held per user bucket (chosen by us).
pub const MOST_RATIOS: usize = 65;

/// An estimate as a function of sums over trajectories.
///
/// Every estimator here is a sum of ratios of sums, `Σ_j N_j / D_j` with `N_j = Σ_i x_ij` and `D_j = Σ_i d_ij`: a plain mean
/// is one ratio with `d = 1`, and one that normalises its weights at every step has one ratio for each step. So terms may
/// be added up over users, buckets, files or resamples before the [value](SequenceValues::value) is taken.
///
/// # Deviation: long horizons
/// With more than [`MOST_RATIOS`] ratios (64 steps and the start), trajectory i's terms are
/// `[θ̂ + Σ_j (x_ij − R_j d_ij) / mean d_j, 1]`, with `R_j = N_j / D_j` over the whole log: the value over all trajectories
/// is the estimate itself and its spread the delta method's, but over a subset it is a first-order approximation.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceValues {
    form: SequenceForm,
    terms: Grid<f64>,
    linearised: bool,
    stationary: bool,
}

impl SequenceValues {
    /// Of `[n, 2 p]` terms, `p` numerators before `p` denominators.
    pub(super) fn new(form: SequenceForm, terms: Grid<f64>, stationary: bool) -> Self {
        let linearised = terms.width() > 2 * MOST_RATIOS;
        let terms = if linearised { linear(&terms) } else { terms };
        Self { form, terms, linearised, stationary }
    }

    /// Which estimator.
    #[must_use]
    pub fn form(&self) -> SequenceForm {
        self.form
    }

    /// `[n, width]` the terms of each trajectory, in their order.
    #[must_use]
    pub fn terms(&self) -> &Grid<f64> {
        &self.terms
    }

    /// Whether terms are first-order approximations: see the type.
    #[must_use]
    pub fn is_linearised(&self) -> bool {
        self.linearised
    }

    /// Whether its models take all steps to follow one law, for want of rows to fit each by itself: see
    /// [`evaluate`](super::evaluate).
    #[must_use]
    pub fn is_stationary(&self) -> bool {
        self.stationary
    }

    /// The estimate from sums of terms, whoever made them; NaN where every weight it divides by is zero.
    #[must_use]
    pub fn value(sums: &[f64]) -> f64 {
        let (numerators, denominators) = sums.split_at(sums.len() / 2);
        numerators.iter().zip(denominators).map(|(n, d)| n / d).sum()
    }

    /// The estimate over all trajectories.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        Self::value(&sums(&self.terms))
    }
}

/// Sums over all rows.
pub(super) fn sums(terms: &Grid<f64>) -> Vec<f64> {
    let mut sums = vec![0.0; terms.width()];
    for r in 0..terms.rows() {
        sums.iter_mut().zip(terms.row(r)).for_each(|(sum, term)| *sum += term);
    }
    sums
}

/// `[n, p]` how much each row moves each ratio: `(x_ij − R_j d_ij) / mean d_j`.
pub(super) fn influences(terms: &Grid<f64>) -> Grid<f64> {
    let (n, p) = (terms.rows(), terms.width() / 2);
    let sums = sums(terms);
    let mut out = Grid::zeros(n, p);
    for r in 0..n {
        let row = terms.row(r);
        for (j, influence) in out.row_mut(r).iter_mut().enumerate() {
            let (all, mean) = (sums[j] / sums[p + j], sums[p + j] / n as f64);
            *influence = (row[j] - all * row[p + j]) / mean;
        }
    }
    out
}

fn linear(terms: &Grid<f64>) -> Grid<f64> {
    let (estimate, influences) = (SequenceValues::value(&sums(terms)), influences(terms));
    let mut out = Grid::zeros(terms.rows(), 2);
    for r in 0..terms.rows() {
        out.row_mut(r).copy_from_slice(&[estimate + influences.row(r).iter().sum::<f64>(), 1.0]);
    }
    out
}
