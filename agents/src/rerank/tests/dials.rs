//! A market in which the scores starve some creators: what each reranker is for improves as its dial rises.

use recloop_env::{Observation, Recommender, Slates, Streams, Tick, UserId, purpose, unit};

use super::FAIR;
use crate::tests::scene::{Scene, answered};
use crate::{DotProduct, Greedy, Rerank, Reranked};

const CREATORS: usize = 8;
const ITEMS: usize = 40;
const USERS: usize = 30;
const K: usize = 4;
const TICKS: u32 = 120;

/// Items everybody likes the better the lower the creator, and users with tastes of their own.
fn market(case: u64) -> Scene {
    let mut draws = Streams::new(case).at(purpose::USER_INIT, UserId(0), Tick(0));
    let mut number = || draws.unit() - 0.5;
    let interest: Vec<[f32; 3]> = (0..USERS).map(|_| [1.0, number(), number()]).collect();
    let quality = |i: usize| 0.1 * (CREATORS - i % CREATORS) as f32;
    let items: Vec<(u16, [f32; 3])> = (0..ITEMS).map(|i| (0, [quality(i), number(), number()])).collect();
    Scene::of_creators(&interest, &items, |i| (i % CREATORS) as u32, K)
}

/// `[P]` what each creator was shown in a run; every fifth user clicks much more than the others.
fn exposures(scene: &Scene, by: Rerank, dial: f32, waves: u32, case: u64) -> Vec<f64> {
    let scorer = DotProduct::new("interest", &["factor"]);
    let reranked = Reranked::new(scorer, by, dial, 1).unwrap().in_waves(waves).unwrap();
    let mut policy = Greedy::new(reranked);
    policy.begin(&scene.spec).unwrap();
    let (rng, mut slates, mut shown) = (Streams::new(case), Slates::default(), vec![0.0; CREATORS]);
    for tick in 0..TICKS {
        let seen = scene.at(tick);
        policy.recommend(&seen, &rng, &mut slates).unwrap();
        slates.check(&seen.users, &seen.candidates, K).unwrap();
        for (at, item) in slates.items.as_slice().iter().enumerate() {
            shown[item.index() % CREATORS] += 1.0 / ((at % K + 2) as f64).log2();
        }
        learn(&mut policy, &seen, &slates, &rng);
    }
    shown
}

fn learn(policy: &mut impl Recommender, seen: &Observation, slates: &Slates, rng: &Streams) {
    let items: Vec<[u32; K]> =
        (0..USERS).map(|r| std::array::from_fn(|k| slates.items.row(r)[k].0)).collect();
    let rate = |row: usize| if row.is_multiple_of(5) { 0.6 } else { 0.1 };
    let (_, step) = answered(&items, |row, item| {
        unit(rng.item_word(purpose::CHOICE, seen.users[row], seen.tick, recloop_env::ItemId(item)))
            < rate(row)
    });
    policy.learn(seen, slates, &step);
}

/// What a reranker is for, 0 being best; all creators are on offer all the time. In units of the mean.
fn target(by: Rerank, shown: &[f64]) -> f64 {
    let mean = shown.iter().sum::<f64>() / CREATORS as f64;
    let parts = || shown.iter().map(|sum| sum / mean);
    let best = parts().fold(0.0, f64::max);
    match by {
        Rerank::FairCo => parts().map(|part| best - part).sum::<f64>() / CREATORS as f64,
        Rerank::Tfrom => parts().map(|part| (part - 1.0).max(0.0)).sum::<f64>() / CREATORS as f64,
        Rerank::PMmf => 1.0 - parts().fold(f64::MAX, f64::min),
        _ => {
            let mut sorted: Vec<f64> = parts().collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            (sorted[0] + sorted[1]) / 2.0 - sorted[2..].iter().sum::<f64>() / (CREATORS - 2) as f64
        }
    }
}

#[test]
fn what_a_reranker_is_for_improves_as_its_dial_rises() {
    // Nothing is drawn but clicks, which CPFair alone heeds. What is left to chance is when a run stops: as nothing moves within
    // a wave, a creator may have had all of the last one or none, which moves its part by at most this much.
    for (by, waves) in FAIR.into_iter().flat_map(|by| [(by, 1), (by, 8)]) {
        let one_wave = CREATORS as f64 / f64::from(TICKS * waves);
        for case in 0..3 {
            let scene = market(case);
            let found =
                [0.0, 0.25, 0.5, 0.75, 1.0].map(|dial| target(by, &exposures(&scene, by, dial, waves, case)));
            let improves = found.windows(2).all(|pair| pair[1] <= pair[0] + one_wave.max(0.01));
            assert!(improves && found[4] < 0.25 * found[0], "{by:?} in market {case}: {found:.3?}");
        }
    }
}

/// How unevenly single ticks are divided: the mean over ticks of the largest part of one creator.
fn largest_part(by: Rerank, waves: u32) -> f64 {
    let scene = market(1);
    let scorer = DotProduct::new("interest", &["factor"]);
    let reranked = Reranked::new(scorer, by, 1.0, 1).unwrap().in_waves(waves).unwrap();
    let (mut policy, rng, mut slates) = (Greedy::new(reranked), Streams::new(1), Slates::default());
    policy.begin(&scene.spec).unwrap();
    let mut sum = 0.0;
    for tick in 0..TICKS {
        let seen = scene.at(tick);
        policy.recommend(&seen, &rng, &mut slates).unwrap();
        let mut shown = [0.0; CREATORS];
        slates.items.as_slice().iter().for_each(|item| shown[item.index() % CREATORS] += 1.0);
        sum += shown.into_iter().fold(0.0, f64::max) / (USERS * K) as f64;
        learn(&mut policy, &seen, &slates, &rng);
    }
    sum / f64::from(TICKS)
}

#[test]
fn waves_keep_a_tick_from_being_one_creators() {
    for by in [Rerank::FairCo, Rerank::PMmf] {
        let [one, several] = [1, 8].map(|waves| largest_part(by, waves));
        // Each is due an eighth of every tick.
        assert!(one > 0.2 && several < 0.75 * one, "{by:?}: {one:.3} in one wave, {several:.3} in eight");
    }
}
