//! Refusing ticks that do not have the shape their world promised: a log never holds half a row.

use recloop_env::{Candidates, EnvSpec, ItemView, Message, Observation, Transition};

use crate::DataError;

/// What is measured, what it should be, what it is.
type Measure = (&'static str, usize, usize);

/// Checks one tick against the spec.
pub(super) fn check(spec: &EnvSpec, t: &Transition<'_>) -> Result<(), DataError> {
    let (n, k, n_signals) = (t.seen.len(), spec.slate_size, spec.signals.len());
    let (slates, did, step) = (t.slates, &t.step.responses, t.step);
    let marginal = slates.marginal.as_ref().map_or((n, k), |grid| (grid.rows(), grid.width()));
    let probs = did.choice_probs.as_ref().map_or((n, k), |grid| (grid.rows(), grid.width()));
    observation(spec, t.tick().0, t.seen)?;
    observation(spec, t.tick().0, &step.next)?;
    measure(
        t.tick().0,
        &[
            ("rows of shown items", n, slates.items.rows()),
            ("slate size", k, slates.items.width()),
            ("rows of propensities", n, slates.propensity.rows()),
            ("propensities per row", k, slates.propensity.width()),
            ("rows of marginals", n, marginal.0),
            ("marginals per row", k, marginal.1),
            ("statements of what is known", n, slates.known.len()),
            ("rows of clicks", n, did.click.rows()),
            ("clicks per row", k, did.click.width()),
            ("rows of dwell times", n, did.dwell_secs.rows()),
            ("dwell times per row", k, did.dwell_secs.width()),
            ("rows of signals", n, did.signals.rows()),
            ("signals per row", n_signals * k, did.signals.width()),
            ("rows of choice probabilities", n, probs.0),
            ("choice probabilities per row", k, probs.1),
            ("rewards", n, step.reward.len()),
            ("rows of reward parts", n, step.reward_parts.rows()),
            ("reward parts", spec.reward_parts.len(), step.reward_parts.width()),
            ("fates", n, step.fate.len()),
            ("ends", n, step.ended.len()),
            ("number of messages without a row", 0, astray(&slates.messages, n)),
            ("number of replies without a row", 0, astray(&did.replies, n)),
        ],
    )
}

fn observation(spec: &EnvSpec, tick: u32, seen: &Observation) -> Result<(), DataError> {
    let n = seen.len();
    let candidates = match &*seen.candidates {
        Candidates::Shared { .. } => n + 1,
        Candidates::PerRow { starts, .. } | Candidates::Unseen { starts, .. } => starts.len(),
    };
    let strangers = seen.users.iter().filter(|user| user.index() >= spec.n_users).count();
    let disorder = seen.users.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    measure(
        tick,
        &[
            ("number of users that the world has not", 0, strangers),
            ("number of users out of order", 0, disorder),
            ("sessions", n, seen.sessions.len()),
            ("rows of user features", n, seen.user_features.rows()),
            ("user features", spec.user_features.dense_width(), seen.user_features.width()),
            ("starts of candidate lists", n + 1, candidates),
            ("number of messages without a row", 0, astray(&seen.messages, n)),
            (
                "durability of items (1 or 0)",
                usize::from(spec.durable_items),
                usize::from(seen.items.is_durable()),
            ),
            ("dense item features", spec.item_features.dense_width(), seen.items.layout().dense_width()),
            ("item categories", spec.item_features.code_width(), seen.items.layout().code_width()),
        ],
    )?;
    match &*seen.items {
        ItemView::Durable(_) => Ok(()),
        ItemView::Ephemeral { per_row, table } => measure(
            tick,
            &[
                ("candidates per row", spec.max_candidates.unwrap_or(0), *per_row),
                ("candidates", n * per_row, table.len()),
            ],
        ),
    }
}

fn astray(messages: &[Message], n: usize) -> usize {
    messages.iter().filter(|message| message.row >= n).count()
}

fn measure(tick: u32, measures: &[Measure]) -> Result<(), DataError> {
    match measures.iter().find(|(_, expected, found)| expected != found) {
        Some(&(what, expected, found)) => Err(DataError::Shape { tick, what, expected, found }),
        None => Ok(()),
    }
}
