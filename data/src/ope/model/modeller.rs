//! All models of an evaluation.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::classifier::Classifier;
use super::fold::fold_of;
use super::learner::{Learner, Lesson};
use super::linear::RIDGE;
use super::row::Row;
use super::{Asked, ModelKind, Offer, Predicted, Sparse};
use crate::ope::OpeError;

/// More groups of users than this are refused (chosen by us: sums are held for each).
const MAX_FOLDS: usize = 20;

const REWARDS: &str = "a reward model";
const CLASSIFIER: &str = "the classifier of `balanced-ips`";

/// Working memory of whoever asks a [`Modeller`].
#[derive(Debug, Clone, Default)]
pub struct Desk {
    features: Sparse,
    row: Row,
}

/// The models of an evaluation, cross-fitted by user: those that a user's rows are asked of were fitted to other users.
///
/// Passes over the log are made until [`end_pass`](Self::end_pass) wants no more. Of one pass, chunks may be read by
/// different threads, each with a [`blank`](Self::blank); what they learn is [merged](Self::merge) in the order of chunks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Modeller {
    asked: Asked,
    /// In the order of [`Predicted`].
    rewards: [Option<Learner>; 4],
    classifier: Option<Classifier>,
    census: Census,
    #[serde(skip)]
    desk: Desk,
}

/// Who and what was there in a pass.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Census {
    /// As many users as are needed to see that there are enough.
    users: BTreeSet<u64>,
    /// Rows of each group of users.
    rows: Vec<u64>,
    /// The smallest and the largest number of features.
    width: Option<(usize, usize)>,
}

impl Census {
    fn count(&mut self, fold: usize, folds: usize, offer: &Offer<'_>) {
        self.rows.resize(folds, 0);
        self.rows[fold] += 1;
        self.meet(offer.user, folds);
        self.widen(offer.width, offer.width);
    }

    fn meet(&mut self, user: u64, folds: usize) {
        if self.users.len() < folds {
            self.users.insert(user);
        }
    }

    fn widen(&mut self, least: usize, most: usize) {
        let (low, high) = self.width.unwrap_or((least, most));
        self.width = Some((low.min(least), high.max(most)));
    }

    fn merge(&mut self, other: Self, folds: usize) {
        other.users.into_iter().for_each(|user| self.meet(user, folds));
        self.rows.resize(self.rows.len().max(other.rows.len()), 0);
        self.rows.iter_mut().zip(other.rows).for_each(|(here, there)| *here += there);
        other.width.into_iter().for_each(|(least, most)| self.widen(least, most));
    }

    /// Why nothing can be cross-fitted to what was there.
    fn complaint(&self, folds: usize) -> Option<String> {
        let users = self.users.len();
        if users < folds {
            return Some(format!(
                "{users} users are too few for {folds} folds; fit to a log of more users, or give its predictions as a column"
            ));
        }
        if let Some((least, most)) = self.width.filter(|(least, most)| least != most) {
            return Some(format!("some rows have {least} features and others {most}"));
        }
        // There are enough users and so there are rows: a fold that has them all leaves none to fit to.
        let crowded = self.rows.iter().filter(|rows| **rows > 0).count() == 1;
        crowded.then(|| {
            format!("all users happen to fall into one of {folds} folds; choose another number of folds")
        })
    }
}

impl Modeller {
    /// Models that nothing has been fitted to yet.
    ///
    /// # Errors
    /// A number of folds outside [2, 20].
    pub fn new(asked: &Asked) -> Result<Self, OpeError> {
        let Asked { kind, outcome, to_go, more_robust, more_robust_deterministic, classifier, folds } =
            *asked;
        if !(2..=MAX_FOLDS).contains(&folds) {
            let reason = format!("cross-fitting needs 2 to {MAX_FOLDS} of them");
            return Err(OpeError::Request { what: format!("{folds} folds"), reason });
        }
        let learner = |wanted: bool, kind| wanted.then(|| Learner::new(kind, folds));
        // Sums of rewards leave [0, 1].
        let of_sums = if kind == ModelKind::Logistic { ModelKind::Linear } else { kind };
        let rewards = [
            learner(outcome, kind),
            learner(to_go, of_sums),
            learner(more_robust, kind),
            learner(more_robust_deterministic, kind),
        ];
        let classifier = classifier.then(|| Classifier::new(folds, RIDGE));
        Ok(Self { asked: *asked, rewards, classifier, census: Census::default(), desk: Desk::default() })
    }

