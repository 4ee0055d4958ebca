//! What no evaluation can use, row by row.

use super::columns::{Column, Id, Lanes, List, Number, Role};
use super::target::{CLOSE, CLOSE_SINGLE};
use super::{Logging, Table, Target};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// Which row of the batch.
    pub(super) at: usize,
    /// The reason it is left out for, if that is asked for: the same for many rows.
    pub(super) kind: String,
    /// The same with the value that proves it.
    pub(super) told: String,
}

/// Numbers from `low` to `high`.
#[derive(Debug, Clone, PartialEq)]
struct Allowed {
    low: f64,
    high: f64,
    words: String,
}

impl Allowed {
    fn new(low: f64, high: f64, words: &str) -> Self {
        Self { low, high, words: words.to_owned() }
    }

    #[inline]
    fn has(&self, value: f64) -> bool {
        (self.low <= value) & (value <= self.high)
    }

    /// Every value at once, which compiles to comparisons without branches.
    fn has_all(&self, values: &[f64]) -> bool {
        values.iter().fold(true, |all, value| all & self.has(*value))
    }
}

/// The smallest number above 0 that has a finite inverse.
const ABOVE_ZERO: f64 = f64::MIN_POSITIVE;

impl Table {
    /// What is wrong with the rows of a batch; nothing, as a rule.
    pub(super) fn faults(&self, columns: &[Column], lanes: &Lanes) -> Vec<Fault> {
        let mut faults = Vec::new();
        for &(at, column) in &lanes.nulls {
            let kind = format!("`{}` is null", columns[column].name);
            faults.push(Fault { at, told: kind.clone(), kind });
        }
        let reward = (Role::Number(Number::Reward), self.reward.name());
        let named = columns.iter().map(|column| (column.role, column.name.as_str()));
        for (role, name) in named.filter(|(role, _)| *role != reward.0).chain([reward]) {
            match role {
                Role::List(which) => self.check_lists(which, name, lanes, &mut faults),
                Role::Id(Id::Action) => self.check_actions(name, lanes, &mut faults),
                role => {
                    let Some(values) = lanes.values(role) else { continue };
                    check_numbers(&self.allowed(role), name, values, &mut faults);
                }
            }
        }
        if let Target::Placed(_) = self.target {
            self.check_positions(lanes, &mut faults);
        }
        let logging = columns.iter().any(|column| column.role == Role::List(List::Logging));
        if self.knows_all() && (logging || matches!(self.logging, Logging::Placed(_))) {
            self.check_logging(lanes, &mut faults);
        }
        faults
    }

    fn allowed(&self, role: Role) -> Allowed {
        use Number as N;
        let finite = || Allowed::new(f64::MIN, f64::MAX, "a finite number");
        let Role::Number(which) = role else { return finite() };
        match which {
            N::Propensity if matches!(self.target, Target::Real) => {
                Allowed::new(ABOVE_ZERO, f64::MAX, "a density above 0")
            }
            N::Propensity if self.options.min_propensity.is_some() => {
                let least = self.options.min_propensity.unwrap_or(ABOVE_ZERO).max(ABOVE_ZERO);
                Allowed::new(least, 1.0, &format!("from the declared minimum {least} to 1"))
            }
            N::Propensity | N::PropensityPosition | N::PropensityCascade => {
                Allowed::new(ABOVE_ZERO, 1.0, "in (0, 1]")
            }
            N::Target | N::TargetPosition | N::TargetCascade | N::Ended => {
                Allowed::new(0.0, 1.0, "in [0, 1]")
            }
            N::Reward => match self.options.reward_range {
                Some((low, high)) => {
                    Allowed::new(low, high, &format!("in the declared range [{low}, {high}]"))
                }
                None => finite(),
            },
            N::Position => {
                let first = f64::from(self.mapping.first_position);
                Allowed::new(first, first + f64::from(u16::MAX), &format!("a position from {first}"))
            }
            N::Logger => match self.widths.loggers {
                0 => Allowed::new(0.0, f64::from(u16::MAX - 1), "a logger from 0"),
                n => Allowed::new(0.0, n as f64 - 1.0, &format!("one of the loggers 0 to {}", n - 1)),
            },
            N::Action | N::TargetAction | N::Predicted | N::PredictedTarget => finite(),
        }
    }

