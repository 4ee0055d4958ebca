//! Somebody who looks on.

use super::Measures;

/// Is told of every round, once it is over.
pub trait Watch {
    /// A round is over.
    fn round(&mut self, progress: &Progress<'_>);
}

impl<F: FnMut(&Progress<'_>)> Watch for F {
    fn round(&mut self, progress: &Progress<'_>) {
        self(progress);
    }
}

/// How far a training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress<'a> {
    /// Rounds so far, those before a resume included.
    pub round: u64,
    /// Steps of experience so far, likewise.
    pub step: u64,
    /// Steps of experience in all.
    pub total: u64,
    /// What the round came to.
    pub measures: &'a Measures,
    /// Since this process began to train.
    pub steps_per_sec: f64,
    /// Seconds until the last step at this rate.
    pub left_secs: f64,
}
