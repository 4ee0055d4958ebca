//! Estimates against closed forms and against the same formulas written out another way.

mod closed_forms;
mod formulas;
mod shards;

use std::collections::BTreeMap;

use super::{Ledger, Plan};
use crate::ope::{Decisions, Estimator, Predictions, Signals, SlateRows};

fn read(names: &[&str]) -> Vec<Estimator> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// What the estimators of a plan come to.
fn values(plan: &Plan, ledger: &Ledger) -> BTreeMap<String, f64> {
    let width = plan.terms.len();
    let mut sums = vec![0.0; width];
    for bucket in ledger.table(None, width).chunks_exact(width) {
        sums.iter_mut().zip(bucket).for_each(|(sum, term)| *sum += term);
    }
    let value = |one: &super::Planned| (one.estimator.name().to_owned(), one.formula.value(&sums));
    plan.estimators.iter().map(value).collect()
}

fn estimate(names: &[&str], batch: &Decisions) -> BTreeMap<String, f64> {
    let plan = Plan::new(&read(names), 0, 2).with_policy_weights();
    let mut ledger = Ledger::new(&plan, 0);
    ledger.add(&plan, Signals::Decisions(batch));
    values(&plan, &ledger)
}

fn estimate_slates(names: &[&str], batch: &SlateRows) -> BTreeMap<String, f64> {
    let plan = Plan::new(&read(names), batch.rewards.width(), 0);
    let mut ledger = Ledger::new(&plan, 0);
    ledger.add(&plan, Signals::Slates(batch));
    values(&plan, &ledger)
}

/// `n` decisions with numbers of no particular kind: weights from 0 to about 20, two models, three positions.
fn some_decisions(n: usize, n_users: u64) -> Decisions {
    let number =
        |row: usize, salt: u64| (super::scatter(row as u64 * 31 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
    let column = |salt| (0..n).map(|row| number(row, salt)).collect::<Vec<_>>();
    let weights = column(1).iter().map(|u| if *u < 0.1 { 0.0 } else { 0.2 / u.powf(1.9) * u }).collect();
    Decisions {
        users: (0..n as u64).map(|row| super::scatter(row) % n_users).collect(),
        positions: (0..n).map(|row| (row % 3) as u16).collect(),
        rewards: column(2),
        loggers: (0..n).map(|row| (row % 2) as u16).collect(),
        weights: vec![weights],
        models: vec![Predictions { logged: column(3), expected: column(4) }],
        ..Decisions::default()
    }
}
