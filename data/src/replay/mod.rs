//! A log in the place of a world: policies are tried on what was logged. Start at [`ReplayEnv`].

mod policy;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use recloop_env::{
    End, Env, EnvSpec, Fate, Observation, ResetOptions, Slates, Step, StepError, Streams, Tick,
};

pub use policy::{MatchedReward, replay_policy};

use crate::{DataError, LogSource, Manifest};

/// The log of a run as an environment: it answers the rows that are shown what was logged, and no others.
///
/// A row *matches* if its slate is the logged one, the same items in the same order; it gets the logged response, reward
/// and fate. Of any other row nobody knows what would have come: it is silent (nothing clicked, no reward, a
/// [`Fate::Stays`] that says nothing), its trajectory is [`End::Truncated`] and has no next row.
/// [`matched`](Self::matched) tells the rows apart. Words beside a slate are not compared.
///
/// # Assumptions
/// The stream goes on as logged, whatever is shown: the next observation is the logged one, with the users who came
/// after the *logged* slates, their features, and histories of what the *logger* showed them. What a policy's slates
/// would have done to users, creators and candidates is not here. A mean over matched rows is a policy's value if
///
/// 1. rows are exchangeable decisions: what was shown before does not matter (contextual bandits);
/// 2. the logger drew among all slates of a row uniformly, and every row has as many: then which rows match is a matter
///    of luck. Under any other logger they are the rows in which it would do what the policy does. Where propensities
///    are known, weigh by them instead: `ips` or `snips` of [`ope`](crate::ope);
/// 3. the policy is deterministic: [`streams`](Env::streams) are those of the run, so a policy that draws from them has
///    the logger's luck, and matches by no accident.
///
/// Of `n` rows with `C` candidates for `K` places about `n (C − K)! / C!` match: a method for short slates of few items.
///
/// # The contract
/// The laws of [`check_env`](recloop_env::testing::check_env) hold, with what a log cannot do refused: a log is one run,
/// of one seed, watched to one horizon. [`reset`](Env::reset) takes the logged seed only, no horizon or the logged one,
/// and tells choice probabilities if they were logged. `renew` asks for nothing: places were taken over, or not, when the
/// log was written. If the log was cut while people were there, the last rows end as truncated and nobody is seen next;
/// those who were away then and were logged without a horizon are the one exception to the law that every trajectory says
/// how it ended.
///
/// # Errors
/// Slates are refused as a world refuses them; [`StepError::Log`] holds the [`DataError`] of a log that cannot be read or
/// is [asked for another run](DataError::NotThisRun).
///
/// # Source
/// Li, Chu, Langford & Wang (2011), "Unbiased offline evaluation of contextual-bandit-based news article recommendation
/// algorithms".
///
/// ```no_run
/// use recloop_data::{ReplayEnv, replay_policy};
/// # fn policy() -> Box<dyn recloop_env::Recommender> { unimplemented!() }
/// let mut log = ReplayEnv::open("runs/random".as_ref())?;
/// let found = replay_policy(&mut log, &mut *policy())?;
/// println!("{:.4} ± {:.4} on {} of {} rows", found.reward.mean, found.reward.se, found.reward.n, found.rows);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReplayEnv {
    dir: PathBuf,
    log: LogSource,
    stage: Stage,
    tell_choice_probs: bool,
    /// `[B]` which rows of the latest step were shown what was logged.
    matched: Vec<bool>,
}

impl std::fmt::Debug for ReplayEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplayEnv({}, {:?})", self.dir.display(), self.stage)
    }
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// A reset is due.
    Unready,
    /// The log's latest tick awaits its slates.
    Observed,
    Over(Tick),
}

impl ReplayEnv {
    /// Opens the log of the run in `dir`.
    ///
    /// # Errors
    /// As [`LogSource::open`].
    pub fn open(dir: &Path) -> Result<Self, DataError> {
        let (stage, log) = (Stage::Unready, LogSource::open(dir)?);
        Ok(Self { dir: dir.into(), log, stage, tell_choice_probs: false, matched: Vec::new() })
    }

