//! The laws of recommenders.

use super::breach::{ContractBreach, Kept, Law};
use super::play::{Play, SEED, TICKS};
use crate::{Env, Observation, Recommender, ResetOptions, Slates, Streams, Tick, World};

/// Checks a recommender in a world.
///
/// Laws: it shows slates that may be shown, with propensities that are probabilities where it claims to know them; what
/// it shows one row does not depend on who else is in the batch; one seed and one past give one answer; a fresh one
/// that loads its snapshot answers alike. `make` is called again and again and must make the same recommender.
///
/// ```
/// use recloop_env::testing::{ToyRecommender, check_recommender, toy_feed};
/// check_recommender(ToyRecommender::default, || toy_feed(9)).unwrap();
/// ```
pub fn check_recommender<R: Recommender>(
    make: impl Fn() -> R,
    world: impl Fn() -> World,
) -> Result<(), ContractBreach> {
    let options = ResetOptions { renew: true, ..ResetOptions::default() };
    let mut play = Play::begin(world(), SEED, &options)?;
    let (rng, spec) = (play.env.streams(), play.env.spec().clone());
    let begin = |law: Law| {
        let mut made = make();
        made.begin(&spec).map_err(|error| law.breach(None, &error))?;
        Ok::<R, ContractBreach>(made)
    };
    let mut player = begin(Law::at("a recommender begins", Tick(0)))?;
    for _ in 0..TICKS {
        if play.seen.is_empty() {
            break;
        }
        let (tick, seen) = (play.seen.tick, &play.seen);
        let law = Law::at("a snapshot is all a recommender needs", tick);
        let saved = player.save().map_err(|error| law.breach(None, &error))?;
        ask(&mut player, seen, &rng, &mut play.slates)?;
        for rows in [all(seen), every_other(seen), last(seen)] {
            let mut fresh = begin(law)?;
            fresh.load(&saved).map_err(|error| law.breach(None, &error))?;
            let mut found = Slates::default();
            ask(&mut fresh, &seen.with_rows(&rows), &rng, &mut found)?;
            let law = match rows.len() == seen.len() {
                true => law,
                false => Law::at("a row's slate does not depend on who else is in the batch", tick),
            };
            same_slates(law, &play.slates, &rows, &found)?;
        }
        let law = Law::at("a recommender shows what may be shown", tick);
        let checked = play.slates.check(&seen.users, &seen.candidates, spec.slate_size);
        checked.map_err(|error| law.breach(None, &error))?;
        play.show()?;
        player.learn(&play.seen, &play.slates, &play.step);
        play.turn();
    }
    Ok(())
}

fn ask(player: &mut impl Recommender, seen: &Observation, rng: &Streams, out: &mut Slates) -> Kept {
    let law = Law::at("a recommender answers", seen.tick);
    player.recommend(seen, rng, out).map_err(|error| law.breach(None, &error))
}

fn all(seen: &Observation) -> Vec<usize> {
    (0..seen.len()).collect()
}

fn every_other(seen: &Observation) -> Vec<usize> {
    (0..seen.len()).step_by(2).collect()
}

fn last(seen: &Observation) -> Vec<usize> {
    vec![seen.len() - 1]
}

fn same_slates(law: Law, whole: &Slates, rows: &[usize], part: &Slates) -> Kept {
    law.same("rows", None, &rows.len(), &part.items.rows())?;
    for (i, &r) in rows.iter().enumerate() {
        law.same("items", Some(r), whole.items.row(r), part.items.row(i))?;
        law.same("known", Some(r), &whole.known[r], &part.known[i])?;
        if whole.known[r] != crate::Known::Unavailable {
            law.same("propensity", Some(r), whole.propensity.row(r), part.propensity.row(i))?;
            let marginal = |slates: &Slates, r| slates.marginal.as_ref().map(|grid| grid.row(r).to_vec());
            law.same("marginal", Some(r), &marginal(whole, r), &marginal(part, i))?;
        }
        let said = |slates: &Slates, r: usize| {
            slates.messages.iter().filter(|m| m.row == r).map(|m| m.text.clone()).collect::<Vec<_>>()
        };
        law.same("messages", Some(r), &said(whole, r), &said(part, i))?;
    }
    Ok(())
}
