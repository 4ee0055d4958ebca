use recloop_env::testing::{check_recommender, toy_feed};
use recloop_env::{
    Event, ItemId, Known, Layout, Observation, RecommendError, Recommender, ResetOptions, Slates, Streams,
    TargetPolicy, Tick, UserId, play,
};

use super::scene::{Scene, answered, scores};
use crate::{
    AgentError, Greedy, LinUcb, LinearReward, PlackettLuce, RandomSlates, Reward, Scorer, ThompsonSampling,
};

const ITEMS: [(u16, [f32; 2]); 4] = [(0, [1.0, 0.0]), (1, [0.0, 1.0]), (1, [0.6, 0.8]), (0, [-1.0, 0.0])];

fn plain(exploration: f32) -> LinUcb {
    LinUcb::new(exploration, LinearReward::default()).unwrap()
}

fn thompson(exploration: f32) -> ThompsonSampling {
    ThompsonSampling::new(exploration, LinearReward::default()).unwrap()
}

/// Three people who are shown two items each at tick 4, the second position being looked at half the time; it is tick 5
/// afterwards.
fn taught<S: Scorer>(mut scorer: S, features: bool) -> (Scene, S) {
    let mut scene = Scene::new(&[[0.5, -0.5], [1.0, 0.0], [0.0, 0.25]], &ITEMS, 2);
    scene.spec.examination = vec![1.0, 0.5];
    if !features {
        scene.spec.user_features = Layout::default();
    }
    scorer.begin(&scene.spec).unwrap();
    let (slates, step) = answered(&[[0, 1], [2, 0], [3, 2]], |row, item| row == 1 || item == 0);
    scorer.learn(&scene.at(4), &slates, &step);
    (scene, scorer)
}

/// φ as the documentation has it, with the taste and the rates known at the time.
fn phi(item: usize, tick: u32, rate: f64, taste: [f64; 2], interest: [f64; 2]) -> Vec<f64> {
    let (topic, z) = (usize::from(ITEMS[item].0), ITEMS[item].1.map(f64::from));
    let dot = |a: [f64; 2]| a[0] * z[0] + a[1] * z[1];
    let mut one_hot = [0.0; 2];
    one_hot[topic] = 1.0;
    let fresh = 1.0 / (1.0 + f64::from(tick - item as u32));
    // Interests are about `factor`, as that is the first block that tastes can be about and that is there.
    vec![1.0, one_hot[0], one_hot[1], z[0], z[1], fresh, rate, dot(taste), dot(interest)]
}

/// `A x = b` by Gauss–Jordan: nothing in common with what is tested.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    for i in 0..b.len() {
        let pivot = a[i][i];
        a[i].iter_mut().for_each(|x| *x /= pivot);
        b[i] /= pivot;
        for j in (0..b.len()).filter(|j| *j != i) {
            let factor = a[j][i];
            let row = a[i].clone();
            a[j].iter_mut().zip(row).for_each(|(x, y)| *x -= factor * y);
            b[j] -= factor * b[i];
        }
    }
    b
}

const INTERESTS: [[f64; 2]; 3] = [[0.5, -0.5], [1.0, 0.0], [0.0, 0.25]];

/// A and b after [`taught`]: (row, item, look, click), when nobody had a taste and every rate was 0.1.
fn ridge_regression() -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut a = vec![vec![0.0; 9]; 9];
    (0..9).for_each(|i| a[i][i] = 1.0);
    let mut b = vec![0.0; 9];
    let shown = [
        (0, 0, 1.0, 1.0),
        (0, 1, 0.5, 0.0),
        (1, 2, 1.0, 1.0),
        (1, 0, 0.5, 1.0),
        (2, 3, 1.0, 0.0),
        (2, 2, 0.5, 0.0),
    ];
    for (row, item, look, click) in shown {
        let phi = phi(item, 4, 0.1, [0.0; 2], INTERESTS[row]);
        for i in 0..9 {
            b[i] += click * look * phi[i];
            (0..9).for_each(|j| a[i][j] += look * look * phi[i] * phi[j]);
        }
    }
    (a, b)
}

