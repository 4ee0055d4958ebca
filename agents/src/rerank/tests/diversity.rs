//! MMR and DPP, by hand and by brute force.

use recloop_env::{Recommender, Slates, Streams};

use super::close;
use crate::tests::scene::{Scene, scores};
use crate::{DotProduct, Greedy, Rerank, Reranked, Scorer};

/// Items in a plane, scored by their first number; one user.
fn plane(items: &[[f32; 2]], k: usize) -> Scene {
    let items: Vec<(u16, [f32; 2])> = items.iter().map(|z| (0, *z)).collect();
    Scene::new(&[[1.0, 0.0]], &items, k)
}

fn reranked(by: Rerank, dial: f32, n: usize) -> Reranked<DotProduct> {
    Reranked::new(DotProduct::new("interest", &["factor"]), by, dial, n).unwrap()
}

fn scored(scene: &Scene, by: Rerank, dial: f32, n: usize) -> Vec<f32> {
    let mut scorer = reranked(by, dial, n);
    scorer.begin(&scene.spec).unwrap();
    scorer.prepare(&scene.seen, &Streams::new(1)).unwrap();
    scores(&scorer, &scene.seen, 0)
}

#[test]
fn mmr_scores_are_those_worked_out_by_hand() {
    // Scores 1, 0.8, 0.6 and, not on the list of three, 0; they spread over 0.4. Likenesses: 0–1: 0.8, 0–2: 0.6,
    // 1–2: 0.8 · 0.6 − 0.6 · 0.8 = 0.
    let scene = plane(&[[1.0, 0.0], [0.8, 0.6], [0.6, -0.8], [0.0, 1.0]], 3);
    // d = ½: item 0 first, at ½; then 1 has 0.4 − 0.2 · 0.8 = 0.24 and 2 has 0.3 − 0.2 · 0.6 = 0.18; after 1, item 2 has
    // the same, being most like 0. The last counts as less than a copy: 0 − 0.2 · 2.
    close(&scored(&scene, Rerank::Mmr, 0.5, 3), &[0.5, 0.24, 0.18, -0.4]);
    // d = ¾ turns 1 and 2 round: 0.2 − 0.3 · 0.8 = −0.04 and 0.15 − 0.3 · 0.6 = −0.03.
    close(&scored(&scene, Rerank::Mmr, 0.75, 3), &[0.25, -0.04, -0.03, -0.6]);
}

#[test]
fn what_was_not_considered_stays_below_copies_at_full_dial() {
    // Topics 0, 0, 0 on the list of three, and a topic of its own beyond it: a slate of three is the list.
    let items = [(0, [1.0]), (0, [0.9]), (0, [0.8]), (1, [0.1])];
    let scene = Scene::new(&[[1.0]], &items, 3);
    for rerank in [Rerank::Mmr, Rerank::Dpp] {
        let scored = scored(&scene, rerank, 1.0, 3);
        assert!(scored[..3].iter().all(|score| *score > scored[3]), "{rerank:?}: {scored:?}");
    }
}

#[test]
fn dpp_scores_are_those_worked_out_by_hand() {
    // As above. After 0: d² = 1 − 0.8² = 0.36 and 1 − 0.6² = 0.64. A plane is spanned by two: then nothing is left.
    let scene = plane(&[[1.0, 0.0], [0.8, 0.6], [0.6, -0.8], [0.0, 1.0]], 3);
    let copy = -1e-6_f32.ln();
    let expected = [0.5, 0.4 - 0.2 * copy, 0.3 + 0.2 * 0.64_f32.ln(), -0.2 * (copy + 1.0)];
    close(&scored(&scene, Rerank::Dpp, 0.5, 3), &expected);
}

/// Determinant by expansion: nothing in common with what is tested.
fn det(m: &[Vec<f64>]) -> f64 {
    let minor = |skip: usize| -> Vec<Vec<f64>> {
        let without =
            |row: &Vec<f64>| row.iter().enumerate().filter(|(j, _)| *j != skip).map(|(_, x)| *x).collect();
        m[1..].iter().map(without).collect()
    };
    match m.len() {
        0 => 1.0,
        n => (0..n).map(|j| if j % 2 == 0 { 1.0 } else { -1.0 } * m[0][j] * det(&minor(j))).sum(),
    }
}

#[test]
fn a_dpp_slate_is_the_greedy_maximum_of_the_log_determinant() {
    for case in 0..20_u64 {
        let number =
            |i: usize, d: usize| f64::from(crate::factorise::word(&Streams::new(case), i, d)) / 2e9 - 1.0;
        let items: Vec<(u16, [f32; 6])> =
            (0..9).map(|i| (0, std::array::from_fn(|d| number(i, d) as f32))).collect();
        let interest = std::array::from_fn(|d| number(50, d) as f32);
        let scene = Scene::new(&[interest], &items, 5);
        let relevance: Vec<f64> = items
            .iter()
            .map(|(_, z)| f64::from(z.iter().zip(&interest).map(|(a, b)| a * b).sum::<f32>()))
            .collect();
        let length = |z: &[f32; 6]| f64::from(z.iter().map(|x| x * x).sum::<f32>()).sqrt();
        let cosine = |a: usize, b: usize| {
            let (a, b) = (&items[a].1, &items[b].1);
            f64::from(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>()) / length(a) / length(b)
        };
        let largest = relevance.iter().copied().fold(f64::MIN, f64::max);
        let spread = largest - relevance.iter().copied().fold(f64::MAX, f64::min);
        let value = |slate: &[usize]| {
            let likeness: Vec<Vec<f64>> =
                slate.iter().map(|a| slate.iter().map(|b| cosine(*a, *b)).collect()).collect();
            let relevant: f64 = slate.iter().map(|i| relevance[*i]).sum();
            0.4 * relevant + 0.6 * spread * det(&likeness).ln()
        };
        let mut slate: Vec<usize> = Vec::new();
        for _ in 0..5 {
            let with = |i: usize| value(&slate.iter().copied().chain([i]).collect::<Vec<_>>());
            let next = (0..9).filter(|i| !slate.contains(i)).max_by(|a, b| with(*a).total_cmp(&with(*b)));
            slate.extend(next);
        }
        let mut greedy = Greedy::new(reranked(Rerank::Dpp, 0.6, 9));
        let mut slates = Slates::default();
        greedy.begin(&scene.spec).unwrap();
        greedy.recommend(&scene.seen, &Streams::new(1), &mut slates).unwrap();
        let shown: Vec<usize> = slates.items.row(0).iter().map(|item| item.index()).collect();
        assert_eq!(shown, slate, "case {case}");
        assert_eq!(slates.propensity.row(0), [1.0; 5]);
    }
}

#[test]
fn refuses_items_without_a_likeness() {
    let mut spec = plane(&[[1.0, 0.0]], 1).spec;
    spec.item_features = recloop_env::Layout::default();
    let error = Reranked::new(crate::Recency, Rerank::Dpp, 0.5, 9).unwrap().begin(&spec).unwrap_err();
    assert!(error.to_string().contains("none of the blocks"), "{error}");
    Reranked::new(crate::Recency, Rerank::FairCo, 0.5, 9).unwrap().begin(&spec).unwrap();
}
