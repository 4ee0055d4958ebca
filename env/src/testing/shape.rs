//! Whether what a world hands out is well formed.

use super::breach::{Kept, Law};
use crate::{
    BlockKind, Candidates, End, EnvSpec, Fate, ItemTable, ItemView, Layout, Observation, ResetOptions,
    Slates, Step,
};

pub(super) fn check_observation(spec: &EnvSpec, seen: &Observation) -> Kept {
    let law = Law::at("an observation is well formed", seen.tick);
    let rows = seen.len();
    law.hold(None, seen.users.is_sorted_by(|a, b| a < b), || "users do not ascend".into())?;
    let last = seen.users.last();
    law.hold(None, last.is_none_or(|user| user.index() < spec.n_users), || {
        format!("{last:?} among {} users", spec.n_users)
    })?;
    law.same("sessions", None, &rows, &seen.sessions.len())?;
    for (r, (user, session)) in seen.users.iter().zip(&seen.sessions).enumerate() {
        law.same("user of the session", Some(r), user, &session.user())?;
    }
    law.same("clocks", None, &rows, &seen.time_secs.len())?;
    let tick_secs = spec.clock.tick_secs;
    let ends = f64::from(seen.tick.0) * tick_secs + tick_secs;
    let ahead = seen.time_secs.iter().position(|time| !(*time >= 0.0 && *time < ends));
    law.hold(ahead, ahead.is_none(), || "a user's clock is ahead of the tick".into())?;
    let features = &seen.user_features;
    let width = spec.user_features.dense_width();
    law.same("shape of user features", None, &(rows, width), &(features.rows(), features.width()))?;
    (0..rows).try_for_each(|r| check_dense(law, r, &spec.user_features, features.row(r)))?;
    let (h, lengths) = (spec.history.length, &seen.history.len);
    law.same("rows of the history", None, &rows, &lengths.len())?;
    law.hold(None, lengths.iter().all(|len| *len as usize <= h), || format!("{lengths:?} entries of {h}"))?;
    let stray = seen.messages.iter().find(|message| message.row >= rows);
    law.hold(None, stray.is_none(), || format!("{stray:?} belongs to none of {rows} rows"))?;
    law.hold(None, *seen.items.layout() == spec.item_features, || "item features are not the spec's".into())?;
    check_candidates(law, spec, seen)
}

fn check_candidates(law: Law, spec: &EnvSpec, seen: &Observation) -> Kept {
    if let Candidates::PerRow { starts, .. } = &*seen.candidates {
        law.same("lists of candidates", None, &seen.len(), &starts.len().saturating_sub(1))?;
    }
    let most = spec.max_candidates.unwrap_or(usize::MAX);
    for r in 0..seen.len() {
        let list = seen.candidates.row(r);
        let (listed, barred) = (seen.candidates.listed(r), seen.candidates.barred(r));
        law.hold(Some(r), listed.is_sorted_by(|a, b| a < b), || "candidates do not ascend".into())?;
        law.hold(Some(r), barred.is_sorted_by(|a, b| a < b), || "barred items do not ascend".into())?;
        law.same(
            "barred items that are listed",
            Some(r),
            &listed.len(),
            &(list.iter().count() + barred.len()),
        )?;
        law.hold(Some(r), (spec.slate_size..=most).contains(&list.len()), || {
            format!("{} candidates for a slate of {}, at most {most}", list.len(), spec.slate_size)
        })?;
        for item in list {
            let known = match &*seen.items {
                ItemView::Durable(catalogue) => item.index() < catalogue.len(),
                ItemView::Ephemeral { per_row, .. } => item.index() < *per_row,
            };
            law.hold(Some(r), known, || format!("there is no item {}", item.0))?;
            let (table, at) = seen.items.locate(r, item);
            check_item(law, r, table, at)?;
        }
    }
    Ok(())
}

fn check_item(law: Law, r: usize, table: &ItemTable, at: usize) -> Kept {
    check_dense(law, r, table.layout(), table.all_dense().row(at))?;
    for (block, place) in table.layout().places() {
        if let BlockKind::Category { levels } = place.kind {
            let code = table.code(place, at);
            law.hold(Some(r), code < levels, || format!("`{}` is {code} of {levels}", block.name))?;
        }
    }
    Ok(())
}

fn check_dense(law: Law, r: usize, layout: &Layout, values: &[f32]) -> Kept {
    for (block, place) in layout.places() {
        let BlockKind::Dense { width } = place.kind else { continue };
        for &value in &values[place.offset..place.offset + width] {
            law.hold(Some(r), value.is_finite() && (block.low..=block.high).contains(&value), || {
                format!("`{}` is {value}, outside {}..={}", block.name, block.low, block.high)
            })?;
        }
    }
    Ok(())
}

