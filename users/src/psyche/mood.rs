//! How somebody feels: a point that events push and character pulls back.

use super::BigFive;

/// Valence, arousal and dominance, each in [−1, 1].
///
/// With traits in [−1, 1], S being emotional *stability*, the baseline is
///
/// | | |
/// |---|---|
/// | valence | `.21E + .59A + .19S` |
/// | arousal | `.15O + .30A − .57S` |
/// | dominance | `.25O + .17C + .60E − .32A` |
///
/// clipped to [−1, 1]. An event moves a mood m by
/// `m ← clip(m + k(baseline − m) + (1 − .5S)·appraisal)`, k the spring of a [`MoodLaw`]: neuroticism, −S, makes events
/// bigger. At the baseline a neutral event (appraisal 0) changes nothing; elsewhere the distance to it shrinks by 1 − k.
///
/// ```
/// use recloop_users::psyche::{BigFive, Mood, MoodLaw};
/// let calm = BigFive { stability: 0.8, ..BigFive::default() };
/// let base = Mood::baseline(&calm);
/// assert!(base.valence > 0.0 && base.arousal < 0.0);
/// let law = MoodLaw::default();
/// assert_eq!(base.after(&law, &calm, [0.0; 3]), base);
/// assert!(base.after(&law, &calm, [-0.3, 0.0, 0.0]).valence < base.valence);
/// ```
///
/// # Numerics
/// An appraisal that is not finite counts as 0.
///
/// # Source
/// Mehrabian (1996), "Analysis of the Big-Five Personality Factors in Terms of the PAD Temperament Model". The spring is
/// ours.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mood {
    /// How pleasant it is.
    pub valence: f32,
    /// How stirred up one is.
    pub arousal: f32,
    /// How much one feels in control.
    pub dominance: f32,
}

/// How moods move; chosen by us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoodLaw {
    /// k: the share of the way back to the baseline that an event's time takes, in [0, 1].
    pub spring: f32,
}

impl Default for MoodLaw {
    /// A fifth of the way back with every slate.
    fn default() -> Self {
        Self { spring: 0.2 }
    }
}

impl Mood {
    /// What somebody of this character feels like when nothing happens.
    #[must_use]
    pub fn baseline(who: &BigFive) -> Self {
        let BigFive { openness: o, conscientiousness: c, extraversion: e, agreeableness: a, stability: s } =
            *who;
        Self::clipped([
            0.21 * e + 0.59 * a + 0.19 * s,
            0.15 * o + 0.30 * a - 0.57 * s,
            0.25 * o + 0.17 * c + 0.60 * e - 0.32 * a,
        ])
    }

    /// The mood after an event appraised as `[valence, arousal, dominance]`.
    #[must_use]
    pub fn after(self, law: &MoodLaw, who: &BigFive, appraisal: [f32; 3]) -> Self {
        let (base, gain) = (Self::baseline(who).numbers(), 1.0 - 0.5 * who.stability);
        let mut felt = self.numbers();
        for ((m, base), push) in felt.iter_mut().zip(base).zip(appraisal) {
            let push = if push.is_finite() { push } else { 0.0 };
            *m += law.spring * (base - *m) + gain * push;
        }
        Self::clipped(felt)
    }

    /// The mood when a share `keep` of the distance to the baseline is left.
    #[must_use]
    pub fn faded(self, who: &BigFive, keep: f32) -> Self {
        self.after(&MoodLaw { spring: 1.0 - keep }, who, [0.0; 3])
    }

    /// As `[valence, arousal, dominance]`.
    #[must_use]
    pub fn numbers(self) -> [f32; 3] {
        [self.valence, self.arousal, self.dominance]
    }

    /// From `[valence, arousal, dominance]`, clipped.
    #[must_use]
    pub fn clipped(numbers: [f32; 3]) -> Self {
        let [valence, arousal, dominance] = numbers.map(|x| x.clamp(-1.0, 1.0));
        Self { valence, arousal, dominance }
    }

