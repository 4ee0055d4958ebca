//! The numbers of each row.

use super::plan::Term;
use crate::ope::{Decisions, SlateForm, SlateRows};

/// Writes a term of the decisions `rows` into every `width`-th place of `out`.
pub(super) fn of_decisions(
    term: Term,
    batch: &Decisions,
    rows: std::ops::Range<usize>,
    out: &mut [f64],
    width: usize,
) {
    let places = out.iter_mut().step_by(width);
    let rewards = &batch.rewards[rows.clone()];
    let weights = |source: usize| &batch.weights[source][rows.clone()];
    match term {
        Term::One => places.for_each(|place| *place = 1.0),
        Term::Weight(source, shrink) => {
            places.zip(weights(source)).for_each(|(place, w)| *place = shrink.of(*w));
        }
        Term::Weighted(source, shrink) => places
            .zip(weights(source).iter().zip(rewards))
            .for_each(|(place, (w, r))| *place = shrink.of(*w) * r),
        Term::Expected(model) => {
            places.zip(&batch.models[model].expected[rows]).for_each(|(place, v)| *place = *v);
        }
        Term::Residual(source, shrink, model) => {
            let missed = rewards.iter().zip(&batch.models[model].logged[rows.clone()]);
            places
                .zip(weights(source).iter().zip(missed))
                .for_each(|(place, (w, (r, q)))| *place = shrink.of(*w) * (r - q));
        }
        Term::Match(source) => {
            places.zip(weights(source)).for_each(|(place, w)| *place = indicator(*w > 0.0));
        }
        Term::Matched(source) => places
            .zip(weights(source).iter().zip(rewards))
            .for_each(|(place, (w, r))| *place = if *w > 0.0 { *r } else { 0.0 }),
        Term::Logger(logger) => {
            places.zip(&batch.loggers[rows]).for_each(|(place, by)| *place = indicator(*by == logger));
        }
        Term::LoggerWeighted(source, logger) => {
            let by = batch.loggers[rows.clone()].iter();
            places
                .zip(by.zip(weights(source).iter().zip(rewards)))
                .for_each(|(place, (by, (w, r)))| *place = if *by == logger { w * r } else { 0.0 });
        }
        // A plan for decisions has none of these.
        Term::SlateWeight(..)
        | Term::SlateReward(..)
        | Term::CascadeResidual(_)
        | Term::CascadeExpected(_) => {}
    }
}

fn indicator(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// A term of slate `row`.
pub(super) fn of_slate(term: Term, batch: &SlateRows, row: usize) -> f64 {
    let rewards = batch.rewards.row(row);
    let all = |of: &dyn Fn(usize) -> f64, at: Option<usize>| match at {
        Some(position) => of(position),
        None => (0..rewards.len()).map(of).sum(),
    };
    match term {
        Term::One => 1.0,
        Term::SlateWeight(form, position) => weight(form, batch, row, position),
        Term::SlateReward(form @ (SlateForm::Standard | SlateForm::PseudoInverse), _) => {
            weight(form, batch, row, 0) * rewards.iter().sum::<f64>()
        }
        Term::SlateReward(form, at) => {
            all(&|position| weight(form, batch, row, position) * rewards[position], at)
        }
        Term::CascadeResidual(at) => {
            let missed = |position| rewards[position] - batch.logged.row(row)[position];
            all(&|position| batch.cascade.row(row)[position] * missed(position), at)
        }
        Term::CascadeExpected(at) => {
            let above = |position| if position == 0 { 1.0 } else { batch.cascade.row(row)[position - 1] };
            all(&|position| above(position) * batch.expected.row(row)[position], at)
        }
        _ => 0.0,
    }
}

fn weight(form: SlateForm, batch: &SlateRows, row: usize, position: usize) -> f64 {
    match form {
        SlateForm::Standard => batch.slate[row],
        SlateForm::PseudoInverse => batch.pseudo[row],
        SlateForm::Independent => batch.marginal.row(row)[position],
        SlateForm::RewardInteraction | SlateForm::CascadeRobust => batch.cascade.row(row)[position],
    }
}
