//! What policies really earn, to judge estimates by: only a simulated world can tell.
//!
//! Two values, never to be mixed. [`step_value`] is what a target would bring in the situations that a logger came into:
//! what bandit and slate estimators estimate. [`horizon_value`] is what it brings in situations it came into itself: what
//! sequence estimators estimate, where nothing one user does reaches another.

use std::collections::BTreeMap;

use recloop_env::{
    Env, Facts, Observation, Recommender, ResetOptions, Slates, Step, Transition, UserId, World,
};

use crate::playing::{Playing, Visitor};
use crate::{Policy, RunConfig, RunError};

/// A mean that is known from simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrueValue {
    /// The mean.
    pub mean: f64,
    /// Its standard error, users being independent and rows of one user not.
    pub se: f64,
    /// Over how many decisions, or users.
    pub n: u64,
}

/// What is counted as the reward of row `r` of a step.
pub type RewardOf<'a> = &'a (dyn Fn(&Step, usize) -> f64 + Sync);

/// What each of `targets` would have earned per decision, had it filled the slates in the place of the recommender of
/// `config`, each time just once: the logger's run goes on as it went.
///
/// At every tick that `every_ticks` divides, the world is forked for each target; luck is the same in all forks.
///
/// # Errors
/// Whatever the run or a target refuses.
///
/// ```
/// use recloop_agents::{DotProduct, Greedy, RandomSlates};
/// use recloop_env::{Env, Recommender};
/// use recloop_experiments::{Policy, RunConfig, step_value};
///
/// let world = "world.name = \"interest-evolution-v0\"\nworld.users = 40\nrecommender.name = \"random\"";
/// let config = RunConfig::resolve([world.parse()?])?;
/// let (mut random, mut best) = (RandomSlates::default(), Greedy::new(DotProduct::default()));
/// let spec = config.build_world()?.spec().clone();
/// random.begin(&spec)?;
/// best.begin(&spec)?;
/// let mut targets: [Box<dyn Policy>; 2] = [Box::new(random), Box::new(best)];
/// let values = step_value(&config, &mut targets, 1, &|step, row| f64::from(step.reward[row]))?;
/// assert!(values[1].mean > values[0].mean + 3.0 * values[0].se);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn step_value(
    config: &RunConfig,
    targets: &mut [Box<dyn Policy>],
    every_ticks: u32,
    reward: RewardOf<'_>,
) -> Result<Vec<TrueValue>, RunError> {
    let playing = Playing::begin(config)?;
    let totals = targets.iter().map(|_| Totals::default()).collect();
    let mut forks = Forks { targets, every_ticks: every_ticks.max(1), reward, totals, failed: Ok(()) };
    playing.to_end(&mut forks, |_, _| {})?;
    Ok(forks.totals.iter().map(Totals::ratio).collect())
}

/// What `target` earns over the first `steps` decisions of each user, discounted by `discount` a decision, in the world of
/// `config` from its start.
///
/// # Errors
/// Whatever the world or the target refuses.
pub fn horizon_value(
    config: &RunConfig,
    target: &mut dyn Recommender,
    steps: usize,
    discount: f64,
    reward: RewardOf<'_>,
) -> Result<TrueValue, RunError> {
    let mut world = config.build_world()?;
    target.begin(world.spec())?;
    let horizon = config.horizon().tick(world.spec())?;
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(config.seed(), &ResetOptions { horizon, ..ResetOptions::default() }, &mut seen)?;
    let mut returns = BTreeMap::<UserId, (usize, f64)>::new();
    while !seen.is_empty() {
        target.recommend(&seen, &world.streams(), &mut slates)?;
        world.step(&slates, &mut step)?;
        for (row, user) in seen.users.iter().enumerate() {
            let (t, sum) = returns.entry(*user).or_default();
            if *t < steps {
                *sum += discount.powi(*t as i32) * reward(&step, row);
            }
            *t += 1;
        }
        target.learn(&seen, &slates, &step);
        std::mem::swap(&mut seen, &mut step.next);
    }
    let each = returns.into_iter().map(|(user, (_, sum))| (user, (sum, 1)));
    Ok(Totals(each.collect()).ratio())
}

