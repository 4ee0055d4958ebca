//! Policies that offline evaluation can question, by name.

use std::path::{Path, PathBuf};

use recloop_data::Manifest;
use recloop_env::{Basis, Observation, Slates, Streams};

use crate::compare::recommender_layer;
use crate::config::{self, RunConfig};
use crate::run::{FinishedRun, RunDir};
use crate::{Models, Player, Policy, RunError};

/// What begins the name of a run in place of that of a recommender.
const RUN: &str = "run:";

/// Why a recommender cannot be the target of an evaluation. Messages read after "failed to evaluate `NAME`:".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// It reads the truth.
    #[error("it reads the truth, which no log holds: it bounds what can be had and is no policy")]
    Oracle,
    /// Its scores are drawn.
    #[error("its scores are drawn, so nobody knows how likely it shows what")]
    Luck,
    /// It learns, and no snapshot was given.
    #[error("what it shows depends on what it has learned, and by name alone it has learned nothing")]
    Experience,
    /// A run that has not come to its end.
    #[error("{} has not come to its end", .dir.display())]
    Unfinished {
        /// The run.
        dir: PathBuf,
    },
    /// A finished run without a recommender.
    #[error("{} kept no recommender, as older versions did not", .dir.display())]
    NotKept {
        /// The run.
        dir: PathBuf,
    },
    /// A run whose users and items are not those of the log.
    #[error("{} is of another world than the log: {}", .dir.display(), .differences.join("; "))]
    Elsewhere {
        /// The run.
        dir: PathBuf,
        /// What differs, each as one phrase.
        differences: Vec<String>,
    },
}

impl TargetFault {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Oracle | Self::Luck => {
                "choose a policy that tells its propensities, such as `dot:temperature=0.5`".into()
            }
            Self::Experience => {
                "run it in the same world with the same seed, then give the run as `run:DIR`".into()
            }
            Self::Unfinished { dir } => {
                format!("`recloop run --resume --out {}` goes on with it", dir.display())
            }
            Self::NotKept { .. } => "run it again".into(),
            Self::Elsewhere { .. } => {
                "run the target with the log's world and seed; people and items are known by their numbers"
                    .into()
            }
        })
    }
}

/// The policy that `text` names, ready for questions about the log in `log`; a `Box<dyn TargetPolicy>`, too.
///
/// - `NAME` or `NAME:KEY=VALUE,…`, as recommenders are compared: such as `random` or `dot:temperature=0.5`. It has
///   learned nothing, so it must be one that [does not learn](Basis::Observation).
/// - `run:DIR`: what the recommender of a finished run had learned in the end, in the same world and from the same seed.
///
/// # Errors
/// [`RunError::Target`] with what stands against it; names and keys that do not exist; a recommender that does not fit the
/// world; files that cannot be read.
///
/// ```
/// use recloop_experiments::{RunConfig, run, target};
/// # let dir = tempfile::tempdir()?;
/// # let out = dir.path().join("logged");
/// let layer = format!("world.name = \"interest-evolution-v0\"\nworld.users = 5\nrun.out = {out:?}").parse()?;
/// run(&RunConfig::resolve([layer])?, &mut ())?;
/// assert!(target("dot:temperature=0.5", &out).is_ok());
/// let refused = target("oracle-click", &out).err().expect("it reads the truth").to_string();
/// assert!(refused.starts_with("evaluate `oracle-click`: it reads the truth"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn target(text: &str, log: &Path) -> Result<Box<dyn Policy>, RunError> {
    let refused = |fault| RunError::Target { text: text.into(), fault };
    let of = Manifest::load(log)?;
    let (player, learned) = match text.strip_prefix(RUN) {
        Some(dir) => (kept(Path::new(dir), log, &of)?.map_err(refused)?, true),
        None => (fresh(text, &of)?, false),
    };
    let Player::Policy(policy) = player else { return Err(refused(TargetFault::Oracle)) };
    match policy.basis() {
        Basis::Luck => Err(refused(TargetFault::Luck)),
        Basis::Experience if !learned => Err(refused(TargetFault::Experience)),
        Basis::Experience | Basis::Observation => Ok(policy),
    }
}

/// The policy that wrote the log in `log`, where it can be questioned again: its config is there, and it did not learn.
///
/// # Errors
/// A config that is there and cannot be read.
pub fn logger(log: &Path) -> Result<Option<Box<dyn Policy>>, RunError> {
    let dir = RunDir::of(log);
    if !dir.has_config() {
        return Ok(None);
    }
    let of = Manifest::load(log)?;
    let mut player = RunConfig::resolve([dir.read_config()?])?.build_player_with(&Models::silent())?;
    player.begin(&of.spec)?;
    match player {
        Player::Policy(mut policy) if policy.basis() == Basis::Observation => {
            settle(&mut *policy, of.seed)?;
            Ok(Some(policy))
        }
        Player::Policy(_) | Player::Oracle(_) => Ok(None),
    }
}

/// A recommender by name, at the beginning of a run from the log's seed.
fn fresh(text: &str, log: &Manifest) -> Result<Player, RunError> {
    let mut player = config::player_of(recommender_layer(text)?)?;
    player.begin(&log.spec)?;
    if let Player::Policy(policy) = &mut player {
        settle(&mut **policy, log.seed)?;
    }
    Ok(player)
}

