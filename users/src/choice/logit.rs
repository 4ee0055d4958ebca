//! Multinomial logit: exponential weights against an outside option.

use super::luck::gumbel;
use super::{Luck, check_length, check_parameter};
use crate::ChoiceError;

/// A user who clicks at most one item, with odds exponential in its score.
///
/// `P(i) = e^{s_i} / (e^m + Σ_j e^{s_j})`, where `m` is the no-click logit; `m = −∞` forces a click.
///
/// # Shapes and units
/// - `scores`: `[K]`, slate order, dimensionless log-odds; −∞ is an item that is never clicked
/// - no-click logit: on the scale of the scores
///
/// # Numerics
/// Stable for any finite score. The law subtracts the largest exponent first; choosing takes the largest
/// `s_i + Gumbel_i`, which needs no exponential at all. Raising one item's score never loses it a click.
///
/// # Errors
/// A score that is NaN or +∞; a forced choice with every score at −∞.
///
/// # Source
/// McFadden (1974), "Conditional logit analysis of qualitative choice behavior".
///
/// ```
/// use recloop_users::choice::{Luck, MultinomialLogit};
///
/// let user = MultinomialLogit::new(0.0)?;
/// let scores = [2.0_f32.ln(), 0.0];
/// let mut law = [0.0; 2];
/// let no_click = user.probabilities(&scores, &mut law)?;
/// assert!((law[0] - 0.5).abs() < 1e-6 && (law[1] - 0.25).abs() < 1e-6 && (no_click - 0.25).abs() < 1e-6);
///
/// let luck = Luck { items: &[7, u32::MAX], none: 42 };
/// assert_eq!(user.choose(&scores, luck)?, Some(1), "the highest possible word wins here");
/// # Ok::<(), recloop_users::ChoiceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultinomialLogit {
    no_click_logit: f32,
}

impl MultinomialLogit {
    /// A user with this no-click logit: any number below +∞, −∞ to force a click.
    pub fn new(no_click_logit: f32) -> Result<Self, ChoiceError> {
        check_parameter("no_click_logit", no_click_logit, "[-inf, inf)", no_click_logit < f32::INFINITY)?;
        Ok(Self { no_click_logit })
    }

    /// Writes the click probability of each item to `out` (`[K]`) and returns that of no click.
    pub fn probabilities(&self, scores: &[f32], out: &mut [f32]) -> Result<f32, ChoiceError> {
        check_length("probabilities", scores.len(), out.len())?;
        let mut highest = self.no_click_logit;
        for (position, &score) in scores.iter().enumerate() {
            highest = highest.max(check_score(position, score)?);
        }
        if highest == f32::NEG_INFINITY {
            return Err(ChoiceError::NothingToChoose { n_items: scores.len() });
        }
        let weight = |score: f32| (f64::from(score) - f64::from(highest)).exp();
        let none = weight(self.no_click_logit);
        let total = none + scores.iter().map(|&score| weight(score)).sum::<f64>();
        for (out, &score) in out.iter_mut().zip(scores) {
            *out = (weight(score) / total) as f32;
        }
        Ok((none / total) as f32)
    }

    /// The position clicked, `None` for no click. Cost: two logarithms per alternative.
    #[inline]
    pub fn choose(&self, scores: &[f32], luck: Luck<'_>) -> Result<Option<usize>, ChoiceError> {
        check_length("words of luck", scores.len(), luck.items.len())?;
        let forced = self.no_click_logit == f32::NEG_INFINITY;
        let mut best =
            if forced { f64::NEG_INFINITY } else { f64::from(self.no_click_logit) + gumbel(luck.none) };
        let mut chosen = None;
        for (position, (&score, &word)) in scores.iter().zip(luck.items).enumerate() {
            let value = f64::from(check_score(position, score)?) + gumbel(word);
            if value > best {
                (best, chosen) = (value, Some(position));
            }
        }
        if forced && chosen.is_none() {
            return Err(ChoiceError::NothingToChoose { n_items: scores.len() });
        }
        Ok(chosen)
    }
}

#[inline]
fn check_score(position: usize, score: f32) -> Result<f32, ChoiceError> {
    // Written so that NaN fails it.
    if score < f32::INFINITY { Ok(score) } else { Err(ChoiceError::Score { position, score }) }
}

