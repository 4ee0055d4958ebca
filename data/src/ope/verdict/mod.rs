//! Whether to believe an estimate, and if not, what to do.

#[cfg(test)]
mod tests;

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
/// The share of the target's choices that the log cannot speak of (chosen by us).
const OUTSIDE: [f64; 2] = [0.001, 0.01];
/// So many standard errors above what would be left of it, the mean weight says that nothing is missing (chosen by us).
const THERE: f64 = 3.0;
/// The share of rows whose propensity is zero (chosen by us).
const ZERO: [f64; 2] = [0.0, 0.01];
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nothing speaks against it.
    #[default]
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

impl Verdict {
    /// Of two verdicts, the one that says less for the estimate.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |verdict: &Self| match verdict {
            Self::Reliable => 0,
            Self::Caution(_) => 1,
            Self::Unreliable(_) => 2,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }

    /// The verdict in one word.
    #[must_use]
    pub fn in_short(&self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::Caution(_) => "caution",
            Self::Unreliable(_) => "unreliable",
        }
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
        let zero = of.zero_propensity_rows as f64 / of.n as f64;
        self.past(zero, ZERO, || {
            let (rows, percent) = (of.zero_propensity_rows, percent(zero));
            format!("{rows} rows ({percent}) have propensity zero, which no logged action can; mend the log")
        });
        let outside = of.target_mass_outside_support.unwrap_or(0.0);
        self.support(outside, of);
        // Under too heavy a tail the mean weight is not settled, whatever the propensities.
        if of.tail_index.is_none_or(|k| k <= TAIL[1]) {
            self.propensities(outside, of);
        }
    }

    /// What the log cannot have is missing from the mean weight. Where it is not missing, the log merely happens not to
    /// have it.
    fn support(&mut self, outside: f64, of: &Diagnostics) {
        let there = of.mean_weight - (1.0 - outside) > THERE * of.mean_weight_se + ROUNDING;
        let [care, stop] = OUTSIDE;
        self.past(outside, [care, if there { f64::INFINITY } else { stop }], || {
            let percent = percent(outside);
            format!("{percent} of the target's choices are never in the log, which says nothing of them; log them with some probability")
        });
    }

    fn propensities(&mut self, outside: f64, of: &Diagnostics) {
        let (mean, se) = (of.mean_weight, of.mean_weight_se);
        // Mass outside the support may be missing, for a reason that was just given.
        if (mean - 1.0).max(1.0 - outside - mean) > OFF * se + ROUNDING {
            self.faults.push(format!(
                "the mean weight is {mean:.4} ± {se:.4} and not 1: propensities are wrong, or the target goes where the log does not; check both"
            ));
        }
        let apart = of.disagreement.and_then(|apart| apart.ips_dr).unwrap_or(0.0).abs();
        // What the log does not have, ips lacks and dr's model guesses.
        if apart > OFF && outside <= OUTSIDE[1] {
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

    /// Whether the estimate hangs on a few rows.
    fn concentration(&mut self, largest: f64, [share, of_squares]: [f64; 2], effective: f64) {
        let one = |percent: String, of: &str| {
            format!(
                "one weight of {largest:.3} has {percent} of {of}: the estimate hangs on one row; shrink weights or log more"
            )
        };
        let dominated = of_squares > LARGEST_SQUARE;
        if dominated && share <= LARGEST[1] {
            self.faults.push(one(percent(of_squares), "the sum of squares"));
        } else {
            self.past(share, LARGEST, || one(percent(share), "all weight"));
        }
        // One huge weight makes few rows count, for a reason that was just given. Without any weight there is no effective
        // sample size either: not a number is not enough.
        if !dominated {
            let effective = effective.max(0.0);
            self.past(-effective, EFFECTIVE.map(|least| -least), || {
                format!("the effective sample size is {effective:.0}; log more, or closer to the target")
            });
        }
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
        let outside = of.target_mass_outside_support.unwrap_or(0.0);
        self.past(outside, [OUTSIDE[0], f64::INFINITY], || {
            let percent = percent(outside);
            format!("{percent} of the target's choices are never in the log: the reward model guesses what they bring")
        });
        let apart = of.disagreement.and_then(|apart| apart.dm_dr).unwrap_or(0.0).abs();
        self.past(apart, [MODEL_OFF, OFF], || {
            format!("dm and dr are {apart:.1} standard errors apart: the reward model is biased; use dr")
        });
    }
}

fn percent(share: f64) -> String {
    if share < 0.001 { format!("{:.2} %", 100.0 * share) } else { format!("{:.1} %", 100.0 * share) }
}
