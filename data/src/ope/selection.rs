//! Which of several policies to take, and how well an estimator chooses where the truth is known.
//!
//! | symbol | meaning |
//! |---|---|
//! | `V̂_p`, `V_p` | estimated and true value of policy p |
//! | `top k` | the k policies of the largest `V̂` |
//! | `J_log` | true value of the logging policy |

use super::OpeError;

/// Policies and what is estimated and known of them.
///
/// # Source
/// Kiyohara, Kishimoto, Kawakami, Kobayashi, Nakata & Saito (2024), "Towards assessing and benchmarking risk-return
/// tradeoff of off-policy evaluation".
///
/// ```
/// use recloop_data::ope::selection::Selection;
/// let selection = Selection::new(&[0.5, 0.9, 0.7], &[0.4, 0.6, 0.8])?;
/// assert_eq!(selection.ranking(), [1, 2, 0]);
/// assert!((selection.regret_at(1)? - 0.2).abs() < 1e-12);
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    estimated: Vec<f64>,
    truth: Vec<f64>,
    ranking: Vec<usize>,
}

/// Policies by estimated value, best first; of equals the first comes first.
#[must_use]
pub fn rank(estimated: &[f64]) -> Vec<usize> {
    let mut order: Vec<_> = (0..estimated.len()).collect();
    order.sort_by(|left, right| estimated[*right].total_cmp(&estimated[*left]));
    order
}

impl Selection {
    /// Of policies with these `[P]` estimated and true values.
    ///
    /// # Errors
    /// No policies, as many truths as estimates, or a value that is no number.
    pub fn new(estimated: &[f64], truth: &[f64]) -> Result<Self, OpeError> {
        let numbers = estimated.iter().chain(truth).all(|value| value.is_finite());
        if estimated.is_empty() || estimated.len() != truth.len() || !numbers {
            let (n, m) = (estimated.len(), truth.len());
            return Err(refused(format!(
                "{n} estimates and {m} true values were given; give one finite number of each for every policy"
            )));
        }
        Ok(Self { estimated: estimated.to_vec(), truth: truth.to_vec(), ranking: rank(estimated) })
    }

    /// Policies by estimated value, best first.
    #[must_use]
    pub fn ranking(&self) -> &[usize] {
        &self.ranking
    }

    /// `mean_p ((V̂_p − V_p) / V_max)²`, `V_max` the largest true value in size.
    #[must_use]
    pub fn nmse(&self) -> f64 {
        let scale = self.truth.iter().fold(0.0, |largest, value| f64::max(largest, value.abs()));
        let squares = self.estimated.iter().zip(&self.truth).map(|(estimate, truth)| {
            let off = (estimate - truth) / scale;
            off * off
        });
        squares.sum::<f64>() / self.truth.len() as f64
    }

    /// Spearman's rank correlation of estimates and truth, equals sharing the mean of their ranks; not a number if one side
    /// is all equal.
    #[must_use]
    pub fn spearman(&self) -> f64 {
        let (left, right) = (ranks(&self.estimated), ranks(&self.truth));
        let middle = (self.truth.len() as f64 - 1.0) / 2.0;
        let product =
            |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum() };
        product(&left, &right) / (product(&left, &left) * product(&right, &right)).sqrt()
    }

    /// `max_p V_p − max_{p in top k} V_p`.
    ///
    /// # Errors
    /// k that is not in 1..=P; so for all that ask for k.
    pub fn regret_at(&self, k: usize) -> Result<f64, OpeError> {
        let best = self.truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(best - self.best_at(k)?)
    }

    /// `max_{p in top k} V_p`.
    ///
    /// # Errors
    /// As [`regret_at`](Self::regret_at).
    pub fn best_at(&self, k: usize) -> Result<f64, OpeError> {
        Ok(self.top(k)?.fold(f64::NEG_INFINITY, f64::max))
    }

    /// The share of the top k whose true value is at least `safe`.
    ///
    /// # Errors
    /// As [`regret_at`](Self::regret_at).
    pub fn safety_at(&self, k: usize, safe: f64) -> Result<f64, OpeError> {
        Ok(self.top(k)?.filter(|value| *value >= safe).count() as f64 / k as f64)
    }

    /// `max(0, max_{p in top k} V_p − J_log) / sd_{p in top k} V_p`, the standard deviation with k − 1; `None` for k = 1 and
    /// where the top k are all equal.
    ///
    /// # Errors
    /// As [`regret_at`](Self::regret_at).
    pub fn sharpe_ratio_at(&self, k: usize, logging: f64) -> Result<Option<f64>, OpeError> {
        let mean = self.top(k)?.sum::<f64>() / k as f64;
        let squares: f64 = self.top(k)?.map(|value| (value - mean) * (value - mean)).sum();
        let sd = (squares / (k as f64 - 1.0)).sqrt();
        let gain = (self.best_at(k)? - logging).max(0.0);
        Ok((sd > 0.0).then(|| gain / sd))
    }

    /// How often a policy of true value at least `safe` is estimated below it (rejected though safe), among those that are
    /// safe; `None` if none is.
    #[must_use]
    pub fn type_one_error(&self, safe: f64) -> Option<f64> {
        self.error(|truth| truth >= safe, |estimate| estimate < safe)
    }

    /// How often a policy of true value below `safe` is estimated at least there (taken though unsafe), among those that are
    /// not safe; `None` if all are.
    #[must_use]
    pub fn type_two_error(&self, safe: f64) -> Option<f64> {
        self.error(|truth| truth < safe, |estimate| estimate >= safe)
    }

    fn error(&self, among: impl Fn(f64) -> bool, wrong: impl Fn(f64) -> bool) -> Option<f64> {
        let pairs = self.estimated.iter().zip(&self.truth).filter(|(_, truth)| among(**truth));
        let (n, errors) =
            pairs.fold((0, 0), |(n, errors), (estimate, _)| (n + 1, errors + u32::from(wrong(*estimate))));
        (n > 0).then(|| f64::from(errors) / f64::from(n))
    }

    /// True values of the top k.
    fn top(&self, k: usize) -> Result<impl Iterator<Item = f64> + '_, OpeError> {
        let n = self.ranking.len();
        if k == 0 || k > n {
            return Err(refused(format!("the best {k} of {n} were asked for; ask for 1 to {n}")));
        }
        Ok(self.ranking[..k].iter().map(|policy| self.truth[*policy]))
    }
}

