//! One reward model of a family, cross-fitted.

use serde::{Deserialize, Serialize};

use super::fold::Folds;
use super::linear::{Linear, RIDGE};
use super::logistic::Newton;
use super::moments::Moments;
use super::row::Row;
use super::table::{MeanTable, PRIOR, Tally};
use super::{ModelKind, RewardModel};

/// A row to learn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson<'a> {
    pub(super) fold: usize,
    pub(super) action: u64,
    pub(super) position: u16,
    /// Empty where [`Learner::looks_at_features`] is false.
    pub(super) row: &'a Row,
    pub(super) weight: f64,
    pub(super) reward: f64,
}

/// Sums of a pass, and what was fitted to those of passes before: a model for every group of users.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Learner {
    Table { sums: Folds<Tally>, fits: Vec<MeanTable> },
    Linear { sums: Folds<Moments>, fits: Vec<Linear> },
    Logistic(Newton),
}

impl Learner {
    pub(super) fn new(kind: ModelKind, folds: usize) -> Self {
        match kind {
            ModelKind::MeanTable => Self::Table { sums: Folds::new(folds), fits: Vec::new() },
            ModelKind::Linear => Self::Linear { sums: Folds::new(folds), fits: Vec::new() },
            ModelKind::Logistic => Self::Logistic(Newton::new(folds, RIDGE)),
        }
    }

    pub(super) fn blank(&self) -> Self {
        match self {
            Self::Table { sums, fits } => Self::Table { sums: sums.blank(), fits: fits.clone() },
            Self::Linear { sums, fits } => Self::Linear { sums: sums.blank(), fits: fits.clone() },
            Self::Logistic(newton) => Self::Logistic(newton.blank()),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Table { fits, .. } => !fits.is_empty(),
            Self::Linear { fits, .. } => !fits.is_empty(),
            Self::Logistic(newton) => newton.is_done(),
        }
    }

    pub(super) fn looks_at_features(&self) -> bool {
        !matches!(self, Self::Table { .. })
    }

    pub(super) fn learn(&mut self, lesson: &Lesson<'_>) -> Result<(), String> {
        let Lesson { fold, action, position, row, weight, reward } = *lesson;
        match self {
            Self::Table { sums, .. } => sums.of(fold).add(action, position, weight, reward),
            Self::Linear { sums, .. } => sums.of(fold).regress(row, (1.0, weight), reward),
            Self::Logistic(_) if !(0.0..=1.0).contains(&reward) => {
                return Err(format!("a reward of {reward} is not in [0, 1], as a logistic model needs it"));
            }
            Self::Logistic(newton) => newton.learn(fold, row, (1.0, weight), reward),
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Table { sums, .. }, Self::Table { sums: others, .. }) => sums.merge(others),
            (Self::Linear { sums, .. }, Self::Linear { sums: others, .. }) => sums.merge(others),
            (Self::Logistic(newton), Self::Logistic(other)) => newton.merge(other),
            _ => unreachable!("a blank is of the same family"),
        }
    }

    pub(super) fn end_pass(&mut self) -> Result<(), String> {
        match self {
            Self::Table { sums, fits } => {
                *fits = sums.others().map(|sums| sums.fit(PRIOR)).collect();
                *sums = sums.blank();
            }
            Self::Linear { sums, fits } => {
                *fits = sums.others().map(|sums| Linear::fit(&sums, RIDGE)).collect::<Result<_, _>>()?;
                *sums = sums.blank();
            }
            Self::Logistic(newton) => newton.end_pass()?,
        }
        Ok(())
    }

    /// The model that a group of users is asked of.
    pub(super) fn model(&self, fold: usize) -> &dyn RewardModel {
        match self {
            Self::Table { fits, .. } => &fits[fold],
            Self::Linear { fits, .. } => &fits[fold],
            Self::Logistic(newton) => newton.fit(fold),
        }
    }
}
