//! Multinomial proportional: linear weights against an outside option.

use super::luck::exponential;
use super::{Luck, check_length, check_min_normalizer, check_parameter, proportional_weight};
use crate::ChoiceError;

/// A user who clicks at most one item, with odds linear in its score.
///
/// `P(i) = (s_i − n) / (m − n + Σ_j (s_j − n))`, with the minimum normaliser `n ≤ 0` (the lowest score that can
/// occur) and the no-click mass `m`. `m = n` forces a click.
///
/// # Shapes and units
/// - `scores`: `[K]`, slate order, any linear scale; `n` and `m` are on that scale
///
/// # Numerics
/// Weights are `f64` differences of `f32` numbers. Choosing compares arrival times `E_i/w_i` by cross
/// multiplication, so it divides by no weight and a weight of zero never arrives.
///
/// # Errors
/// A score below `n`, NaN or infinite; a forced choice with every score at `n`.
///
/// # Source
/// Luce (1959), "Individual Choice Behavior", with the normaliser of Ie et al. (2019), "RecSim: A Configurable
/// Simulation Platform for Recommender Systems".
///
/// ```
/// use recloop_users::choice::{Luck, MultinomialProportional};
///
/// let user = MultinomialProportional::new(-1.0, 1.0)?; // no click weighs 1 − (−1) = 2
/// let mut law = [0.0; 2];
/// let no_click = user.probabilities(&[1.0, 0.0], &mut law)?; // the items weigh 2 and 1
/// assert!((no_click - 0.4).abs() < 1e-6 && (law[1] - 0.2).abs() < 1e-6);
///
/// let luck = Luck { items: &[7, u32::MAX], none: 42 };
/// assert_eq!(user.choose(&[1.0, 0.0], luck)?, Some(1));
/// # Ok::<(), recloop_users::ChoiceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultinomialProportional {
    min_normalizer: f32,
    no_click_weight: f64,
}

impl MultinomialProportional {
    /// A user with minimum normaliser `n ≤ 0` and no-click mass `m ≥ n`, both finite.
    pub fn new(min_normalizer: f32, no_click_mass: f32) -> Result<Self, ChoiceError> {
        check_min_normalizer(min_normalizer)?;
        let ok = no_click_mass.is_finite() && no_click_mass >= min_normalizer;
        check_parameter("no_click_mass", no_click_mass, "[min_normalizer, inf)", ok)?;
        let no_click_weight = f64::from(no_click_mass) - f64::from(min_normalizer);
        Ok(Self { min_normalizer, no_click_weight })
    }

    /// Writes the click probability of each item to `out` (`[K]`) and returns that of no click.
    pub fn probabilities(&self, scores: &[f32], out: &mut [f32]) -> Result<f32, ChoiceError> {
        check_length("probabilities", scores.len(), out.len())?;
        let mut total = self.no_click_weight;
        for (position, &score) in scores.iter().enumerate() {
            total += proportional_weight(position, score, self.min_normalizer)?;
        }
        if total == 0.0 {
            return Err(ChoiceError::NothingToChoose { n_items: scores.len() });
        }
        for (position, (out, &score)) in out.iter_mut().zip(scores).enumerate() {
            *out = (proportional_weight(position, score, self.min_normalizer)? / total) as f32;
        }
        Ok((self.no_click_weight / total) as f32)
    }

