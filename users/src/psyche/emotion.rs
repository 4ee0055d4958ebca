//! How a conversation goes for its user, as one number.

/// The emotion score of RLVER: `e ← clip(e + clip(Δ, −10, 10), 0, 100)`.
///
/// It starts at 50 (chosen by us: half way). A conversation is over when it falls below 10 or reaches 100, and is worth
/// `e/100`.
///
/// ```
/// use recloop_users::psyche::Emotion;
/// let mut felt = Emotion::default();
/// felt.feel(25.0);
/// assert_eq!((felt.score(), felt.reward(), felt.is_over()), (60.0, 0.6, false));
/// (0..4).for_each(|_| felt.feel(10.0));
/// assert!(felt.is_over() && felt.score() == 100.0);
/// ```
///
/// # Numerics
/// A change that is no number changes nothing.
///
/// # Source
/// Wang et al. (2025), "RLVER: Reinforcement Learning with Verifiable Emotion Rewards for Empathetic Agents".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Emotion(f32);

/// The most one turn can change.
const STEP: f32 = 10.0;

impl Default for Emotion {
    fn default() -> Self {
        Self(50.0)
    }
}

impl Emotion {
    /// A score, clipped to [0, 100].
    #[must_use]
    pub fn at(score: f32) -> Self {
        if score.is_nan() { Self::default() } else { Self(score.clamp(0.0, 100.0)) }
    }

    /// A turn went well (positive) or badly.
    pub fn feel(&mut self, change: f32) {
        if !change.is_nan() {
            self.0 = (self.0 + change.clamp(-STEP, STEP)).clamp(0.0, 100.0);
        }
    }

    /// e, in [0, 100].
    #[must_use]
    pub fn score(self) -> f32 {
        self.0
    }

    /// e/100.
    #[must_use]
    pub fn reward(self) -> f32 {
        self.0 / 100.0
    }

    /// Whether nothing more is to be said, for better or worse.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.0 < STEP || self.0 >= 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psyche_emotion_is_clipped_twice_and_ends_at_both_ends() {
        let mut felt = Emotion::at(15.0);
        felt.feel(-3.0);
        assert!(!felt.is_over() && felt.score() == 12.0);
        felt.feel(f32::NAN);
        felt.feel(f32::NEG_INFINITY);
        assert_eq!((felt.score(), felt.is_over()), (2.0, true));
        felt.feel(-10.0);
        assert_eq!((felt.score(), felt.reward()), (0.0, 0.0));
        assert_eq!(Emotion::at(1e9).score(), 100.0);
    }
}
