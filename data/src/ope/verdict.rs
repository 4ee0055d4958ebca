//! Whether to believe an estimate, and if not, what to do.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Diagnostics, Form, Moments, Shrink, WeightSketch};

/// Tail indices above which to take care, and to stop: the variance of weights is infinite from ½ on; above .7 no practical
/// number of rows settles their mean (Vehtari et al. 2024, "Pareto smoothed importance sampling").
const TAIL: [f64; 2] = [0.5, 0.7];
/// So many standard errors off is no accident: 1 in 16,000 if it were normal (`offline evaluation` contract).
const OFF: f64 = 4.0;
/// Where the model of dm begins to look wrong, in standard errors (chosen by us).
const MODEL_OFF: f64 = 3.0;
/// What single-precision propensities alone can move a mean weight by (chosen by us).
const ROUNDING: f64 = 1e-6;
/// The target's mass, or the share of rows, that the log cannot speak of (chosen by us).
const OUTSIDE: [f64; 2] = [0.0, 0.01];
/// The share of one row in all of the weight (chosen by us).
const LARGEST: [f64; 2] = [0.05, 0.1];
/// The share of one row in the sum of squares, about what it has in the variance (chosen by us).
const LARGEST_SQUARE: f64 = 0.5;
/// Effective sample sizes below which a mean is not settled, and hardly begun (chosen by us).
const EFFECTIVE: [f64; 2] = [100.0, 30.0];
/// What is few clusters: "fewer than 20 to fewer than 50" (Cameron & Miller 2015, "A practitioner's guide to
/// cluster-robust inference").
const USERS: [u64; 2] = [50, 20];
/// How much of the weight may be shrunk away: biases an estimate without a model by as much of its value (chosen by us).
const LOST: [f64; 2] = [0.05, 0.25];

