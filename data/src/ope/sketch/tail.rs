//! How heavy the tail of the weights is.

/// A tail of fewer distinct weights is none: the weights are those of a few actions, and the largest of them is the
/// largest there is (chosen by us).
const MIN_DISTINCT: usize = 10;
/// How many observations of k = ½ the prior is worth (Vehtari et al.).
const PRIOR: f64 = 10.0;

/// The tail index k of `n` weights of which `large`, descending, are the largest.
///
/// A generalised Pareto distribution `P(X > x) = (1 + k x / σ)^{−1/k}` is fitted to what the largest
/// `M = min(n/5, 3 √n, kept)` weights exceed the next one by. With `b_j = 1/x_max + (1 − √(m / (j − ½))) / (3 x_*)`,
/// `j = 1..m`, `m = 20 + ⌊√M⌋`, `x_*` the first quartile, `k(b) = mean ln(1 − b x)` and the profile log-likelihood
/// `l(b) = M (ln(−b / k(b)) − k(b) − 1)`, the estimate is k of the mean of `b_j` under weights `exp l(b_j)`, drawn to ½ by as
/// much as ten observations are worth.
///
/// # Assumptions
/// Weights come from a continuum, at least in their tail. `None` for fewer than ten distinct exceedances: a log whose
/// weights are those of few actions has no tail, only a largest weight.
///
/// # Source
/// Zhang & Stephens (2009), "A new and efficient estimation method for the generalized Pareto distribution"; Vehtari,
/// Simpson, Gelman, Yao & Gabry (2024), "Pareto smoothed importance sampling".
#[must_use]
pub fn tail_index(large: &[f64], n: u64) -> Option<f64> {
    let wanted = (0.2 * n as f64).min(3.0 * (n as f64).sqrt()) as usize;
    let cutoff = *large.get(wanted.min(large.len().checked_sub(1)?))?;
    let mut exceedances: Vec<_> =
        large.iter().take(wanted).map(|w| w - cutoff).filter(|over| *over > 0.0).collect();
    exceedances.reverse();
    let distinct = 1 + exceedances.windows(2).filter(|pair| pair[0] < pair[1]).count();
    if distinct < MIN_DISTINCT {
        return None;
    }
    let m = exceedances.len() as f64;
    let k = shape(&exceedances)?;
    Some((m * k + PRIOR * 0.5) / (m + PRIOR))
}

/// Zhang & Stephens's estimate of k from exceedances above zero, ascending.
fn shape(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (largest, quartile) = (*x.last()?, *x.get((n / 4.0 + 0.5) as usize - 1)?);
    let m = 20.0 + n.sqrt().floor();
    let k = |b: f64| x.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n;
    let points = (1..=m as usize).map(|j| {
        let b = largest.recip() + (1.0 - (m / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile);
        let k = k(b);
        (b, n * ((-b / k).ln() - k - 1.0))
    });
    let points: Vec<_> = points.filter(|(_, likelihood)| likelihood.is_finite()).collect();
    let best = points.iter().map(|(_, likelihood)| *likelihood).fold(f64::NEG_INFINITY, f64::max);
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), (b, likelihood)| {
        let weight = (likelihood - best).exp();
        (above + weight * b, below + weight)
    });
    Some(k(above / below)).filter(|k| k.is_finite())
}
