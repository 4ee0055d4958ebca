//! What was shown at a tick and what came of it, read from rows of `slates`.

use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use recloop_env::{EnvSpec, Grid, ItemId, ItemView, Known, Slates, Step};

use super::reader::Run;
use super::{schema, words};

/// Slates and outcome of one tick; `step.next` and `step.next_row` are the source's business.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) slates: Slates,
    pub(super) step: Step,
}

impl Answers {
    /// Becomes `n` rows to be read.
    pub(super) fn reset(&mut self, spec: &EnvSpec, n: usize) {
        let (k, step) = (spec.slate_size, &mut self.step);
        self.slates.reset(n, k);
        self.slates.propensity.reset(n, k);
        step.responses.choice_probs = None;
        step.responses.reset(n, k, spec.signals.len());
        step.reward_parts.reset(n, spec.reward_parts.len());
        step.reward.clear();
        step.fate.clear();
        step.ended.clear();
        step.events.clear();
    }

    /// Reads rows `at..` from a run; says what contradicts the spec.
    pub(super) fn read(
        &mut self,
        spec: &EnvSpec,
        items: &ItemView,
        at: usize,
        run: &Run<'_>,
    ) -> Result<(), String> {
        let n_items = match items {
            ItemView::Durable(catalogue) => catalogue.len(),
            ItemView::Ephemeral { per_row, .. } => *per_row,
        };
        let shown = run.values::<UInt32Type>("items");
        if let Some(other) = shown.iter().find(|item| **item as usize >= n_items) {
            return Err(format!("item {other} was shown, there are {n_items}"));
        }
        let places = at * spec.slate_size..at * spec.slate_size + shown.len();
        for (place, item) in self.slates.items.as_mut_slice()[places].iter_mut().zip(shown) {
            *place = ItemId(*item);
        }
        self.read_propensities(at, run)?;
        self.read_responses(spec, at, run)?;
        self.read_outcome(spec, at, run)
    }

    fn read_propensities(&mut self, at: usize, run: &Run<'_>) -> Result<(), String> {
        let slates = &mut self.slates;
        let known = run.words("known", schema::KNOWN).map(Option::unwrap_or_default);
        let known = known.zip(run.optional::<UInt32Type>("draws"));
        for (i, ((code, draws), list)) in known.zip(run.lists::<Float64Type>("propensity")).enumerate() {
            let known = words::to_known(code, draws).ok_or("only an estimate takes draws")?;
            if list.is_some() != (known != Known::Unavailable) {
                return Err("propensities must be there where they are known, and only there".into());
            }
            slates.known[at + i] = known;
            copy(list.unwrap_or(&[]), slates.propensity.row_mut(at + i))?;
        }
        fill(&mut slates.marginal, &slates.propensity, at, run.lists::<Float64Type>("marginal"))
    }

    fn read_responses(&mut self, spec: &EnvSpec, at: usize, run: &Run<'_>) -> Result<(), String> {
        let (did, k, n_signals) = (&mut self.step.responses, spec.slate_size, spec.signals.len());
        let clicks = did.click.as_mut_slice()[at * k..].iter_mut().zip(run.bools("click"));
        clicks.for_each(|(place, clicked)| *place = clicked);
        let dwell_secs = run.values::<Float32Type>("dwell_secs");
        did.dwell_secs.as_mut_slice()[at * k..at * k + dwell_secs.len()].copy_from_slice(dwell_secs);
        for (s, name) in spec.signals.iter().enumerate() {
            let values = run.values::<Float32Type>(&format!("signal_{name}")).chunks_exact(k);
            let rows = did.signals.as_mut_slice()[at * k * n_signals..].chunks_exact_mut(k * n_signals);
            rows.zip(values).for_each(|(row, values)| row[s * k..(s + 1) * k].copy_from_slice(values));
        }
        fill(&mut did.choice_probs, &did.dwell_secs, at, run.lists::<Float32Type>("choice_probs"))
    }

    fn read_outcome(&mut self, spec: &EnvSpec, at: usize, run: &Run<'_>) -> Result<(), String> {
        let (step, n_parts) = (&mut self.step, spec.reward_parts.len());
        step.reward.extend_from_slice(run.values::<Float32Type>("reward"));
        for (p, (name, _)) in spec.reward_parts.iter().enumerate() {
            let values = run.values::<Float32Type>(&format!("reward_{name}"));
            let rows = step.reward_parts.as_mut_slice()[at * n_parts..].chunks_exact_mut(n_parts);
            rows.zip(values).for_each(|(row, value)| row[p] = *value);
        }
        let fates = run.words("fate", schema::FATES).map(Option::unwrap_or_default);
        for (code, secs) in fates.zip(run.optional::<Float32Type>("after_secs")) {
            let fate = words::to_fate(code, secs);
            step.fate.push(fate.ok_or("those who come back do so after some time, and only they")?);
        }
        let ends =
            run.words("ended", schema::ENDS).map(|code| code.map(|code| words::ENDS[usize::from(code)]));
        step.ended.extend(ends);
        Ok(())
    }
}

/// Copies one row's list, which has the row's length unless there is none.
fn copy<T: Copy>(list: &[T], row: &mut [T]) -> Result<(), String> {
    if list.is_empty() {
        return Ok(());
    }
    if list.len() != row.len() {
        return Err(format!("a slate of {} has a list of {} values", row.len(), list.len()));
    }
    row.copy_from_slice(list);
    Ok(())
}

/// Copies the lists of a column that a whole tick may lack, into a grid of the shape of `like`.
fn fill<'a, T: Copy + Default + 'a>(
    grid: &mut Option<Grid<T>>,
    like: &Grid<T>,
    at: usize,
    lists: impl Iterator<Item = Option<&'a [T]>>,
) -> Result<(), String> {
    for (i, list) in lists.enumerate() {
        if let Some(list) = list {
            let grid = grid.get_or_insert_with(|| Grid::zeros(like.rows(), like.width()));
            copy(list, grid.row_mut(at + i))?;
        }
    }
    Ok(())
}
