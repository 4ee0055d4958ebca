//! The whole of an evaluation.

use super::interval::{BucketSums, N_REPLICATES, Replicates};
use super::ledger::{Buckets, scatter};
use super::sequence::{self, SequenceValues, Trajectory};
use super::shard::{Summed, Watch};
use super::{
    Diagnostics, Estimate, Estimator, Evaluation, Form, OpeError, Request, Rests, SequenceForm, Source,
    Verdict, WeightSketch,
};

/// Evaluates the target under whose eyes `source` was opened.
///
/// Reads the log once, in parallel; once more for every pass that a model needs to be fitted; and keeps trajectories in
/// memory if estimators over them are asked for. The result does not depend on threads.
///
/// # Errors
/// [`OpeError::Lacks`] for an estimator that was asked for and cannot be had; [`OpeError::Deterministic`];
/// [`OpeError::Empty`]; rows and files that cannot be used, by file, row group and row.
pub fn evaluate(source: &dyn Source, request: &Request, watch: Watch<'_>) -> Result<Evaluation, OpeError> {
    let mut chosen = request.choose(source)?;
    let over_trajectories = |one: &mut Estimator| matches!(one.form(), Form::Sequence(_));
    let sequences: Vec<_> = chosen.estimators.extract_if(.., over_trajectories).collect();
    let mut evaluation = if chosen.estimators.is_empty() {
        let not_estimated = chosen.passed_over;
        Evaluation { about: request.about.clone(), not_estimated, ..Evaluation::default() }
    } else {
        Summed::of(source, request, chosen, watch)?.evaluation()
    };
    if !sequences.is_empty() {
        Walked::of(source, &sequences, request)?.add_to(&mut evaluation, source.levels());
    }
    Ok(evaluation)
}

/// What trajectories came to.
struct Walked {
    names: Vec<String>,
    values: Vec<SequenceValues>,
    /// `[n]` w of whole trajectories.
    weights: Vec<f64>,
    users: Vec<u64>,
    levels: Vec<u16>,
}

impl Walked {
    fn of(source: &dyn Source, estimators: &[Estimator], request: &Request) -> Result<Self, OpeError> {
        let trajectories = source.trajectories()?;
        let form = |one: &Estimator| match one.form() {
            Form::Sequence(form) => Some(*form),
            _ => None,
        };
        let forms: Vec<_> = estimators.iter().filter_map(form).collect();
        let of = |get: &dyn Fn(&Trajectory) -> u64| trajectories.iter().map(get).collect();
        Ok(Self {
            names: estimators.iter().map(|one| one.name().to_owned()).collect(),
            values: sequence::evaluate(&trajectories, &forms, &request.sequence)?,
            weights: sequence::weights(&trajectories, &request.sequence)?.whole,
            users: of(&|trajectory| trajectory.user),
            levels: trajectories.iter().map(|trajectory| trajectory.level).collect(),
        })
    }

    /// Adds the estimates to those over rows; diagnostics are those of trajectories only where there are no others.
    fn add_to(&self, evaluation: &mut Evaluation, levels: &[String]) {
        let segments = evaluation
            .groups
            .iter_mut()
            .map(|(name, segment)| (levels.iter().position(|level| level == name), segment));
        for (level, segment) in segments.chain([(None, &mut evaluation.overall)]) {
            let rows = self.rows(level);
            let (diagnostics, sketch) = self.diagnostics(&rows);
            for (name, values) in self.names.iter().zip(&self.values) {
                segment.estimators.push(self.estimate(name, values, &rows, &diagnostics, &sketch));
            }
            if segment.diagnostics.n == 0 {
                segment.verdict = Verdict::of(&diagnostics, Rests::OnWeights);
                segment.diagnostics = diagnostics;
            }
        }
    }

    fn rows(&self, level: Option<usize>) -> Vec<usize> {
        let fits = |row: &usize| level.is_none_or(|level| usize::from(self.levels[*row]) == level);
        (0..self.users.len()).filter(fits).collect()
    }

    /// `[buckets, width]` sums of `term` over rows.
    fn sums(&self, rows: &[usize], width: usize, term: &dyn Fn(usize, &mut [f64])) -> Vec<f64> {
        let (mut buckets, mut places) = (Buckets::default(), Vec::new());
        let users: Vec<_> = rows.iter().map(|row| self.users[*row]).collect();
        // Nothing was summed yet that could have to move.
        let words: Vec<_> = users.iter().map(|user| scatter(*user)).collect();
        buckets.place(&users, &words, &mut places);
        let mut sums = vec![0.0; buckets.len() * width];
        let mut held = vec![false; buckets.len()];
        let mut terms = vec![0.0; width];
        for (row, place) in rows.iter().zip(places) {
            term(*row, &mut terms);
            held[place as usize] = true;
            let into = &mut sums[place as usize * width..][..width];
            into.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += term);
        }
        let some = sums.chunks_exact(width).zip(held).filter(|(_, held)| *held);
        some.flat_map(|(bucket, _)| bucket).copied().collect()
    }

    fn diagnostics(&self, rows: &[usize]) -> (Diagnostics, WeightSketch) {
        let mut sketch = WeightSketch::default();
        let weights: Vec<_> = rows.iter().map(|row| self.weights[*row]).collect();
        sketch.add(&weights);
        let sums = self.sums(rows, 2, &|row, terms| terms.copy_from_slice(&[1.0, self.weights[row]]));
        let se = super::spreads::mean(&sums).map_or(f64::NAN, |mean| mean.se());
        (Diagnostics::of(&sketch, rows.len() as u64, se, None), sketch)
    }

    fn estimate(
        &self,
        name: &str,
        values: &SequenceValues,
        rows: &[usize],
        diagnostics: &Diagnostics,
        sketch: &WeightSketch,
    ) -> Estimate {
        let n_terms = values.terms().width();
        let sums = self.sums(rows, n_terms, &|row, terms| terms.copy_from_slice(values.terms().row(row)));
        let drawn = Replicates::draw(BucketSums { n_terms, sums: &sums }, N_REPLICATES);
        // What learns its weights, or needs none, does not rest on their product.
        let rests = match values.form() {
            SequenceForm::Direct
            | SequenceForm::StateMarginal
            | SequenceForm::StateActionMarginal
            | SequenceForm::Double => Rests::OnModel,
            form => Rests::of(&Form::Sequence(form), sketch),
        };
        Estimate::new(
            name,
            &drawn.spread(&|sums| SequenceValues::value(sums)),
            Verdict::of(diagnostics, rests),
        )
    }
}
