//! One tick of each ledger, by hand.

use recloop_env::{Event, Streams, UserId};

use super::close;
use crate::tests::scene::{Scene, answered, scores};
use crate::{DotProduct, Rerank, Reranked, Scorer};

/// Two users who score the items of creators 0, 1, 2 (and of 3, who comes later) with 4, 3, 2 and 0.
fn scene() -> Scene {
    let items = [4.0, 3.0, 2.0, 0.0].map(|score| (0, [score, 0.0]));
    Scene::of_creators(&[[1.0, 0.0]; 2], &items, |i| i as u32, 2)
}

/// A reranker at dial ½ that has seen ticks in which both users were shown items 0 and 1, in this order, user 0 clicking on
/// the first; items 0, 1 and 2 were on offer.
fn after(by: Rerank, ticks: u32) -> (Scene, Reranked<DotProduct>) {
    let (scene, scorer) = (scene(), DotProduct::new("interest", &["factor"]));
    let mut scorer = Reranked::new(scorer, by, 0.5, 9).unwrap();
    scorer.begin(&scene.spec).unwrap();
    let (shown, step) = answered(&[[0, 1], [0, 1]], |row, item| (row, item) == (0, 0));
    for tick in 0..ticks {
        let seen = scene.offering(tick, &[0, 1, 2]);
        scorer.prepare(&seen, &Streams::new(1)).unwrap();
        scorer.learn(&seen, &shown, &step);
    }
    (scene, scorer)
}

/// What remains of losses: `(s − w loss) / 2`, where the scores spread over w = 4.
fn worth(losses: [f32; 4]) -> [f32; 4] {
    let scores = [4.0, 3.0, 2.0, 0.0];
    std::array::from_fn(|i| 0.5 * (scores[i] - 4.0 * losses[i]))
}

#[test]
fn before_the_first_slates_nothing_is_lost() {
    for by in super::FAIR {
        let (scene, scorer) = after(by, 0);
        close(&scores(&scorer, &scene.seen, 0), &worth([0.0; 4]));
    }
}

#[test]
fn fairco_makes_up_for_ticks_behind() {
    // Exposure 2, 2 · 0.63093, 0 in one tick; the mean is 1.08729. Creator 3 is new.
    let losses = [0.0, -0.678_883, -1.839_442, 0.0];
    let (scene, scorer) = after(Rerank::FairCo, 1);
    close(&scores(&scorer, &scene.seen, 0), &worth(losses));
    // Three such ticks: the same rates, three times as many ticks behind.
    let (scene, scorer) = after(Rerank::FairCo, 3);
    close(&scores(&scorer, &scene.seen, 1), &worth(losses.map(|loss| 3.0 * loss)));
}

#[test]
fn who_can_be_shown_no_more_sets_no_standard() {
    let (scene, mut scorer) = after(Rerank::FairCo, 1);
    // Creator 0 has nothing on offer any more. At this tick 1 and 2 are shown: 1 had 2 · 0.63093 in one tick, and 2 · 1 now;
    // 2 had nothing, and 2 · 0.63093 now. Rates 1.63093 and 0.63093, mean 1.13093; 2 is two ticks of a rate of 1 behind.
    let (shown, step) = answered(&[[1, 2], [1, 2]], |_, _| false);
    let seen = scene.offering(1, &[1, 2]);
    scorer.learn(&seen, &shown, &step);
    let found = scores(&scorer, &seen, 0);
    close(&found, &[1.5, 0.5 * (2.0 + 2.0 / 1.130_93)]);
}

#[test]
fn p_mmf_moves_a_price_by_what_the_tick_gave() {
    // g = 1.83944, 1.16056, 0. v ∝ exp(−0.183944), exp(−0.116056), 1.
    let (scene, scorer) = after(Rerank::PMmf, 1);
    let losses = [0.083_184, 0.018_782, -0.101_966, 0.0];
    close(&scores(&scorer, &scene.seen, 0), &worth(losses));
    // The same again: what it is above the others is squared, and the mean is 1 again.
    let twice = losses.map(|loss| (1.0 - loss) * (1.0 - loss));
    let mean = (twice[0] + twice[1] + twice[2]) / 3.0;
    let (scene, scorer) = after(Rerank::PMmf, 2);
    let expected = [1.0 - twice[0] / mean, 1.0 - twice[1] / mean, 1.0 - twice[2] / mean, 0.0];
    close(&scores(&scorer, &scene.seen, 0), &worth(expected));
}

