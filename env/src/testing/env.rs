//! The laws of environments and worlds.

use super::breach::{ContractBreach, Kept, Law};
use super::play::{Play, SEED, TICKS, record, same_run};
use super::shape::{check_observation, check_step};
use crate::{Env, ItemId, Known, Observation, ResetOptions, Slates, Step, StepError, Tick, UserId, World};

/// Checks an environment against the contract of [`Env`].
///
/// Laws: observations and steps are well formed (shapes, bounds, rewards = weights · parts, next rows); one seed gives
/// one run, on a fresh environment and after a reset; refused slates change nothing; 1, 2 and 8 threads give the same
/// steps; nobody is stepped before a reset or after the end; every trajectory that is over says how it ended.
///
/// ```
/// use recloop_env::testing::{check_env, toy_world};
/// check_env(|| toy_world(9)).unwrap();
/// ```
pub fn check_env<E: Env>(make: impl Fn() -> E + Sync) -> Result<(), ContractBreach> {
    for options in ways_to_reset() {
        well_formed(make(), &options)?;
        repeatable(&make, &options)?;
        refusals(&make, &options)?;
        any_threads(&make, &options)?;
    }
    Ok(())
}

/// Checks a world: [`check_env`], and the laws of saving, forking and intervening.
///
/// Laws: restore(save) goes on as if never stopped, in a fresh world and in a used one; a fork stepped alike stays
/// identical and one stepped otherwise leaves its parent alone; an intervention moves one field of one user; a world
/// that is not between two ticks is not saved.
///
/// ```
/// use recloop_env::testing::{check_world, toy_world};
/// check_world(|| toy_world(9)).unwrap();
/// ```
pub fn check_world(make: impl Fn() -> World + Sync) -> Result<(), ContractBreach> {
    check_env(&make)?;
    for options in ways_to_reset() {
        for pause in [0, 2, 9] {
            restored(&make, &options, pause)?;
            forked(&make, &options, pause)?;
        }
    }
    intervened(make())?;
    let law = Law::at("a world that was never reset is not saved", Tick(0));
    law.hold(None, make().save().is_err(), || "it was".into())
}

fn ways_to_reset() -> [ResetOptions; 3] {
    let horizon = Some(Tick(TICKS as u32 / 2));
    [
        ResetOptions::default(),
        ResetOptions { horizon, ..ResetOptions::default() },
        ResetOptions { renew: true, tell_choice_probs: true, horizon: None },
    ]
}

fn well_formed(env: impl Env, options: &ResetOptions) -> Kept {
    let law = Law::at("a world is stepped between reset and end only", Tick(0));
    let mut env = env;
    let early = env.step(&Slates::default(), &mut Step::default());
    law.hold(None, matches!(early, Err(StepError::NotReset)), || format!("before reset: {early:?}"))?;
    let mut play = Play::begin(env, SEED, options)?;
    let spec = play.env.spec().clone();
    check_observation(&spec, &play.seen)?;
    let mut open = vec![false; spec.n_users];
    play.run(TICKS, |play| {
        check_step(&spec, options, &play.seen, &play.slates, &play.step)?;
        for (user, ended) in play.seen.users.iter().zip(&play.step.ended) {
            open[user.index()] = ended.is_none();
        }
        Ok(())
    })?;
    if !play.seen.is_empty() {
        return Ok(());
    }
    let law = Law::at("a world is stepped between reset and end only", play.seen.tick);
    let late = play.env.step(&Slates::default(), &mut play.step);
    law.hold(None, matches!(late, Err(StepError::Over { .. })), || format!("after the end: {late:?}"))?;
    let law = Law::at("every trajectory that is over says how it ended", play.seen.tick);
    let waiting = open.iter().position(|open| *open);
    law.hold(None, waiting.is_none(), || format!("user {waiting:?} neither ended nor came back"))
}

fn repeatable<E: Env>(make: &impl Fn() -> E, options: &ResetOptions) -> Kept {
    let law = "one seed gives one run";
    let mut play = Play::begin(make(), SEED, options)?;
    let expected = record(&mut play, TICKS)?;
    let found = record(&mut Play::begin(make(), SEED, options)?, TICKS)?;
    same_run(law, &expected, &found)?;
    let mut play = Play::begin(play.env, SEED ^ 1, &ResetOptions::default())?;
    record(&mut play, 3)?;
    same_run(law, &expected, &record(&mut Play::begin(play.env, SEED, options)?, TICKS)?)
}

