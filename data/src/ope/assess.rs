//! From sums to estimates, intervals, diagnostics and verdicts.

use std::collections::BTreeMap;

use super::interval::Spread;
use super::ledger::{Ground, Planned};
use super::shard::{Half, Summed};
use super::spreads::{Spreads, mean};
use super::{Diagnostics, Estimate, Evaluation, Rests, Segment, Verdict, WeightSketch};

/// How often an interval is to hold the truth.
pub(super) const LEVEL: f64 = 0.95;

/// The weights that estimates rest on, by their diagnostics.
type Grounds = BTreeMap<Ground, (Diagnostics, WeightSketch)>;

/// Whether to believe an estimator: by the worst of the weights that it rests on.
fn judged(planned: &Planned, grounds: &Grounds, unweighed: &Diagnostics) -> Verdict {
    let form = planned.estimator.form();
    let found = planned.grounds.iter().filter_map(|ground| grounds.get(ground));
    let verdicts = found.map(|(diagnostics, sketch)| Verdict::of(diagnostics, Rests::of(form, sketch)));
    verdicts.reduce(Verdict::worse).unwrap_or_else(|| Verdict::of(unweighed, Rests::OnModel))
}

impl Summed {
    /// What it all comes to.
    pub(crate) fn evaluation(&self) -> Evaluation {
        let groups = self.header.levels.iter().enumerate();
        let main = self.main();
        Evaluation {
            about: self.header.about.clone(),
            overall: self.segment(None),
            positions: self.positions(),
            groups: groups.map(|(at, name)| (name.clone(), self.segment(Some(at)))).collect(),
            excluded: self.told.excluded.rows.clone(),
            not_estimated: self.passed_over.clone(),
            histogram: main
                .map_or_else(Vec::new, |(half, ground)| half.sketch(ground, None, None).histogram()),
        }
    }

    /// The weights that speak for the whole log: those of decisions, else of slates, as far down as they are known.
    fn main(&self) -> Option<(&Half, Ground)> {
        if let Some(at) = self.decisions.plan.policy_weights() {
            return Some((&self.decisions, Ground::Weight(at)));
        }
        let grounds = self.slates.plan.grounds();
        Some((&self.slates, grounds.iter().map(|(ground, _)| *ground).min()?))
    }

    /// All rows, or those of one level.
    fn segment(&self, level: Option<usize>) -> Segment {
        let (mut estimators, mut all) = (Vec::new(), Grounds::new());
        let unweighed = self.unweighed(level);
        for half in [&self.decisions, &self.slates] {
            let Some(spreads) = half.spreads(level) else { continue };
            let grounds = self.grounds(half, &spreads, level);
            for (planned, spread) in half.plan.estimators.iter().zip(&spreads.estimates) {
                let verdict = judged(
                    planned,
                    &grounds,
                    &Diagnostics { disagreement: spreads.disagreement, ..unweighed.clone() },
                );
                estimators.push(Estimate::new(planned.estimator.name(), spread, verdict));
            }
            all.extend(grounds);
        }
        if level.is_none() {
            self.bound(&mut estimators);
        }
        let main = self.main().and_then(|(_, ground)| all.remove(&ground));
        let (diagnostics, rests) =
            main.map_or((unweighed, Rests::OnModel), |(found, _)| (found, Rests::OnWeights));
        Segment { verdict: Verdict::of(&diagnostics, rests), diagnostics, estimators }
    }

    fn grounds(&self, half: &Half, spreads: &Spreads, level: Option<usize>) -> Grounds {
        let users = half.n_users(level, &self.header);
        let support = level.is_none().then_some(&self.told.support);
        let of = |(ground, mean): &(Ground, Spread)| {
            let sketch = half.sketch(*ground, level, None);
            let found = Diagnostics::of(&sketch, users, mean.se(), support);
            (*ground, (Diagnostics { disagreement: spreads.disagreement, ..found }, sketch))
        };
        spreads.weights.iter().map(of).collect()
    }

    /// Diagnostics where nothing is weighed: how much there is of it.
    fn unweighed(&self, level: Option<usize>) -> Diagnostics {
        let half = [&self.decisions, &self.slates].into_iter().find(|half| half.n_rows(level) > 0);
        let (n, users) = half.map_or((0, 0), |half| (half.n_rows(level), half.n_users(level, &self.header)));
        Diagnostics { n, users, ..Diagnostics::default() }
    }

    /// The weights at each position: of decisions that tell theirs, or of the items of slates.
    fn positions(&self) -> BTreeMap<u16, Diagnostics> {
        let mut found = BTreeMap::new();
        if let Some(policy) = self.decisions.plan.policy_weights() {
            for (position, sums) in self.decisions.ledger.position_tables().iter().enumerate() {
                let sketch = self.decisions.sketch(Ground::Weight(policy), None, Some(position));
                if let Some(mean) = mean(sums) {
                    let users = match self.header.knows_users {
                        true => self.decisions.ledger.n_users_at(position),
                        false => sketch.moments().n,
                    };
                    found.insert(position as u16, Diagnostics::of(&sketch, users, mean.se(), None));
                }
            }
        }
        if let Some(spreads) = self.slates.spreads(None) {
            let users = self.slates.n_users(None, &self.header);
            for (ground, mean) in &spreads.weights {
                // Marginals come first; where there are none, what is above counts.
                let (Ground::Marginal(position) | Ground::Cascade(position)) = *ground else { continue };
                let of = || Diagnostics::of(&self.slates.sketch(*ground, None, None), users, mean.se(), None);
                found.entry(position as u16).or_insert_with(of);
            }
        }
        found
    }

    /// Adds the bounds that were declared for.
    fn bound(&self, estimates: &mut [Estimate]) {
        if self.header.declared == super::Declared::default() {
            return;
        }
        let mut columns = 0..;
        for (planned, estimate) in self.decisions.plan.estimators.iter().zip(estimates) {
            let bounds = self.header.declared.bounds(planned.estimator.form());
            match bounds.and_then(|_| self.bounds.bounds(columns.next().unwrap_or_default(), LEVEL)) {
                Ok(bounds) => estimate.ci.extend(bounds),
                Err(reason) => estimate.no_bound = Some(reason.to_string()),
            }
        }
    }
}
