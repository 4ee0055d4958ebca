//! What a surrogate must keep to, and whether it does.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bounds on how unlike its panel a surrogate may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Most Jensen–Shannon bits between all choices.
    pub js_overall: f64,
    /// The same within a cell of like people.
    pub js_cell: f64,
    /// Most expected calibration error of the chance to leave.
    pub leave_ece: f64,
    /// Most Kolmogorov–Smirnov distance between lengths of sessions.
    pub session_ks: f64,
    /// Least Kendall τ-b between two rankings of recommenders.
    pub tau: f64,
    /// Fewest recommenders of such a ranking.
    pub least_recommenders: usize,
    /// Fewest users on either side, overall and in a cell, for a verdict.
    pub least_users: usize,
}

impl Default for Gates {
    /// Bounds agreed on before any surrogate was made; the fewest users are chosen by us.
    fn default() -> Self {
        Self {
            js_overall: 0.02,
            js_cell: 0.10,
            leave_ece: 0.03,
            session_ks: 0.05,
            tau: 0.8,
            least_recommenders: 5,
            least_users: 30,
        }
    }
}

/// What a gate came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// It keeps to its bound.
    Passed,
    /// It does not.
    Failed,
    /// Nobody can say: too little evidence, or a panel that does not keep to the bound against itself.
    NotJudged,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which, such as `js_overall` or `js_cell calm`.
    pub gate: String,
    /// What was found; `None` if nothing could be.
    pub value: Option<f64>,
    /// The same of the panel against itself.
    pub floor: Option<f64>,
    /// What it is held against.
    pub bound: f64,
    /// How much it rests on: users of the smaller side, but decisions for `leave_ece` and recommenders for `tau`.
    pub n: usize,
    /// The ruling.
    pub ruling: Ruling,
}

impl Verdict {
    /// Of a distance: `value − max(floor, 0) ≤ bound`, judged if there is enough and `floor ≤ bound`.
    pub(super) fn at_most(
        gate: impl Into<String>,
        found: Option<[f64; 2]>,
        bound: f64,
        n: usize,
        enough: bool,
    ) -> Self {
        Self::of(gate.into(), found, bound, n, |[value, floor]| {
            (enough && floor <= bound).then_some(value - floor.max(0.0) <= bound)
        })
    }

    /// Of an agreement: `value ≥ bound`, judged if there is enough and `floor ≥ bound`.
    pub(super) fn at_least(
        gate: impl Into<String>,
        found: Option<[f64; 2]>,
        bound: f64,
        n: usize,
        enough: bool,
    ) -> Self {
        Self::of(gate.into(), found, bound, n, |[value, floor]| {
            (enough && floor >= bound).then_some(value >= bound)
        })
    }

    fn of(
        gate: String,
        found: Option<[f64; 2]>,
        bound: f64,
        n: usize,
        keeps: impl Fn([f64; 2]) -> Option<bool>,
    ) -> Self {
        let found = found.filter(|found| found.iter().all(|number| number.is_finite()));
        let ruling = match found.and_then(keeps) {
            Some(true) => Ruling::Passed,
            Some(false) => Ruling::Failed,
            None => Ruling::NotJudged,
        };
        let [value, floor] = [0, 1].map(|which| found.map(|found| found[which]));
        Self { gate, value, floor, bound, n, ruling }
    }

    fn is_of_cell(&self) -> bool {
        self.gate.starts_with(CELL)
    }
}

/// What gates of cells are called, before the cell's name.
pub(super) const CELL: &str = "js_cell ";

/// Every gate.
///
/// ```
/// use recloop_data::fidelity::{Evidence, Gates, Ruling};
/// let nothing = Evidence { cells: &[], panel: &[], surrogate: &[], leaving: &[], recommenders: None, draws: 20 };
/// let fidelity = nothing.judge(&Gates::default())?;
/// assert_eq!(fidelity.ruling(), Ruling::NotJudged);
/// assert!(fidelity.to_string().contains("js_overall"));
/// # Ok::<(), recloop_data::fidelity::FidelityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// `js_overall`, one `js_cell` for each cell, `leave_ece`, `session_ks`, `tau`.
    pub verdicts: Vec<Verdict>,
}

impl Fidelity {
    /// All together: failed if any gate did; passed if every gate was judged, of the cells at least one.
    #[must_use]
    pub fn ruling(&self) -> Ruling {
        let any = |ruling| self.verdicts.iter().any(|verdict| verdict.ruling == ruling);
        let (cells, others): (Vec<_>, Vec<_>) =
            self.verdicts.iter().partition(|verdict| verdict.is_of_cell());
        let judged = |verdict: &&Verdict| verdict.ruling != Ruling::NotJudged;
        match () {
            () if any(Ruling::Failed) => Ruling::Failed,
            () if others.iter().all(judged) && cells.iter().any(judged) => Ruling::Passed,
            () => Ruling::NotJudged,
        }
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotJudged => "not judged",
        })
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number =
            |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"));
        writeln!(f, "{:<24} {:>8} {:>8} {:>6} {:>7}", "gate", "value", "floor", "bound", "n")?;
        for Verdict { gate, value, floor, bound, n, ruling } in &self.verdicts {
            let (value, floor) = (number(*value), number(*floor));
            writeln!(f, "{gate:<24} {value:>8} {floor:>8} {bound:>6} {n:>7}  {ruling}")?;
        }
        match self.ruling() {
            Ruling::Passed => write!(f, "The surrogate keeps to every gate."),
            Ruling::Failed => {
                write!(f, "The surrogate FAILED: what it lived through is not what the panel would have.")
            }
            Ruling::NotJudged => {
                write!(f, "Not every gate could be judged: nothing is claimed of the surrogate.")
            }
        }
    }
}