pub(super) fn any_threads<E: Env>(make: &(impl Fn() -> E + Sync), options: &ResetOptions) -> Kept {
    let name = "threads never shape results";
    let mut expected = Vec::new();
    for n in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
        let pool = pool.map_err(|error| Law::at(name, Tick(0)).breach(None, &error))?;
        let found = pool.install(|| record(&mut Play::begin(make(), SEED, options)?, TICKS / 2))?;
        if expected.is_empty() {
            expected = found;
        } else {
            same_run(name, &expected, &found)?;
        }
    }
    Ok(())
}

fn refusals<E: Env>(make: &impl Fn() -> E, options: &ResetOptions) -> Kept {
    let expected = record(&mut Play::begin(make(), SEED, options)?, 4)?;
    let mut play = Play::begin(make(), SEED, options)?;
    let mut found = vec![Step { next: play.seen.clone(), ..Step::default() }];
    for _ in 1..expected.len() {
        play.choose();
        for (fault, slates) in faulty(&play.slates, &play.seen) {
            let law = Law::at("slates that may not be shown are refused", play.seen.tick);
            let answer = play.env.step(&slates, &mut play.step);
            law.hold(None, matches!(answer, Err(StepError::Slate(_))), || format!("{fault}: {answer:?}"))?;
        }
        play.show()?;
        found.push(play.step.clone());
        play.turn();
    }
    same_run("refused slates change nothing", &expected, &found)
}

/// Slates that are wrong in one way each.
fn faulty(good: &Slates, seen: &Observation) -> Vec<(&'static str, Slates)> {
    let (rows, k) = (good.items.rows(), good.items.width());
    let last = rows - 1;
    let with = |edit: &dyn Fn(&mut Slates)| {
        let mut bad = good.clone();
        edit(&mut bad);
        bad
    };
    let size = |rows, k| {
        let mut bad = Slates::default();
        bad.reset(rows, k);
        bad
    };
    let propensity = |value| {
        with(&|bad| {
            bad.known[last] = Known::Exact;
            bad.propensity.row_mut(last)[0] = value;
        })
    };
    let mut all = vec![
        ("an item that is no candidate", with(&|bad| bad.items.row_mut(last)[0] = ItemId(u32::MAX))),
        ("a slate too long", size(rows, k + 1)),
        ("a slate too short", size(rows, k - 1)),
        ("a row too many", size(rows + 1, k)),
        ("a row too few", size(last, k)),
        ("a propensity that is no number", propensity(f64::NAN)),
        ("a propensity of 0", propensity(0.0)),
        ("a propensity above 1", propensity(1.5)),
        ("marginals of too few rows", with(&|bad| bad.marginal = Some(crate::Grid::zeros(last, k)))),
    ];
    if k > 1 {
        let first = seen.candidates.row(last).iter().next().expect("a row has candidates");
        all.push(("an item twice", with(&|bad| bad.items.row_mut(last)[..2].fill(first))));
    }
    all
}

fn restored(make: &impl Fn() -> World, options: &ResetOptions, pause: usize) -> Kept {
    let mut play = Play::begin(make(), SEED, options)?;
    play.run(pause, |_| Ok(()))?;
    let law = Law::at("restore(save) goes on as if never stopped", play.seen.tick);
    let saved = play.env.save().map_err(|error| law.breach(None, &error))?;
    let mut used = Play::begin(make(), SEED ^ 1, &ResetOptions::default())?;
    used.run(5, |_| Ok(()))?;
    for world in [make(), used.env] {
        let mut play = Play::begin(world, SEED ^ 2, &ResetOptions::default())?;
        let restore = play.env.restore(&saved, &mut play.seen);
        restore.map_err(|error| law.breach(None, &error))?;
        let again = play.env.save().map_err(|error| law.breach(None, &error))?;
        for (a, b) in saved.arrays.iter().zip(&again.arrays) {
            law.hold(None, a == b, || format!("`{}` is saved, but not restored", a.name))?;
        }
        let mut never_stopped = Play::begin(make(), SEED, options)?;
        never_stopped.run(pause, |_| Ok(()))?;
        same_run(law.name, &record(&mut never_stopped, TICKS)?, &record(&mut play, TICKS)?)?;
    }
    Ok(())
}