/// By user: the sum of rewards, and over how many rows.
#[derive(Default)]
struct Totals(BTreeMap<UserId, (f64, u64)>);

impl Totals {
    /// Σ sums / Σ rows, and its standard error by linearisation.
    fn ratio(&self) -> TrueValue {
        let (sum, n) = self.0.values().fold((0.0, 0), |(sum, n), (s, rows)| (sum + s, n + rows));
        let (mean, users) = (sum / n as f64, self.0.len() as f64);
        let squares: f64 = self.0.values().map(|(s, rows)| (s - mean * *rows as f64).powi(2)).sum();
        let se = (squares * users / (users - 1.0)).sqrt() / n as f64;
        TrueValue { mean, se, n }
    }
}

/// Lets targets act once in a fork of the world.
struct Forks<'a> {
    targets: &'a mut [Box<dyn Policy>],
    every_ticks: u32,
    reward: RewardOf<'a>,
    totals: Vec<Totals>,
    failed: Result<(), RunError>,
}

impl Forks<'_> {
    fn act(&mut self, world: &World, seen: &Observation) -> Result<(), RunError> {
        let (mut slates, mut step) = (Slates::default(), Step::default());
        for (target, totals) in self.targets.iter_mut().zip(&mut self.totals) {
            let mut fork = world.fork();
            target.recommend(seen, &world.streams(), &mut slates)?;
            fork.step(&slates, &mut step)?;
            for (row, user) in seen.users.iter().enumerate() {
                let (sum, rows) = totals.0.entry(*user).or_default();
                *sum += (self.reward)(&step, row);
                *rows += 1;
            }
        }
        Ok(())
    }
}

impl Visitor for Forks<'_> {
    fn showing(&mut self, world: &World, seen: &Observation, _slates: &Slates) {
        if self.failed.is_ok() && seen.tick.0.is_multiple_of(self.every_ticks) {
            self.failed = self.act(world, seen);
        }
    }

    fn done(&mut self, _: &World, _: &Facts<'_>, _: &Transition<'_>) -> Result<(), RunError> {
        std::mem::replace(&mut self.failed, Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use recloop_data::LogSource;

    use super::*;
    use crate::{run, target};

    #[test]
    fn the_logger_itself_is_worth_what_its_log_says() {
        let here = tempfile::tempdir().unwrap();
        let out = here.path().join("run");
        let text = format!(
            "run.out = {out:?}\nworld = {{ name = \"interest-evolution-v0\", users = 12 }}\n\
             recommender = {{ name = \"dot\", temperature = 0.5 }}"
        );
        let config = RunConfig::resolve([text.parse().unwrap()]).unwrap();
        run(&config, &mut ()).unwrap();
        let (mut source, mut lives) = (LogSource::open(&out).unwrap(), BTreeMap::<UserId, Vec<f64>>::new());
        while let Some(tick) = source.next().unwrap() {
            let (users, reward) = (&tick.transition.seen.users, &tick.transition.step.reward);
            users.iter().zip(reward).for_each(|(user, r)| lives.entry(*user).or_default().push((*r).into()));
        }
        let mut same = target("dot:temperature=0.5", &out).unwrap();
        let reward: RewardOf<'_> = &|step, row| step.reward[row].into();
        let n: usize = lives.values().map(Vec::len).sum();
        let logged = lives.values().flatten().sum::<f64>() / n as f64;
        let discounted =
            |life: &Vec<f64>| life.iter().take(3).zip([1.0, 0.5, 0.25]).map(|(r, g)| r * g).sum::<f64>();
        let first_three = lives.values().map(discounted).sum::<f64>() / lives.len() as f64;

        let value = horizon_value(&config, &mut same, 3, 0.5, reward).unwrap();
        assert!((value.mean - first_three).abs() < 1e-12 && value.n == 12, "{value:?}, not {first_three}");
        // The same luck: it would do again what it did.
        let value = step_value(&config, &mut [same], 1, reward).unwrap()[0];
        assert!((value.mean - logged).abs() < 1e-12 && value.n == n as u64, "{value:?}, not {logged}");
        assert!(value.se > 0.0);
    }
}