    /// Whether there is anything to fit.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.classifier.is_some() || self.rewards.iter().any(Option::is_some)
    }

    /// The same fits with nothing summed: for another chunk of the same pass.
    #[must_use]
    pub fn blank(&self) -> Self {
        Self {
            asked: self.asked,
            rewards: self.rewards.each_ref().map(|learner| learner.as_ref().map(Learner::blank)),
            classifier: self.classifier.as_ref().map(Classifier::blank),
            census: Census::default(),
            desk: Desk::default(),
        }
    }

    /// Takes a decision in.
    ///
    /// # Errors
    /// A reward, a feature or a weight that is no number, a logged action that was not on offer, a reward outside [0, 1]
    /// under a logistic model, more than 1,024 features.
    pub fn learn(&mut self, offer: &Offer<'_>) -> Result<(), OpeError> {
        let fold = fold_of(offer.user, self.asked.folds);
        self.census.count(fold, self.asked.folds, offer);
        let place = |reason| format!("user {} at position {}: {reason}", offer.user, offer.position);
        if offer.chosen >= offer.target.len() {
            let reason = format!("action {} was taken of {} on offer", offer.chosen, offer.target.len());
            return Err(unfit("a model")(place(reason)));
        }
        self.learn_rewards(fold, offer).map_err(|reason| unfit(REWARDS)(place(reason)))?;
        let Self { classifier, desk, .. } = self;
        match classifier.as_mut().filter(|classifier| !classifier.is_done()) {
            None => Ok(()),
            Some(classifier) => classifier
                .learn(fold, offer, &mut desk.features, &mut desk.row)
                .map_err(|reason| unfit(CLASSIFIER)(place(reason))),
        }
    }

    fn learn_rewards(&mut self, fold: usize, offer: &Offer<'_>) -> Result<(), String> {
        let Self { rewards, desk: Desk { features, row }, .. } = self;
        let pending = |learner: &&Learner| !learner.is_done();
        if rewards.iter().flatten().filter(pending).any(Learner::looks_at_features) {
            features.clear();
            (offer.features)(offer.chosen, features);
            row.fill(offer.position, features, offer.width, (None, 0))?;
        }
        let whats = Predicted::ALL.into_iter().zip(rewards);
        for (what, learner) in whats.filter_map(|(what, learner)| Some((what, learner.as_mut()?))) {
            if learner.is_done() {
                continue;
            }
            let (weight, reward) = what.weight_and_reward(offer)?;
            let action = (offer.name)(offer.chosen);
            learner.learn(&Lesson { fold, action, position: offer.position, row, weight, reward })?;
        }
        Ok(())
    }

    /// Takes in what another one, [blank](Self::blank) when the pass began, has learnt.
    ///
    /// # Panics
    /// If it is of another family.
    pub fn merge(&mut self, other: Self) {
        self.census.merge(other.census, self.asked.folds);
        for (here, there) in self.rewards.iter_mut().flatten().zip(other.rewards.iter().flatten()) {
            here.merge(there);
        }
        if let (Some(here), Some(there)) = (&mut self.classifier, other.classifier) {
            here.merge(there);
        }
    }

    /// Fits to what the pass has shown. Whether another pass over the whole log is wanted.
    ///
    /// # Errors
    /// Fewer users than folds; users who all fall into one fold; rewards or features so large that sums overflow.
    pub fn end_pass(&mut self) -> Result<bool, OpeError> {
        if !self.is_needed() {
            return Ok(false);
        }
        let census = std::mem::take(&mut self.census);
        let name = if self.rewards.iter().any(Option::is_some) { REWARDS } else { CLASSIFIER };
        census.complaint(self.asked.folds).map_or(Ok(()), |reason| Err(unfit(name)(reason)))?;
        let mut again = false;
        for learner in self.rewards.iter_mut().flatten().filter(|learner| !learner.is_done()) {
            learner.end_pass().map_err(unfit(REWARDS))?;
            again |= !learner.is_done();
        }
        if let Some(classifier) = self.classifier.as_mut().filter(|classifier| !classifier.is_done()) {
            classifier.end_pass().map_err(unfit(CLASSIFIER))?;
            again |= !classifier.is_done();
        }
        Ok(again)
    }

    /// q̂(x, a) of the logged action, and v(x) = Σ_a π_target(a|x) q̂(x, a).
    ///
    /// # Panics
    /// If it was not [asked](Asked) for, or is asked before a pass has ended.
    #[must_use]
    pub fn predict(&self, what: Predicted, offer: &Offer<'_>, desk: &mut Desk) -> (f64, f64) {
        let mut value = self.values(what, offer, desk);
        let logged = value(offer.chosen);
        let likely = offer.target.iter().enumerate().filter(|(_, p)| **p > 0.0);
        (logged, likely.map(|(action, p)| p * value(action)).sum())
    }

    /// `[A]` q̂(x, a) of every action.
    ///
    /// # Panics
    /// As [`predict`](Self::predict).
    pub fn action_values(&self, what: Predicted, offer: &Offer<'_>, desk: &mut Desk, out: &mut [f64]) {
        let mut value = self.values(what, offer, desk);
        out.iter_mut().enumerate().for_each(|(action, out)| *out = value(action));
    }

    fn values<'a>(
        &'a self,
        what: Predicted,
        offer: &'a Offer<'_>,
        desk: &'a mut Desk,
    ) -> impl FnMut(usize) -> f64 + 'a {
        let learner = self.rewards[what as usize].as_ref().expect("only what was asked for is predicted");
        let model = learner.model(fold_of(offer.user, self.asked.folds));
        let described = learner.looks_at_features();
        desk.features.clear();
        move |action| {
            if described {
                desk.features.clear();
                (offer.features)(action, &mut desk.features);
            }
            model.predict((offer.name)(action), offer.position, &desk.features)
        }
    }

    /// The odds that the logged action is the target's and not the log's: `π_target(a|x)/π_log(a|x)` where the classifier is
    /// right.
    ///
    /// # Panics
    /// As [`predict`](Self::predict).
    #[must_use]
    pub fn odds(&self, offer: &Offer<'_>, desk: &mut Desk) -> f64 {
        let classifier = self.classifier.as_ref().expect("only a classifier that was asked for is consulted");
        classifier.odds(fold_of(offer.user, self.asked.folds), offer, &mut desk.features)
    }
}

fn unfit(model: &str) -> impl FnOnce(String) -> OpeError + '_ {
    move |reason| OpeError::Model { model: model.into(), reason }
}