/// (mean, standard deviation) of every item for row 0 at tick 5.
fn believed() -> Vec<(f64, f64)> {
    let (a, b) = ridge_regression();
    let theta = solve(a.clone(), b);
    // Row 0 clicked item 0 and did not click item 1, which counts half: their record is (1 − r̄) z_0 − ½ r̄ z_1 over 1.5
    // looks and 10 of nobody's, at r̄ = 0.1. Everybody: 3 clicks in 4.5 looks, with 1 in 10 before.
    let taste = [0.9 / 11.5, -0.05 / 11.5];
    let average = (3.0 + 1.0) / (4.5 + 10.0);
    let rate = |clicks: f64, looks: f64| (clicks + 10.0 * average) / (looks + 10.0);
    let rates = [rate(2.0, 1.5), rate(0.0, 0.5), rate(1.0, 1.5), rate(0.0, 1.0)];
    let of = |item: usize| {
        let phi = phi(item, 5, rates[item], taste, INTERESTS[0]);
        let dot = |other: &[f64]| phi.iter().zip(other).map(|(x, y)| x * y).sum::<f64>();
        (dot(&theta), dot(&solve(a.clone(), phi.clone())).sqrt())
    };
    (0..4).map(of).collect()
}

#[test]
fn the_upper_bound_is_that_of_a_ridge_regression_written_out() {
    for exploration in [0.0, 0.25, 3.0] {
        let (scene, scorer) = taught(plain(exploration), true);
        let found = scores(&scorer, &scene.at(5), 0);
        for (found, (mean, deviation)) in found.iter().zip(believed()) {
            let expected = mean + f64::from(exploration) * deviation;
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }
}

#[test]
fn a_thompson_score_has_the_mean_and_the_width_of_what_is_believed() {
    const N: u32 = 20_000;
    let (scene, mut scorer) = taught(thompson(2.0), true);
    scorer.prepare(&scene.at(5), &Streams::new(3)).unwrap();
    let mut sums = [[0.0; 2]; 4];
    // Users differ in their luck and in nothing else: each takes row 0's place, with its taste and interest.
    for draw in 0..N {
        let mut alone = thompson(2.0);
        if draw == 0 {
            // Another run has other luck.
            let others = scores(&taught(thompson(2.0), true).1, &scene.at(5), 0);
            scorer.prepare(&scene.at(5), &Streams::new(9)).unwrap();
            assert_ne!(scores(&scorer, &scene.at(5), 0), others);
        }
        alone.clone_from(&scorer);
        alone.prepare(&scene.at(5), &Streams::new(u64::from(draw))).unwrap();
        for (sums, score) in sums.iter_mut().zip(scores(&alone, &scene.at(5), 0)) {
            sums[0] += f64::from(score);
            sums[1] += f64::from(score).powi(2);
        }
    }
    for (sums, (mean, deviation)) in sums.iter().zip(believed()) {
        let (found, expected) = (sums[0] / f64::from(N), 2.0 * deviation);
        // Six standard errors: of a mean, and of a variance whose own is √(2/N) of it. False alarm: 2e-9 each.
        assert!((found - mean).abs() < 6.0 * expected / f64::from(N).sqrt(), "{found} for {mean}");
        let ratio = (sums[1] / f64::from(N) - found * found) / expected.powi(2);
        assert!((ratio - 1.0).abs() < 6.0 * (2.0 / f64::from(N)).sqrt(), "{ratio}");
    }
    // Without exploration it is the regression itself.
    let (scene, calm) = taught(thompson(0.0), true);
    for (found, (mean, _)) in scores(&calm, &scene.at(5), 0).iter().zip(believed()) {
        assert!((f64::from(*found) - mean).abs() < 1e-5);
    }
}

/// The same bits prepared or not, whatever the lists look like, for all places or some.
fn keeps_its_word(make: impl Fn() -> Box<dyn Scorer>) {
    for features in [true, false] {
        let (scene, mut scorer) = taught(make(), features);
        let (now, rng) = (scene.at(5), Streams::new(0));
        let listed = Observation { tick: Tick(5), ..scene.per_row() };
        let unprepared: Vec<Vec<f32>> = (0..3).map(|row| scores(&scorer, &now, row)).collect();
        assert_ne!(unprepared[0], unprepared[1]);
        for seen in [&now, &listed] {
            scorer.prepare(seen, &rng).unwrap();
            for (row, expected) in unprepared.iter().enumerate() {
                assert_eq!(&scores(&scorer, seen, row), expected);
                let mut some = [0.0; 2];
                scorer.score_at(seen, row, &[3, 1], &mut some);
                assert_eq!(some, [expected[3], expected[1]]);
            }
        }
        // What is learned counts at once, prepared or not, and a snapshot has all of it.
        let (slates, mut step) = answered(&[[3, 1], [3, 1], [3, 1]], |_, item| item == 3);
        step.events.push(Event::Renew { user: UserId(1) });
        scorer.learn(&now, &slates, &step);
        let after: Vec<Vec<f32>> = (0..3).map(|row| scores(&scorer, &now, row)).collect();
        assert_ne!(after, unprepared);
        let mut restored = make();
        restored.begin(&scene_spec(&scene, features)).unwrap();
        restored.load(&scorer.save().unwrap()).unwrap();
        restored.prepare(&now, &rng).unwrap();
        assert_eq!((0..3).map(|row| scores(&restored, &now, row)).collect::<Vec<_>>(), after);
        assert_eq!(restored.save(), scorer.save());
    }
}

fn scene_spec(scene: &Scene, features: bool) -> recloop_env::EnvSpec {
    let mut spec = scene.spec.clone();
    if !features {
        spec.user_features = Layout::default();
    }
    spec
}

#[test]
fn bandits_score_the_same_however_they_are_asked() {
    keeps_its_word(|| Box::new(LinUcb::default()));
    keeps_its_word(|| Box::new(ThompsonSampling::default()));
}

#[test]
fn threads_change_no_bit_of_what_a_bandit_learns() {
    let learned = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut policy = Greedy::new(LinUcb::default());
            play(&mut toy_feed(900), &mut policy, 3, &ResetOptions::default(), |_| ()).unwrap();
            policy.save().unwrap()
        })
    };
    assert_eq!(learned(1), learned(3));
}

