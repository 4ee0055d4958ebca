//! A shard's sufficient statistics as a small file, so that any engine can fan an evaluation out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ledger::Ledger;
use super::request::PassedOver;
use super::shard::{Header, Summed, Watch};
use super::{Evaluation, Form, ModelSource, OpeError, Request, Source, Told, UserSums, WeightSource};

/// How every such file begins; the number is that of its layout.
const MAGIC: &[u8] = b"recloop evaluation 1\n";
/// Bytes of the checksum that follows.
const CHECKSUM: usize = 32;

/// What a shard of a log came to: a few sums per user bucket, the tails of its weights.
///
/// Partials of the same evaluation merge by +, in any grouping; values then agree with those of the whole log but for the
/// order of floating-point sums (to about 1e-12 relative). A shard must keep all rows of a user's trajectory only for
/// estimators that are not made from partials anyway.
#[derive(Debug, Clone)]
pub struct Partial {
    summed: Summed,
}

/// What is written.
#[derive(Serialize, Deserialize)]
struct Kept {
    header: Header,
    passed_over: Vec<PassedOver>,
    decisions: Ledger,
    slates: Ledger,
    bounds: UserSums,
    told: Told,
}

impl Partial {
    /// Sums a shard.
    ///
    /// # Errors
    /// As [`evaluate`](super::evaluate); an estimator that rests on a model, which a shard would fit to its own rows
    /// alone, or on whole trajectories.
    pub fn of(source: &dyn Source, request: &Request, watch: Watch<'_>) -> Result<Self, OpeError> {
        let mut chosen = request.choose(source)?;
        let mut refused = None;
        for estimator in std::mem::take(&mut chosen.estimators) {
            let Some(reason) = unshared(estimator.form(), source) else {
                chosen.estimators.push(estimator);
                continue;
            };
            let (estimator, reason) = (estimator.name().to_owned(), reason.to_owned());
            let lacks = || OpeError::Lacks { estimator: estimator.clone(), reason: reason.clone() };
            refused.get_or_insert_with(lacks);
            chosen.passed_over.push(PassedOver { estimator, reason });
        }
        if let Some(refused) = refused.filter(|_| chosen.by_name || chosen.estimators.is_empty()) {
            return Err(refused);
        }
        let summed = Summed::of(source, request, chosen, watch)?;
        Ok(Self { summed })
    }

    /// Of how many rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.summed.told.support.rows
    }

    /// Takes in another shard, read from `path`.
    ///
    /// # Errors
    /// [`OpeError::Differs`] if it is of another evaluation.
    pub fn merge(&mut self, other: Self, path: &Path) -> Result<(), OpeError> {
        let differences = self.summed.header.differences(&other.summed.header);
        if !differences.is_empty() {
            return Err(OpeError::Differs { path: path.into(), differences });
        }
        self.summed.merge(other.summed)
    }

    /// What everything merged so far comes to.
    ///
    /// # Errors
    /// No rows.
    pub fn evaluate(&self) -> Result<Evaluation, OpeError> {
        self.summed.check()?;
        Ok(self.summed.evaluation())
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn write(&self, path: &Path) -> Result<(), OpeError> {
        let Summed { header, passed_over, decisions, slates, bounds, told } = self.summed.clone();
        let kept =
            Kept { header, passed_over, decisions: decisions.ledger, slates: slates.ledger, bounds, told };
        let failed = |reason: String| OpeError::File { path: path.into(), reason };
        let body = postcard::to_allocvec(&kept).map_err(|cause| failed(cause.to_string()))?;
        let store = || {
            let fresh = PathBuf::from(format!("{}.tmp", path.display()));
            let mut file = fs::File::create(&fresh)?;
            [MAGIC, Sha256::digest(&body).as_slice(), &body]
                .into_iter()
                .try_for_each(|bytes| file.write_all(bytes))?;
            file.sync_all()?;
            fs::rename(fresh, path)
        };
        store().map_err(|cause: std::io::Error| failed(cause.to_string()))
    }

    /// Reads such a file back.
    ///
    /// # Errors
    /// A file that is none, or was damaged.
    pub fn read(path: &Path) -> Result<Self, OpeError> {
        let failed = |reason: String| OpeError::File { path: path.into(), reason };
        let bytes = fs::read(path).map_err(|cause| failed(cause.to_string()))?;
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| failed("it was not written by `--partial` of this version".into()))?;
        let damaged = || failed("it is damaged: its checksum does not fit; write it again".into());
        let (checksum, body) = rest.split_at_checked(CHECKSUM).ok_or_else(damaged)?;
        if Sha256::digest(body).as_slice() != checksum {
            return Err(damaged());
        }
        let kept: Kept = postcard::from_bytes(body).map_err(|_| damaged())?;
        let mut summed = Summed::new(kept.header, kept.passed_over)?;
        (summed.decisions.ledger, summed.slates.ledger) = (kept.decisions, kept.slates);
        (summed.bounds, summed.told) = (kept.bounds, kept.told);
        summed.decisions.ledger.index();
        summed.slates.ledger.index();
        Ok(Self { summed })
    }
}

/// Why an estimator cannot be put together from shards.
fn unshared(form: &Form, source: &dyn Source) -> Option<&'static str> {
    const MODEL: &str = "it rests on a model, and a shard's own model is not that of the whole log; bring predictions along in a column";
    match form {
        Form::Sequence(_) => Some("it needs all trajectories at once; evaluate the whole log in one process"),
        Form::Direct if !source.predicts() => Some(MODEL),
        Form::Robust { model, .. } if *model != ModelSource::Outcome || !source.predicts() => Some(MODEL),
        Form::Weighted { source: WeightSource::Classifier, .. } => Some(MODEL),
        Form::Slate { form: super::SlateForm::CascadeRobust, .. } if !source.predicts() => Some(MODEL),
        _ => None,
    }
}

impl Header {
    /// What differs, each as one phrase.
    fn differences(&self, other: &Self) -> Vec<String> {
        let mut all = Vec::new();
        let mut compare = |what: &str, mine: String, theirs: String| {
            if mine != theirs {
                all.push(format!("its {what} is {theirs}, not {mine}"));
            }
        };
        let said = |header: &Self, key: &str| {
            header
                .about
                .iter()
                .find(|(name, _)| name == key)
                .map_or("not given".to_owned(), |(_, value)| value.clone())
        };
        let keys = self.about.iter().chain(&other.about).map(|(key, _)| key);
        let keys: std::collections::BTreeSet<_> = keys.collect();
        keys.into_iter().for_each(|key| compare(key, said(self, key), said(other, key)));
        compare("list of estimators", self.estimators.join(","), other.estimators.join(","));
        compare("slate size", self.slate_size.to_string(), other.slate_size.to_string());
        compare("number of loggers", self.n_loggers.to_string(), other.n_loggers.to_string());
        compare("declaration", format!("{:?}", self.declared), format!("{:?}", other.declared));
        all
    }
}
