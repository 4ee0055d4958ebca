//! Twins: the same person with the same luck under two recommenders, told side by side.
//!
//! [`twins`] plays both runs. `teller.rs` watches one person, `life.rs` is what can be told of them and why, `verdict.rs`
//! pairs everybody with themselves. Everybody else lives on, too: what the person is offered and how popular it is may
//! differ because others were shown something else.

mod life;
mod teller;
mod verdict;

use std::num::NonZeroUsize;

use recloop_env::{Env, UserId};
use recloop_llm::Spent;
use serde::{Deserialize, Serialize};
use toml::Table;

pub use life::{ItemTold, Life, Outcome, SessionTold, SlateTold};
pub use verdict::Measure;

use teller::Teller;

use crate::compare::spread::{PlannedRun, RunsObserver, Threads, Ticker, spread};
use crate::playing::Playing;
use crate::{ConfigError, Contender, RunConfig, RunError};

/// Whose life is told, under which recommenders.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinsConfig {
    /// The two runs.
    pub contenders: [Contender; 2],
    /// The person.
    pub user: UserId,
    /// How many runs go on at once; one per core if not said.
    pub jobs: Option<NonZeroUsize>,
}

/// The same person under two recommenders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Twins {
    /// The world.
    pub world: String,
    /// The seed.
    pub seed: u64,
    /// The person.
    pub user: u32,
    /// Whether days mean anything in this world.
    pub calendar: bool,
    /// What the person's groups are, by name.
    pub groups: Vec<(String, String)>,
    /// The two lives.
    pub lives: [Life; 2],
    /// How many slates the two share before the first that differs, or that only one of them gets; nothing if they never
    /// part.
    pub first_difference: Option<usize>,
    /// Mean terms of what this person clicked: what a declined item falls behind.
    pub usual: Vec<(String, f32)>,
    /// Everybody's differences, second minus first.
    pub verdict: Vec<Measure>,
}

impl TwinsConfig {
    /// `first` and `second`, each `NAME` or `NAME:KEY=VALUE,…`, in the world and from the seed of `layers`.
    ///
    /// # Errors
    /// As [`RunConfig::resolve`](crate::RunConfig::resolve) and [`Contender::all`].
    pub fn new(layers: &[Table], first: &str, second: &str, user: u32) -> Result<Self, ConfigError> {
        let both = Contender::all(layers, &[first.into(), second.into()])?;
        let contenders = both.try_into().expect("two were asked for");
        Ok(Self { contenders, user: UserId(user), jobs: None })
    }
}

/// Plays both runs and tells what the person met in each.
///
/// ```
/// use recloop_experiments::{TwinsConfig, twins};
/// let world = "world.name = \"interest-evolution-v0\"\nworld.users = 30\nrun.steps = 20".parse()?;
/// let told = twins(&TwinsConfig::new(&[world], "random", "dot", 4)?, &mut ())?;
/// assert_eq!(told.first_difference, Some(0), "they are shown different things from the start");
/// assert_eq!(told.lives[0].slates().count(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever keeps one of the runs from its end; a user the world does not have.
pub fn twins(config: &TwinsConfig, observer: &mut dyn RunsObserver) -> Result<Twins, RunError> {
    let [first, second] = &config.contenders;
    // Built beforehand, so that what does not fit is refused before anything is played.
    let build = |life: &RunConfig| Playing::build(life, life.models(Spent::default()));
    let spec = build(first.config())?.world().spec().clone();
    build(second.config())?;
    let (user, n_users) = (config.user, spec.n_users);
    if user.index() >= n_users {
        return Err(ConfigError::NoSuchUser { user: user.0, n_users }.into());
    }
    let planned = config.contenders.iter().enumerate().map(|(at, contender)| PlannedRun {
        at,
        label: contender.label().to_owned(),
        config: contender.config().clone(),
    });
    let runs: Vec<PlannedRun> = planned.collect();
    let threads = Threads::new(config.jobs, first.config().threads(), runs.len());
    let told = spread(&runs, threads, observer, |run, ticker| tell(run, user, ticker))?;
    let told: Vec<Teller> = told.into_iter().collect::<Result<_, _>>()?;
    let verdict = verdict::verdict(&told[0].tally, &told[1].tally);
    let groups = told.iter().map(|teller| teller.groups.clone()).find(|groups| !groups.is_empty());
    let lives: Vec<Life> = told.into_iter().map(|teller| teller.life).collect();
    let usual = life::usual(&lives);
    let mut lives: [Life; 2] = lives.try_into().expect("one for each run");
    lives.iter_mut().for_each(|life| life.judge(&usual));
    Ok(Twins {
        world: spec.id,
        seed: first.config().seed(),
        user: user.0,
        calendar: spec.clock.calendar,
        groups: groups.unwrap_or_default(),
        first_difference: first_difference(&lives),
        lives,
        usual,
        verdict,
    })
}

fn tell(run: &PlannedRun, user: UserId, ticker: &Ticker<'_>) -> Result<Teller, RunError> {
    let (playing, mut teller) = (Playing::begin(&run.config)?, Teller::new(user, &run.label));
    teller.tally.watch_until(playing.horizon(), playing.world().spec().clock);
    ticker.begun(playing.horizon());
    playing.to_end(&mut teller, |counts, now| ticker.ticked(counts, now))?;
    Ok(teller)
}

fn first_difference([first, second]: &[Life; 2]) -> Option<usize> {
    let same = first.slates().zip(second.slates()).take_while(|(a, b)| a.shows_same(b)).count();
    (same < first.slates().count().max(second.slates().count())).then_some(same)
}

#[cfg(test)]
mod tests;
