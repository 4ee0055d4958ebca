//! What creators earn by what they know, and what platforms do to them: the ecosystem study.
//!
//! Start at [`study_creators`]. `conditions` says what is run, `careers` watches a run, `summary` adds up over seeds, `kept`
//! writes results, `page` draws them.

mod careers;
mod conditions;
mod kept;
mod page;
mod summary;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::PathBuf;

pub use kept::RESULTS;
pub use page::PAGE;
pub use summary::{Bounds, Corner, CreatorStudy, KindFound, RerankFound, Share};

use careers::{Career, Careers};
use conditions::{Condition, conditions};

use crate::compare::spread::{PlannedRun, RunsObserver, Threads, Ticker, spread};
use crate::config::bad;
use crate::playing::Playing;
use crate::{ConfigError, RunError};

/// The world of the study.
const WORLD: &str = "creators-v0";

/// What a study of creators runs.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatorStudyConfig {
    /// How many seeds, at least two.
    pub n_seeds: u32,
    /// The first of them.
    pub first_seed: u64,
    /// How many rounds each run lasts.
    pub rounds: u32,
    /// How many creators follow the rule that is looked at, among rivals.
    pub focal: usize,
    /// The rule of the rivals.
    pub rivals: String,
    /// Under which recommenders; the first is the one the main table is of.
    pub recommenders: Vec<String>,
    /// Recommenders that rerankers wrap.
    pub bases: Vec<String>,
    /// Dials of the rerankers, ascending from 0.
    pub dials: Vec<f32>,
    /// Settings of the world for all runs, such as `users=500`.
    pub settings: Vec<String>,
    /// How many runs go on at once; one per core if not said.
    pub jobs: Option<NonZeroUsize>,
    /// Where to keep the table, the results and the page; nowhere if not said.
    pub out: Option<PathBuf>,
}

impl Default for CreatorStudyConfig {
    fn default() -> Self {
        Self {
            n_seeds: 10,
            first_seed: 1,
            rounds: 110,
            focal: 10,
            rivals: "random".into(),
            recommenders: ["linucb", "popularity", "random"].map(Into::into).to_vec(),
            bases: ["popularity", "linucb"].map(Into::into).to_vec(),
            dials: vec![0.0, 0.25, 0.5, 0.75, 1.0],
            settings: Vec::new(),
            jobs: None,
            out: None,
        }
    }
}

impl CreatorStudyConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if self.n_seeds < 2 {
            return Err(ConfigError::TooFewSeeds { n_seeds: self.n_seeds as usize });
        }
        if self.rounds == 0 || self.recommenders.is_empty() {
            return Err(bad("study", "it needs a round and a recommender".into()));
        }
        if self.focal == 0 {
            return Err(bad("study.focal", "0 creators are nobody to look at; allowed is 1 or more".into()));
        }
        let ascend = self.dials.windows(2).all(|pair| pair[0] < pair[1]);
        let range = self.dials.iter().all(|dial| (0.0..=1.0).contains(dial));
        if !(ascend && range && self.dials.first() == Some(&0.0)) {
            let reason = format!("{:?} do not ascend from 0 to at most 1", self.dials);
            return Err(bad("study.dials", reason));
        }
        Ok(())
    }
}

/// Runs every kind of creator and every reranker on every seed, and adds up.
///
/// *Among rivals.* The first `focal` of the creators of `creators-v0` follow a rule, all others another one, the same in all
/// runs. Seeds are paired: who the creators and the readers are and what luck they meet does not depend on the rule, so the
/// clicks of the focal creators under one rule over those under another on the same seed are what the rule is worth to who
/// follows it. *By themselves.* Everybody follows the rule: what it does to the whole. The two differ, for creators who all
/// go where the demand is share it.
///
/// *EXPLOIT*: the topic is among those of the last ten own items, the same classifier for every rule; its share is told by
/// quintile of the clicks the last item had had by then, ties sharing a quintile.
///
/// *Rerankers*: everybody believes, and every dial of every reranker wraps every base.
///
/// # Numerics
/// The same at any number of jobs and threads.
///
/// # Errors
/// Fewer than two seeds, dials that do not ascend from 0 within [0, 1], whatever the world or a recommender refuses, a folder
/// that cannot be written.
///
/// ```no_run
/// use recloop_experiments::study::creators::{CreatorStudyConfig, study_creators};
/// let config = CreatorStudyConfig { n_seeds: 2, settings: vec!["users=200".into()], ..Default::default() };
/// let found = study_creators(&config, &mut ())?;
/// assert!(found.creators["belief"].reward_vs_random.unwrap().mean > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn study_creators(
    config: &CreatorStudyConfig,
    observer: &mut dyn RunsObserver,
) -> Result<CreatorStudy, RunError> {
    config.check()?;
    let conditions = conditions(config)?;
    let plan = |(at, condition): (usize, &Condition)| PlannedRun {
        at,
        label: condition.label.clone(),
        config: condition.config.clone(),
    };
    let runs: Vec<PlannedRun> = conditions.iter().enumerate().map(plan).collect();
    let threads = Threads::new(config.jobs, runs[0].config.threads(), runs.len());
    let played = spread(&runs, threads, observer, |run, ticker| watched(run, &conditions[run.at], ticker))?;
    let careers = played.into_iter().collect::<Result<Vec<Career>, RunError>>()?;
    let found = summary::of(config, &conditions, &careers);
    if let Some(dir) = &config.out {
        kept::keep(dir, &found, &conditions, &careers)?;
    }
    Ok(found)
}

fn watched(run: &PlannedRun, condition: &Condition, ticker: &Ticker<'_>) -> Result<Career, RunError> {
    let mut playing = Playing::begin(&run.config)?;
    let mut careers = Careers::of(playing.world(), condition.focal);
    ticker.begun(playing.horizon());
    while !playing.is_over() {
        playing.tick(&mut careers)?;
        ticker.ticked(playing.counts(), playing.now());
    }
    Ok(careers.end(playing.world()))
}
