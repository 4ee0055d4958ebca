use super::*;
use recloop_env::Streams;

use crate::factorise::word;

fn draw(scores: &[f32], temperature: f32, k: usize, seed: u64) -> (Vec<usize>, Vec<f64>) {
    let (mut order, mut propensity) = (vec![0; k], vec![0.0; k]);
    let noise = |j| word(&Streams::new(seed), 0, j);
    sample(scores, temperature, noise, &mut Scratch::default(), &mut order, &mut propensity).unwrap();
    (order, propensity)
}

/// Calls `visit(slate, probability)` for every ordered slate of `k` candidates.
fn every_slate(scores: &[f32], temperature: f32, k: usize, visit: &mut dyn FnMut(&[usize], f64)) {
    fn extend(
        scores: &[f32],
        temperature: f32,
        k: usize,
        above: &mut Vec<usize>,
        probability: f64,
        visit: &mut dyn FnMut(&[usize], f64),
    ) {
        if above.len() == k {
            return visit(above, probability);
        }
        let mut next = vec![0.0; scores.len()];
        conditional(scores, temperature, above, &mut next).unwrap();
        for candidate in (0..scores.len()).filter(|c| !above.contains(c)).collect::<Vec<_>>() {
            above.push(candidate);
            extend(scores, temperature, k, above, probability * next[candidate], visit);
            above.pop();
        }
    }
    extend(scores, temperature, k, &mut Vec::new(), 1.0, visit);
}

fn marginals_of(scores: &[f32], temperature: f32, k: usize) -> Vec<f64> {
    let mut out = vec![0.0; scores.len() * k];
    marginals(scores, temperature, k, &mut Scratch::default(), &mut out).unwrap();
    out
}

#[test]
fn the_probabilities_of_all_slates_sum_to_one() {
    for (scores, temperature) in [([0.3, -1.0, 2.0, 0.0, 0.7], 1.0), ([8.0, -8.0, 0.0, 8.0, 3.0], 0.5)] {
        for k in 0..=5 {
            let mut total = 0.0;
            every_slate(&scores, temperature, k, &mut |_, probability| total += probability);
            assert!((total - 1.0).abs() < 1e-13, "k = {k}: {total}");
        }
    }
}

#[test]
fn marginals_match_enumeration() {
    let mut worst: f64 = 0.0;
    let (mut n_equal, mut n_wide) = (0, 0);
    for case in 0..60 {
        for n in 1..=6 {
            // Scores on a lattice, so that ties occur, spanning e^-8 to e^8; the last third at a tenth of
            // that span.
            let lattice = |j| (word(&Streams::new(case), n, j) % 17) as f32 - 8.0;
            let scores: Vec<f32> = (0..n).map(|j| lattice(j) * if case < 40 { 1.0 } else { 0.1 }).collect();
            n_equal += usize::from(n > 1 && scores[0] == scores[1]);
            n_wide += usize::from(scores.contains(&8.0) && scores.contains(&-8.0));
            for k in 1..=n.min(4) {
                let mut expected = vec![0.0; n * k];
                every_slate(&scores, 1.0, k, &mut |slate, probability| {
                    slate.iter().enumerate().for_each(|(p, &j)| expected[j * k + p] += probability);
                });
                let found = marginals_of(&scores, 1.0, k);
                worst = found.iter().zip(&expected).fold(worst, |worst, (f, e)| worst.max((f - e).abs()));
            }
        }
    }
    assert!(n_equal > 0 && n_wide > 0, "the cases must cover ties and the full span");
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn marginals_fill_every_position_once() {
    let spread: Vec<f32> = (0..300).map(|j| (word(&Streams::new(1), 2, j) % 1000) as f32 / 100.0).collect();
    for (temperature, k) in [(1.0, 1), (1.0, 10), (0.01, 10), (1e-6, 20), (1e6, 60)] {
        let at = marginals_of(&spread, temperature, k);
        for p in 0..k {
            let column: f64 = at.iter().skip(p).step_by(k).sum();
            assert!((column - 1.0).abs() < 1e-12, "τ = {temperature}, position {p}: 1 + {:e}", column - 1.0);
        }
        assert!(at.chunks(k).all(|row| row.iter().sum::<f64>() < 1.0 + 1e-12));
    }
}

#[test]
fn marginals_of_equal_scores_are_uniform_and_of_distant_ones_certain() {
    assert!(marginals_of(&[0.7; 40], 0.3, 12).iter().all(|p| (p - 1.0 / 40.0).abs() < 1e-13));
    let certain = marginals_of(&[0.0, 1e30, -1e30], 1e-3, 3);
    for (found, expected) in certain.iter().zip([0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]) {
        assert!((found - expected).abs() < 1e-13);
    }
}

#[test]
fn slates_come_as_often_as_their_propensities_say() {
    // Hoeffding: P(|frequency − p| ≥ ε) ≤ 2 exp(−2Nε²). With N = 200,000, 12 slates and a false alarm on one
    // seed in 1e9: ε = √(ln(24e9) / 2N) = 0.0077.
    let (scores, n_draws) = ([0.0, 1.0, -0.5, 0.4], 200_000_u32);
    let bound = (24e9_f64.ln() / (2.0 * f64::from(n_draws))).sqrt();
    let mut seen = [0_u32; 16];
    for seed in 0..n_draws {
        let (order, _) = draw(&scores, 0.8, 2, u64::from(seed));
        seen[order[0] * 4 + order[1]] += 1;
    }
    every_slate(&scores, 0.8, 2, &mut |slate, probability| {
        let frequency = f64::from(seen[slate[0] * 4 + slate[1]]) / f64::from(n_draws);
        assert!((frequency - probability).abs() < bound, "{slate:?}: {frequency} for {probability}");
    });
}

#[test]
fn selection_agrees_with_a_full_sort() {
    for (seed, temperature) in (0..20).zip([0.01, 0.1, 1.0, 10.0].into_iter().cycle()) {
        let scores: Vec<f32> =
            (0..500).map(|j| (word(&Streams::new(seed), 1, j) % 64) as f32 / 16.0).collect();
        let (all, _) = draw(&scores, temperature, 500, seed);
        for k in [1, 2, 10, 77, 499] {
            assert_eq!(draw(&scores, temperature, k, seed).0, all[..k]);
        }
        let mut sorted = all;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..500));
    }
}

