//! What a log lacks for an estimator, in words that say what to do.

use super::{Logging, Table, Target};
use crate::ope::{Form, ModelSource, OpeError, SlateForm, WeightSource};

impl Table {
    pub(super) fn lacks_for(&self, form: &Form) -> Option<String> {
        match form {
            Form::Replay => self.lacks_rows().or_else(|| self.lacks_target()),
            Form::Weighted { source, .. } => self.lacks_weight(source),
            Form::Direct => self.lacks_rows().or_else(|| self.lacks_model(&ModelSource::Outcome)),
            Form::Robust { source, model, .. } => {
                self.lacks_rows().or_else(|| self.lacks_weight(source)).or_else(|| self.lacks_model(model))
            }
            Form::LoggerMix if self.mapping.logger.is_none() => {
                Some("nothing says which logger a row is of: name the column of `logger`s".into())
            }
            Form::LoggerMix => self.lacks_rows().or_else(|| self.lacks_weights()),
            Form::Slate { form, .. } => self.lacks_slates(*form),
            Form::Sequence(_) => self.lacks_steps(),
        }
    }

    /// What a policy's weights would need.
    pub(super) fn lacks_weights(&self) -> Option<String> {
        if self.slate > 0 {
            return self.lacks_slates(SlateForm::Standard);
        }
        self.lacks_target().or_else(|| self.lacks_propensity())
    }

    fn lacks_propensity(&self) -> Option<String> {
        let offer = "the log has no propensities: name their column as `propensity`, or estimate by `balanced-ips` or `dm`";
        self.mapping.propensity.is_none().then(|| offer.to_owned())
    }

    /// What a target over single actions would need.
    fn lacks_target(&self) -> Option<String> {
        match self.target {
            Target::Real => Some("actions are real numbers: estimate by `kernel-ips(SHAPE,H)`".into()),
            Target::Slates
                if self.mapping.target_propensity.is_none()
                    && self.mapping.target_propensity_cascade.is_none() =>
            {
                Some("nothing says how likely the target would show a slate: name `target_propensity`".into())
            }
            Target::Logged if self.mapping.target_propensity.is_none() => {
                Some("nothing says how likely the target would do what was logged".into())
            }
            _ => None,
        }
    }

    fn lacks_rows(&self) -> Option<String> {
        (self.slate > 0).then(|| "rows are positions of slates: estimate by `sips`, `iips`, `rips`, `cascade-dr` or `pseudo-inverse`, or leave `slate` out of the mapping to take every position for a decision".into())
    }

    pub(super) fn knows_too_little(&self) -> String {
        match self.target {
            Target::Real => "actions are real numbers: name `reward_predictions` of the logged action and `reward_prediction_target` of the target's".into(),
            Target::Slates => "the target's probabilities of all items are not known: name `target_probs`, a list over items, and `action`".into(),
            _ => "the target's probability is known of logged actions only: give it as a list column or as a table, or name `reward_predictions` and `reward_prediction_target`".into(),
        }
    }

    fn lacks_weight(&self, source: &WeightSource) -> Option<String> {
        match source {
            WeightSource::Policy => self.lacks_weights(),
            WeightSource::Kernel(_) if self.target != Target::Real => {
                Some("actions are no real numbers: name the column of `target_action`s".into())
            }
            WeightSource::Kernel(_) => self.lacks_propensity(),
            WeightSource::Classifier => {
                self.lacks_rows().or_else(|| (!self.knows_all()).then(|| self.knows_too_little()))
            }
            WeightSource::Balanced if self.mapping.logger_propensities.is_none() => {
                Some("the probabilities of the logged action under each logger are not known: name the list column of `logger_propensities`".into())
            }
            WeightSource::Balanced if self.mapping.logger.is_none() && self.mapping.logger_shares.is_none() => {
                Some("nothing says how much each logger logged: name the column of `logger`s or declare `logger_shares`".into())
            }
            WeightSource::Balanced => self.lacks_rows().or_else(|| self.lacks_target()),
            WeightSource::Embedding(column) => self.lacks_embedding(column),
        }
    }

    fn lacks_embedding(&self, column: &str) -> Option<String> {
        if let Some(reason) = self.lacks_rows() {
            return Some(reason);
        }
        if !self.knows_all() {
            return Some(self.knows_too_little());
        }
        if self.logging == Logging::Unknown {
            let hint = "name `logging_probs`, a list over actions, or a `logging_table`";
            return Some(format!("the logger's probabilities of all actions are not known: {hint}"));
        }
        let known = self.features.items.levels(column).is_some();
        (!known).then(|| self.no_item_column(column).to_string().trim_start_matches("use ").to_owned())
    }

    pub(super) fn no_item_column(&self, column: &str) -> OpeError {
        let there: Vec<&str> = self.features.items.columns().collect();
        let reason = if there.is_empty() {
            "nothing describes the items: name a file of `items`".to_owned()
        } else {
            format!("there is none; there are {}", there.join(", "))
        };
        OpeError::Request { what: format!("column `{column}` of the items"), reason }
    }

    fn lacks_model(&self, model: &ModelSource) -> Option<String> {
        if (*model == ModelSource::Outcome && self.given()) || self.knows_all() {
            return if *model == ModelSource::Outcome { None } else { self.lacks_propensity() };
        }
        Some(self.knows_too_little())
    }

    fn lacks_slates(&self, form: SlateForm) -> Option<String> {
        let m = &self.mapping;
        if self.slate == 0 {
            return Some("rows are no slates: name the columns of `slate` and `position`".into());
        }
        let cascade = m.propensity_cascade.is_some() && m.target_propensity_cascade.is_some();
        let marginal = m.propensity_position.is_some() && m.target_propensity_position.is_some();
        let needs = |there: bool, what: &str| (!there).then(|| format!("name {what}"));
        let by_position = "`propensity_position` and `target_propensity_position`";
        let by_cascade = "`propensity_cascade` and `target_propensity_cascade`";
        match form {
            SlateForm::Standard => {
                let joint = m.propensity.is_some() && m.target_propensity.is_some();
                needs(joint || cascade, "`propensity` and `target_propensity` of whole slates")
            }
            SlateForm::Independent => needs(marginal, by_position),
            SlateForm::RewardInteraction => needs(cascade, by_cascade),
            SlateForm::CascadeRobust => needs(cascade, by_cascade)
                .or_else(|| (!self.given() && !self.knows_all()).then(|| self.knows_too_little())),
            SlateForm::PseudoInverse if !m.independent_positions => {
                Some("pairwise marginals of the logger are not known; if it drew every position independently, say `independent_positions = true`".into())
            }
            SlateForm::PseudoInverse => needs(marginal, by_position),
        }
    }

    pub(super) fn lacks_steps(&self) -> Option<String> {
        if self.slate > 0 {
            return Some("rows are positions of slates: sequences are of decisions".into());
        }
        if self.mapping.user.is_none() {
            return Some("nothing says whose decision a row is: name the column of `user`s".into());
        }
        let all = self.target == Target::Listed || matches!(self.target, Target::Placed(_));
        (!all).then(|| self.knows_too_little()).or_else(|| self.lacks_propensity())
    }
}
