//! Weights kept from growing.

/// How a weight is kept from growing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shrink {
    /// w.
    Not,
    /// min(w, L).
    Clip(f64),
    /// w where w ≤ L, else 0. A weight within one ulp of L may fall on either side.
    Switch(f64),
    /// L w / (w² + L): 0 for L = 0, w for L = ∞.
    Optimistic(f64),
    /// w / (1 − L + L w), L in [0, 1].
    SubGaussian(f64),
}

impl Shrink {
    /// The weight that is used in place of `w`.
    #[must_use]
    #[inline]
    pub fn of(self, w: f64) -> f64 {
        match self {
            Self::Not => w,
            Self::Clip(cap) => w.min(cap),
            Self::Switch(cap) => {
                if w <= cap {
                    w
                } else {
                    0.0
                }
            }
            Self::Optimistic(cap) if cap == f64::INFINITY => w,
            Self::Optimistic(cap) if cap == 0.0 || w == 0.0 => 0.0,
            // As w / (w² / L + 1): neither L w nor w² + L overflows while the result does not.
            Self::Optimistic(cap) => w / (w * (w / cap) + 1.0),
            Self::SubGaussian(mix) if w == 0.0 && mix == 1.0 => 0.0,
            Self::SubGaussian(mix) => w / (1.0 - mix + mix * w),
        }
    }

    /// The largest weight that it lets through, if there is one.
    #[must_use]
    pub fn cap(self) -> Option<f64> {
        match self {
            Self::Clip(cap) | Self::Switch(cap) => Some(cap),
            // Largest at w = √L.
            Self::Optimistic(cap) => Some(cap.sqrt() / 2.0),
            Self::SubGaussian(mix) => (mix > 0.0).then(|| mix.recip()),
            Self::Not => None,
        }
        .filter(|cap| cap.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_shrink_to_their_limits() {
        for w in [0.0, 0.3, 1.0, 7.0, 1e200] {
            assert_eq!(Shrink::Optimistic(0.0).of(w), 0.0);
            assert_eq!(Shrink::Optimistic(f64::INFINITY).of(w), w);
            assert_eq!(Shrink::SubGaussian(0.0).of(w), w);
            assert_eq!(Shrink::SubGaussian(1.0).of(w), if w == 0.0 { 0.0 } else { 1.0 });
            assert_eq!((Shrink::Clip(f64::INFINITY).of(w), Shrink::Clip(0.0).of(w)), (w, 0.0));
            assert_eq!(
                (Shrink::Switch(f64::INFINITY).of(w), Shrink::Switch(7.0).of(w)),
                (w, if w > 7.0 { 0.0 } else { w })
            );
        }
        assert!((Shrink::Optimistic(4.0).of(3.0) - 12.0 / 13.0).abs() < 1e-15);
        assert!((Shrink::SubGaussian(0.25).of(3.0) - 3.0 / 1.5).abs() < 1e-15);
        assert_eq!(Shrink::Optimistic(4.0).cap(), Some(1.0));
        assert!((Shrink::Optimistic(4.0).of(2.0) - 1.0).abs() < 1e-15);
    }
}