    fn check_lists(&self, which: List, name: &str, lanes: &Lanes, faults: &mut Vec<Fault>) {
        let lists = lanes.list(which);
        let close = if lists.single { CLOSE_SINGLE } else { CLOSE };
        let (width, sums, allowed) = match which {
            List::Target | List::Logging => {
                (self.actions.len(), true, Allowed::new(0.0, 1.0 + close, "in [0, 1]"))
            }
            List::Loggers => (self.widths.loggers, false, Allowed::new(0.0, 1.0, "in [0, 1]")),
            List::Predictions => {
                (self.actions.len(), false, Allowed::new(f64::MIN, f64::MAX, "a finite number"))
            }
            List::Context => {
                (self.widths.context, false, Allowed::new(f64::MIN, f64::MAX, "a finite number"))
            }
        };
        for at in 0..lanes.len() {
            let row = lists.row(at);
            let mut fault = |kind: String, told: String| faults.push(Fault { at, kind, told });
            if row.len() != width {
                let told = format!("`{name}` has {} values, others have {width}", row.len());
                fault(format!("`{name}` is of another length"), told);
            } else if !allowed.has_all(row) {
                let worst = row.iter().position(|value| !allowed.has(*value)).unwrap_or(0);
                let kind = format!("`{name}` holds a value that is not {}", allowed.words);
                fault(kind, format!("value {worst} of `{name}` is {}, not {}", row[worst], allowed.words));
            } else if which == List::Loggers && row.iter().all(|p| *p == 0.0) {
                let kind = format!("`{name}` leaves no logger that could have done it");
                fault(kind.clone(), kind);
            } else if sums {
                let sum = sum(row);
                if (sum - 1.0).abs() > close {
                    let told = format!("`{name}` sums to {sum}, not to 1 within {close}");
                    fault(format!("`{name}` does not sum to 1"), told);
                }
            }
        }
    }

    fn check_actions(&self, name: &str, lanes: &Lanes, faults: &mut Vec<Fault>) {
        if !self.actions.closed() {
            return;
        }
        for (at, action) in lanes.id(Id::Action).iter().enumerate() {
            if self.actions.index(*action).is_none() {
                let kind = format!("`{name}` is not among the {} actions of the lists", self.actions.len());
                let told = format!("{kind}: it is {}", *action as i64);
                faults.push(Fault { at, told: if self.worded { kind.clone() } else { told }, kind });
            }
        }
    }

    /// A logger cannot have done what it says it never would.
    fn check_logging(&self, lanes: &Lanes, faults: &mut Vec<Fault>) {
        for at in 0..lanes.len() {
            let own = self.logging_row(lanes, at);
            if self.chosen(lanes, at).and_then(|action| own.get(action)).is_none_or(|p| *p == 0.0) {
                let kind =
                    "the logger's probabilities of all actions leave none to the one logged".to_owned();
                faults.push(Fault { at, told: kind.clone(), kind });
            }
        }
    }

    fn check_positions(&self, lanes: &Lanes, faults: &mut Vec<Fault>) {
        for at in 0..lanes.len() {
            let position = self.position(lanes, at);
            if self.placed(position).is_none() {
                let first = self.mapping.first_position;
                let kind = "its position is not in the table of the target".to_owned();
                let told = format!(
                    "position {position}, counted from 0, is not in the table of the target; the log counts from {first}: declare `first_position` if that is wrong"
                );
                faults.push(Fault { at, kind, told });
            }
        }
    }
}

fn check_numbers(allowed: &Allowed, name: &str, values: &[f64], faults: &mut Vec<Fault>) {
    if allowed.has_all(values) {
        return;
    }
    for (at, value) in values.iter().enumerate().filter(|(_, value)| !allowed.has(**value)) {
        let kind = format!("`{name}` is not {}", allowed.words);
        faults.push(Fault { at, told: format!("`{name}` is {value}, not {}", allowed.words), kind });
    }
}

/// In four strands, which a processor can add at once.
pub(super) fn sum(values: &[f64]) -> f64 {
    let fours = values.chunks_exact(4);
    let rest: f64 = fours.remainder().iter().sum();
    let mut strands = [0.0; 4];
    fours.for_each(|four| strands.iter_mut().zip(four).for_each(|(strand, value)| *strand += value));
    strands.iter().sum::<f64>() + rest
}

/// `Σ a b` in four strands.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let fours = a.chunks_exact(4).zip(b.chunks_exact(4));
    let from = a.len().min(b.len()) / 4 * 4;
    let rest: f64 = a[from..].iter().zip(&b[from..]).map(|(a, b)| a * b).sum();
    let mut strands = [0.0; 4];
    for (a, b) in fours {
        strands.iter_mut().zip(a.iter().zip(b)).for_each(|(strand, (a, b))| *strand += a * b);
    }
    strands.iter().sum::<f64>() + rest
}
