//! Cut anywhere, merged in any grouping: the same sums.

use super::{read, some_decisions, values};
use crate::ope::ledger::{Ledger, Plan};
use crate::ope::{Decisions, Signals};

fn cut(batch: &Decisions, rows: std::ops::Range<usize>) -> Decisions {
    let part = |column: &Vec<f64>| column[rows.clone()].to_vec();
    Decisions {
        users: batch.users[rows.clone()].to_vec(),
        positions: batch.positions[rows.clone()].to_vec(),
        loggers: batch.loggers[rows.clone()].to_vec(),
        rewards: part(&batch.rewards),
        weights: batch.weights.iter().map(part).collect(),
        models: Vec::new(),
        levels: rows.clone().map(|row| (row % 4) as u16).collect(),
    }
}

#[test]
fn shards_merge_to_the_whole_whether_users_are_few_or_many() {
    let plan = Plan::new(&read(&["ips", "snips", "clipped-ips(3)"]), 0, 0).with_policy_weights();
    for n_users in [40, 900, 1_024, 1_500, 20_000] {
        let batch = some_decisions(6_000, n_users);
        let ledger = |rows: std::ops::Range<usize>| {
            let mut ledger = Ledger::new(&plan, 4);
            ledger.add(&plan, Signals::Decisions(&cut(&batch, rows)));
            ledger
        };
        let whole = ledger(0..6_000);
        let mut left = ledger(0..700);
        let mut right = ledger(700..4_100);
        right.merge(ledger(4_100..6_000), plan.terms.len());
        left.merge(right, plan.terms.len());
        assert_eq!(left.n_users(None, plan.terms.len()), whole.n_users(None, plan.terms.len()));
        for (name, value) in values(&plan, &whole) {
            assert!((values(&plan, &left)[&name] - value).abs() < 1e-12, "{name}, {n_users} users");
        }
        let width = plan.terms.len();
        let (a, b) = (left.table(Some(2), width), whole.table(Some(2), width));
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{n_users} users: buckets differ");
        assert_eq!(left.position_tables()[1].len(), whole.position_tables()[1].len());
    }
}

#[test]
fn levels_of_another_shard_are_matched_by_name() {
    let plan = Plan::new(&read(&["ips"]), 0, 0).with_policy_weights();
    let mut one = Ledger::new(&plan, 2);
    let batch = Decisions {
        users: vec![1, 2, 3],
        levels: vec![0, 1, 1],
        rewards: vec![1.0, 2.0, 4.0],
        weights: vec![vec![1.0; 3]],
        ..Decisions::default()
    };
    one.add(&plan, Signals::Decisions(&batch));
    let mut other = one.clone();
    other.relabel(&[1, 2]);
    one.merge(other, plan.terms.len());
    let width = plan.terms.len();
    let rewards = |level| {
        one.table(Some(level), width).chunks_exact(width).map(|bucket| bucket[2] + bucket[1]).sum::<f64>()
    };
    // Σ w + Σ w r of levels "a", "b" (which was "a" there), "c".
    assert_eq!([rewards(0), rewards(1), rewards(2)], [2.0, 8.0 + 2.0, 8.0]);
}
