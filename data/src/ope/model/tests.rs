//! All of it together, as an evaluation uses it.

use super::fold::fold_of;
use super::*;
use crate::ope::OpeError;

/// One decision among three actions.
#[derive(Debug, Clone)]
struct Row {
    user: u64,
    position: u16,
    chosen: usize,
    reward: f64,
    to_go: f64,
    propensity: f64,
    target: [f64; 3],
    x: f64,
    width: usize,
}

impl Row {
    fn offer<T>(&self, see: impl FnOnce(&Offer<'_>) -> T) -> T {
        let features = |action: usize, out: &mut Sparse| {
            if self.width > 0 {
                out.push(action as u32, self.x);
                out.push(0, 1.0);
            }
        };
        let Self { user, position, chosen, reward, to_go, propensity, target, width, .. } = self;
        see(&Offer {
            user: *user,
            position: *position,
            chosen: *chosen,
            reward: *reward,
            to_go: *to_go,
            propensity: *propensity,
            target,
            name: &|action| 100 + action as u64,
            features: &features,
            width: *width,
        })
    }
}

/// Sixty users with five decisions each.
fn log() -> Vec<Row> {
    let row = |n: u64| Row {
        user: n / 5,
        position: (n % 2) as u16,
        chosen: (n * n % 3) as usize,
        reward: f64::from(u8::from(n % 7 < 3)),
        to_go: (n % 4) as f64,
        propensity: [0.5, 0.3, 0.2][(n * n % 3) as usize],
        target: [0.1, 0.3, 0.6],
        x: (n % 11) as f64 / 10.0,
        width: 3,
    };
    (0..300).map(row).collect()
}

fn everything(kind: ModelKind) -> Asked {
    Asked {
        kind,
        outcome: true,
        to_go: true,
        more_robust: true,
        more_robust_deterministic: true,
        classifier: true,
        folds: 3,
    }
}

const KINDS: [ModelKind; 3] = [ModelKind::MeanTable, ModelKind::Linear, ModelKind::Logistic];

fn fitted(asked: &Asked, chunks: &[&[Row]]) -> Result<Modeller, OpeError> {
    let mut modeller = Modeller::new(asked)?;
    loop {
        for chunk in chunks {
            let mut blank = modeller.blank();
            chunk.iter().try_for_each(|row| row.offer(|offer| blank.learn(offer)))?;
            modeller.merge(blank);
        }
        if !modeller.end_pass()? {
            return Ok(modeller);
        }
    }
}

/// Everything that can be asked of a row.
fn asked_of(modeller: &Modeller, row: &Row) -> Vec<f64> {
    let mut desk = Desk::default();
    row.offer(|offer| {
        let pairs = Predicted::ALL.map(|what| modeller.predict(what, offer, &mut desk));
        let mut all: Vec<f64> = pairs.into_iter().flat_map(|(logged, expected)| [logged, expected]).collect();
        all.push(modeller.odds(offer, &mut desk));
        all
    })
}

#[test]
fn chunks_come_to_the_same_as_the_whole() {
    let log = log();
    for kind in KINDS {
        let whole = fitted(&everything(kind), &[&log]).unwrap();
        let parts = fitted(&everything(kind), &[&log[..17], &[], &log[17..200], &log[200..]]).unwrap();
        for row in &log {
            let (whole, parts) = (asked_of(&whole, row), asked_of(&parts, row));
            let differ = whole.iter().zip(&parts).any(|(whole, part)| (whole - part).abs() > 1e-9);
            assert!(!differ, "{kind:?}: {whole:?} against {parts:?}");
        }
    }
}

#[test]
fn nobody_is_asked_of_models_fitted_to_his_own_rows() {
    let log = log();
    let mut changed = log.clone();
    for row in changed.iter_mut().filter(|row| row.user == 5) {
        (row.reward, row.to_go, row.propensity) = (1.0 - row.reward, row.to_go + 3.0, row.propensity / 2.0);
        (row.chosen, row.x) = ((row.chosen + 1) % 3, 1.0 - row.x);
    }
    for kind in KINDS {
        let fits = [&log, &changed].map(|log| fitted(&everything(kind), &[log]).unwrap());
        for row in &log {
            let [before, after] = fits.each_ref().map(|fit| asked_of(fit, row));
            if fold_of(row.user, 3) == fold_of(5, 3) {
                // To the last digit, also for others of the group.
                assert_eq!(before, after, "{kind:?}");
            } else {
                assert_ne!(before, after, "{kind:?}");
            }
        }
    }
}

#[test]
fn what_is_expected_is_the_targets_mean_over_actions() {
    let log = log();
    for kind in KINDS {
        let modeller = fitted(&everything(kind), &[&log]).unwrap();
        let (mut desk, mut values) = (Desk::default(), [0.0; 3]);
        for what in Predicted::ALL {
            let row = &log[7];
            let (logged, expected) = row.offer(|offer| {
                modeller.action_values(what, offer, &mut desk, &mut values);
                modeller.predict(what, offer, &mut desk)
            });
            assert_eq!(logged, values[row.chosen]);
            let sum: f64 = values.iter().zip(row.target).map(|(value, p)| value * p).sum();
            assert!((expected - sum).abs() < 1e-12);
        }
    }
}

#[test]
fn weights_of_more_robust_fits_by_hand() {
    // π_target = ½, π_log = ¼: ¼ · ¾ / (1/16) = 3 and ½ · ¾ / (1/16) = 6. π_target = .2, π_log = 1: none.
    let row = Row { propensity: 0.25, target: [0.5, 0.5, 0.0], chosen: 0, ..log()[0].clone() };
    let weight = |row: &Row, what: Predicted| row.offer(|offer| what.weight_and_reward(offer).unwrap().0);
    assert_eq!(weight(&row, Predicted::MoreRobust), 3.0);
    assert_eq!(weight(&row, Predicted::MoreRobustDeterministic), 6.0);
    assert_eq!((weight(&row, Predicted::Outcome), weight(&row, Predicted::ToGo)), (1.0, 1.0));
    let sure = Row { propensity: 1.0, ..row };
    assert_eq!(weight(&sure, Predicted::MoreRobust), 0.0);
}

#[test]
fn more_robust_means_by_hand() {
    // Every user has both rows, so each fit sees the same shares: two weights of one action at one position.
    let row = |user: u64, propensity: f64, reward: f64| Row {
        user,
        propensity,
        reward,
        chosen: 0,
        position: 0,
        target: [0.5, 0.5, 0.0],
        ..log()[0].clone()
    };
    // ¼ · ¾ / (1/16) = 3 with reward 1, ¼ · ½ / ¼ = ½ with reward 0: 3/3.5. The position's mean is the same.
    let log: Vec<Row> = (0..30).flat_map(|user| [row(user, 0.25, 1.0), row(user, 0.5, 0.0)]).collect();
    let asked = Asked { kind: ModelKind::MeanTable, more_robust: true, ..Asked::default() };
    let modeller = fitted(&asked, &[&log]).unwrap();
    let (logged, expected) =
        log[0].offer(|offer| modeller.predict(Predicted::MoreRobust, offer, &mut Desk::default()));
    assert!((logged - 6.0 / 7.0).abs() < 1e-12 && (expected - 6.0 / 7.0).abs() < 1e-12);
}

#[test]
fn without_features_a_linear_model_is_a_mean() {
    let log: Vec<Row> = log().into_iter().map(|row| Row { width: 0, position: 2, ..row }).collect();
    for kind in [ModelKind::Linear, ModelKind::Logistic] {
        let modeller = fitted(&Asked { kind, outcome: true, ..Asked::default() }, &[&log]).unwrap();
        let others = log.iter().filter(|row| fold_of(row.user, 3) != fold_of(0, 3));
        let (n, sum) = others.fold((0.0, 0.0), |(n, sum), row| (n + 1.0, sum + row.reward));
        let (logged, expected) =
            log[0].offer(|offer| modeller.predict(Predicted::Outcome, offer, &mut Desk::default()));
        assert!((logged - sum / n).abs() < 1e-9 && (expected - sum / n).abs() < 1e-9, "{kind:?}: {logged}");
    }
}

#[test]
fn fits_can_be_stored() {
    let log = log();
    for kind in KINDS {
        let modeller = fitted(&everything(kind), &[&log]).unwrap();
        let bytes = postcard::to_allocvec(&modeller).unwrap();
        let restored: Modeller = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(asked_of(&restored, &log[3]), asked_of(&modeller, &log[3]));
    }
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let refused = |asked: Asked, change: &dyn Fn(&mut Row)| {
        let mut log = log();
        change(&mut log[42]);
        let text = fitted(&asked, &[&log]).unwrap_err().to_string();
        assert!(text.starts_with("fit "), "{text}");
        text
    };
    let all = everything(ModelKind::Linear);
    let outcome = Asked { outcome: true, ..Asked::default() };
    assert!(
        refused(outcome, &|row| row.reward = f64::NAN).contains("user 8 at position 0: its reward is NaN")
    );
    assert!(refused(all, &|row| row.to_go = f64::INFINITY).contains("reward is inf"));
    assert!(refused(outcome, &|row| row.x = f64::NAN).contains("is NaN"));
    assert!(refused(all, &|row| row.propensity = 0.0).contains("propensity of 0"));
    assert!(refused(all, &|row| row.propensity = 1e-300).contains("no weight"));
    assert!(refused(all, &|row| row.propensity = f64::NAN).contains("NaN"));
    assert!(refused(outcome, &|row| row.chosen = 3).contains("action 3 was taken of 3"));
    assert!(refused(outcome, &|row| row.width = 2000).contains("2000 features"));
    assert!(refused(outcome, &|row| row.width = 4).contains("have 3 features and others 4"));
    let logistic = Asked { kind: ModelKind::Logistic, ..outcome };
    assert!(refused(logistic, &|row| row.reward = 1.5).contains("1.5 is not in [0, 1]"));
    let classifier = Asked { classifier: true, ..Asked::default() };
    assert!(refused(classifier, &|row| row.target[1] = f64::NAN).contains("`balanced-ips`: user 8"));
    assert!(refused(classifier, &|row| row.chosen = 3).contains("action 3"));
}

#[test]
fn propensities_are_needed_only_where_they_are_used() {
    let log: Vec<Row> = log().into_iter().map(|row| Row { propensity: f64::NAN, ..row }).collect();
    let asked = Asked { outcome: true, to_go: true, classifier: true, ..Asked::default() };
    assert!(fitted(&asked, &[&log]).is_ok());
}

#[test]
fn too_few_users_are_refused() {
    let log = log();
    let asked = Asked { outcome: true, ..Asked::default() };
    let error = |log: &[Row]| fitted(&asked, &[log]).unwrap_err().to_string();
    assert!(error(&log[..10]).contains("2 users are too few for 3 folds"));
    assert!(error(&[]).contains("0 users"));
    let crowd: Vec<Row> = log.into_iter().filter(|row| fold_of(row.user, 3) == 1).collect();
    assert!(error(&crowd).contains("into one of 3 folds"));
    for folds in [0, 1, 21] {
        assert!(Modeller::new(&Asked { folds, ..asked }).unwrap_err().to_string().contains("2 to 20"));
    }
}

#[test]
fn what_nobody_asked_for_is_not_fitted() {
    let nothing = Modeller::new(&Asked::default()).unwrap();
    assert!(!nothing.is_needed());
    let mut modeller = fitted(&Asked::default(), &[&log()]).unwrap();
    assert!(!modeller.end_pass().unwrap());
}
