//! What the models' tests share: words, frequencies with a derived bound, and the reranking law.

use super::Luck;
use crate::ChoiceError;

/// Trials per frequency test.
pub(super) const N_TRIALS: u32 = 1_000_000;

/// Hoeffding: a frequency over a million trials strays by 0.003 with probability below 2·exp(−2·10⁶·0.003²), about
/// 3e-8. Under forty frequencies are compared in this crate, so a false alarm of any is below 2e-6; the words are
/// fixed besides.
pub(super) const BOUND: f64 = 0.003;

/// Words of one trial, by SplitMix64 (Steele, Lea and Flood, 2014, "Fast splittable pseudorandom number generators").
pub(super) fn words<const N: usize>(trial: u32) -> [u32; N] {
    std::array::from_fn(|index| {
        let name = (u64::from(trial) << 8) + index as u64 + 1;
        let mut z = name.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 32) as u32
    })
}

/// Equal up to the rounding of a few `f32` operations.
pub(super) fn assert_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6, "{found} for {expected}");
    }
}

/// Chooses from a slate of four a million times and compares with the law.
pub(super) fn assert_frequencies(
    items: &[f32; 4],
    none: f32,
    choose: impl Fn(Luck<'_>) -> Result<Option<usize>, ChoiceError>,
) -> Result<(), ChoiceError> {
    let mut counts = [0_u32; 5];
    for trial in 0..N_TRIALS {
        let [none, items @ ..] = words::<5>(trial);
        counts[choose(Luck { items: &items, none })?.unwrap_or(4)] += 1;
    }
    for (count, &expected) in counts.into_iter().zip(items.iter().chain([&none])) {
        let share = f64::from(count) / f64::from(N_TRIALS);
        assert!((share - f64::from(expected)).abs() < BOUND, "{share} for {expected}");
        assert!(expected > 0.0 || count == 0, "an impossible outcome occurred {count} times");
    }
    Ok(())
}

/// Permutes slate and luck together and asserts that the same item is chosen.
pub(super) fn assert_same_item_wins(
    scores: &[f32; 4],
    choose: impl Fn(&[f32], Luck<'_>) -> Result<Option<usize>, ChoiceError>,
) -> Result<(), ChoiceError> {
    for trial in 0..10_000 {
        let [none, words @ ..] = words::<5>(trial);
        let winner = choose(scores, Luck { items: &words, none })?;
        for order in [[3, 2, 1, 0], [1, 2, 3, 0], [2, 0, 3, 1]] {
            let items = order.map(|i| words[i]);
            let reranked = choose(&order.map(|i| scores[i]), Luck { items: &items, none })?;
            assert_eq!(reranked.map(|position| order[position]), winner, "trial {trial}, order {order:?}");
        }
    }
    Ok(())
}
