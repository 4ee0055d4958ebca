//! What is asked of a log.

use serde::{Deserialize, Serialize};

use super::model::ModelKind;
use super::{Declared, Estimator, Form, OpeError, SequenceOptions, Source, WeightSource};

/// What is asked of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// By which estimators; all that the log allows if `None`, those over trajectories only if `sequence` is not the default.
    pub estimators: Option<Vec<Estimator>>,
    /// What is known before the log is read: bounds rest on it.
    pub declared: Declared,
    /// What kind of model is fitted to rewards, where the log has no predictions.
    pub model: ModelKind,
    /// Into how many folds of users models are cross-fitted.
    pub folds: usize,
    /// How trajectories are valued.
    pub sequence: SequenceOptions,
    /// In words, what this is an evaluation of: shards must agree on it. Target, reward and mapping belong in here.
    pub about: Vec<(String, String)>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            estimators: None,
            declared: Declared::default(),
            model: ModelKind::Linear,
            folds: 3,
            sequence: SequenceOptions::default(),
            about: Vec::new(),
        }
    }
}

/// An estimator that was passed over because nobody asked for it and the log does not allow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Its name.
    pub estimator: String,
    /// What the log lacks.
    pub reason: String,
}

/// What is estimated of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    pub(super) estimators: Vec<Estimator>,
    pub(super) passed_over: Vec<PassedOver>,
    /// Whether these were asked for by name: then they must be had, and are not passed over.
    pub(super) by_name: bool,
}

impl Request {
    /// Those of `source` that can be had: what was asked for must, what was not may.
    ///
    /// # Errors
    /// The first that was asked for and cannot be had.
    pub(super) fn choose(&self, source: &dyn Source) -> Result<Chosen, OpeError> {
        let lacks = |estimator: &Estimator| source.lacks(estimator);
        if let Some(asked) = &self.estimators {
            for estimator in asked {
                if let Some(reason) = lacks(estimator) {
                    return Err(OpeError::Lacks { estimator: estimator.name().into(), reason });
                }
            }
            return Ok(Chosen { estimators: asked.clone(), by_name: true, ..Chosen::default() });
        }
        let (mut some, mut over) = (Vec::new(), Vec::new());
        // A value per trajectory is another number than one per decision: only who sets out a trajectory wants it.
        let trajectories = self.sequence != SequenceOptions::default();
        let wanted = |one: &Estimator| match one.form() {
            Form::Sequence(_) => trajectories,
            // Guessed weights are for logs that have no others.
            Form::Weighted { source: WeightSource::Classifier, .. } => !source.weighed(),
            _ => true,
        };
        for estimator in Estimator::usual().into_iter().filter(wanted) {
            match lacks(&estimator) {
                None => some.push(estimator),
                Some(reason) => over.push(PassedOver { estimator: estimator.name().into(), reason }),
            }
        }
        if some.is_empty() {
            let reason = over.first().map_or_else(String::new, |first| first.reason.clone());
            return Err(OpeError::Lacks { estimator: "any of the estimators".into(), reason });
        }
        Ok(Chosen { estimators: some, passed_over: over, by_name: false })
    }
}
