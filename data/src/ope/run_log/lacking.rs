//! Which estimators a run's log cannot serve, and why.

use recloop_env::{BlockAt, BlockKind};

use super::RunLog;
use crate::ope::{Form, SequenceForm, SlateForm, WeightSource};

const UNKNOWN: &str = "the log's propensities are not known exactly; `balanced-ips` and `dm` need none";
const NO_LOGGER: &str =
    "it needs the probabilities of what was not shown, and the logging policy cannot be questioned again";
const NO_MARGINALS: &str = "the target cannot tell its position marginals";
const NO_POSITIONS: &str =
    "the reward belongs to the whole slate; choose one by position, such as `click + dwell_secs/60`";

impl RunLog {
    /// Why there cannot be an estimator of this form.
    pub(super) fn lacking(&self, form: &Form) -> Option<String> {
        match form {
            Form::Replay => self.no_propensities(),
            Form::Weighted { source, .. } => self.no_weights(source),
            Form::Direct => self.no_target_marginals(),
            Form::Robust { source, .. } => self.no_weights(source).or_else(|| self.no_target_marginals()),
            Form::LoggerMix => Some("the log of a run has one logger".into()),
            Form::Slate { form, .. } => self.no_propensities().or_else(|| self.no_slates(*form)),
            Form::Sequence(form) => self.no_sequences(*form),
        }
    }

    /// The block of the items' categories called `column`.
    pub(super) fn category(&self, column: &str) -> Option<BlockAt> {
        let at = self.manifest.spec.item_features.find(column)?;
        matches!(at.kind, BlockKind::Category { .. }).then_some(at)
    }

    fn no_propensities(&self) -> Option<String> {
        (!self.peek.exact).then(|| UNKNOWN.into())
    }

    fn no_target_marginals(&self) -> Option<String> {
        (!self.peek.target_marginals).then(|| NO_MARGINALS.into())
    }

    fn no_weights(&self, source: &WeightSource) -> Option<String> {
        match source {
            WeightSource::Policy => self.no_propensities(),
            WeightSource::Embedding(_) if self.logger.is_none() => Some(NO_LOGGER.into()),
            WeightSource::Embedding(column) if self.category(column).is_none() => {
                let features = self.manifest.spec.item_features.blocks().iter();
                let known = features.map(|block| &block.name).filter(|name| self.category(name).is_some());
                let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
                Some(format!("`{column}` is no category of the items; there are {}", list(&known)))
            }
            WeightSource::Embedding(_) | WeightSource::Classifier => None,
            WeightSource::Balanced => Some("the log of a run has one logger".into()),
            WeightSource::Kernel(_) => Some("its actions are slates of items, not numbers".into()),
        }
    }

    fn no_slates(&self, form: SlateForm) -> Option<String> {
        let positions = || (!self.reward.is_by_position()).then(|| NO_POSITIONS.to_owned());
        match form {
            SlateForm::Standard => None,
            SlateForm::RewardInteraction | SlateForm::CascadeRobust => positions(),
            SlateForm::Independent => positions().or_else(|| self.no_target_marginals()).or_else(|| {
                let lacking =
                    "the logging policy's position marginals are not known; log with `marginals=true`";
                (!self.peek.marginals).then(|| lacking.into())
            }),
            SlateForm::PseudoInverse => self.no_target_marginals().or_else(|| {
                let lacking = "there are too many slates to go through for the logger's pairs of positions";
                match (self.logger.is_some(), self.peek.enumerable) {
                    (false, _) => Some(NO_LOGGER.into()),
                    (true, enumerable) => (!enumerable).then(|| lacking.into()),
                }
            }),
        }
    }

    fn no_sequences(&self, _form: SequenceForm) -> Option<String> {
        // Every trajectory comes with both.
        self.no_propensities().or_else(|| self.no_target_marginals())
    }
}

fn list(known: &[String]) -> String {
    if known.is_empty() { "none".into() } else { known.join(", ") }
}