#[cfg(test)]
mod tests {
    use super::super::trials::{assert_frequencies, assert_near, assert_same_item_wins};
    use super::*;

    const FORCED: f32 = f32::NEG_INFINITY;

    fn law<const K: usize>(no_click_logit: f32, scores: [f32; K]) -> Result<([f32; K], f32), ChoiceError> {
        let mut out = [0.0; K];
        let none = MultinomialLogit::new(no_click_logit)?.probabilities(&scores, &mut out)?;
        Ok((out, none))
    }

    #[test]
    fn shares_by_hand() -> Result<(), ChoiceError> {
        // Weights 1, 2, 4 and 1 for no click: eighths.
        let (out, none) = law(0.0, [0.0, 2.0_f32.ln(), 4.0_f32.ln()])?;
        assert_near(&out, &[0.125, 0.25, 0.5]);
        assert_near(&[none], &[0.125]);
        let (out, none) = law(FORCED, [0.0, 3.0_f32.ln()])?;
        assert_near(&out, &[0.25, 0.75]);
        assert_eq!(none, 0.0);
        Ok(())
    }

    #[test]
    fn stays_finite_at_extreme_scores() -> Result<(), ChoiceError> {
        assert_eq!(law(0.0, [1e4, -1e4])?, ([1.0, 0.0], 0.0));
        assert_eq!(law(0.0, [-1e4, -1e4])?, ([0.0, 0.0], 1.0));
        assert_eq!(law(FORCED, [-1e4, -1e4])?, ([0.5, 0.5], 0.0));
        let worst = Luck { items: &[0, u32::MAX], none: u32::MAX };
        assert_eq!(MultinomialLogit::new(0.0)?.choose(&[1e4, -1e4], worst)?, Some(0));
        assert_eq!(MultinomialLogit::new(0.0)?.choose(&[-1e4, -1e4], worst)?, None);
        assert_eq!(MultinomialLogit::new(FORCED)?.choose(&[-1e4, -1e4], worst)?, Some(1));
        Ok(())
    }

    #[test]
    fn frequencies_follow_the_law() -> Result<(), ChoiceError> {
        let scores = [0.3, -1.0, 1.2, f32::NEG_INFINITY];
        for no_click_logit in [0.5, FORCED] {
            let user = MultinomialLogit::new(no_click_logit)?;
            let (out, none) = law(no_click_logit, scores)?;
            assert_frequencies(&out, none, |luck| user.choose(&scores, luck))?;
        }
        Ok(())
    }

    #[test]
    fn reranking_keeps_the_winner() -> Result<(), ChoiceError> {
        let user = MultinomialLogit::new(0.0)?;
        assert_same_item_wins(&[0.1, 0.9, -0.4, 0.2], |scores, luck| user.choose(scores, luck))
    }

    #[test]
    fn refuses_what_has_no_weight() -> Result<(), ChoiceError> {
        for bad in [f32::NAN, f32::INFINITY] {
            assert!(matches!(MultinomialLogit::new(bad), Err(ChoiceError::Parameter { .. })));
            // The lucky first item must not hide the bad second one.
            let luck = Luck { items: &[u32::MAX, 0], none: 0 };
            let refused = MultinomialLogit::new(0.0)?.choose(&[50.0, bad], luck);
            assert!(matches!(refused, Err(ChoiceError::Score { position: 1, .. })));
            assert!(matches!(law(0.0, [50.0, bad]), Err(ChoiceError::Score { position: 1, .. })));
        }
        let forced = MultinomialLogit::new(FORCED)?;
        let nothing = Err(ChoiceError::NothingToChoose { n_items: 1 });
        assert_eq!(forced.choose(&[FORCED], Luck { items: &[9], none: 9 }), nothing);
        assert_eq!(law(FORCED, [FORCED]).map(|(_, none)| Some(none as usize)), nothing);
        assert_eq!(MultinomialLogit::new(0.0)?.choose(&[], Luck { items: &[], none: 9 }), Ok(None));
        let short = MultinomialLogit::new(0.0)?.choose(&[1.0], Luck { items: &[], none: 9 });
        assert!(matches!(short, Err(ChoiceError::Length { n_scores: 1, found: 0, .. })));
        Ok(())
    }
}