    /// The position clicked, `None` for no click. Cost: one logarithm per alternative.
    #[inline]
    pub fn choose(&self, scores: &[f32], luck: Luck<'_>) -> Result<Option<usize>, ChoiceError> {
        check_length("words of luck", scores.len(), luck.items.len())?;
        // The leader arrives at `time / weight`. A leader of weight 0 never arrives: anyone with weight beats it.
        let mut weight = self.no_click_weight;
        let mut time = if weight > 0.0 { exponential(luck.none) } else { 1.0 };
        let mut chosen = None;
        for (position, (&score, &word)) in scores.iter().zip(luck.items).enumerate() {
            let own_weight = proportional_weight(position, score, self.min_normalizer)?;
            let own_time = exponential(word);
            if own_time * weight < time * own_weight {
                (time, weight, chosen) = (own_time, own_weight, Some(position));
            }
        }
        if weight > 0.0 { Ok(chosen) } else { Err(ChoiceError::NothingToChoose { n_items: scores.len() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trials::{assert_frequencies, assert_near, assert_same_item_wins};
    use super::*;

    #[test]
    fn recsims_no_click_weighs_two() -> Result<(), ChoiceError> {
        let user = MultinomialProportional::new(-1.0, 1.0)?;
        assert_eq!(user.no_click_weight, 2.0);
        // Weights 2, 1.5, 0 and ½ against 2: sixths.
        let mut out = [0.0; 4];
        let none = user.probabilities(&[1.0, 0.5, -1.0, -0.5], &mut out)?;
        assert_near(&out, &[2.0 / 6.0, 1.5 / 6.0, 0.0, 0.5 / 6.0]);
        assert_near(&[none], &[2.0 / 6.0]);
        Ok(())
    }

    #[test]
    fn the_first_to_arrive_wins() -> Result<(), ChoiceError> {
        // Words of 2³¹ and 3·2³⁰ make E = ln 2 = 0.693 and ln(4/3) = 0.288: with weights 3 and 1 they arrive at
        // 0.231 and 0.288, and no click (weight 2, E = ln 2) at 0.347.
        let luck = Luck { items: &[1 << 31, 3 << 30], none: 1 << 31 };
        assert_eq!(MultinomialProportional::new(0.0, 2.0)?.choose(&[3.0, 1.0], luck)?, Some(0));
        // At weight 2.3 the first arrives at 0.301, after the second.
        assert_eq!(MultinomialProportional::new(0.0, 2.0)?.choose(&[2.3, 1.0], luck)?, Some(1));
        // No click with weight 4 arrives at 0.173.
        assert_eq!(MultinomialProportional::new(0.0, 4.0)?.choose(&[3.0, 1.0], luck)?, None);
        Ok(())
    }

    #[test]
    fn frequencies_follow_the_law() -> Result<(), ChoiceError> {
        let scores = [0.8, -0.9, 0.1, -1.0];
        for no_click_mass in [1.0, -1.0] {
            let user = MultinomialProportional::new(-1.0, no_click_mass)?;
            let mut out = [0.0; 4];
            let none = user.probabilities(&scores, &mut out)?;
            assert_frequencies(&out, none, |luck| user.choose(&scores, luck))?;
        }
        Ok(())
    }

    #[test]
    fn reranking_keeps_the_winner() -> Result<(), ChoiceError> {
        let user = MultinomialProportional::new(-1.0, 1.0)?;
        assert_same_item_wins(&[0.1, 0.9, -0.4, 0.2], |scores, luck| user.choose(scores, luck))
    }

    #[test]
    fn refuses_negative_weights_and_bad_parameters() -> Result<(), ChoiceError> {
        let user = MultinomialProportional::new(-1.0, 1.0)?;
        let luck = Luck { items: &[u32::MAX, 0], none: 0 };
        let negative = ChoiceError::NegativeWeight { position: 1, weight: -0.5 };
        assert_eq!(user.choose(&[1.0, -1.5], luck), Err(negative));
        assert_eq!(user.probabilities(&[1.0, -1.5], &mut [0.0; 2]), Err(negative));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(matches!(user.choose(&[1.0, bad], luck), Err(ChoiceError::Score { position: 1, .. })));
            assert!(MultinomialProportional::new(bad, 1.0).is_err());
            assert!(MultinomialProportional::new(-1.0, bad).is_err());
        }
        assert!(MultinomialProportional::new(0.1, 1.0).is_err());
        assert!(MultinomialProportional::new(-1.0, -1.1).is_err());
        let forced = MultinomialProportional::new(0.0, 0.0)?;
        let nothing = ChoiceError::NothingToChoose { n_items: 2 };
        assert_eq!(forced.choose(&[0.0, 0.0], luck), Err(nothing));
        assert_eq!(forced.probabilities(&[0.0, 0.0], &mut [0.0; 2]), Err(nothing));
        Ok(())
    }
}
