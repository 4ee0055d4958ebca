//! How well fitted models foresee ratings they never saw.

use recloop_agents::factorise::{BiasedFactors, RatingTriples};
use serde::{Deserialize, Serialize};

use super::ImportError;

/// Two-sided 95 % of a normal law.
const Z_95: f64 = 1.959_964;

/// Models compared on the same held-out ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Ratings held out.
    pub n_ratings: usize,
    /// People they come from.
    pub n_users: usize,
    /// The models, simplest first; the last is the one the world is made of.
    pub models: Vec<Compared>,
    /// Mean of rating − prediction of the last model, in stars: how far the level has moved since the earlier ratings.
    pub mean_error: f64,
    /// Standard deviation of rating − prediction of the last model about that mean, in stars.
    pub residual_sd: f64,
}

/// One model's held-out error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What predicts.
    pub model: String,
    /// Root mean squared error, in stars.
    pub rmse: f64,
    /// This RMSE minus the last model's; `None` for the last model itself.
    pub excess: Option<Interval>,
}

/// An estimate with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// 1.96 standard errors to either side.
    pub(super) fn around(estimate: f64, se: f64) -> Self {
        Self { estimate, low: estimate - Z_95 * se, high: estimate + Z_95 * se }
    }
}

impl HeldOut {
    /// The model with the smallest error, whichever that is.
    #[must_use]
    pub fn best(&self) -> &Compared {
        let best = self.models.iter().min_by(|a, b| a.rmse.total_cmp(&b.rmse));
        best.expect("at least one model was compared")
    }

    /// Compares `models` on ratings grouped by user, the last being the one the others are measured against.
    ///
    /// `RMSE_m = √(Σ e² / N)`; the interval of `RMSE_m − RMSE_last` is ± 1.96 standard errors of the sum over users of
    /// `Σ_(i of u) [(e_m² − RMSE_m²) / 2 RMSE_m − (e_last² − RMSE_last²) / 2 RMSE_last] / N`, the linearised difference:
    /// one user's ratings are not independent, so the user is what counts. It holds for these fits; what another
    /// training set would have fitted is not in it.
    pub(super) fn compare(
        test: RatingTriples<'_>,
        models: &[(&str, &BiasedFactors)],
    ) -> Result<Self, ImportError> {
        let users: Vec<_> = test.users.chunk_by(|a, b| a == b).map(<[u32]>::len).collect();
        if users.len() < 2 {
            return Err(ImportError::TooFewHeldOut { n_users: users.len() });
        }
        let errors: Vec<_> = models.iter().map(|(_, model)| Errors::of(test, &users, model)).collect();
        let last = errors.last().expect("there is a model to compare with");
        let compared = models.iter().zip(&errors).enumerate().map(|(at, ((name, _), own))| Compared {
            model: (*name).to_owned(),
            rmse: own.rmse,
            excess: (at + 1 < models.len()).then(|| own.excess(last)),
        });
        Ok(Self {
            n_ratings: test.ratings.len(),
            n_users: users.len(),
            mean_error: last.mean,
            residual_sd: (last.rmse.powi(2) - last.mean.powi(2)).max(0.0).sqrt(),
            models: compared.collect(),
        })
    }
}

/// One model's errors.
struct Errors {
    rmse: f64,
    mean: f64,
    /// `[n_users]` linearised contribution of each user to `rmse`; sums to 0.
    influence: Vec<f64>,
}

impl Errors {
    fn of(test: RatingTriples<'_>, user_lens: &[usize], model: &BiasedFactors) -> Self {
        let error = |at: usize| {
            f64::from(test.ratings[at]) - model.predict(test.users[at] as usize, test.items[at] as usize)
        };
        let errors: Vec<f64> = (0..test.ratings.len()).map(error).collect();
        let n = errors.len() as f64;
        let mean_square = errors.iter().map(|error| error * error).sum::<f64>() / n;
        let rmse = mean_square.sqrt();
        let mut start = 0;
        let influence = user_lens.iter().map(|&len| {
            let own = &errors[start..start + len];
            start += len;
            let above: f64 = own.iter().map(|error| error * error - mean_square).sum();
            // Without any error there is nothing to be uncertain of.
            if rmse > 0.0 { above / (2.0 * rmse * n) } else { 0.0 }
        });
        Self { influence: influence.collect(), rmse, mean: errors.iter().sum::<f64>() / n }
    }

    fn excess(&self, last: &Self) -> Interval {
        let n = self.influence.len() as f64;
        let pairs = self.influence.iter().zip(&last.influence);
        let squares: f64 = pairs.map(|(own, other)| (own - other).powi(2)).sum();
        Interval::around(self.rmse - last.rmse, (squares * n / (n - 1.0)).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_agents::factorise::Ratings;

    /// Trained on 3, 3, 3 for item 0 and 5 for item 1: the mean is 3.5, the item means are 3 and 5.
    fn models() -> (BiasedFactors, BiasedFactors) {
        let ratings = [3.0, 3.0, 3.0, 5.0];
        let triples = RatingTriples { users: &[0, 1, 0, 1], items: &[0, 0, 0, 1], ratings: &ratings };
        let ratings = Ratings::new(triples, 2, 2).unwrap();
        (BiasedFactors::global_mean(&ratings).unwrap(), BiasedFactors::item_mean(&ratings, 1e-6).unwrap())
    }

    #[test]
    fn errors_and_their_difference_are_those_computed_by_hand() {
        let (mean, items) = models();
        // Errors of the mean: 1.5, −.5 (user 0), −1.5 (user 1); of the item means: 0, 0, −1.
        let test = RatingTriples { users: &[0, 0, 1], items: &[1, 0, 0], ratings: &[5.0, 3.0, 2.0] };
        let held_out = HeldOut::compare(test, &[("mean", &mean), ("items", &items)]).unwrap();
        let (a, b) = ((4.75_f64 / 3.0).sqrt(), (1.0_f64 / 3.0).sqrt());
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-5, "{x} is not {y}");
        close(held_out.models[0].rmse, a);
        close(held_out.models[1].rmse, b);
        assert_eq!((held_out.n_ratings, held_out.n_users), (3, 2));
        assert_eq!(held_out.best().model, "items");
        close(held_out.mean_error, -1.0 / 3.0);
        close(held_out.residual_sd, (1.0_f64 / 3.0 - 1.0 / 9.0).sqrt());
        // User 1: (2.25 − 4.75/3) / 2a − (1 − 1/3) / 2b, over 3; user 0 is its opposite, and 2/(2 − 1) people.
        let influence = ((2.25 - 4.75 / 3.0) / (2.0 * a) - (2.0 / 3.0) / (2.0 * b)) / 3.0;
        let excess = held_out.models[0].excess.unwrap();
        close(excess.estimate, a - b);
        close(excess.high - excess.estimate, 1.959_964 * 2.0 * influence.abs());
        close(excess.estimate - excess.low, excess.high - excess.estimate);
        assert_eq!(held_out.models[1].excess, None);
    }

    #[test]
    fn one_person_is_too_few_to_tell() {
        let (mean, _) = models();
        let test = RatingTriples { users: &[1], items: &[0], ratings: &[3.0] };
        let refused = HeldOut::compare(test, &[("mean", &mean)]);
        assert!(matches!(refused, Err(ImportError::TooFewHeldOut { n_users: 1 })));
    }
}