#[test]
fn bandits_keep_the_contract() {
    let world = || toy_feed(9);
    check_recommender(|| Greedy::new(LinUcb::default()), world).unwrap();
    check_recommender(|| Greedy::new(ThompsonSampling::default()), world).unwrap();
    check_recommender(|| PlackettLuce::new(LinUcb::default(), 0.1).unwrap(), world).unwrap();
    check_recommender(|| PlackettLuce::new(ThompsonSampling::default(), 0.1).unwrap(), world).unwrap();
}

#[test]
fn nobody_claims_to_know_what_thompson_shows() {
    let (scene, _) = taught(plain(0.1), true);
    let mut policies: [Box<dyn Asked>; 2] = [
        Box::new(Greedy::new(ThompsonSampling::default()).with_marginals(true)),
        Box::new(PlackettLuce::new(ThompsonSampling::default(), 0.5).unwrap().with_marginals(true)),
    ];
    for policy in &mut policies {
        let mut slates = Slates::default();
        policy.begin(&scene.spec).unwrap();
        policy.recommend(&scene.at(5), &Streams::new(1), &mut slates).unwrap();
        assert_eq!((slates.known, slates.marginal), (vec![Known::Unavailable; 3], None));
        let asked = policy.distribution(&scene.at(5), 0, &[ItemId(0)], &mut [0.0; 4]);
        assert!(matches!(asked, Err(RecommendError::Failed { reason }) if reason.contains("at random")));
        let marginals = policy.marginals(&scene.at(5), 0, 2, &mut recloop_env::Grid::default());
        assert_eq!(marginals.unwrap(), Known::Unavailable);
    }
}

