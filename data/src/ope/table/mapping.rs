//! Which column of a file is what.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ope::OpeError;

/// Which columns describe the situation of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Context {
    /// A column of lists, all of one length.
    List(String),
    /// Columns of numbers; truth values count as 0 and 1.
    Columns(Vec<String>),
}

/// What each column of a table of decisions is. Every key that is not given is a thing the log does not know.
///
/// A row is a decision, or, where `slate` is given, a position of a slate: then the rows of a slate are neighbours, in
/// whatever order, and a slate ends with its file. A probability is one of the logging policy unless its name says
/// `target`; those of a cascade are running products, `P(the items down to this position)`.
///
/// ```
/// use recloop_data::ope::table::Mapping;
///
/// let mapping: Mapping = Mapping::parse("action = \"item_id\"\nreward = \"click\"\npropensity = \"pscore\"")?;
/// assert_eq!(mapping.propensity.as_deref(), Some("pscore"));
/// assert!(Mapping::parse("pscore = \"propensity\"").is_err());
/// # Ok::<(), recloop_data::ope::OpeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The action: a whole number (where there are lists over actions, its place in them), a word, or, with
    /// `target_action`, a real number.
    pub action: Option<String>,
    /// What it brought; of a slate, at this position.
    pub reward: Option<String>,
    /// π_log of the action; of a slate, of the whole slate, repeated on its rows; for real actions, a density.
    pub propensity: Option<String>,
    /// π_target of the same.
    pub target_propensity: Option<String>,
    /// List over actions: π_target; of a slate, at this position given the items above.
    pub target_probs: Option<String>,
    /// List over actions: π_log.
    pub logging_probs: Option<String>,
    /// File of π_log by action and position, in the form of a target's table.
    pub logging_table: Option<String>,
    /// q̂: a list over actions, or one number for the logged action; of a slate, what this position and those below bring.
    pub reward_predictions: Option<String>,
    /// One number: q̂ at the target's action, or its mean under the target.
    pub reward_prediction_target: Option<String>,
    /// The real-valued action that the target would take.
    pub target_action: Option<String>,
    /// Which logger it was, from 0.
    pub logger: Option<String>,
    /// List over loggers: the probability of the logged action under each.
    pub logger_propensities: Option<String>,
    /// Shares of the loggers, summing to 1; counted in a pass of its own if not given. Shards need them declared.
    pub logger_shares: Option<Vec<f64>>,
    /// Whose decision it was; without it every row counts as a user.
    pub user: Option<String>,
    /// The column that results are broken down by where no other is asked for.
    pub group: Option<String>,
    /// What describes the situation.
    pub context: Option<Context>,
    /// The position.
    pub position: Option<String>,
    /// Where positions count from. Declared and not guessed: a shard may lack the first.
    pub first_position: u16,
    /// Whether a trajectory's process ended with this row; without it, every trajectory ends with its last row.
    pub terminated: Option<String>,
    /// Which slate a row belongs to.
    pub slate: Option<String>,
    /// Marginal probability of the item at its position.
    pub propensity_position: Option<String>,
    /// Running product.
    pub propensity_cascade: Option<String>,
    /// Marginal probability under the target.
    pub target_propensity_position: Option<String>,
    /// Running product under the target.
    pub target_propensity_cascade: Option<String>,
    /// α_k, 1 each if not given.
    pub position_weights: Option<Vec<f64>>,
    /// Whether the logger drew positions independently: slates of distinct items are not such.
    pub independent_positions: bool,
    /// File with a row for every action: the action under the name it has in the log, and whatever describes it.
    pub items: Option<String>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// Unknown keys, wrong types.
    pub fn parse(text: &str) -> Result<Self, OpeError> {
        toml::from_str(text).map_err(|error| refused("a column mapping", error.message().to_owned()))
    }

    /// Reads a mapping file; paths in it are relative to the file.
    ///
    /// # Errors
    /// An unreadable file, unknown keys, wrong types.
    pub fn load(path: &Path) -> Result<Self, OpeError> {
        let told = |reason: String| refused(&format!("the column mapping {}", path.display()), reason);
        let text = std::fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
        let mut mapping: Self = toml::from_str(&text).map_err(|error| told(error.to_string()))?;
        let beside = |file: &mut String| {
            let (name, query) = file.split_once('?').map_or((&**file, None), |(a, b)| (a, Some(b)));
            let full = path.parent().unwrap_or(Path::new("")).join(name).display().to_string();
            *file = query.map_or(full.clone(), |query| format!("{full}?{query}"));
        };
        [&mut mapping.items, &mut mapping.logging_table].into_iter().flatten().for_each(beside);
        Ok(mapping)
    }

    /// What can be told of columns by their names alone: a column that is called like a key is that.
    #[must_use]
    pub fn of_names(names: &[&str]) -> Self {
        let mut mapping = Self::default();
        for (key, column) in mapping.columns_mut() {
            *column = names.contains(&key).then(|| key.to_owned());
        }
        let context = names.contains(&"context").then(|| Context::List("context".into()));
        // A breakdown is something to ask for.
        Self { context, group: None, ..mapping }
    }

    /// The keys that name one column each.
    fn columns_mut(&mut self) -> [(&'static str, &mut Option<String>); 20] {
        [
            ("action", &mut self.action),
            ("reward", &mut self.reward),
            ("propensity", &mut self.propensity),
            ("target_propensity", &mut self.target_propensity),
            ("target_probs", &mut self.target_probs),
            ("logging_probs", &mut self.logging_probs),
            ("reward_predictions", &mut self.reward_predictions),
            ("reward_prediction_target", &mut self.reward_prediction_target),
            ("target_action", &mut self.target_action),
            ("logger", &mut self.logger),
            ("logger_propensities", &mut self.logger_propensities),
            ("user", &mut self.user),
            ("group", &mut self.group),
            ("position", &mut self.position),
            ("terminated", &mut self.terminated),
            ("slate", &mut self.slate),
            ("propensity_position", &mut self.propensity_position),
            ("propensity_cascade", &mut self.propensity_cascade),
            ("target_propensity_position", &mut self.target_propensity_position),
            ("target_propensity_cascade", &mut self.target_propensity_cascade),
        ]
    }

    /// What contradicts itself in a mapping.
    pub(super) fn check(&self) -> Result<(), OpeError> {
        let told = |reason: &str| Err(refused("the column mapping", reason.to_owned()));
        if self.slate.is_some() && self.position.is_none() {
            return told("a log of slates needs its column of `position`s");
        }
        if self.slate.is_none() && (self.propensity_position.is_some() || self.propensity_cascade.is_some()) {
            return told(
                "`propensity_position` and `propensity_cascade` belong to slates: name the column of `slate`s",
            );
        }
        if self.slate.is_some() && self.target_action.is_some() {
            return told(
                "real-valued actions in slates are not understood: leave `slate` or `target_action` out",
            );
        }
        if let Some(shares) = &self.logger_shares {
            let sound = shares.iter().all(|share| (0.0..=1.0).contains(share));
            if !sound || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
                return told("`logger_shares` must not be negative and sum to 1 within 1e-6");
            }
        }
        match &self.position_weights {
            Some(weights) if !weights.iter().all(|weight| weight.is_finite()) => {
                told("`position_weights` must be finite")
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn refused(what: &str, reason: String) -> OpeError {
    OpeError::Request { what: what.into(), reason }
}
