//! What a user was shown before is not shown again: a list with barred items is the list without them.

use std::sync::Arc;

use recloop_env::{
    Candidates, Grid, ItemId, Known, Observation, Recommender, Slates, Streams, TargetPolicy, Tick, UserId,
    purpose,
};

use super::scene::Scene;
use crate::{DotProduct, Greedy, LinUcb, PlackettLuce, RandomSlates, Recency, Rerank, Reranked, TwoStage};

const N_ITEMS: u32 = 60;
const N_USERS: usize = 12;

/// A scene with many items, of which each user may not be shown some; and the same people with lists of what they may be
/// shown.
fn scenes(case: u64) -> (Scene, Observation, Observation) {
    let rng = Streams::new(case);
    let mut draws = rng.at(purpose::USER_INIT, UserId(0), Tick(0));
    let mut number = || draws.unit() - 0.5;
    let interest: Vec<[f32; 3]> = (0..N_USERS).map(|_| [number(), number(), number()]).collect();
    let items: Vec<(u16, [f32; 3])> =
        (0..N_ITEMS).map(|i| ((i % 3) as u16, [number(), number(), number()])).collect();
    let scene = Scene::new(&interest, &items, 4);
    // From none barred to all but the four that fill a slate.
    let barred: Vec<Vec<u32>> = (0..N_USERS)
        .map(|row| {
            let most = (N_ITEMS - 4) * row as u32 / (N_USERS as u32 - 1);
            let mut barred: Vec<u32> = (0..N_ITEMS).collect();
            barred.sort_by_key(|item| {
                rng.item_word(purpose::CANDIDATES, UserId(row as u32), Tick(0), ItemId(*item))
            });
            barred.truncate(most as usize);
            barred.sort_unstable();
            barred
        })
        .collect();
    let unseen = Observation { tick: Tick(70), ..scene.barring(&barred) };
    let (mut starts, mut left) = (vec![0], Vec::new());
    for barred in &barred {
        left.extend((0..N_ITEMS).filter(|item| !barred.contains(item)).map(ItemId));
        starts.push(left.len() as u32);
    }
    let candidates = Arc::new(Candidates::PerRow { starts, items: left });
    let listed = Observation { candidates, ..unseen.clone() };
    (scene, unseen, listed)
}

/// The policy shows what it shows where the barred items are not listed at all, says that it is as likely, and gives
/// the barred ones no chance when asked.
fn bars<P: Recommender + TargetPolicy>(make: impl Fn() -> P) {
    for case in 0..20 {
        let (scene, unseen, listed) = scenes(case);
        let (mut policy, mut twin) = (make(), make());
        let (mut shown, mut expected) = (Slates::default(), Slates::default());
        for (policy, seen, slates) in
            [(&mut policy, &unseen, &mut shown), (&mut twin, &listed, &mut expected)]
        {
            policy.begin(&scene.spec).unwrap();
            policy.recommend(seen, &Streams::new(case + 99), slates).unwrap();
        }
        assert_eq!(shown.items, expected.items);
        close(shown.propensity.as_slice(), expected.propensity.as_slice());
        let marginals = shown.marginal.as_ref().unwrap().as_slice();
        close(marginals, expected.marginal.as_ref().unwrap().as_slice());
        shown.check(&unseen.users, &unseen.candidates, 4).unwrap();
        for row in 0..N_USERS {
            answers_alike(&policy, &twin, &unseen, &listed, row, shown.items.row(row));
        }
    }
}

fn answers_alike(
    policy: &impl TargetPolicy,
    twin: &impl TargetPolicy,
    unseen: &Observation,
    listed: &Observation,
    row: usize,
    shown: &[ItemId],
) {
    let (mut next, mut expected) =
        (vec![0.0; N_ITEMS as usize], vec![0.0; listed.candidates.listed(row).len()]);
    let (mut at, mut expected_at) = (Grid::default(), Grid::default());
    policy.distribution(unseen, row, &shown[..2], &mut next).unwrap();
    twin.distribution(listed, row, &shown[..2], &mut expected).unwrap();
    assert_eq!(policy.marginals(unseen, row, 4, &mut at).unwrap(), Known::Exact);
    assert_eq!(twin.marginals(listed, row, 4, &mut expected_at).unwrap(), Known::Exact);
    for (place, item) in (0..N_ITEMS).map(ItemId).enumerate() {
        match listed.candidates.place(row, item) {
            Some(twin) => {
                close(&[next[place]], &[expected[twin]]);
                close(at.row(place), expected_at.row(twin));
            }
            None => assert!(next[place] == 0.0 && at.row(place) == [0.0; 4], "barred, but not impossible"),
        }
    }
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
}

#[test]
fn barred_items_are_as_if_they_were_not_listed() {
    let dot = DotProduct::default;
    let drawn = || PlackettLuce::new(dot(), 0.2).unwrap().with_marginals(true);
    bars(|| RandomSlates::default().with_marginals(true));
    bars(|| Greedy::new(dot()).with_marginals(true));
    bars(|| Greedy::new(Recency).with_marginals(true));
    bars(|| Greedy::new(LinUcb::default()).with_marginals(true));
    bars(drawn);
    for by in [Rerank::Mmr, Rerank::Dpp, Rerank::Tfrom] {
        let diverse = move || Reranked::new(dot(), by, 0.4, 10).unwrap();
        bars(|| Greedy::new(diverse()).with_marginals(true));
        bars(|| PlackettLuce::new(diverse(), 0.2).unwrap().with_marginals(true));
    }
    bars(|| Greedy::new(TwoStage::new(Recency, dot(), 7).unwrap()).with_marginals(true));
    bars(|| PlackettLuce::new(TwoStage::new(Recency, dot(), 7).unwrap(), 0.2).unwrap().with_marginals(true));
}
