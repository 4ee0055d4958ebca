//! Estimators over trajectories.

/// One decision of a trajectory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepTaken {
    /// What it brought.
    pub reward: f64,
    /// π_target(a|s) / π_log(a|s) of this decision alone.
    pub weight: f64,
    /// `[M]` ψ(s): what the situation looked like, an intercept first.
    pub state: Vec<f64>,
    /// `[D]` φ(s, a) of the logged action.
    pub taken: Vec<f64>,
    /// `[D]` Σ_a π_target(a|s) φ(s, a).
    pub expected: Vec<f64>,
}

/// What one user lived through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trajectory {
    /// Who.
    pub user: u64,
    /// The level of the column that results are broken down by.
    pub level: u16,
    /// Decisions, in order of time.
    pub steps: Vec<StepTaken>,
    /// Whether the process ended with the last one; otherwise somebody stopped watching.
    pub terminated: bool,
}