pub(super) fn check_step(
    spec: &EnvSpec,
    options: &ResetOptions,
    seen: &Observation,
    slates: &Slates,
    step: &Step,
) -> Kept {
    check_observation(spec, &step.next)?;
    let law = Law::at("a step is well formed", seen.tick);
    let (rows, k) = (seen.len(), slates.items.width());
    check_responses(law, spec, options, (rows, k), step)?;
    check_reward(law, spec, rows, step)?;
    let lengths = [step.fate.len(), step.ended.len(), step.next_row.len()];
    law.same("rows of fate, ended and next_row", None, &[rows; 3], &lengths)?;
    law.hold(None, step.next.tick > seen.tick, || format!("the next tick is {}", step.next.tick.0))?;
    let watched = options.horizon.is_none_or(|horizon| step.next.tick < horizon);
    law.hold(None, watched || step.next.is_empty(), || "users are seen past the horizon".into())?;
    (0..rows).try_for_each(|r| check_way_on(law, seen, step, r))
}

fn check_responses(
    law: Law,
    spec: &EnvSpec,
    options: &ResetOptions,
    shape: (usize, usize),
    step: &Step,
) -> Kept {
    let (did, (rows, k)) = (&step.responses, shape);
    law.same("shape of clicks", None, &shape, &(did.click.rows(), did.click.width()))?;
    law.same("shape of dwell", None, &shape, &(did.dwell_secs.rows(), did.dwell_secs.width()))?;
    let signals = (rows, k * spec.signals.len());
    law.same("shape of signals", None, &signals, &(did.signals.rows(), did.signals.width()))?;
    law.same("choice probabilities told", None, &options.tell_choice_probs, &did.choice_probs.is_some())?;
    for r in 0..rows {
        for (position, &dwell) in did.dwell_secs.row(r).iter().enumerate() {
            let may = dwell == 0.0 || (dwell > 0.0 && dwell.is_finite() && did.click.row(r)[position]);
            law.hold(Some(r), may, || format!("{dwell} seconds at position {position}; 0 unless clicked"))?;
        }
        let signals = did.signals.row(r);
        law.hold(Some(r), signals.iter().all(|x| x.is_finite()), || format!("signals {signals:?}"))?;
        if let Some(probs) = &did.choice_probs {
            let probs = probs.row(r);
            law.hold(Some(r), probs.iter().all(|p| (0.0..=1.0).contains(p)), || {
                format!("choice probabilities {probs:?}")
            })?;
        }
    }
    let stray = did.replies.iter().find(|reply| reply.row >= rows);
    law.hold(None, stray.is_none(), || format!("{stray:?} belongs to none of {rows} rows"))
}

fn check_reward(law: Law, spec: &EnvSpec, rows: usize, step: &Step) -> Kept {
    let shape = (step.reward_parts.rows(), step.reward_parts.width(), step.reward.len());
    law.same("shape of rewards", None, &(rows, spec.reward_parts.len(), rows), &shape)?;
    for (r, &reward) in step.reward.iter().enumerate() {
        let terms = step.reward_parts.row(r).iter().zip(&spec.reward_parts);
        let terms = terms.map(|(part, (_, weight))| f64::from(*part) * f64::from(*weight));
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
        // f32 arithmetic in any order of a handful of terms stays within 1e-5 of their absolute sum.
        law.hold(Some(r), (f64::from(reward) - sum).abs() <= 1e-5 * size, || {
            format!("reward {reward}, weights · parts {sum}")
        })?;
    }
    Ok(())
}

/// Fate, end and next row of one row must tell one story.
fn check_way_on(law: Law, seen: &Observation, step: &Step, r: usize) -> Kept {
    let (user, fate, ended) = (seen.users[r], step.fate[r], step.ended[r]);
    let gone = fate == Fate::Gone;
    law.same("terminated because gone", Some(r), &gone, &(ended == Some(End::Terminated)))?;
    if let Fate::Stays(secs) | Fate::Returns(secs) = fate {
        law.hold(Some(r), secs >= 0.0 && secs.is_finite(), || format!("{fate:?}"))?;
    }
    let at = step.next.row_of(user).filter(|_| ended.is_none());
    law.same("next row", Some(r), &at, &step.next_row[r])?;
    let Some(at) = at else { return Ok(()) };
    let same_visit = step.next.sessions[at] == seen.sessions[r];
    law.same("same session because stays", Some(r), &matches!(fate, Fate::Stays(_)), &same_visit)
}