fn forked(make: &impl Fn() -> World, options: &ResetOptions, pause: usize) -> Kept {
    let expected = {
        let mut play = Play::begin(make(), SEED, options)?;
        play.run(pause, |_| Ok(()))?;
        record(&mut play, TICKS)?
    };
    let mut play = Play::begin(make(), SEED, options)?;
    play.run(pause, |_| Ok(()))?;
    let (mut alike, mut apart) = (of_fork(&mut play)?, of_fork(&mut play)?);
    // The stray fork shows other slates, and sees them through, before its parent goes on.
    for _ in 0..4 {
        if apart.seen.is_empty() {
            break;
        }
        apart.choose();
        show_the_first(&apart.seen, &mut apart.slates);
        apart.show()?;
        apart.turn();
    }
    same_run("a fork leaves its parent alone", &expected, &record(&mut play, TICKS)?)?;
    same_run("a fork stepped alike stays identical", &expected, &record(&mut alike, TICKS)?)
}

fn of_fork(play: &mut Play<World>) -> Result<Play<World>, ContractBreach> {
    let law = Law::at("a fork can be observed", play.seen.tick);
    let (mut env, mut seen) = (play.env.fork(), Observation::default());
    env.observe(&mut seen).map_err(|error| law.breach(None, &error))?;
    let (parent, fork) = (play.env.save(), env.save());
    law.hold(None, parent == fork, || "a fork's snapshot is not its parent's".into())?;
    law.same_observation(&play.seen, &seen)?;
    Ok(Play { env, seen, slates: Slates::default(), step: Step::default() })
}

fn show_the_first(seen: &Observation, slates: &mut Slates) {
    for r in 0..seen.len() {
        slates
            .items
            .row_mut(r)
            .iter_mut()
            .zip(seen.candidates.row(r))
            .for_each(|(place, item)| *place = item);
        slates.known[r] = Known::Unavailable;
    }
}

fn intervened(world: World) -> Kept {
    let mut play = Play::begin(world, SEED, &ResetOptions::default())?;
    play.run(2, |_| Ok(()))?;
    let law = Law::at("an intervention moves one field of one user", play.seen.tick);
    let users: Vec<_> = (0..play.env.spec().n_users as u32).map(UserId).collect();
    let (Some(&user), mut world) = (users.get(users.len() / 2), play.env) else { return Ok(()) };
    for field in world.truth().fields(user) {
        let before = latent(&world, &users);
        let old = world.truth().user(user, &field).unwrap_or_default().to_vec();
        let new: Vec<f32> = old.iter().map(|value| value * 0.5 + 0.25).collect();
        world.intervene(user, &field, &new).map_err(|error| law.breach(None, &error))?;
        let moved = world.truth().user(user, &field).unwrap_or_default();
        law.same(&format!("`{field}` of user {}", user.0), None, &new[..], moved)?;
        world.intervene(user, &field, &old).map_err(|error| law.breach(None, &error))?;
        law.hold(None, before == latent(&world, &users), || format!("undoing `{field}` does not undo it"))?;
        world.intervene(user, &field, &new).map_err(|error| law.breach(None, &error))?;
        let mut expected = before;
        expected
            .iter_mut()
            .filter(|(u, name, _)| (*u, name) == (user, &field))
            .for_each(|it| it.2.clone_from(&new));
        law.hold(None, expected == latent(&world, &users), || format!("`{field}` moved something else"))?;
    }
    law.hold(None, world.intervene(user, "no such field", &[]).is_err(), || "an unknown field was set".into())
}

fn latent(world: &World, users: &[UserId]) -> Vec<(UserId, String, Vec<f32>)> {
    let truth = world.truth();
    let of = |user: &UserId| {
        let values = |name: String| (*user, truth.user(*user, &name).unwrap_or_default().to_vec(), name);
        truth
            .fields(*user)
            .into_iter()
            .map(values)
            .map(|(user, values, name)| (user, name, values))
            .collect::<Vec<_>>()
    };
    users.iter().flat_map(of).collect()
}
