//! Measuring, guessing, controlling.

use recloop_env::testing::{check_recommender, toy_feed};
use recloop_env::{
    EnvSpec, Grid, Group, ItemId, Observation, Population, RecommendError, Recommender, Slates, Snapshot,
    SnapshotError, Step, Streams, Tick, UserId, purpose,
};

use super::noised_counts::laplace;
use super::*;
use crate::tests::scene::{Scene, scores};
use crate::{AgentError, DotProduct, PlackettLuce, Scorer};

/// Users of these levels, of one attribute with `n_levels`.
fn people(levels: &[u16], n_levels: usize) -> Population {
    let names = ["a", "b", "c", "d", "e"];
    let mut people = Population::new(vec![Group::new("group", &names[..n_levels])], levels.len());
    (0..).map(UserId).zip(levels).for_each(|(user, level)| people.levels_mut(user)[0] = *level);
    people
}

fn users(n: u32) -> Vec<UserId> {
    (0..n).map(UserId).collect()
}

/// What a meter would tell of one item after another, of whom nobody was reached for the first time.
fn told(eligible: &[f64], impressions: &[f64], levels: usize) -> NoisedCounts {
    let grid = |values: &[f64]| Grid::from_vec(values.to_vec(), values.len() / levels, levels).unwrap();
    let reached = grid(&vec![0.0; eligible.len()]);
    NoisedCounts {
        eligible: grid(eligible),
        impressions: grid(impressions),
        reached,
        epsilon: 1e9,
        release: 1,
    }
}

fn sure(levels: &[u16], n_levels: usize) -> EstimatedGroups {
    EstimatedGroups::sure(levels, n_levels)
}

#[test]
fn noise_is_laplace() {
    let (n, scale) = (200_000, 2.0);
    let rng = Streams::new(11);
    let mut draws: Vec<f64> = (0..n)
        .map(|i| laplace(&rng, purpose::MEASUREMENT, (ItemId(i % 60), Tick(i / 60), i % 5), scale))
        .collect();
    draws.sort_by(f64::total_cmp);
    let n = f64::from(n);
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|x| x * x).sum::<f64>() / n;
    // Scale b = 2: variance 2b² = 8; x² has variance 24b⁴ − 4b⁴ = 320. Six standard errors each: two false alarms in 10⁹.
    assert!(mean.abs() < 6.0 * (8.0 / n).sqrt(), "mean {mean}");
    assert!((variance - 8.0).abs() < 6.0 * (320.0 / n).sqrt(), "variance {variance}");
    // Dvoretzky–Kiefer–Wolfowitz: the empirical law strays from the true one by √(ln(2·10⁸) / 2n) once in 10⁸.
    let bound = (2e8_f64.ln() / (2.0 * n)).sqrt();
    for x in [-20.0, -10.0, -4.0, -1.0, 0.0, 0.5, 3.0, 8.0, 15.0] {
        let law = if x < 0.0 { 0.5 * f64::exp(x / 2.0) } else { 1.0 - 0.5 * f64::exp(-x / 2.0) };
        let found = draws.partition_point(|draw| *draw <= x) as f64 / n;
        assert!((found - law).abs() < bound, "F({x}) = {found}, not {law}");
    }
}