    /// The run's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.log.manifest()
    }

    /// `[B]` which rows of the latest step were shown what was logged; before a first step there are none.
    #[must_use]
    pub fn matched(&self) -> &[bool] {
        &self.matched
    }

    /// Refuses to stand in for another run than the log's own.
    fn check(&self, seed: u64, options: &ResetOptions) -> Result<(), DataError> {
        let logged = self.manifest();
        let other = |asked: String, logged: String| {
            Err(DataError::NotThisRun { dir: self.dir.clone(), asked, logged })
        };
        if seed != logged.seed {
            return other(format!("seed {seed}"), format!("seed {}", logged.seed));
        }
        let horizon = logged.horizon.map(Tick);
        match options.horizon {
            Some(asked) if horizon != Some(asked) => {
                let known = horizon.map_or("no horizon".into(), |tick| format!("horizon {}", tick.0));
                other(format!("horizon {}", asked.0), known)
            }
            _ => Ok(()),
        }
    }

    /// Refuses choice probabilities that the first tick of the log lacks.
    fn check_told(&self) -> Result<(), DataError> {
        if !self.tell_choice_probs || self.log.latest().step.responses.choice_probs.is_some() {
            return Ok(());
        }
        let (asked, logged) = ("choice probabilities".into(), "none".into());
        Err(DataError::NotThisRun { dir: self.dir.clone(), asked, logged })
    }
}

impl Env for ReplayEnv {
    fn spec(&self) -> &EnvSpec {
        &self.manifest().spec
    }

    fn reset(&mut self, seed: u64, options: &ResetOptions, out: &mut Observation) -> Result<(), StepError> {
        self.check(seed, options)?;
        self.stage = Stage::Unready;
        self.matched.clear();
        self.tell_choice_probs = options.tell_choice_probs;
        self.log = LogSource::open(&self.dir)?;
        let begins = self.log.next()?.is_some();
        if begins {
            self.check_told()?;
        }
        out.clone_from(self.log.latest().seen);
        self.stage = if begins { Stage::Observed } else { Stage::Over(out.tick) };
        Ok(())
    }

    fn step(&mut self, slates: &Slates, out: &mut Step) -> Result<(), StepError> {
        match self.stage {
            Stage::Unready => return Err(StepError::NotReset),
            Stage::Over(at) => return Err(StepError::Over { at }),
            Stage::Observed => {}
        }
        let logged = self.log.latest();
        slates.check(&logged.seen.users, &logged.seen.candidates, self.manifest().spec.slate_size)?;
        out.clone_from(logged.step);
        let same = |r| slates.items.row(r) == logged.slates.items.row(r);
        self.matched.clear();
        self.matched.extend((0..logged.seen.len()).map(same));
        if !self.tell_choice_probs {
            out.responses.choice_probs = None;
        }
        silence(out, &self.matched);
        // Should the log turn out to be damaged, only a reset makes it usable again.
        self.stage = Stage::Unready;
        let goes_on = self.log.next()?.is_some();
        self.stage = if goes_on { Stage::Observed } else { Stage::Over(out.next.tick) };
        if !goes_on {
            cut(out);
        }
        Ok(())
    }

    fn streams(&self) -> Streams {
        Streams::new(self.manifest().seed)
    }
}

/// Takes back what was logged of rows that were shown something else.
fn silence(step: &mut Step, matched: &[bool]) {
    let Step { responses, reward_parts, reward, fate, ended, next_row, .. } = step;
    for r in (0..matched.len()).filter(|r| !matched[*r]) {
        responses.click.row_mut(r).fill(false);
        responses.dwell_secs.row_mut(r).fill(0.0);
        responses.signals.row_mut(r).fill(0.0);
        if let Some(probs) = &mut responses.choice_probs {
            probs.row_mut(r).fill(0.0);
        }
        reward_parts.row_mut(r).fill(0.0);
        (reward[r], fate[r]) = (0.0, Fate::Stays(0.0));
        (ended[r], next_row[r]) = (Some(End::Truncated), None);
    }
    responses.replies.retain(|reply| matched.get(reply.row) == Some(&true));
}

/// Ends what goes on, since nothing more was logged.
fn cut(step: &mut Step) {
    step.next = step.next.with_rows(&[]);
    step.next_row.fill(None);
    for ended in &mut step.ended {
        ended.get_or_insert(End::Truncated);
    }
}
