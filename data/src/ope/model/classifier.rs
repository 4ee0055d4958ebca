//! Whose action is it, the log's or the target's?

use recloop_env::philox4x32;
use serde::{Deserialize, Serialize};

use super::logistic::Newton;
use super::row::{FEATURES, Row, score};
use super::{Offer, Sparse};

/// Up to how many actions at their positions have a coefficient of their own; more of them share as many by a hash. Chosen
/// by us: the normal equations then take some megabytes.
const SLOTS: usize = 512;

/// Log-odds are kept within ± these (chosen by us: no weight of 10¹³ tells more than another).
const LOG_ODDS: f64 = 30.0;

/// Keeps this hash apart from other uses of the cipher.
const PURPOSE: u32 = u32::from_be_bytes(*b"slot");

/// Where each action at its position has its coefficient.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Slots {
    /// One each, in ascending order.
    Own(Vec<(u16, u64)>),
    /// Shared.
    Hashed,
}

impl Slots {
    fn insert(&mut self, position: u16, action: u64) {
        let Self::Own(keys) = self else { return };
        match keys.binary_search(&(position, action)) {
            Ok(_) => {}
            Err(_) if keys.len() == SLOTS => *self = Self::Hashed,
            Err(at) => keys.insert(at, (position, action)),
        }
    }

    fn merge(&mut self, other: Self) {
        match other {
            Self::Own(keys) => keys.into_iter().for_each(|(position, action)| self.insert(position, action)),
            Self::Hashed => *self = Self::Hashed,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Own(keys) => keys.len(),
            Self::Hashed => SLOTS,
        }
    }

    fn of(&self, position: u16, action: u64) -> Option<usize> {
        match self {
            Self::Own(keys) => keys.binary_search(&(position, action)).ok(),
            Self::Hashed => {
                let key = [action as u32, (action >> 32) as u32, u32::from(position), PURPOSE];
                Some(philox4x32(key, [0; 2])[0] as usize % SLOTS)
            }
        }
    }
}

/// A cross-fitted classifier between logged actions and those of the target.
///
/// A logistic regression on the features and an indicator of every action at its position. A logged action is a row of
/// label 0; every action the target could take is a row of label 1 and of weight π_target(a|x): what a draw from the target
/// would be on average, without the noise of drawing. The first pass counts what there are indicators of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Classifier {
    slots: Slots,
    counted: bool,
    newton: Newton,
}

impl Classifier {
    pub(super) fn new(folds: usize, ridge: f64) -> Self {
        Self { slots: Slots::Own(Vec::new()), counted: false, newton: Newton::new(folds, ridge) }
    }

    pub(super) fn blank(&self) -> Self {
        Self { newton: self.newton.blank(), ..self.clone() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.newton.is_done()
    }

    pub(super) fn learn(
        &mut self,
        fold: usize,
        offer: &Offer<'_>,
        x: &mut Sparse,
        row: &mut Row,
    ) -> Result<(), String> {
        let by_target = offer.target.iter().copied().enumerate().map(|(action, p)| (action, p, 1.0));
        for (action, weight, label) in by_target.chain([(offer.chosen, 1.0, 0.0)]) {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(format!("the target's probability of action {action} is {weight}"));
            }
            let name = (offer.name)(action);
            if weight == 0.0 {
                continue;
            }
            if !self.counted {
                self.slots.insert(offer.position, name);
                continue;
            }
            x.clear();
            (offer.features)(action, x);
            let mark = (self.slots.of(offer.position, name), self.slots.len());
            row.fill(offer.position, x, offer.width, mark)?;
            self.newton.learn(fold, row, (weight, weight), label);
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.newton.merge(&other.newton);
        self.slots.merge(other.slots);
    }

    pub(super) fn end_pass(&mut self) -> Result<(), String> {
        if self.counted {
            return self.newton.end_pass();
        }
        self.counted = true;
        Ok(())
    }

    /// p/(1 − p) of the logged action.
    pub(super) fn odds(&self, fold: usize, offer: &Offer<'_>, x: &mut Sparse) -> f64 {
        x.clear();
        (offer.features)(offer.chosen, x);
        let coefficients = self.newton.fit(fold).coefficients();
        let (features, marks) = coefficients.split_at(coefficients.len().min(FEATURES + offer.width));
        let mark = self.slots.of(offer.position, (offer.name)(offer.chosen)).and_then(|mark| marks.get(mark));
        let log_odds = score(features, offer.position, x) + mark.copied().unwrap_or(0.0);
        log_odds.clamp(-LOG_ODDS, LOG_ODDS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty users who each saw ten of the actions `first..first + 3`, at the log's very frequencies; asked of each action
    /// in turn.
    fn odds(first: u64, others: u64) -> Vec<f64> {
        let mut classifier = Classifier::new(2, 1e-12);
        let target = [0.2, 0.3, 0.5];
        let features = |_: usize, _: &mut Sparse| ();
        let (mut x, mut row) = (Sparse::default(), Row::default());
        let name = |action: usize| first + action as u64;
        let offer = |chosen, user| Offer {
            user,
            position: 3,
            chosen,
            reward: f64::NAN,
            to_go: f64::NAN,
            propensity: f64::NAN,
            target: &target,
            name: &name,
            features: &features,
            width: 0,
        };
        while !classifier.is_done() {
            if !classifier.counted {
                (0..others).for_each(|action| classifier.slots.insert(9, action));
            }
            for user in 0..30_u64 {
                for chosen in [0, 0, 0, 0, 0, 0, 1, 1, 1, 2] {
                    classifier.learn(user as usize % 2, &offer(chosen, user), &mut x, &mut row).unwrap();
                }
            }
            classifier.end_pass().unwrap();
        }
        (0..3).map(|chosen| classifier.odds(1, &offer(chosen, 1), &mut x)).collect()
    }

    #[test]
    fn odds_are_the_ratio_of_the_policies() {
        // Logged at .6, .3, .1. Nobody knew the propensities, and rewards are none of its business.
        for (odds, expected) in odds(7, 0).into_iter().zip([0.2 / 0.6, 1.0, 5.0]) {
            assert!((odds / expected - 1.0).abs() < 1e-6, "{odds} for {expected}");
        }
    }

    #[test]
    fn many_actions_share_coefficients() {
        // Three of 512 places: no two of these share one, or their odds would be equal.
        for (odds, expected) in odds(7, 600).into_iter().zip([0.2 / 0.6, 1.0, 5.0]) {
            assert!((odds / expected - 1.0).abs() < 1e-6, "{odds} for {expected}");
        }
        let mut slots = Slots::Own(Vec::new());
        (0..SLOTS as u64).for_each(|action| slots.insert(0, action));
        slots.insert(0, 3);
        assert_eq!((slots.of(0, 3), slots.of(1, 3)), (Some(3), None));
        let mut other = Slots::Own(vec![(1, 3)]);
        other.merge(slots);
        assert!(matches!(other, Slots::Hashed) && other.of(0, 3) != other.of(1, 3));
    }
}