/// Ranks from 0, equals sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let count = |value: f64| {
        let less = values.iter().filter(|other| **other < value).count();
        let equal = values.iter().filter(|other| **other == value).count();
        less as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().copied().map(count).collect()
}

fn refused(reason: String) -> OpeError {
    OpeError::Request { what: "candidate policies".into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranking b, d, c, a; true values in that order .6, .3, .8, .4.
    fn four() -> Selection {
        Selection::new(&[0.2, 0.9, 0.5, 0.7], &[0.4, 0.6, 0.8, 0.3]).expect("numbers")
    }

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-12, "{left} is not {right}");
    }

    #[test]
    fn errors_and_ranks_are_those_by_hand() {
        assert_eq!(four().ranking(), [1, 3, 2, 0]);
        // Off by −.2, .3, −.3, .4 of .8.
        close(four().nmse(), (0.04 + 0.09 + 0.09 + 0.16) / 4.0 / 0.64);
        // Ranks 0 3 1 2 against 1 2 3 0: d² = 1 + 1 + 4 + 4; 1 − 6 · 10 / (4 · 15) = 0.
        close(four().spearman(), 0.0);
        close(
            Selection::new(&[1.0, 2.0, 2.0], &[1.0, 3.0, 2.0]).expect("numbers").spearman(),
            0.75_f64.sqrt(),
        );
        assert!(Selection::new(&[1.0, 1.0], &[1.0, 2.0]).expect("numbers").spearman().is_nan());
    }

    #[test]
    fn the_top_k_are_judged_by_their_true_values() {
        let regrets = [0.2, 0.2, 0.0, 0.0];
        for (k, regret) in (1..).zip(regrets) {
            close(four().regret_at(k).expect("k in range"), regret);
        }
        assert_eq!(four().safety_at(2, 0.5).expect("k in range"), 0.5);
        assert_eq!(four().safety_at(3, 0.3).expect("k in range"), 1.0);
        // Top 2: .6 and .3, sd .3/√2; best .6 against .5.
        let ratio = four().sharpe_ratio_at(2, 0.5).expect("k in range").expect("defined");
        close(ratio, 0.1 / (0.3 / 2.0_f64.sqrt()));
        assert_eq!(four().sharpe_ratio_at(2, 0.7).expect("k in range"), Some(0.0));
        assert_eq!(four().sharpe_ratio_at(1, 0.5).expect("k in range"), None);
    }

    #[test]
    fn errors_of_both_types_are_shares_of_their_own_kind() {
        // Safe at .5 are b (.9) and c (.5); unsafe are a (.2) and d (.7).
        assert_eq!(four().type_one_error(0.5), Some(0.0));
        assert_eq!(four().type_two_error(0.5), Some(0.5));
        // At .6: b is taken, c is rejected; a is rejected, d is taken.
        assert_eq!((four().type_one_error(0.6), four().type_two_error(0.6)), (Some(0.5), Some(0.5)));
        assert_eq!((four().type_one_error(0.9), four().type_two_error(0.3)), (None, None));
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        assert!(Selection::new(&[], &[]).is_err());
        assert!(Selection::new(&[1.0], &[1.0, 2.0]).is_err());
        assert!(Selection::new(&[f64::NAN], &[1.0]).is_err());
        assert!(four().regret_at(0).is_err() && four().regret_at(5).is_err());
    }
}