#[test]
fn a_sampled_propensity_is_the_conditional_one() {
    let scores: Vec<f32> = (0..50).map(|j| (word(&Streams::new(3), 0, j) % 100) as f32).collect();
    let (order, propensity) = draw(&scores, 2.0, 50, 9);
    let mut next = [0.0; 50];
    for p in 0..50 {
        conditional(&scores, 2.0, &order[..p], &mut next).unwrap();
        assert!((propensity[p] / next[order[p]] - 1.0).abs() < 1e-12);
        assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn equal_scores_are_drawn_uniformly() {
    let (_, propensity) = draw(&[-3.0; 5], 0.1, 5, 4);
    assert_eq!(propensity, [1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0 / 2.0, 1.0]);
}

#[test]
fn what_is_left_keeps_its_shape_far_below_the_top() {
    // exp(−1e4) is zero in f64 and 1e30 drowns the noise; neither may change the odds of the two that are
    // left.
    for top in [1e4, 1e30] {
        for (words, order) in [([0, 5, 6], [0, 2, 1]), ([0, 6, 5], [0, 1, 2]), ([0, 6, 6], [0, 1, 2])] {
            let (mut found, mut propensity) = ([0; 3], [0.0; 3]);
            let scores = [top, 0.0, 0.0];
            sample(&scores, 1.0, |j| words[j], &mut Scratch::default(), &mut found, &mut propensity).unwrap();
            assert_eq!((found, propensity), (order, [1.0, 0.5, 1.0]));
        }
    }
}

#[test]
fn what_is_kept_out_is_as_if_it_were_not_there() {
    let out = f32::NEG_INFINITY;
    let (with, without) = ([out, 0.5, -1.0, out, 2.0, out], [0.5, -1.0, 2.0]);
    let (mut next, mut expected) = ([0.0; 6], [0.0; 3]);
    conditional(&with, 0.7, &[2], &mut next).unwrap();
    conditional(&without, 0.7, &[1], &mut expected).unwrap();
    assert_eq!(next, [0.0, expected[0], 0.0, 0.0, expected[2], 0.0]);
    let (found, expected) = (marginals_of(&with, 0.7, 3), marginals_of(&without, 0.7, 3));
    for (candidate, twin) in [(1, 0), (2, 1), (4, 2)] {
        let pairs = found[candidate * 3..][..3].iter().zip(&expected[twin * 3..][..3]);
        assert!(pairs.into_iter().all(|(found, expected)| (found - expected).abs() < 1e-13));
    }
    assert!([0, 3, 5].iter().all(|kept_out| found[kept_out * 3..][..3] == [0.0; 3]));
    for seed in 0..200 {
        assert!(draw(&with, 0.7, 3, seed).0.iter().all(|candidate| [1, 2, 4].contains(candidate)));
    }
    let four = sample(&with, 1.0, |_| 0, &mut Scratch::default(), &mut [0; 4], &mut [0.0; 4]);
    assert_eq!(four, Err(AgentError::TooFewCandidates { n_candidates: 3, n_positions: 4 }));
    let nobody = conditional(&[out; 2], 1.0, &[], &mut [0.0; 2]);
    assert_eq!(nobody, Err(AgentError::TooFewCandidates { n_candidates: 0, n_positions: 1 }));
}

#[test]
fn refuses_what_has_no_distribution() {
    let mut next = [0.0; 2];
    for score in [f32::NAN, f32::INFINITY] {
        let error = conditional(&[0.0, score], 1.0, &[], &mut next).unwrap_err();
        assert!(matches!(error, AgentError::ScoreNotFinite { candidate: 1, .. }), "{error}");
    }
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let error = conditional(&[0.0, 0.0], temperature, &[], &mut next).unwrap_err();
        assert!(matches!(error, AgentError::Temperature { .. }), "{error}");
    }
    assert_eq!(
        conditional(&[0.0, 0.0], 1.0, &[2], &mut next),
        Err(AgentError::NotACandidate { candidate: 2, n_candidates: 2 })
    );
    let full = Err(AgentError::TooFewCandidates { n_candidates: 2, n_positions: 3 });
    assert_eq!(conditional(&[0.0, 0.0], 1.0, &[0, 1], &mut next), full);
    assert_eq!(marginals(&[0.0, 0.0], 1.0, 3, &mut Scratch::default(), &mut [0.0; 6]), full);
    assert_eq!(sample(&[0.0; 2], 1.0, |_| 0, &mut Scratch::default(), &mut [0; 3], &mut [0.0; 3]), full);
}
