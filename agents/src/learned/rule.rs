//! What settings must keep to.

/// What one setting must be like, and whether it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The setting.
    pub key: &'static str,
    /// Whether it keeps the rule.
    pub holds: bool,
    /// What is wrong if it does not.
    pub reason: &'static str,
}

impl Rule {
    /// A number between 0 and 1, both allowed.
    pub(crate) fn share(key: &'static str, value: f64) -> Self {
        Self { key, holds: (0.0..=1.0).contains(&value), reason: "it must lie between 0 and 1" }
    }

    /// A finite number above zero.
    pub(crate) fn positive(key: &'static str, value: f64) -> Self {
        Self { key, holds: value > 0.0 && value.is_finite(), reason: "it must be finite and above zero" }
    }

    /// A finite number, zero or more.
    pub(crate) fn weight(key: &'static str, value: f64) -> Self {
        Self { key, holds: value >= 0.0 && value.is_finite(), reason: "it must be zero or more" }
    }

    /// At least one.
    pub(crate) fn some(key: &'static str, n: usize) -> Self {
        Self { key, holds: n > 0, reason: "there must be at least one" }
    }
}