#[test]
fn a_release_counts_its_own_period_and_eligible_noise_is_drawn_once() {
    let audiences = [users(4), vec![UserId(0), UserId(3)]];
    let mut meter =
        ImpressionMeter::new(&people(&[0, 1, 1, 0], 2), 0, &audiences, 1e7, &Streams::new(3)).unwrap();
    let mut slates = Slates::default();
    slates.reset(2, 2);
    (0..2).for_each(|r| slates.items.row_mut(r).copy_from_slice(&[ItemId(0), ItemId(1)]));
    meter.watch(&[UserId(0), UserId(3)], &slates).unwrap();
    meter.watch(&[UserId(0), UserId(1)], &slates).unwrap();
    let (first, second) = (meter.release(), meter.release());
    let near = |found: &Grid<f64>, expected: [f64; 4]| {
        // Noise of scale 10⁻⁷ is beyond 10⁻⁴ once in e¹⁰⁰⁰.
        found.as_slice().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4)
    };
    assert!(near(first.eligible(), [2.0, 2.0, 2.0, 0.0]) && near(first.impressions(), [3.0, 1.0, 3.0, 1.0]));
    // User 0 met both items again, user 1 item 1 for the first time.
    assert!(near(first.reached(), [2.0, 1.0, 2.0, 1.0]));
    assert!(near(second.impressions(), [0.0; 4]) && near(second.reached(), [0.0; 4]));
    assert_eq!(first.eligible(), second.eligible());
    assert_ne!(first.impressions().row(0)[0] - 3.0, second.impressions().row(0)[0], "noise is drawn anew");
    assert_eq!((second.release(), second.epsilon()), (2, 1e7));
}

#[test]
fn a_meter_refuses_what_it_cannot_measure() {
    let people = people(&[0, 1], 2);
    let new = |attribute, audiences: &[Vec<UserId>], epsilon| {
        ImpressionMeter::new(&people, attribute, audiences, epsilon, &Streams::new(3))
            .err()
            .map(|error| error.to_string())
    };
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(new(0, &[users(2)], epsilon).unwrap().starts_with("set epsilon to "));
    }
    assert_eq!(new(0, &[users(2), vec![]], 1.0).unwrap(), "measure item 1: nobody may be shown it");
    assert!(matches!(
        ImpressionMeter::new(&people, 1, &[], 1.0, &Streams::new(3)).err(),
        Some(AgentError::NoAttribute { attribute: 1, n_attributes: 1 })
    ));
    let mut meter = ImpressionMeter::new(&people, 0, &[users(2)], 1.0, &Streams::new(3)).unwrap();
    let mut slates = Slates::default();
    slates.reset(1, 1);
    assert!(matches!(
        meter.watch(&[UserId(2)], &slates),
        Err(AgentError::NotMeasured { user: UserId(2), .. })
    ));
    slates.items.row_mut(0)[0] = ItemId(1);
    assert!(meter.watch(&[UserId(0)], &slates).is_err());
}

