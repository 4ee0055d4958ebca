//! Cascade: read from the top, stop at the first click.

use super::luck::{exponential, ln, uniform};
use super::{check_length, check_min_normalizer, check_parameter, check_probability, proportional_weight};
use crate::ChoiceError;

/// How attractive a score `s` is to a [`Cascade`] user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CascadeGain {
    /// `g = e^s`
    Exponential,
    /// `g = s − n`
    Proportional {
        /// `n ≤ 0`, the lowest score that can occur.
        min_normalizer: f32,
    },
}

/// A user who reads from the top and stops at the first click.
///
/// `P(click i) = Π_{j<i} (1 − a·k·g_j) · a·k·g_i` with attention `a`, scale `k` and gain `g`; no click is what is
/// left.
///
/// # Shapes and units
/// - `scores`: `[K]`, slate order: log-odds for the exponential gain, any linear scale for the proportional one
/// - `words`: `[K]`, one per item in slate order, named by *(user, item, tick)*; there is no word for no click
///
/// # Numerics
/// An item is willing to be clicked when its own uniform lies below `a·k·g`, wherever it stands; the user takes the
/// topmost willing item. The exponential gain is compared in log space, so choosing needs no exponential.
///
/// # Errors
/// A NaN score; a negative gain; `a·k·g > 1`, for which no cascade exists.
///
/// # Source
/// Craswell, Zoeter, Taylor and Ramsey (2008), "An experimental comparison of click position-bias models"; attention
/// and scale as in Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems".
///
/// ```
/// use recloop_users::choice::{Cascade, CascadeGain};
///
/// let user = Cascade::new(0.5, 1.0, CascadeGain::Proportional { min_normalizer: 0.0 })?;
/// let mut law = [0.0; 2];
/// let no_click = user.probabilities(&[1.0, 0.5], &mut law)?;
/// assert_eq!((law, no_click), ([0.5, 0.125], 0.375));
/// assert_eq!(user.choose(&[1.0, 0.5], &[u32::MAX, 0])?, Some(1), "the first is unwilling, the second is not");
/// # Ok::<(), recloop_users::ChoiceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cascade {
    factor: f64,
    ln_factor: f64,
    gain: CascadeGain,
}

impl Cascade {
    /// A user with attention `a` in (0, 1], a finite scale `k > 0` and a gain whose normaliser is ≤ 0.
    pub fn new(attention: f32, scale: f32, gain: CascadeGain) -> Result<Self, ChoiceError> {
        check_parameter("attention", attention, "(0, 1]", attention > 0.0 && attention <= 1.0)?;
        check_parameter("scale", scale, "(0, inf)", scale > 0.0 && scale.is_finite())?;
        if let CascadeGain::Proportional { min_normalizer } = gain {
            check_min_normalizer(min_normalizer)?;
        }
        let factor = f64::from(attention) * f64::from(scale);
        Ok(Self { factor, ln_factor: ln(factor), gain })
    }

    /// Writes the click probability of each item to `out` (`[K]`) and returns that of no click.
    pub fn probabilities(&self, scores: &[f32], out: &mut [f32]) -> Result<f32, ChoiceError> {
        check_length("probabilities", scores.len(), out.len())?;
        let mut reached = 1.0;
        for (position, (out, &score)) in out.iter_mut().zip(scores).enumerate() {
            let click = match self.gain {
                CascadeGain::Exponential => self.ln_exponential(position, score)?.exp(),
                CascadeGain::Proportional { min_normalizer } => {
                    self.linear(position, score, min_normalizer)?
                }
            };
            *out = (reached * click) as f32;
            reached *= 1.0 - click;
        }
        Ok(reached as f32)
    }

    /// The position clicked, `None` for no click. Cost: at most one logarithm per item down to the click.
    #[inline]
    pub fn choose(&self, scores: &[f32], words: &[u32]) -> Result<Option<usize>, ChoiceError> {
        check_length("words of luck", scores.len(), words.len())?;
        let mut chosen = None;
        // Reads on after the click, so that a bad score below it is still refused.
        for (position, (&score, &word)) in scores.iter().zip(words).enumerate() {
            let willing = match self.gain {
                CascadeGain::Exponential => {
                    let ln_click = self.ln_exponential(position, score)?;
                    chosen.is_none() && exponential(word) > -ln_click
                }
                CascadeGain::Proportional { min_normalizer } => {
                    uniform(word) < self.linear(position, score, min_normalizer)?
                }
            };
            if willing && chosen.is_none() {
                chosen = Some(position);
            }
        }
        Ok(chosen)
    }

    /// `ln(a·k·e^s)`, refused above 0.
    #[inline]
    fn ln_exponential(&self, position: usize, score: f32) -> Result<f64, ChoiceError> {
        let ln_click = self.ln_factor + f64::from(score);
        if ln_click <= 0.0 {
            Ok(ln_click)
        } else if score.is_nan() {
            Err(ChoiceError::Score { position, score })
        } else {
            Err(ChoiceError::Probability { position, probability: ln_click.exp() })
        }
    }