    /// Cosine with another mood; 0 if either is nothing at all.
    #[must_use]
    pub fn likeness(self, other: Self) -> f32 {
        let dot = |a: Self, b: Self| a.numbers().iter().zip(b.numbers()).map(|(a, b)| a * b).sum::<f32>();
        let lengths = (dot(self, self) * dot(other, other)).sqrt();
        if lengths > 0.0 { dot(self, other) / lengths } else { 0.0 }
    }

    /// A word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match (self.valence, self.arousal) {
            (v, a) if v.abs() < 0.15 && a.abs() < 0.15 => "neutral",
            (v, a) if v >= 0.0 && a >= 0.0 => "excited",
            (v, _) if v >= 0.0 => "content",
            (_, a) if a >= 0.0 => "annoyed",
            _ => "bored",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::{Streams, Tick, UserId, purpose};

    fn somebody() -> BigFive {
        BigFive {
            openness: 0.4,
            conscientiousness: -0.2,
            extraversion: 0.7,
            agreeableness: -0.5,
            stability: -0.6,
        }
    }

    #[test]
    fn psyche_baseline_by_hand_and_stability_has_the_right_sign() {
        let base = Mood::baseline(&somebody());
        // .147 − .295 − .114; .06 − .15 + .342; .1 − .034 + .42 + .16.
        for (found, expected) in base.numbers().into_iter().zip([-0.262, 0.252, 0.646]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let stable = Mood::baseline(&BigFive { stability: 0.6, ..somebody() });
        assert!(stable.valence > base.valence && stable.arousal < base.arousal);
        assert_eq!(stable.dominance, base.dominance);
        // The unstable feel the same event more.
        let law = MoodLaw::default();
        let push = |who: &BigFive| Mood::baseline(who).after(&law, who, [0.1, 0.0, 0.0]).valence;
        let moved = |who: BigFive| push(&who) - Mood::baseline(&who).valence;
        assert!((moved(somebody()) - 0.13).abs() < 1e-6, "1 + .5·.6 times .1");
        assert!((moved(BigFive { stability: 0.6, ..somebody() }) - 0.07).abs() < 1e-6);
    }

    #[test]
    fn psyche_mood_rests_at_its_baseline_and_elsewhere_comes_closer_geometrically() {
        let (law, who) = (MoodLaw { spring: 0.3 }, somebody());
        let base = Mood::baseline(&who);
        let far =
            |m: Mood| m.numbers().iter().zip(base.numbers()).map(|(m, b)| (m - b).abs()).fold(0.0, f32::max);
        assert!(far(base.after(&law, &who, [0.0; 3])) <= 1e-6);
        let mut mood = Mood { valence: 1.0, arousal: -1.0, dominance: -1.0 };
        for _ in 0..20 {
            let next = mood.after(&law, &who, [0.0; 3]);
            assert!((far(next) - 0.7 * far(mood)).abs() < 1e-6);
            mood = next;
        }
        assert!(far(mood) < 0.002);
    }

    #[test]
    fn psyche_mood_stays_in_its_cube_for_a_million_steps() {
        let (law, mut mood) = (MoodLaw::default(), Mood::default());
        let mut draws = Streams::new(3).at(purpose::PERSONA, UserId(0), Tick(0));
        let mut any = || 4.0 * draws.unit() - 2.0;
        let mut who = somebody();
        for step in 0..1_000_000 {
            let appraisal =
                if step % 1_000 == 0 { [f32::NAN, f32::INFINITY, any()] } else { [any(), any(), any()] };
            who.stability = (any() / 2.0).clamp(-1.0, 1.0);
            mood = mood.after(&law, &who, appraisal);
            assert!(mood.numbers().iter().all(|m| (-1.0..=1.0).contains(m)), "{mood:?} at {step}");
        }
    }
}
