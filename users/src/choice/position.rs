//! Position-based: look down the slate, click whatever appeals on the way.

use super::luck::uniform;
use super::{check_length, check_parameter, check_probability};
use crate::ChoiceError;

/// A user who scans a prefix of the slate and clicks any number of the items in it.
///
/// Position `p` is examined with probability `γ^p`; an examined item is clicked with its own probability `c`, so
/// `P(click at p) = γ^p · c_p`.
///
/// # Shapes and units
/// - `click_probabilities`: `[K]` in [0, 1], slate order, each given that the item is examined
/// - `words`: `[K]`, one per item in slate order, named by *(user, item, tick)*
/// - `scan_word`: how far this user looks down, named by *(user, tick)*
///
/// # Examination is a depth
/// One word per user and tick is compared with `γ^p` at every position, so a user who examines a position has
/// examined all those above it. The marginals are exactly `γ^p`; positions are not independent of each other, as
/// they are where the literature draws an examination per position. We prefer the depth: people scroll, reranking
/// changes neither how far they look nor what they would click there, and the number examined is well defined,
/// which is what a session's time and fatigue are charged for.
///
/// # Errors
/// A click probability that is NaN or outside [0, 1].
///
/// # Source
/// Richardson, Dominowska and Ragno (2007), "Predicting clicks: estimating the click-through rate for new ads";
/// the geometric scan is the reader of Moffat and Zobel (2008), "Rank-biased precision for measurement of retrieval
/// effectiveness".
///
/// ```
/// use recloop_users::choice::PositionBased;
///
/// let user = PositionBased::new(0.5)?;
/// let mut law = [0.0; 3];
/// user.probabilities(&[1.0, 1.0, 0.8], &mut law)?;
/// assert!((law[2] - 0.2).abs() < 1e-6);
///
/// let mut clicked = [false; 3];
/// let scan_word = 1 << 30; // a quarter: below γ⁰ and γ¹, not below γ²
/// let n_examined = user.clicks(&[1.0, 1.0, 0.8], &[5, 6, 7], scan_word, &mut clicked)?;
/// assert_eq!((n_examined, clicked), (2, [true, true, false]));
/// # Ok::<(), recloop_users::ChoiceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionBased {
    gamma: f64,
}

impl PositionBased {
    /// A user who goes on from each position to the next with probability `gamma` in (0, 1].
    pub fn new(gamma: f32) -> Result<Self, ChoiceError> {
        check_parameter("gamma", gamma, "(0, 1]", gamma > 0.0 && gamma <= 1.0)?;
        Ok(Self { gamma: f64::from(gamma) })
    }

    /// Writes the click probability of each item to `out` (`[K]`) and returns that of a slate without any click.
    pub fn probabilities(&self, click_probabilities: &[f32], out: &mut [f32]) -> Result<f32, ChoiceError> {
        check_length("probabilities", click_probabilities.len(), out.len())?;
        // A user who has seen `p` items stops there with `reach − γ·reach`, unclicked with `untouched`.
        let (mut reach, mut untouched, mut none) = (1.0, 1.0, 0.0);
        for (position, (out, &click)) in out.iter_mut().zip(click_probabilities).enumerate() {
            let click = check_probability(position, f64::from(click))?;
            *out = (reach * click) as f32;
            untouched *= 1.0 - click;
            none += reach * (1.0 - self.gamma) * untouched;
            reach *= self.gamma;
        }
        // Whoever would have gone on past the end has seen the whole slate.
        Ok((none + reach * untouched) as f32)
    }

    /// How many of `n_items` items, from the top, are examined by a user with this luck.
    #[must_use]
    #[inline]
    pub fn examined(&self, scan_word: u32, n_items: usize) -> usize {
        let (scan, mut reach, mut n_examined) = (uniform(scan_word), 1.0, 0);
        while n_examined < n_items && scan < reach {
            (n_examined, reach) = (n_examined + 1, reach * self.gamma);
        }
        n_examined
    }