#[test]
fn cpfair_charges_the_head_and_mostly_in_front_of_the_better_served() {
    // Of three creators one is in the head, with 1.83944 of its share. User 0 clicked once a slate, user 1 never: the gap is 1,
    // so user 0 bears it twice and user 1 not at all.
    let (scene, scorer) = after(Rerank::CpFair, 1);
    close(&scores(&scorer, &scene.seen, 0), &worth([2.0 * 0.839_442, 0.0, 0.0, 0.0]));
    close(&scores(&scorer, &scene.seen, 1), &worth([0.0; 4]));
}

#[test]
fn who_takes_over_a_place_starts_anew() {
    let (scene, mut scorer) = after(Rerank::CpFair, 1);
    let (shown, mut step) = answered(&[[0, 1], [0, 1]], |_, _| true);
    step.events.push(Event::Renew { user: UserId(0) });
    scorer.learn(&scene.offering(1, &[0, 1, 2]), &shown, &step);
    // User 1 is the only one of whom anything is known: no gap, everybody bears the same.
    let both = [0, 1].map(|row| scores(&scorer, &scene.seen, row));
    close(&both[0], &worth([0.839_442, 0.0, 0.0, 0.0]));
    assert_eq!(both[0], both[1]);
}

#[test]
fn tfrom_counts_what_stands_above_in_the_slate() {
    // A slate is worth 1.63093, all so far 3.26186; by ticks with this one, creators 0 to 2 have 2 of 6 each: shares 1.63093. A
    // place is worth 0.81547. Above their shares, if placed next: 0.72629, 0.27371, −½ (which is nothing lost). Creator 3 has
    // one tick of a sixth, 0.81547: just its share.
    let (scene, scorer) = after(Rerank::Tfrom, 1);
    let expected = worth([0.726_294, 0.273_706, 0.0, 0.0]);
    // Item 2 stands first, then 1, and no creator has two.
    close(&expected, &[0.547_412, 0.952_588, 1.0, 0.0]);
    close(&scores(&scorer, &scene.seen, 0), &expected);
}

#[test]
fn tfrom_counts_what_stands_above_in_this_very_slate() {
    // Items 0 and 1 are creator 0's, who had 2 · 0.63093 so far; item 2 is creator 1's, who had 2. Shares are 4.89279 / 2.
    // If placed next: −0.15086 and 0.15086; below item 0, creator 0's item would be at −0.15086 + 1 / 2.44639.
    let items = [4.0, 3.9, 2.0].map(|score| (0, [score, 0.0]));
    let scene = Scene::of_creators(&[[1.0, 0.0]; 2], &items, |i| i as u32 / 2, 2);
    let (shown, step) = answered(&[[2, 0], [2, 0]], |_, _| false);
    let below = -0.150_862 + 1.0 / 2.446_394;
    for (dial, second) in [(0.5, 1), (0.9, 2)] {
        let scorer = DotProduct::new("interest", &["factor"]);
        let mut scorer = Reranked::new(scorer, Rerank::Tfrom, dial, 9).unwrap();
        scorer.begin(&scene.spec).unwrap();
        scorer.prepare(&scene.seen, &Streams::new(1)).unwrap();
        scorer.learn(&scene.at(0), &shown, &step);
        // The scores spread over 2.
        let worth = |score: f32, loss: f32| (1.0 - dial) * score - dial * 2.0 * loss;
        let found = scores(&scorer, &scene.at(1), 0);
        close(&found, &[worth(4.0, 0.0), worth(3.9, below), worth(2.0, 0.150_862)]);
        assert!(found[second] > found[3 - second], "{found:?}");
    }
}