/// Lets ties fall as in a run from this seed: the order is drawn when slates are first asked for.
fn settle(policy: &mut dyn Policy, seed: u64) -> Result<(), RunError> {
    let (nobody, mut nothing) = (Observation::default(), Slates::default());
    Ok(policy.recommend(&nobody, &Streams::new(seed), &mut nothing)?)
}

/// The recommender of a finished run.
fn kept(dir: &Path, log: &Path, of: &Manifest) -> Result<Result<Player, TargetFault>, RunError> {
    let Some(run) = FinishedRun::open(dir)? else {
        return Ok(Err(TargetFault::Unfinished { dir: dir.into() }));
    };
    let differences = differences(&run, log, of)?;
    if !differences.is_empty() {
        return Ok(Err(TargetFault::Elsewhere { dir: dir.into(), differences }));
    }
    if !run.kept_recommender() {
        return Ok(Err(TargetFault::NotKept { dir: dir.into() }));
    }
    run.player().map(Ok)
}

/// What makes the people and items of a run others than those of a log.
fn differences(run: &FinishedRun, log: &Path, of: &Manifest) -> Result<Vec<String>, RunError> {
    let dir = RunDir::of(log);
    if dir.has_config() {
        let logged = RunConfig::resolve([dir.read_config()?])?;
        let all = logged.differences(&run.config).into_iter();
        return Ok(all
            .filter(|phrase| phrase.starts_with("world.") || phrase.starts_with("run.seed"))
            .collect());
    }
    // A log that was written by a program of one's own says less.
    let there = &run.manifest;
    let facts = [
        ("world", there.world == of.world),
        ("seed", there.seed == of.seed),
        ("spec", there.spec == of.spec),
    ];
    Ok(facts.into_iter().filter(|(_, same)| !same).map(|(what, _)| format!("its {what} differs")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    /// A run of a tiny world.
    fn played(dir: &Path, name: &str, settings: &str) -> PathBuf {
        let out = dir.join(name);
        let text = format!(
            "run = {{ days = 2, out = {out:?} }}\nworld = {{ name = \"feed-v0\", users = 12, slate = 3 }}\n"
        );
        let over = format!("{settings}\n");
        let layers = [text.parse().unwrap(), over.parse().unwrap()];
        run(&RunConfig::resolve(layers).unwrap(), &mut ()).unwrap();
        out
    }

    fn refusal(text: &str, log: &Path) -> TargetFault {
        match target(text, log).err().expect("it should be refused") {
            RunError::Target { text: of, fault } if of == text => fault,
            other => panic!("failed to {other}"),
        }
    }

    #[test]
    fn a_kept_recommender_answers_as_the_one_that_ran() {
        let here = tempfile::tempdir().unwrap();
        let log = played(here.path(), "log", "recommender = { name = \"mf\", temperature = 0.2 }");
        let frozen = target(&format!("run:{}", log.display()), &log).unwrap();
        let learned = FinishedRun::open(&log).unwrap().unwrap().player().unwrap();
        let Player::Policy(learned) = learned else { panic!("mf is a policy") };
        let mut source = recloop_data::LogSource::open(&log).unwrap();
        let seen = loop {
            let seen = source.next().unwrap().unwrap().transition.seen.clone();
            if !seen.is_empty() {
                break seen;
            }
        };
        let seen = &seen;
        let n = seen.candidates.listed(0).len();
        let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
        frozen.distribution(seen, 0, &[], &mut a).unwrap();
        learned.distribution(seen, 0, &[], &mut b).unwrap();
        assert_eq!(a, b);
        let uniform = (n as f64).recip();
        assert!(a.iter().any(|p| (p - uniform).abs() > 1e-9), "what was learned is there");
    }

    #[test]
    fn what_cannot_be_questioned_is_refused_by_reason() {
        let here = tempfile::tempdir().unwrap();
        let log = played(here.path(), "log", "recommender = { name = \"random\" }");
        assert_eq!(refusal("oracle-click", &log), TargetFault::Oracle);
        assert_eq!(refusal("thompson:temperature=1", &log), TargetFault::Luck);
        for learner in ["mf", "popularity:temperature=1", "linucb", "recency:retrieve=5"] {
            assert_eq!(refusal(learner, &log), TargetFault::Experience, "{learner}");
        }
        for fixed in [
            "random",
            "recency",
            "recency:temperature=0.5,rerank=mmr",
            "recency:retrieve=5,retriever=recency",
        ] {
            assert!(target(fixed, &log).is_ok(), "{fixed}");
        }
        let other = played(here.path(), "other", "run.seed = 8");
        let fault = refusal(&format!("run:{}", other.display()), &log);
        assert!(
            matches!(&fault, TargetFault::Elsewhere { differences, .. } if differences.len() == 1),
            "{fault}"
        );
        std::fs::remove_file(log.join("recommender.postcard")).unwrap();
        assert_eq!(
            refusal(&format!("run:{}", log.display()), &log),
            TargetFault::NotKept { dir: log.clone() }
        );
        assert!(target("recencey", &log).is_err());
    }

    #[test]
    fn a_logger_that_did_not_learn_can_be_questioned_again() {
        let here = tempfile::tempdir().unwrap();
        let fixed = played(here.path(), "fixed", "recommender = { name = \"recency\", temperature = 9.0 }");
        assert!(logger(&fixed).unwrap().is_some());
        let learned = played(here.path(), "learned", "recommender = { name = \"mf\" }");
        assert!(logger(&learned).unwrap().is_none());
    }
}