    /// Marks what was clicked (`clicked`: `[K]`) and returns how many items, from the top, were examined.
    #[inline]
    pub fn clicks(
        &self,
        click_probabilities: &[f32],
        words: &[u32],
        scan_word: u32,
        clicked: &mut [bool],
    ) -> Result<usize, ChoiceError> {
        check_length("words of luck", click_probabilities.len(), words.len())?;
        check_length("click flags", click_probabilities.len(), clicked.len())?;
        let n_examined = self.examined(scan_word, words.len());
        let slate = click_probabilities.iter().zip(words).zip(clicked);
        for (position, ((&click, &word), clicked)) in slate.enumerate() {
            let click = check_probability(position, f64::from(click))?;
            *clicked = position < n_examined && uniform(word) < click;
        }
        Ok(n_examined)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trials::{BOUND, N_TRIALS, assert_near, words};
    use super::*;

    #[test]
    fn shares_by_hand() -> Result<(), ChoiceError> {
        let user = PositionBased::new(0.5)?;
        let mut out = [0.0; 3];
        let none = user.probabilities(&[0.5, 0.25, 1.0], &mut out)?;
        assert_near(&out, &[0.5, 0.125, 0.25]);
        // Depth 1 (½): ½ unclicked. Depth 2 (¼): ½·¾. Depth 3 (¼): 0.
        assert_near(&[none], &[0.25 + 0.09375]);
        Ok(())
    }

    #[test]
    fn the_top_is_always_examined_and_gamma_one_examines_all() -> Result<(), ChoiceError> {
        let mut clicked = [false; 3];
        assert_eq!(PositionBased::new(0.01)?.clicks(&[1.0; 3], &[9; 3], u32::MAX, &mut clicked)?, 1);
        assert_eq!(clicked, [true, false, false]);
        let n_examined =
            PositionBased::new(1.0)?.clicks(&[0.0, 1.0, 1.0], &[0; 3], u32::MAX, &mut clicked)?;
        assert_eq!((n_examined, clicked), (3, [false, true, true]));
        assert_eq!(PositionBased::new(1.0)?.clicks(&[], &[], 0, &mut [])?, 0);
        Ok(())
    }

    #[test]
    fn frequencies_follow_the_law() -> Result<(), ChoiceError> {
        let user = PositionBased::new(0.7)?;
        let attraction = [0.3, 0.9, 0.05, 0.6];
        let mut expected = [0.0; 5];
        expected[4] = user.probabilities(&attraction, &mut expected[..4])?;
        let (mut clicks, mut examined) = ([0_u32; 5], [0_u32; 4]);
        for trial in 0..N_TRIALS {
            let [scan_word, words @ ..] = words::<5>(trial);
            let mut clicked = [false; 4];
            let n_examined = user.clicks(&attraction, &words, scan_word, &mut clicked)?;
            for position in 0..4 {
                clicks[position] += u32::from(clicked[position]);
                examined[position] += u32::from(position < n_examined);
            }
            clicks[4] += u32::from(clicked == [false; 4]);
        }
        let share = |count: u32| f64::from(count) / f64::from(N_TRIALS);
        for (count, expected) in clicks.into_iter().zip(expected) {
            assert!((share(count) - f64::from(expected)).abs() < BOUND, "{count} for {expected}");
        }
        for (count, expected) in examined.into_iter().zip([1.0, 0.7, 0.49, 0.343]) {
            assert!((share(count) - expected).abs() < BOUND, "{count} for {expected}");
        }
        Ok(())
    }

    #[test]
    fn reranking_changes_neither_depth_nor_willingness() -> Result<(), ChoiceError> {
        let user = PositionBased::new(0.8)?;
        let attraction = [0.3, 0.9, 0.5, 0.6];
        let order = [2, 0, 3, 1];
        for trial in 0..1000 {
            let [scan_word, words @ ..] = words::<5>(trial);
            let (mut before, mut after) = ([false; 4], [false; 4]);
            let depth = user.clicks(&attraction, &words, scan_word, &mut before)?;
            let (reranked, moved) = (order.map(|i| attraction[i]), order.map(|i| words[i]));
            assert_eq!(user.clicks(&reranked, &moved, scan_word, &mut after)?, depth);
            for (position, item) in order.into_iter().enumerate() {
                if position < depth && item < depth {
                    assert_eq!(after[position], before[item]);
                }
            }
        }
        Ok(())
    }

    #[test]
    fn refuses_what_is_no_probability() -> Result<(), ChoiceError> {
        let user = PositionBased::new(0.5)?;
        for bad in [f32::NAN, -0.1, 1.1] {
            let refused = user.clicks(&[0.5, bad], &[0; 2], u32::MAX, &mut [false; 2]);
            assert!(matches!(refused, Err(ChoiceError::Probability { position: 1, .. })));
            assert!(user.probabilities(&[0.5, bad], &mut [0.0; 2]).is_err());
        }
        for bad in [0.0, -0.5, 1.1, f32::NAN] {
            assert!(matches!(PositionBased::new(bad), Err(ChoiceError::Parameter { name: "gamma", .. })));
        }
        let short = user.clicks(&[0.5], &[0], 0, &mut []);
        assert!(matches!(short, Err(ChoiceError::Length { what: "click flags", found: 0, .. })));
        Ok(())
    }
}