#[test]
fn guesses_are_as_good_as_said() {
    let n = 40_000;
    let levels: Vec<u16> = (0..n).map(|u| (u % 5) as u16).collect();
    let guessed = EstimatedGroups::with_accuracy(&people(&levels, 5), 0, 0.7, &Streams::new(2)).unwrap();
    let mut seen_as = [[0.0; 5]; 5];
    for (user, level) in levels.iter().enumerate() {
        let chances = guessed.of(UserId(user as u32));
        assert!((chances.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let best = (0..5).max_by(|a, b| chances[*a].total_cmp(&chances[*b])).unwrap();
        seen_as[usize::from(*level)][best] += 5.0 / f64::from(n);
    }
    // Hoeffding over 8,000 people of a level: a share strays by .036 once in 10⁹.
    for (level, shares) in seen_as.iter().enumerate() {
        for (other, share) in shares.iter().enumerate() {
            let expected = if level == other { 0.7 } else { 0.075 };
            assert!((share - expected).abs() < 0.036, "{level} seen as {other}: {share}");
        }
    }
    let one = EstimatedGroups::with_accuracy(&people(&[0; 3], 1), 0, 0.3, &Streams::new(2)).unwrap();
    assert_eq!(one.of(UserId(2)), [1.0]);
    for accuracy in [-0.1, 0.0, 1.0, 1.1, f64::NAN] {
        assert!(EstimatedGroups::with_accuracy(&people(&[0], 2), 0, accuracy, &Streams::new(2)).is_err());
    }
    assert!(EstimatedGroups::with_accuracy(&people(&[0], 2), 1, 0.9, &Streams::new(2)).is_err());
}

#[test]
fn deficits_by_hand() {
    // Scores 0, 1, 2 of each user: standard deviation √(2/3).
    let scene = Scene::new(&[[1.0]; 2], &[(0, [0.0]), (0, [1.0]), (0, [2.0])], 1);
    let mut scorer =
        Controlled::new(DotProduct::new("interest", &["factor"]), sure(&[0, 1], 2), 2.0).unwrap();
    scorer.begin(&scene.spec).unwrap();
    assert_eq!(scores(&scorer, &scene.at(3), 0), [0.0, 1.0, 2.0], "nothing was heard yet");
    // Item 0: d = (.5, .5), e = (.8, .2): δ = (−.6, .6). Item 1: as it should be. Item 2 was never shown.
    scorer
        .hear(&told(&[50.0, 50.0, 20.0, 60.0, 7.0, 9.0], &[80.0, 20.0, 100.0, 300.0, 0.0, 0.0], 2))
        .unwrap();
    // c = δ + 0.1 δ the first time; 2 · √(2/3) · 0.66.
    let moved = 2.0 * (2.0_f32 / 3.0).sqrt() * 0.66;
    for (user, sign) in [(0, -1.0), (1, 1.0)] {
        let found = scores(&scorer, &scene.at(3), user);
        assert!((found[0] - sign * moved).abs() < 1e-5, "{found:?}");
        assert!((found[1] - 1.0).abs() < 1e-5 && (found[2] - 2.0).abs() < 1e-5, "{found:?}");
    }
    // The second time impressions add up to (80, 120), e = (.4, .6): δ = ±.2, Σ δ = ∓.6 ± .2.
    scorer.hear(&told(&[50.0, 50.0, 20.0, 60.0, 7.0, 9.0], &[0.0, 100.0, 0.0, 0.0, 0.0, 0.0], 2)).unwrap();
    let found = scores(&scorer, &scene.at(3), 0);
    assert!((found[0] - 2.0 * (2.0_f32 / 3.0).sqrt() * (0.2 - 0.04)).abs() < 1e-5, "{found:?}");
}

#[test]
fn what_may_be_noise_moves_nobody() {
    let scene = Scene::new(&[[1.0]; 2], &[(0, [0.0]), (0, [1.0])], 1);
    let mut scorer =
        Controlled::new(DotProduct::new("interest", &["factor"]), sure(&[0, 1], 2), 2.0).unwrap();
    scorer.begin(&scene.spec).unwrap();
    // Noise of standard deviation √2/ε = 141 on 300 impressions hides a variance of .3.
    let loud = NoisedCounts { epsilon: 0.01, ..told(&[500.0; 4], &[240.0, 60.0, 60.0, 240.0], 2) };
    scorer.hear(&loud).unwrap();
    assert_eq!(scores(&scorer, &scene.at(2), 0), [0.0, 1.0]);
    // Counts below zero are noise as well, and no count at all divides nothing.
    scorer.hear(&told(&[-3.0, -1.0, 5.0, 5.0], &[-500.0, -500.0, -500.0, -100.0], 2)).unwrap();
    assert_eq!(scores(&scorer, &scene.at(2), 1), [0.0, 1.0]);
}

/// Mean size of the pull on an item that reached its audience in the mix it has, heard by a meter of this ε.
fn pulled(epsilon: f64) -> f32 {
    let levels: Vec<u16> = (0..400).map(|u| u % 2).collect();
    let audiences = vec![users(400); 30];
    let mut meter =
        ImpressionMeter::new(&people(&levels, 2), 0, &audiences, epsilon, &Streams::new(5)).unwrap();
    let scene = Scene::new(&[[1.0]; 400], &[(0, [0.0]); 30], 2);
    let mut scorer =
        Controlled::new(DotProduct::new("interest", &["factor"]), sure(&levels, 2), 1.0).unwrap();
    scorer.begin(&scene.spec).unwrap();
    let mut slates = Slates::default();
    slates.reset(400, 30);
    (0..400).for_each(|r| (0..30).for_each(|i| slates.items.row_mut(r)[i as usize] = ItemId(i)));
    for _ in 0..10 {
        meter.watch(&users(400), &slates).unwrap();
        scorer.hear(&meter.release()).unwrap();
    }
    // All scores were 0: what is left is the pull.
    let pulls = [0, 1].map(|row| scores(&scorer, &scene.at(30), row));
    pulls.iter().flatten().map(|pull| pull.abs()).sum::<f32>() / 60.0
}

#[test]
fn fair_delivery_is_left_alone_but_for_little_of_the_noise() {
    // A group that an item has not reached at all pulls by 1 and more.
    let pulls = [1e6, 10.0, 1.0, 0.3, 0.1, 0.001].map(pulled);
    assert!(pulls.iter().all(|pull| *pull < 0.1), "{pulls:?}");
    assert!(pulls[0] < 1e-4 && pulls.iter().any(|pull| *pull > 0.005), "noise there is: {pulls:?}");
}

#[test]
fn a_gain_of_zero_is_the_identity_to_the_bit() {
    let scene = Scene::new(&[[0.3, 0.1]; 2], &[(0, [0.7, 0.2]), (1, [0.1, 0.9]), (1, [0.4, 0.4])], 2);
    let mut alone = DotProduct::default();
    let mut controlled = Controlled::new(DotProduct::default(), sure(&[0, 1], 2), 0.0).unwrap();
    alone.begin(&scene.spec).unwrap();
    controlled.begin(&scene.spec).unwrap();
    controlled.hear(&told(&[5.0; 6], &[9.0, 1.0, 0.0, 40.0, 3.0, 3.0], 2)).unwrap();
    for row in 0..2 {
        let bits = |scores: Vec<f32>| scores.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(scores(&controlled, &scene.at(3), row)), bits(scores(&alone, &scene.at(3), row)));
    }
    assert!(!controlled.learns());
}

#[test]
fn a_controller_refuses_what_it_cannot_use() {
    let new = |gain| Controlled::new(DotProduct::default(), sure(&[0, 1], 2), gain);
    for gain in [-1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(new(gain), Err(AgentError::Gain { .. })));
    }
    let mut controlled = new(1.0).unwrap();
    let other = controlled.hear(&told(&[1.0; 3], &[1.0; 3], 3)).unwrap_err();
    assert_eq!(other.to_string(), "hear counts by 3 levels: groups are estimated for 2");
    let scene = Scene::new(&[[0.3, 0.1]; 3], &[(0, [0.7, 0.2])], 1);
    let unfit = controlled.begin(&scene.spec).unwrap_err().to_string();
    assert!(unfit.contains("it has 3 users, groups are guessed of 2"), "{unfit}");
}

/// Hears made-up counts after every slate, so that the laws meet a controller in the midst of its work.
struct Hearing(PlackettLuce<Controlled<DotProduct>>);

impl Recommender for Hearing {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.0.begin(spec)
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        self.0.recommend(seen, rng, out)
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.0.learn(seen, shown, step);
        let n = 2 * seen.items.catalogue().map_or(0, recloop_env::Catalogue::len);
        let counts: Vec<f64> = (0..n).map(|i| ((i * 7 + seen.tick.0 as usize * 3) % 11) as f64).collect();
        self.0.scorer_mut().hear(&told(&vec![10.0; n], &counts, 2)).unwrap();
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        self.0.save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.0.load(from)
    }
}

#[test]
fn control_keeps_the_contract() {
    let levels: Vec<u16> = (0..9).map(|u| u % 2).collect();
    let guesses = EstimatedGroups::with_accuracy(&people(&levels, 2), 0, 0.9, &Streams::new(4)).unwrap();
    let make = || {
        let scorer = Controlled::new(DotProduct::default(), guesses.clone(), 2.0).unwrap();
        Hearing(PlackettLuce::new(scorer, 0.5).unwrap())
    };
    check_recommender(make, || toy_feed(9)).unwrap();
}