    /// `a·k·(s − n)`, refused outside [0, 1].
    #[inline]
    fn linear(&self, position: usize, score: f32, min_normalizer: f32) -> Result<f64, ChoiceError> {
        let gain = proportional_weight(position, score, min_normalizer)?;
        check_probability(position, self.factor * gain)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trials::{assert_frequencies, assert_near, words};
    use super::*;

    const LINEAR: CascadeGain = CascadeGain::Proportional { min_normalizer: -1.0 };

    #[test]
    fn shares_by_hand() -> Result<(), ChoiceError> {
        // a·k = ¼ and gains 1, 2, 4: conditional ¼, ½, 1.
        let user = Cascade::new(0.5, 0.5, LINEAR)?;
        let mut out = [0.0; 3];
        assert_eq!(user.probabilities(&[0.0, 1.0, 3.0], &mut out)?, 0.0);
        assert_eq!(out, [0.25, 0.375, 0.375]);
        let user = Cascade::new(0.5, 0.5, CascadeGain::Exponential)?;
        let none = user.probabilities(&[0.0, 2.0_f32.ln(), f32::NEG_INFINITY], &mut out)?;
        assert_near(&out, &[0.25, 0.375, 0.0]);
        assert_near(&[none], &[0.375]);
        Ok(())
    }

    #[test]
    fn a_gain_of_exactly_one_always_clicks() -> Result<(), ChoiceError> {
        for word in [0, u32::MAX] {
            let user = Cascade::new(1.0, 1.0, CascadeGain::Exponential)?;
            assert_eq!(user.choose(&[f32::NEG_INFINITY, 0.0], &[word; 2])?, Some(1));
            let user = Cascade::new(1.0, 1.0, LINEAR)?;
            assert_eq!(user.choose(&[-1.0, 0.0], &[word; 2])?, Some(1));
        }
        Ok(())
    }

    #[test]
    fn frequencies_follow_the_law() -> Result<(), ChoiceError> {
        let scores = [-0.2, -1.0, 0.6, -0.4];
        for gain in [LINEAR, CascadeGain::Exponential] {
            let user = Cascade::new(0.8, 0.6, gain)?;
            let mut out = [0.0; 4];
            let none = user.probabilities(&scores, &mut out)?;
            assert_frequencies(&out, none, |luck| user.choose(&scores, luck.items))?;
        }
        Ok(())
    }

    #[test]
    fn willingness_travels_with_the_item() -> Result<(), ChoiceError> {
        let scores = [-0.2, -0.7, 0.6, -0.4];
        for gain in [LINEAR, CascadeGain::Exponential] {
            let user = Cascade::new(0.8, 0.6, gain)?;
            for trial in 0..1000 {
                let words = words::<4>(trial);
                let willing = |item: usize| user.choose(&scores[item..=item], &words[item..=item]);
                for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
                    let chosen = user.choose(&order.map(|i| scores[i]), &order.map(|i| words[i]))?;
                    let mut first = None;
                    for position in (0..4).rev() {
                        first = willing(order[position])?.map(|_| position).or(first);
                    }
                    assert_eq!(chosen, first);
                }
            }
        }
        Ok(())
    }

    #[test]
    fn refuses_what_is_no_probability() -> Result<(), ChoiceError> {
        let user = Cascade::new(0.5, 1.0, LINEAR)?;
        let too_much = ChoiceError::Probability { position: 1, probability: 1.5 };
        assert_eq!(user.choose(&[1.0, 2.0], &[0, 0]), Err(too_much));
        assert_eq!(user.probabilities(&[1.0, 2.0], &mut [0.0; 2]), Err(too_much));
        let negative = ChoiceError::NegativeWeight { position: 0, weight: -1.0 };
        assert_eq!(user.choose(&[-2.0], &[0]), Err(negative));
        let user = Cascade::new(0.5, 1.0, CascadeGain::Exponential)?;
        let refused = user.choose(&[-9.0, 1.0], &[0, 0]);
        assert!(
            matches!(refused, Err(ChoiceError::Probability { position: 1, probability }) if probability > 1.35)
        );
        assert!(matches!(user.choose(&[f32::NAN], &[0]), Err(ChoiceError::Score { position: 0, .. })));
        for bad in [0.0, -0.1, f32::NAN, f32::INFINITY] {
            assert!(Cascade::new(bad, 1.0, LINEAR).is_err());
            assert!(Cascade::new(1.0, bad, LINEAR).is_err());
        }
        assert!(Cascade::new(1.1, 1.0, LINEAR).is_err());
        assert!(Cascade::new(1.0, 1.0, CascadeGain::Proportional { min_normalizer: 0.1 }).is_err());
        Ok(())
    }
}
