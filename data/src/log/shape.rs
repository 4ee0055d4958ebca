//! Refusing ticks that do not have the shape their world promised: a log never holds half a row.

use recloop_env::{Candidates, EnvSpec, Event, Facts, ItemView, Message, Observation, Transition};

use super::words;
use crate::DataError;

/// What is measured, what it should be, what it is.
type Measure = (&'static str, usize, usize);

/// Checks one tick against the spec.
pub(super) fn check(spec: &EnvSpec, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), DataError> {
    self::facts(spec, facts, t)?;
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

/// The latent side of a tick, where that is wanted.
pub(super) fn check_truth(spec: &EnvSpec, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), DataError> {
    let accounts = facts.hindsight.map(|truth| (truth.accounts.rows(), truth.accounts.width()));
    let (rows, width) = accounts.unwrap_or_default();
    measure(
        t.tick().0,
        &[
            ("hindsight (1 or 0)", 1, usize::from(accounts.is_some())),
            ("rows of accounts", t.seen.len(), rows),
            ("accounts per row", spec.accounts.len(), width),
        ],
    )
}

fn facts(spec: &EnvSpec, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), DataError> {
    let population = facts.population;
    let people = if spec.groups.is_empty() { spec.n_users } else { population.n_users() };
    let groups = spec.groups.iter().zip(population.groups()).filter(|(a, b)| a == b).count();
    let unknown = |event: &&Event| match event {
        Event::Enter { creator } | Event::Exit { creator } => creator.index() >= facts.creators.len(),
        event => words::event(event).is_none(),
    };
    let unknown = t.step.events.iter().filter(unknown).count();
    measure(
        t.tick().0,
        &[
            ("number of people", spec.n_users, people),
            ("number of groups that the world has", spec.groups.len(), groups),
            ("number of events that the log knows no word or creator for", 0, unknown),
        ],
    )
}

fn observation(spec: &EnvSpec, tick: u32, seen: &Observation) -> Result<(), DataError> {
    let n = seen.len();
    let candidates = match &*seen.candidates {
        Candidates::Shared { .. } => n + 1,
        Candidates::PerRow { starts, .. } | Candidates::Unseen { starts, .. } => starts.len(),
    };
    let unseen = matches!(*seen.candidates, Candidates::Unseen { .. });
    let shared = seen.candidates.common().is_some();
    let repeats_barred = usize::from(spec.no_repeat && shared);
    let strangers = seen.users.iter().filter(|user| user.index() >= spec.n_users).count();
    let disorder = seen.users.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    measure(
        tick,
        &[
            ("number of users that the world has not", 0, strangers),
            ("number of users out of order", 0, disorder),
            ("sessions", n, seen.sessions.len()),
            ("clocks", n, seen.time_secs.len()),
            ("rows of user features", n, seen.user_features.rows()),
            ("user features", spec.user_features.dense_width(), seen.user_features.width()),
            ("starts of candidate lists", n + 1, candidates),
            ("number of messages without a row", 0, astray(&seen.messages, n)),
            ("lists without what was seen (1 or 0)", repeats_barred, usize::from(unseen)),
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
