//! What can be known of the weights that an estimate rests on.

use serde::Serialize;

use super::{Support, WeightSketch};

/// What can be known of the weights of a log, or of a part of it, under one target.
///
/// | symbol | meaning |
/// |---|---|
/// | w | π_target / π_log of a row; its mean is 1 if propensities are right and the log supports the target |
/// | k | tail index: with k ≥ ½ the variance of w is infinite |
///
/// What does not exist is `null` in JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Diagnostics {
    /// Rows.
    pub n: u64,
    /// Users.
    pub users: u64,
    /// (Σ w)² / Σ w²: how many rows of equal weight would tell as much.
    pub effective_sample_size: f64,
    /// Mean w.
    pub mean_weight: f64,
    /// Its standard error, users being independent.
    pub mean_weight_se: f64,
    /// The largest w.
    pub largest_weight: f64,
    /// Its share of Σ w.
    pub largest_weight_share: f64,
    /// Its square's share of Σ w²: how much of the variance hangs on one row.
    pub largest_weight_share_of_squares: f64,
    /// The share of Σ w that the largest 1 % of the weights has.
    pub top_1_percent_share: f64,
    /// [k](super::tail_index), where there is a tail.
    pub tail_index: Option<f64>,
    /// The share of the target's probability on actions that the log does not have; `None` where the target is only
    /// known for actions of the log.
    pub target_mass_outside_support: Option<f64>,
    /// Rows whose propensity is zero.
    pub zero_propensity_rows: u64,
    /// How far estimators are from each other, over all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<Disagreement>,
}

/// Differences of estimates, each in its own (paired, cluster-robust) standard errors.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Disagreement {
    /// dm − dr: zero but for noise if the reward model is right.
    pub dm_dr: Option<f64>,
    /// ips − dr: zero but for noise if the weights are right.
    pub ips_dr: Option<f64>,
    /// dm − ips.
    pub dm_ips: Option<f64>,
}

impl Diagnostics {
    /// Of the weights in `sketch`.
    ///
    /// - `mean_weight_se`: standard error of mean w by user
    /// - `support`: what was found of the target's support; `None` where that is not known of just these rows
    #[must_use]
    pub fn of(sketch: &WeightSketch, users: u64, mean_weight_se: f64, support: Option<&Support>) -> Self {
        let moments = sketch.moments();
        let asked = |support: &&Support| !support.actions.is_empty() || support.outside > 0.0;
        Self {
            n: moments.n,
            users,
            effective_sample_size: moments.effective_sample_size(),
            mean_weight: moments.mean(),
            mean_weight_se,
            largest_weight: moments.largest,
            largest_weight_share: moments.largest / moments.sum,
            largest_weight_share_of_squares: moments.largest * moments.largest / moments.squares,
            top_1_percent_share: sketch.top_share(0.01),
            tail_index: sketch.tail_index(),
            target_mass_outside_support: support.filter(asked).map(Support::share_outside),
            zero_propensity_rows: support.map_or(0, |support| support.zero_propensity),
            disagreement: None,
        }
    }

    /// Everything in words, for people to read.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let number = |value: f64| if value.is_finite() { format!("{value:.4}") } else { "none".into() };
        let percent =
            |share: f64| if share.is_finite() { format!("{:.2} %", 100.0 * share) } else { "none".into() };
        let mut told = vec![("rows", self.n.to_string()), ("users", self.users.to_string())];
        if self.mean_weight != 0.0 || self.largest_weight != 0.0 {
            told.extend([
                ("effective sample size", format!("{:.0}", self.effective_sample_size)),
                ("mean weight", format!("{} ± {}", number(self.mean_weight), number(self.mean_weight_se))),
                ("largest weight", number(self.largest_weight)),
                ("its share of all weight", percent(self.largest_weight_share)),
                ("share of the largest 1 %", percent(self.top_1_percent_share)),
                ("tail index", self.tail_index.map_or("no tail".into(), number)),
            ]);
        }
        if let Some(outside) = self.target_mass_outside_support {
            told.push(("target outside the log's support", percent(outside)));
        }
        if self.zero_propensity_rows > 0 {
            told.push(("rows with propensity zero", self.zero_propensity_rows.to_string()));
        }
        let apart = self.disagreement.unwrap_or_default();
        for (pair, errors) in
            [("dm − dr", apart.dm_dr), ("ips − dr", apart.ips_dr), ("dm − ips", apart.dm_ips)]
        {
            told.extend(errors.map(|errors| (pair, format!("{errors:+.1} standard errors"))));
        }
        told
    }

    /// The first things to know, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { n, users, effective_sample_size, mean_weight, mean_weight_se, .. } = self;
        let tail = self.tail_index.map_or("no tail".into(), |k| format!("tail index {k:.2}"));
        format!(
            "{n} rows, {users} users, effective {effective_sample_size:.0}, mean weight {mean_weight:.3} ± {mean_weight_se:.3}, {tail}"
        )
    }
}
