//! What a training is asked to do.

use crate::NnError;
use crate::checkpoint::Card;

/// How far to train, how often to save, when to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Steps of experience in all, those before a resume included; the round that reaches them is the last.
    pub steps: u64,
    /// Seconds between checkpoints; there is one before the first round and one at the end besides.
    pub checkpoint_secs: f64,
    /// Go on from the checkpoint that is there, rather than start.
    pub resume: bool,
    /// Stop before that, if it no longer gets better.
    pub stop: Option<EarlyStop>,
    /// What is trained. A training resumes only under the config, seed, shape and data of its card: what may change in
    /// between, such as the number of steps, does not belong into its config. Step and metrics are filled in.
    pub card: Card,
}

impl Plan {
    pub(super) fn check(&self) -> Result<(), NnError> {
        let refuse = |reason: &str| Err(NnError::Training { reason: reason.into() });
        if self.steps == 0 {
            return refuse("it needs at least one step");
        }
        if !not_negative(self.checkpoint_secs) {
            return refuse("the seconds between checkpoints must be zero or more");
        }
        match &self.stop {
            Some(stop) if stop.patience == 0 => refuse("its patience must be at least one round"),
            Some(stop) if !not_negative(stop.min_delta) => refuse("the smallest gain must be zero or more"),
            _ => Ok(()),
        }
    }
}

/// False for a NaN, too.
fn not_negative(value: f64) -> bool {
    (0.0..).contains(&value)
}

/// Stops a training whose measure has not got better for a while.
///
/// It decides how a training ends, so it belongs into the config of its card.
///
/// A value `x` is better than the best `b` so far if `x > b + δ` (higher is better) or `x < b − δ` (lower is better).
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStop {
    /// Name of the measure.
    pub measure: String,
    /// Rounds it may go without getting better.
    pub patience: u64,
    /// δ: gains up to this are none.
    pub min_delta: f64,
    /// Which way is better.
    pub better: Better,
}

/// Which of two values is the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher, as of a reward.
    Higher,
    /// The lower, as of a loss.
    Lower,
}

/// The best value of a measure, and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Steps of experience up to then.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// What an [`EarlyStop`] remembers: a fold over the rounds, so a resumed training has it from its log.
#[derive(Debug, Clone)]
pub(super) struct Streak {
    rule: EarlyStop,
    best: Option<Best>,
    stale: u64,
}

impl Streak {
    pub(super) fn new(rule: EarlyStop) -> Self {
        Self { rule, best: None, stale: 0 }
    }

    /// Takes a round in; says whether it was the best.
    pub(super) fn see<'a>(
        &mut self,
        step: u64,
        measures: impl Iterator<Item = (&'a str, f64)> + Clone,
    ) -> Result<bool, NnError> {
        let Some((_, value)) = measures.clone().find(|(name, _)| *name == self.rule.measure) else {
            let known: Vec<_> = measures.map(|(name, _)| format!("`{name}`")).collect();
            let (measure, known) = (&self.rule.measure, known.join(", "));
            let reason = format!("stopping early needs `{measure}`; what is measured is {known}");
            return Err(NnError::Training { reason });
        };
        let better = self.best.is_none_or(|best| match self.rule.better {
            Better::Higher => value > best.value + self.rule.min_delta,
            Better::Lower => value < best.value - self.rule.min_delta,
        });
        if better {
            (self.best, self.stale) = (Some(Best { step, value }), 0);
        } else {
            self.stale += 1;
        }
        Ok(better)
    }

    pub(super) fn is_over(&self) -> bool {
        self.stale >= self.rule.patience
    }

    pub(super) fn best(&self) -> Option<Best> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streak(better: Better) -> Streak {
        Streak::new(EarlyStop { measure: "loss".into(), patience: 2, min_delta: 0.5, better })
    }

    #[test]
    fn small_gains_are_none_and_patience_ends() {
        let mut streak = streak(Better::Lower);
        let mut see = |step, value| {
            let better = streak.see(step, [("reward", 0.0), ("loss", value)].into_iter()).unwrap();
            (better, streak.is_over())
        };
        // 9.5 is no gain of more than 0.5 over 10, 9.4 is; then 9.0 and 8.9 are gains of 0.4 and exactly 0.5.
        let seen = [10.0, 9.5, 9.4, 9.0, 8.9].map(|value| see(value as u64, value));
        assert_eq!(seen, [(true, false), (false, false), (true, false), (false, false), (false, true)]);
        assert_eq!(streak.best(), Some(Best { step: 9, value: 9.4 }));
    }

    #[test]
    fn higher_may_be_better() {
        let mut streak = streak(Better::Higher);
        let better = [1.0, 0.0, 2.0].map(|value| streak.see(1, [("loss", value)].into_iter()).unwrap());
        assert_eq!(better, [true, false, true]);
    }

    #[test]
    fn a_measure_that_is_not_there_is_named_beside_those_that_are() {
        let refused = streak(Better::Lower).see(1, [("reward", 1.0), ("entropy", 2.0)].into_iter());
        let expected = "train: stopping early needs `loss`; what is measured is `reward`, `entropy`";
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
}
