//! What a study of creators runs: kinds of creators, each among rivals and by itself, and rerankers.

use toml::{Table, Value};

use super::CreatorStudyConfig;
use crate::compare::recommender_layer;
use crate::config::{put, set};
use crate::{ConfigError, RunConfig};

/// A kind of creator, and the settings that make it.
pub(super) type Kind = (&'static str, &'static [&'static str]);

/// Kinds that are compared, as they are called in results. The table of means has the temper that does best with it, chosen on
/// the same seeds as that of belief, lest it be judged by another's.
pub(super) const KINDS: [Kind; 7] = [
    ("belief", &["rule=belief"]),
    ("means", &["rule=belief", "belief=means", "decisiveness=4", "prospect_slope=1"]),
    ("cfd", &["rule=cfd"]),
    ("lbr", &["rule=lbr"]),
    ("imitation", &["rule=imitation"]),
    ("random", &["rule=random"]),
    ("full-information", &["rule=full-information"]),
];

/// Belief creators without what builds the curve of exploitation over reward.
pub(super) const NULLS: [Kind; 2] = [
    ("belief, no loss aversion", &["rule=belief", "loss_aversion=1"]),
    ("belief, no reference", &["rule=belief", "prospect_slope=0"]),
];

/// Rerankers, as `rerank` knows them.
pub(super) const RERANKERS: [&str; 7] = ["fairrec", "tfrom", "p-mmf", "fairco", "cpfair", "mmr", "dpp"];

/// Which table of the study a run is for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// A few creators of a kind among rivals.
    Focal {
        /// Its place among the kinds, nulls after all others.
        kind: usize,
        /// Its place among the recommenders.
        recommender: usize,
    },
    /// Everybody of a kind.
    Everybody {
        /// Its place among the kinds.
        kind: usize,
    },
    /// Belief creators under a reranker.
    Reranked {
        /// Its place among the bases.
        base: usize,
        /// Its place among the rerankers.
        reranker: usize,
        /// Its place among the dials.
        dial: usize,
    },
}

/// One run of a study.
pub(super) struct Condition {
    pub(super) part: Part,
    pub(super) seed: u64,
    pub(super) label: String,
    /// How many creators are watched; 0 is everybody.
    pub(super) focal: usize,
    pub(super) config: RunConfig,
}

/// Every run of a study, seed after seed, so that whatever is finished when somebody stops is made of pairs.
pub(super) fn conditions(study: &CreatorStudyConfig) -> Result<Vec<Condition>, ConfigError> {
    let mut all = Vec::new();
    for seed in (0..u64::from(study.n_seeds)).map(|n| study.first_seed + n) {
        for (recommender, name) in study.recommenders.iter().enumerate() {
            for (kind, (label, settings)) in KINDS.iter().chain(&NULLS).enumerate() {
                let label = format!("{label} under {name}");
                let part = Part::Focal { kind, recommender };
                all.push(study.condition(part, seed, label, (study.focal, settings), name)?);
            }
        }
        for (kind, (label, settings)) in KINDS.iter().enumerate() {
            let (label, name) = (format!("all {label}"), &study.recommenders[0]);
            all.push(study.condition(Part::Everybody { kind }, seed, label, (0, settings), name)?);
        }
        for (base, name) in study.bases.iter().enumerate() {
            for (reranker, rerank) in RERANKERS.iter().enumerate() {
                for (dial, at) in study.dials.iter().enumerate() {
                    // Every reranker at dial 0 is the same: none.
                    if *at == 0.0 && reranker > 0 {
                        continue;
                    }
                    let separator = if name.contains(':') { ',' } else { ':' };
                    let name = match *at {
                        0.0 => name.clone(),
                        at => format!("{name}{separator}rerank={rerank},dial={at:?}"),
                    };
                    let part = Part::Reranked { base, reranker, dial };
                    all.push(study.condition(part, seed, name.clone(), (0, KINDS[0].1), &name)?);
                }
            }
        }
    }
    Ok(all)
}

impl CreatorStudyConfig {
    fn condition(
        &self,
        part: Part,
        seed: u64,
        label: String,
        (focal, settings): (usize, &[&str]),
        recommender: &str,
    ) -> Result<Condition, ConfigError> {
        let mut layer = Table::new();
        put(&mut layer, "world", "name", super::WORLD);
        put(&mut layer, "world", "focal", focal as i64);
        put(&mut layer, "world", "rivals", self.rivals.as_str());
        for setting in self.settings.iter().map(String::as_str).chain(settings.iter().copied()) {
            set(&mut layer, setting)?;
        }
        let mut last = recommender_layer(recommender)?;
        let seed_value = i64::try_from(seed).map_err(|_| ConfigError::Value {
            key: "--first-seed".into(),
            reason: format!("{seed} is more than {}", i64::MAX),
        })?;
        put(&mut last, "run", "seed", Value::Integer(seed_value));
        put(&mut last, "run", "steps", i64::from(self.rounds));
        let config = RunConfig::resolve([layer, last])?;
        Ok(Condition { part, seed, label, focal, config })
    }
}