/// Whether to believe an estimate. In JSON and in words: `reliable`, `caution: …`, `unreliable: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Reliable,
    /// It may be off by more than its intervals say, for these reasons.
    Caution(Vec<String>),
    /// It is not to be used, for these reasons.
    Unreliable(Vec<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reliable => f.write_str("reliable"),
            Self::Caution(reasons) => write!(f, "caution: {}", reasons.join("; ")),
            Self::Unreliable(reasons) => write!(f, "unreliable: {}", reasons.join("; ")),
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What an estimate rests on: what it does not use cannot spoil it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rests {
    /// Weights as they are.
    OnWeights,
    /// Weights kept from growing. Whether one of them, or a tail, dominates is asked of what they were shrunk to; that
    /// propensities are right, and how much of the weight is gone, of what they were.
    OnShrunk {
        /// Of the shrunk weights.
        moments: Moments,
        /// Whether a reward model fills in for what was shrunk away.
        modelled: bool,
    },
    /// A reward model alone.
    OnModel,
}

impl Rests {
    /// What estimators of a form rest on, with weights as in `sketch`.
    #[must_use]
    pub fn of(form: &Form, sketch: &WeightSketch) -> Self {
        let shrunk = |shrink: Shrink, modelled| match shrink {
            Shrink::Not => Self::OnWeights,
            _ => Self::OnShrunk { moments: sketch.shrunk(shrink), modelled },
        };
        match form {
            Form::Direct => Self::OnModel,
            Form::Weighted { shrink, .. } => shrunk(*shrink, false),
            Form::Robust { shrink, .. } => shrunk(*shrink, true),
            _ => Self::OnWeights,
        }
    }
}

impl Verdict {
    /// Judges an estimate that rests on what `of` says, by the diagnostics of its log.
    #[must_use]
    pub fn of(of: &Diagnostics, rests: Rests) -> Self {
        let mut reasons = Reasons::default();
        reasons.users(of);
        match rests {
            Rests::OnWeights => {
                reasons.validity(of);
                reasons.tail(of);
                let largest = of.largest_weight;
                let shares = [of.largest_weight_share, of.largest_weight_share_of_squares];
                reasons.concentration(largest, shares, of.effective_sample_size);
            }
            Rests::OnShrunk { moments, modelled } => {
                reasons.validity(of);
                let Moments { sum, squares, largest, .. } = moments;
                let shares = [largest / sum, largest * largest / squares];
                reasons.concentration(largest, shares, moments.effective_sample_size());
                reasons.lost((1.0 - moments.mean() / of.mean_weight).abs(), modelled);
            }
            Rests::OnModel => reasons.model(of),
        }
        reasons.verdict()
    }
}

#[derive(Default)]
struct Reasons {
    cautions: Vec<String>,
    faults: Vec<String>,
}

impl Reasons {
    fn verdict(self) -> Verdict {
        match (self.faults.is_empty(), self.cautions.is_empty()) {
            (false, _) => Verdict::Unreliable(self.faults),
            (true, false) => Verdict::Caution(self.cautions),
            (true, true) => Verdict::Reliable,
        }
    }

    /// Speaks up if `value` is past the first limit, and louder past the second.
    fn past(&mut self, value: f64, [care, stop]: [f64; 2], reason: impl FnOnce() -> String) {
        if value > stop {
            self.faults.push(reason());
        } else if value > care {
            self.cautions.push(reason());
        }
    }

    fn users(&mut self, of: &Diagnostics) {
        let users = of.users;
        let reason = || format!("only {users} users: errors are not known from so few; log more of them");
        if users < USERS[1] {
            self.faults.push(reason());
        } else if users < USERS[0] {
            self.cautions.push(reason());
        }
    }

    /// Whether the weights can be ratios of right probabilities at all.
    fn validity(&mut self, of: &Diagnostics) {
        let outside = of.target_mass_outside_support.unwrap_or(0.0);
        self.past(outside, OUTSIDE, || {
            let percent = percent(outside);
            format!("{percent} of the target's choices are never in the log, which says nothing of them; log them with some probability")
        });
        let zero = of.zero_propensity_rows as f64 / of.n as f64;
        self.past(zero, OUTSIDE, || {
            let (rows, percent) = (of.zero_propensity_rows, percent(zero));
            format!("{rows} rows ({percent}) have propensity zero, which no logged action can; mend the log")
        });
        // Mass outside the support is missing from the mean weight, for a reason that was already given.
        let (off, se) = ((of.mean_weight - (1.0 - outside)).abs(), of.mean_weight_se);
        if off > OFF * se + ROUNDING {
            let Diagnostics { mean_weight, .. } = of;
            self.faults.push(format!(
                "the mean weight is {mean_weight:.4} ± {se:.4} and not {:.4}: propensities are wrong, or the target goes where the log does not; check both",
                1.0 - outside
            ));
        }
        let apart = of.disagreement.and_then(|apart| apart.ips_dr).unwrap_or(0.0).abs();
        if apart > OFF {
            self.faults.push(format!(
                "ips and dr are {apart:.1} standard errors apart, which right weights forbid; check the propensities"
            ));
        }
    }

    fn tail(&mut self, of: &Diagnostics) {
        let Some(k) = of.tail_index else { return };
        self.past(k, TAIL, || {
            format!("the weights have a tail of index {k:.2}, an infinite variance: intervals are too short; shrink weights (dros, clipped-ips) or log closer to the target")
        });
    }

    fn concentration(&mut self, largest: f64, [share, of_squares]: [f64; 2], effective: f64) {
        if of_squares > LARGEST_SQUARE && share <= LARGEST[1] {
            self.faults.push(format!(
                "one weight of {largest:.3} has {} of the sum of squares: the error hangs on one row; shrink weights or log more",
                percent(of_squares)
            ));
        }
        self.past(share, LARGEST, || {
            let percent = percent(share);
            format!("one weight of {largest:.3} has {percent} of all weight: the estimate hangs on one row; shrink weights or log more")
        });
        // Without any weight there is no effective sample size either: not a number is not enough.
        self.past(-effective.max(0.0), EFFECTIVE.map(|least| -least), || {
            format!(
                "the effective sample size is {:.0}; log more, or closer to the target",
                effective.max(0.0)
            )
        });
    }

    fn lost(&mut self, lost: f64, modelled: bool) {
        if modelled && lost > LOST[1] {
            self.cautions.push(format!(
                "shrinking moves the mean weight by {}: the estimate rests mostly on the reward model; compare it with dr",
                percent(lost)
            ));
        } else if !modelled {
            self.past(lost, LOST, || {
                format!(
                    "shrinking moves the mean weight by {}, and the estimate with it; allow larger weights",
                    percent(lost)
                )
            });
        }
    }

    fn model(&mut self, of: &Diagnostics) {
        let apart = of.disagreement.and_then(|apart| apart.dm_dr).unwrap_or(0.0).abs();
        self.past(apart, [MODEL_OFF, OFF], || {
            format!("dm and dr are {apart:.1} standard errors apart: the reward model is biased; use dr")
        });
    }
}

fn percent(share: f64) -> String {
    if share < 0.001 { format!("{:.2} %", 100.0 * share) } else { format!("{:.1} %", 100.0 * share) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ope::Disagreement;

    fn healthy() -> Diagnostics {
        Diagnostics {
            n: 10_000,
            users: 1_000,
            effective_sample_size: 5_000.0,
            mean_weight: 1.01,
            mean_weight_se: 0.01,
            largest_weight: 10.0,
            largest_weight_share: 0.001,
            largest_weight_share_of_squares: 0.005,
            top_1_percent_share: 0.05,
            tail_index: Some(0.2),
            target_mass_outside_support: Some(0.0),
            ..Diagnostics::default()
        }
    }

    fn judged(diagnostics: &Diagnostics) -> String {
        Verdict::of(diagnostics, Rests::OnWeights).to_string()
    }

    #[test]
    fn a_healthy_log_is_reliable() {
        assert_eq!(judged(&healthy()), "reliable");
        let without = Diagnostics { tail_index: None, target_mass_outside_support: None, ..healthy() };
        assert_eq!(
            serde_json::to_string(&Verdict::of(&without, Rests::OnWeights)).expect("text"),
            "\"reliable\""
        );
    }

    #[test]
    fn every_fault_has_its_own_reason() {
        let only = |diagnostics: Diagnostics, verdict: &str, word: &str| {
            let said = judged(&diagnostics);
            assert!(
                said.starts_with(verdict) && said.contains(word) && !said.contains("; log more;"),
                "{said}"
            );
            assert_eq!(said.matches(": ").count() - said.matches(": errors").count() <= 2, true, "{said}");
        };
        let h = healthy;
        only(
            Diagnostics { mean_weight: 1.05, ..h() },
            "unreliable: the mean weight is 1.0500 ± 0.0100",
            "propensities",
        );
        only(
            Diagnostics { target_mass_outside_support: Some(0.2), mean_weight: 0.8, ..h() },
            "unreliable: 20.0 %",
            "choices",
        );
        only(Diagnostics { target_mass_outside_support: Some(0.005), ..h() }, "caution: 0.5 %", "choices");
        only(Diagnostics { tail_index: Some(0.75), ..h() }, "unreliable: ", "index 0.75");
        only(Diagnostics { tail_index: Some(0.6), ..h() }, "caution: ", "index 0.60");
        only(
            Diagnostics { largest_weight_share: 0.2, ..h() },
            "unreliable: one weight of 10.000 has 20.0 %",
            "row",
        );
        only(
            Diagnostics { largest_weight_share_of_squares: 0.6, ..h() },
            "unreliable: one weight",
            "squares",
        );
        only(Diagnostics { effective_sample_size: 50.0, ..h() }, "caution: ", "size is 50");
        only(Diagnostics { effective_sample_size: f64::NAN, ..h() }, "unreliable: ", "size is 0");
        only(Diagnostics { users: 10, ..h() }, "unreliable: only 10 users", "log more");
        only(Diagnostics { zero_propensity_rows: 3, ..h() }, "caution: 3 rows (0.03 %)", "zero");
        let apart = Disagreement { ips_dr: Some(-5.0), ..Disagreement::default() };
        only(
            Diagnostics { disagreement: Some(apart), ..h() },
            "unreliable: ips and dr are 5.0",
            "propensities",
        );
    }

    #[test]
    fn a_model_is_judged_by_what_it_uses() {
        let bad =
            Diagnostics { tail_index: Some(0.9), mean_weight: 2.0, largest_weight_share: 0.5, ..healthy() };
        assert_eq!(Verdict::of(&bad, Rests::OnModel), Verdict::Reliable);
        let apart = |dm_dr| Disagreement { dm_dr: Some(dm_dr), ..Disagreement::default() };
        let said = |dm_dr| {
            Verdict::of(&Diagnostics { disagreement: Some(apart(dm_dr)), ..healthy() }, Rests::OnModel)
        };
        assert_eq!(said(2.0), Verdict::Reliable);
        assert!(said(-3.5).to_string().starts_with("caution: dm and dr are 3.5"));
        assert!(said(4.5).to_string().starts_with("unreliable: dm and dr are 4.5"));
    }

    #[test]
    fn shrunk_weights_are_judged_by_what_is_left_of_them() {
        let mut sketch = WeightSketch::default();
        // One weight of 9,000 among 9,000 of 1: clipped at 10 nothing dominates, but half of the weight is gone.
        sketch.add(&vec![1.0; 9_000]);
        sketch.add(&[9_000.0]);
        let heavy = Diagnostics { mean_weight_se: 1.0, ..Diagnostics::of(&sketch, 500, 1.0, None) };
        let of = |name: &str| {
            let estimator: crate::ope::Estimator = name.parse().expect("a name");
            Verdict::of(&heavy, Rests::of(estimator.form(), &sketch)).to_string()
        };
        assert!(
            of("ips").starts_with("unreliable: one weight of 9000.000 has 50.0 % of all weight"),
            "{}",
            of("ips")
        );
        assert!(of("clipped-ips(10)").starts_with("unreliable: shrinking moves the mean weight by 49."));
        assert!(of("dr-shrink(10)").starts_with("caution: shrinking moves the mean weight by 49."));
        assert_eq!(of("dm"), "reliable");
        assert!(of("clipped-ips(20000)").starts_with("unreliable: one weight"));
    }
}
