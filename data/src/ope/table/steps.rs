//! Rows of a user as a trajectory.

use std::collections::BTreeMap;

use super::Table;
use super::columns::{Lanes, Number};
use crate::ope::model::Sparse;
use crate::ope::sequence::{StepTaken, Trajectory};
use crate::ope::{OpeError, Told};

impl Table {
    /// Every user's rows, in the order of the files.
    pub(super) fn all_trajectories(&self) -> Result<Vec<Trajectory>, OpeError> {
        if let Some(reason) = self.lacks_steps() {
            return Err(OpeError::Lacks { estimator: "sequences".into(), reason });
        }
        let columns = self.all_columns();
        let mut users: BTreeMap<u64, Trajectory> = BTreeMap::new();
        let (mut target, mut features) = (Vec::new(), Sparse::default());
        for chunk in &self.chunks {
            self.scan(chunk, &columns, &mut Told::default(), &mut |file, lanes, _| {
                self.fill_target(lanes, &mut target);
                for (row, target) in target.iter().enumerate() {
                    let user = self.user(file, lanes, row);
                    let level = lanes.levels.get(row).copied().unwrap_or(0);
                    let own = users.entry(user).or_insert_with(|| Trajectory {
                        user,
                        level,
                        ..Trajectory::default()
                    });
                    own.steps.push(self.step(lanes, row, *target, &mut features));
                    // Without a column that tells, a log shows its processes whole.
                    own.terminated = lanes.number(Number::Ended).get(row).is_none_or(|ended| *ended == 1.0);
                }
                Ok(())
            })?;
        }
        Ok(users.into_values().collect())
    }

    fn step(&self, lanes: &Lanes, row: usize, target: f64, features: &mut Sparse) -> StepTaken {
        let width = self.features.width();
        let (mut taken, mut expected) = (vec![0.0; width], vec![0.0; width]);
        let mut add = |at: usize, p: f64, to: &mut Vec<f64>| {
            self.features.fill(lanes.context(row), at, features);
            features.iter().for_each(|(feature, value)| to[feature as usize] += p * value);
        };
        add(self.chosen(lanes, row).unwrap_or(self.actions.len()), 1.0, &mut taken);
        for (at, p) in self.target_row(lanes, row).iter().enumerate().filter(|(_, p)| **p > 0.0) {
            add(at, *p, &mut expected);
        }
        StepTaken {
            reward: lanes.number(Number::Reward)[row],
            weight: target / lanes.number(Number::Propensity)[row],
            state: std::iter::once(1.0).chain(lanes.context(row)).collect(),
            taken,
            expected,
        }
    }
}
