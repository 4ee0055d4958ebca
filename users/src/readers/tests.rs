//! Readers by themselves.

use super::*;
use recloop_env::testing::check_users;
use recloop_env::{Env, NewItem, Observation, OpenShelf, ResetOptions, Sharded, Slates, Step, Supply, World};

fn readers(params: ReadersParams) -> Readers {
    let number = |name, high| Block::dense(name, 1, (0.0, high), "");
    let observed =
        Layout::new(vec![Block::dense("embedding", 8, (-1.0, 1.0), ""), number("length_secs", 180.0)]);
    let latent = Layout::new(vec![number("quality", 1.0), number("bait", 1.0)]);
    Readers::new(params, 1.0, Topics::new(5, 8).into(), &observed, &latent).unwrap()
}

fn item(topic: usize, quality: f32, bait: f32) -> NewItem {
    let mut dense = Topics::new(5, 8).centres.row(topic).to_vec();
    dense.push(60.0);
    NewItem { dense, latent_dense: vec![quality, bait], ..NewItem::default() }
}

fn shelf(model: &Readers) -> Supply {
    let number = |name, high| Block::dense(name, 1, (0.0, high), "");
    let observed = Layout::new(vec![
        Block::dense("embedding", model.embedding.length(), (-1.0, 1.0), ""),
        number("length_secs", 180.0),
    ]);
    let latent = Layout::new(vec![number("quality", 1.0), number("bait", 1.0)]);
    let items = (0..5).map(|t| item(t, 0.2 * t as f32, 0.5)).collect();
    Supply::Shelf(Box::new(OpenShelf::new(observed, latent, items, None)))
}

fn world(params: ReadersParams, n: usize, k: usize) -> World {
    let model = readers(params);
    let supply = shelf(&model);
    World::builder("readers").cohort(Sharded::new(model, n)).supply(supply).slate_size(k).build().unwrap()
}

/// Hoeffding: a mean of `n` numbers in [0, 1] strays this far once in 10⁸.
fn bound(n: usize) -> f64 {
    (2e8_f64.ln() / (2.0 * n as f64)).sqrt()
}

#[test]
fn readers_keep_the_contract() {
    let tilted = ReadersParams { group_tilt: 1.0, observe_interest: true, ..ReadersParams::default() };
    for params in [ReadersParams::default(), tilted] {
        let model = readers(params);
        check_users(&model, || shelf(&model), 3).unwrap();
    }
}

#[test]
fn they_click_and_dwell_as_often_as_the_equations_say() {
    let (n, k) = (40_000, 3);
    let mut world = world(ReadersParams { examination: 0.6, ..ReadersParams::default() }, n, k);
    let options = ResetOptions { tell_choice_probs: true, ..ResetOptions::default() };
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(3, &options, &mut seen).unwrap();
    slates.reset(n, k);
    (0..n).for_each(|r| slates.items.row_mut(r).copy_from_slice(&[4, 0, 2].map(ItemId)));
    let (mut clicks, mut secs) = ([0.0; 3], [0.0; 3]);
    for r in 0..n {
        let (mut appeal, mut dwell, mut worth) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        let shown = [4, 0, 2].map(ItemId);
        assert!(world.truth().appraise(r, Goal::Click, &shown, &mut appeal));
        assert!(world.truth().appraise(r, Goal::Dwell, &shown, &mut dwell));
        assert!(world.truth().appraise(r, Goal::Utility, &shown, &mut worth));
        let x = world.truth().user(UserId(r as u32), "interest").unwrap();
        for p in 0..3 {
            let topic = shown[p].index();
            let by_hand = 5.0 * dot(x, Topics::new(5, 8).centres.row(topic)) + 0.5 - 3.5;
            assert!((appeal[p] - by_hand).abs() < 1e-4, "{} for {by_hand}", appeal[p]);
            assert!((dwell[p] - sigmoid(appeal[p]) * worth[p]).abs() < 1e-4 * worth[p].max(1e-3));
            clicks[p] += f64::from(sigmoid(appeal[p])) * 0.6_f64.powi(p as i32) / n as f64;
            secs[p] += f64::from(dwell[p]) * 0.6_f64.powi(p as i32) / n as f64;
        }
    }
    world.step(&slates, &mut step).unwrap();
    for p in 0..3 {
        let mean = |of: &dyn Fn(usize) -> f64| (0..n).map(of).sum::<f64>() / n as f64;
        let clicked = mean(&|r| f64::from(u8::from(step.responses.click.row(r)[p])));
        let dwelt = mean(&|r| f64::from(step.responses.dwell_secs.row(r)[p]));
        let told = mean(&|r| f64::from(step.responses.choice_probs.as_ref().unwrap().row(r)[p]));
        assert!((told - clicks[p]).abs() < 1e-4 && (clicked - clicks[p]).abs() < bound(n), "{p}: {clicked}");
        assert!((dwelt - secs[p]).abs() < 60.0 * bound(n), "{p}: {dwelt} for {}", secs[p]);
    }
    assert!(secs[0] > 5.0 * 60.0 * bound(n), "a test of seconds needs some: {secs:?}");
}