trait Asked: Recommender + TargetPolicy {}
impl<P: Recommender + TargetPolicy> Asked for P {}

/// Clicks per impression over a whole run.
fn click_rate(policy: &mut dyn Recommender) -> f64 {
    let (mut clicks, mut shown) = (0, 0);
    play(&mut toy_feed(200), policy, 5, &ResetOptions::default(), |t| {
        let answers = t.step.responses.click.as_slice();
        clicks += answers.iter().filter(|clicked| **clicked).count();
        shown += answers.len();
    })
    .unwrap();
    clicks as f64 / shown as f64
}

#[test]
fn bandits_beat_chance() {
    // 4,800 looks: a difference of 0.05 is five standard errors.
    let random = click_rate(&mut RandomSlates::default());
    let ucb = click_rate(&mut Greedy::new(LinUcb::default()));
    let thompson = click_rate(&mut Greedy::new(ThompsonSampling::default()));
    assert!(ucb > random + 0.05 && thompson > random + 0.05, "{ucb} and {thompson}, {random} by chance");
}

#[test]
fn a_bandit_learns_tastes_that_nobody_shows() {
    // Two kinds of people, two kinds of items; who is who shows only in the clicks.
    let mut scene = Scene::new(&[[0.0; 2]; 40], &[(0, [1.0, 0.0]), (1, [0.0, 1.0])].repeat(10), 4);
    scene.spec.user_features = Layout::default();
    let mut policies: [Box<dyn Recommender>; 2] =
        [Box::new(Greedy::new(LinUcb::default())), Box::new(Greedy::new(ThompsonSampling::default()))];
    for policy in &mut policies {
        policy.begin(&scene.spec).unwrap();
        let mut slates = Slates::default();
        for tick in 20..40 {
            let seen = scene.at(tick);
            policy.recommend(&seen, &Streams::new(2), &mut slates).unwrap();
            let shown: Vec<[u32; 4]> = (0..40)
                .map(|row| std::array::from_fn(|position| slates.items.row(row)[position].0))
                .collect();
            let (_, step) = answered(&shown, |row, item| row as u32 % 2 == item % 2);
            policy.learn(&seen, &slates, &step);
        }
        policy.recommend(&scene.at(40), &Streams::new(2), &mut slates).unwrap();
        let own =
            (0..40).filter(|row| slates.items.row(*row).iter().all(|item| item.0 as usize % 2 == row % 2));
        let own = own.count();
        assert!(own >= 38, "{own} of 40");
    }
}

#[test]
fn refuses_settings_and_worlds_it_cannot_use() {
    let bad = |ridge, exploration| {
        let settings = LinearReward { ridge, reward: Reward::DwellMinutes };
        (
            LinUcb::new(exploration, settings).unwrap_err(),
            ThompsonSampling::new(exploration, settings).unwrap_err(),
        )
    };
    for value in [-1.0, f32::NAN, f32::INFINITY] {
        let (ucb, thompson) = bad(1.0, value);
        assert!(matches!(ucb, AgentError::Setting { name: "exploration", .. }));
        assert!(matches!(thompson, AgentError::Setting { name: "exploration", .. }));
        assert!(matches!(bad(value, 1.0).0, AgentError::Setting { name: "ridge", .. }));
    }
    let mut spec = Scene::new(&[[0.0; 2]], &ITEMS, 1).spec;
    spec.item_features = Layout::default();
    for mut scorer in [Box::new(LinUcb::default()) as Box<dyn Scorer>, Box::new(ThompsonSampling::default())]
    {
        assert!(scorer.begin(&spec).unwrap_err().to_string().contains("`embedding`, `factor`, `topic`"));
    }
    spec.durable_items = false;
    assert!(LinUcb::default().begin(&spec).unwrap_err().to_string().contains("redrawn every tick"));
}
