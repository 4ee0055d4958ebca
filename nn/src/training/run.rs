//! A training under way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::log::{Log, Row};
use super::plan::Streak;
use super::{
    BEST, CHECKPOINT, End, Learner, METRICS, Measures, Outcome, POLICY, Plan, Progress, Watch, kept,
};
use crate::NnError;
use crate::checkpoint::Card;

pub(super) struct Run<'a> {
    plan: &'a Plan,
    out: &'a Path,
    _lock: Option<File>,
    log: Log,
    /// The last round, and the one at the last checkpoint.
    at: Row,
    kept: Row,
    streak: Option<Streak>,
    /// When this process began, with what step and how many seconds of others.
    since: Instant,
    began: Row,
    saved: Instant,
}

impl<'a> Run<'a> {
    /// Takes up what `out` holds, or begins there.
    pub(super) fn begin(learner: &mut dyn Learner, plan: &'a Plan, out: &'a Path) -> Result<Self, NnError> {
        fs::create_dir_all(out).map_err(NnError::io("create", out))?;
        let lock = kept::lock(out)?;
        for folder in [CHECKPOINT, BEST, POLICY] {
            kept::mend(&out.join(folder))?;
        }
        let step = if plan.resume { resume(learner, plan, out)? } else { start(learner, plan, out)? };
        let (log, rows) = Log::open(&out.join(METRICS), step)?;
        let mut streak = plan.stop.clone().map(Streak::new);
        if let Some(streak) = &mut streak {
            for row in &rows {
                streak.see(row.step, named(log.names(), &row.values))?;
            }
        }
        let at = rows.into_iter().next_back().unwrap_or_default();
        let (now, began, kept) = (Instant::now(), at.clone(), at.clone());
        Ok(Self { plan, out, _lock: lock, log, at, kept, streak, since: now, began, saved: now })
    }

    pub(super) fn finish(
        &mut self,
        learner: &mut dyn Learner,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, NnError> {
        let end = loop {
            if self.at.step >= self.plan.steps {
                break End::Finished;
            }
            if self.streak.as_ref().is_some_and(Streak::is_over) {
                break End::Early;
            }
            self.round(learner, watch)?;
        };
        self.checkpoint(learner)?;
        let (best, at) = (self.out.join(BEST), self.streak.as_ref().and_then(Streak::best));
        // One that a killed training left may be of a round that did not come again.
        let is_it = |card: Card| at.is_some_and(|at| at.step == card.step);
        if best.exists() && Card::load(&best).is_ok_and(is_it) {
            kept::publish(&self.out.join(POLICY), |dir| kept::copy(&best, dir))?;
        } else {
            self.policy(learner, POLICY)?;
        }
        Ok(self.outcome(end))
    }

    /// Goes back to the last checkpoint.
    pub(super) fn retreat(&mut self, learner: &mut dyn Learner, what: String) -> Result<Outcome, NnError> {
        let step = self.at.step;
        learner.load(&self.out.join(CHECKPOINT))?;
        self.at = self.kept.clone();
        Ok(self.outcome(End::Diverged { step, what }))
    }

    fn round(&mut self, learner: &mut dyn Learner, watch: &mut dyn Watch) -> Result<(), NnError> {
        let measures = learner.round()?;
        if let Some(&(what, value)) = measures.values.iter().find(|(_, value)| !value.is_finite()) {
            return Err(NnError::NotFinite { what: format!("`{what}`"), value });
        }
        if measures.steps == 0 {
            return Err(NnError::Training { reason: "a round used no steps: it would never end".into() });
        }
        self.at = Row {
            step: self.at.step + measures.steps,
            round: self.at.round + 1,
            wall_secs: self.wall_secs(),
            values: measures.values.iter().map(|(_, value)| *value).collect(),
        };
        let names: Vec<_> = measures.values.iter().map(|(name, _)| *name).collect();
        self.log.write(&self.at, &names)?;
        if let Some(streak) = &mut self.streak
            && streak.see(self.at.step, measures.values.iter().copied())?
        {
            self.policy(learner, BEST)?;
        }
        watch.round(&self.progress(&measures));
        if self.saved.elapsed().as_secs_f64() >= self.plan.checkpoint_secs {
            self.checkpoint(learner)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, learner: &dyn Learner) -> Result<(), NnError> {
        self.log.sync()?;
        let card = self.card();
        kept::publish(&self.out.join(CHECKPOINT), |dir| learner.save(dir).and_then(|()| card.save(dir)))?;
        (self.kept, self.saved) = (self.at.clone(), Instant::now());
        Ok(())
    }

    fn policy(&self, learner: &dyn Learner, folder: &str) -> Result<(), NnError> {
        let card = self.card();
        kept::publish(&self.out.join(folder), |dir| learner.save_policy(dir).and_then(|()| card.save(dir)))
    }

    fn card(&self) -> Card {
        let metrics = named(self.log.names(), &self.at.values);
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).collect();
        Card { step: self.at.step, metrics, ..self.plan.card.clone() }
    }

    fn progress<'m>(&self, measures: &'m Measures) -> Progress<'m> {
        let steps_per_sec = (self.at.step - self.began.step) as f64 / self.since.elapsed().as_secs_f64();
        let left = self.plan.steps.saturating_sub(self.at.step) as f64;
        Progress {
            round: self.at.round,
            step: self.at.step,
            total: self.plan.steps,
            measures,
            steps_per_sec,
            left_secs: left / steps_per_sec,
        }
    }

    fn outcome(&self, end: End) -> Outcome {
        Outcome {
            end,
            step: self.at.step,
            round: self.at.round,
            wall_secs: self.wall_secs(),
            best: self.streak.as_ref().and_then(Streak::best),
        }
    }

    fn wall_secs(&self) -> f64 {
        self.began.wall_secs + self.since.elapsed().as_secs_f64()
    }
}

/// A checkpoint before the first round, so that there always is a last good one. Nothing is written before it: a kill up
/// to here leaves a folder that is still free.
fn start(learner: &dyn Learner, plan: &Plan, out: &Path) -> Result<u64, NnError> {
    if [METRICS, CHECKPOINT, BEST, POLICY].iter().any(|name| out.join(name).exists()) {
        return Err(refused(
            out.into(),
            "it holds another training: resume it, or train into another folder",
        ));
    }
    let card = Card { step: 0, metrics: Default::default(), ..plan.card.clone() };
    kept::publish(&out.join(CHECKPOINT), |dir| learner.save(dir).and_then(|()| card.save(dir)))?;
    Ok(0)
}

fn resume(learner: &mut dyn Learner, plan: &Plan, out: &Path) -> Result<u64, NnError> {
    let dir = out.join(CHECKPOINT);
    if !dir.exists() {
        return Err(refused(dir, "there is no checkpoint to resume: train without resuming"));
    }
    let card = Card::load(&dir)?;
    let differences = plan.card.differences(&card);
    if !differences.is_empty() {
        let differences = differences.join(", ");
        return Err(refused(dir, &format!("it is of another training, by {differences}")));
    }
    learner.load(&dir)?;
    Ok(card.step)
}

fn named<'a>(names: &'a [String], values: &'a [f64]) -> impl Iterator<Item = (&'a str, f64)> + Clone {
    names.iter().map(String::as_str).zip(values.iter().copied())
}

fn refused(path: PathBuf, reason: &str) -> NnError {
    NnError::Checkpoint { path, reason: reason.into() }
}
