//! Which columns are read.

use super::columns::{Column, Id, List, Number, Role, is_list};
use super::files::LogFile;
use super::mapping::{Context, Mapping, refused};
use super::{Table, TargetSpec};
use crate::ope::OpeError;

impl Table {
    /// Every column that anything could want.
    pub(super) fn all_columns(&self) -> Vec<Column> {
        self.columns(|_| true)
    }

    /// The columns with these roles, and those of the reward.
    pub(super) fn columns(&self, wanted: impl Fn(Role) -> bool) -> Vec<Column> {
        let m = &self.mapping;
        let (predictions, action) = self.typed();
        let mut roles = vec![
            (Role::Id(Id::User), &m.user),
            (Role::Id(Id::Slate), &m.slate),
            (action, &m.action),
            (Role::Number(Number::Position), &m.position),
            (Role::Number(Number::Propensity), &m.propensity),
            (Role::Number(Number::Target), &m.target_propensity),
            (Role::Number(Number::Logger), &m.logger),
            (Role::Number(Number::TargetAction), &m.target_action),
            (Role::Number(Number::PredictedTarget), &m.reward_prediction_target),
            (Role::Number(Number::Ended), &m.terminated),
            (Role::Number(Number::PropensityPosition), &m.propensity_position),
            (Role::Number(Number::PropensityCascade), &m.propensity_cascade),
            (Role::Number(Number::TargetPosition), &m.target_propensity_position),
            (Role::Number(Number::TargetCascade), &m.target_propensity_cascade),
            (predictions, &m.reward_predictions),
            (Role::List(List::Target), &m.target_probs),
            (Role::List(List::Logging), &m.logging_probs),
            (Role::List(List::Loggers), &m.logger_propensities),
        ];
        roles.retain(|(role, _)| wanted(*role));
        let named = roles.into_iter().filter_map(|(role, name)| Some((role, name.as_ref()?)));
        let level = self.levels.as_ref().map(|levels| (Role::Level, &levels.column));
        let others = self.context_columns().into_iter().chain(level).filter(|(role, _)| wanted(*role));
        let named = named.chain(others).map(|(role, name)| Column { role, name: name.clone() });
        self.reward.columns().into_iter().chain(named).collect()
    }

    /// What predictions and actions are: a number or something else.
    fn typed(&self) -> (Role, Role) {
        let listed = Role::List(List::Predictions);
        let predictions = if self.widths.predictions { listed } else { Role::Number(Number::Predicted) };
        let real = self.mapping.target_action.is_some();
        (predictions, if real { Role::Number(Number::Action) } else { Role::Id(Id::Action) })
    }

    fn context_columns(&self) -> Vec<(Role, &String)> {
        match &self.mapping.context {
            Some(Context::List(name)) => vec![(Role::List(List::Context), name)],
            Some(Context::Columns(names)) => {
                names.iter().enumerate().map(|(at, name)| (Role::Part(at), name)).collect()
            }
            None => Vec::new(),
        }
    }
}

/// Puts the target's columns into the mapping; the file of a target by table.
pub(super) fn retarget(
    mapping: &mut Mapping,
    target: &TargetSpec,
    file: &LogFile,
) -> Result<Option<String>, OpeError> {
    let told = |reason: &str| Err(refused(&format!("target `{target}`"), reason.into()));
    let target_given = [
        &mapping.target_propensity,
        &mapping.target_probs,
        &mapping.target_action,
        &mapping.target_propensity_cascade,
        &mapping.target_propensity_position,
    ];
    match target {
        TargetSpec::Columns if target_given.iter().all(|column| column.is_none()) => {
            told("the mapping names no column of the target")
        }
        TargetSpec::Columns => Ok(None),
        // A slate's target has several columns: to name one of those that the mapping has is to name them all.
        TargetSpec::Column(name)
            if mapping.slate.is_some() && target_given.iter().any(|column| column.as_ref() == Some(name)) =>
        {
            Ok(None)
        }
        _ if mapping.slate.is_some() => {
            told("slates need several columns of the target: name them in the mapping and say `columns`")
        }
        TargetSpec::Column(name) => {
            let column = [Column { role: Role::Id(Id::User), name: name.clone() }];
            let Some(kind) = file.kind(name) else { return file.check(&column).map(|()| None) };
            let own = Some(name.clone());
            (mapping.target_probs, mapping.target_propensity) =
                if is_list(kind) { (own, None) } else { (None, own) };
            mapping.target_action = None;
            Ok(None)
        }
        TargetSpec::Table(path) => {
            (mapping.target_probs, mapping.target_propensity, mapping.target_action) = (None, None, None);
            Ok(Some(path.to_string_lossy().into_owned()))
        }
    }
}