/// How often each topic is the one a reader is nearest to.
fn favourites(params: ReadersParams, seed: u64, of: impl Fn(&[u16]) -> bool) -> Vec<f64> {
    let n = 20_000;
    let mut world = world(params, n, 1);
    world.reset(seed, &ResetOptions::default(), &mut Observation::default()).unwrap();
    let (mut shares, centres) = (vec![0.0; 5], Topics::new(5, 8).centres);
    let population = world.population().unwrap();
    for user in (0..n as u32).map(UserId).filter(|user| of(population.levels(*user))) {
        let x = world.truth().user(user, "interest").unwrap();
        let liking = |t: &usize| dot(x, centres.row(*t));
        let best = (0..5).max_by(|a, b| liking(a).total_cmp(&liking(b))).unwrap();
        shares[best] += 1.0;
    }
    let total: f64 = shares.iter().sum();
    shares.iter().map(|share| share / total).collect()
}

#[test]
fn demand_is_as_unequal_as_asked_and_another_seed_wants_other_topics() {
    let skewed = |skew, seed| {
        favourites(ReadersParams { demand_skew: skew, ..ReadersParams::default() }, seed, |_| true)
    };
    let (even, one, other) = (skewed(0.0, 1), skewed(2.0, 1), skewed(2.0, 2));
    let most = |shares: &[f64]| shares.iter().copied().fold(0.0, f64::max);
    // Five alike would be a fifth each but for centres at odd angles; with weights 1, 1/4, 1/9, … the first has 68 %, or
    // less where somebody has two or three.
    assert!(most(&even) < 0.3 && most(&one) > 0.4, "{even:?} {one:?}");
    assert!(one != other);
}

#[test]
fn groups_differ_only_if_they_are_to() {
    let tilted = |tilt, half| {
        favourites(ReadersParams { group_tilt: tilt, ..ReadersParams::default() }, 4, move |levels| {
            levels[0] == half
        })
    };
    let apart = |tilt| -> f64 {
        let (one, other): (Vec<f64>, Vec<f64>) = (tilted(tilt, 0), tilted(tilt, 1));
        one.iter().zip(&other).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
    };
    // Shares of 8,000 and 12,000 people: each strays by less than .034 once in 10⁸, five of them by less than .17 in sum.
    assert!(apart(0.0) < 0.085 && apart(1.5) > 0.1, "{} {}", apart(0.0), apart(1.5));
}

#[test]
fn refuses_what_no_reader_can_be() {
    let number = |name, high| Block::dense(name, 1, (0.0, high), "");
    let observed = |dim| {
        Layout::new(vec![Block::dense("embedding", dim, (-1.0, 1.0), ""), number("length_secs", 180.0)])
    };
    let latent = Layout::new(vec![number("quality", 1.0), number("bait", 1.0)]);
    let refused = |params, topics: Topics, dim| {
        Readers::new(params, 1.0, topics.into(), &observed(dim), &latent).unwrap_err().to_string()
    };
    let bad = ReadersParams { taste_weight: -1.0, ..ReadersParams::default() };
    assert_eq!(refused(bad, Topics::new(5, 8), 8), "set `taste_weight` to -1: allowed is [0, 100]");
    let bad = ReadersParams { examination: f32::NAN, ..ReadersParams::default() };
    assert_eq!(refused(bad, Topics::new(5, 8), 8), "set `examination` to NaN: allowed is (0, 1]");
    let none = refused(ReadersParams::default(), Topics::new(0, 8), 8);
    assert_eq!(none, "set `topics` to 0: allowed is 1 or more");
    let wrong = refused(ReadersParams::default(), Topics::new(5, 8), 9);
    assert_eq!(wrong, "read topic centres: expected 9 values, found 8");
}
