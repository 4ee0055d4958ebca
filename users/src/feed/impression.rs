//! One item in the eyes of one user: what it promises, and what it turns out to be.

use recloop_env::{ItemId, Scene, Shown};

use super::{Feed, FeedParams, FeedState};
use crate::minds::Offer;

/// What a user brings to a slate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person<'a> {
    /// `[D]` x, a unit vector.
    pub(crate) interest: &'a [f32],
    /// `[T]` f.
    pub(crate) fatigue: &'a [f32],
    /// trust·(1 − literacy): the share of an empty promise that is believed.
    pub(crate) credulity: f32,
    /// How much others' clicks count.
    pub(crate) conformity: f32,
}

/// What one item is to one user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Impression {
    pub(crate) topic: usize,
    /// ⟨x, z⟩.
    pub(crate) liking: f32,
    /// q.
    pub(crate) quality: f32,
    /// b(1 − q): what the wrapping promises beyond what there is.
    pub(crate) gap: f32,
    /// Standard deviations of popularity.
    pub(crate) appeal: f32,
    /// f\[topic\].
    pub(crate) fatigue: f32,
}

/// What [`promise_terms`] are called, in order.
pub(super) const PROMISE_TERMS: [&str; 6] =
    ["taste", "quality", "promise of the wrapping", "popularity", "fatigue", "threshold"];

/// The summands of the promise v: log-odds of a click on an item that is looked at.
pub(super) fn promise_terms(params: &FeedParams, person: &Person<'_>, it: &Impression) -> [f32; 6] {
    [
        params.taste_weight * it.liking,
        params.quality_weight * it.quality,
        params.quality_weight * person.credulity * it.gap,
        params.popularity_weight * person.conformity * it.appeal,
        -params.fatigue_weight * it.fatigue,
        -params.click_threshold,
    ]
}

/// v.
pub(super) fn promise(params: &FeedParams, person: &Person<'_>, it: &Impression) -> f32 {
    promise_terms(params, person, it).into_iter().sum()
}

/// e: log-odds of having been worth the time.
pub(crate) fn experience(params: &FeedParams, it: &Impression) -> f32 {
    params.taste_weight * it.liking + params.quality_weight * it.quality
        - params.bait_weight * it.gap
        - 0.5 * params.fatigue_weight * it.fatigue
        - params.experience_threshold
}

/// `1 / (1 + e^−x)`.
#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Sums in eight lanes: as fast as the machine can, and the same on every machine.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.into_iter().sum::<f32>() + rest
}

impl Feed {
    /// The user in row `at` as they are now.
    #[inline]
    pub(crate) fn person<'a>(&self, state: &'a FeedState, at: usize) -> Person<'a> {
        Person {
            interest: state.interest.row(at),
            fatigue: state.fatigue.row(at),
            credulity: state.trust.row(at)[0] * (1.0 - state.literacy.row(at)[0]),
            conformity: state.conformity.row(at)[0],
        }
    }

    /// What `item` is to `person`, who sits in row `i` of `scene`.
    #[inline]
    pub(crate) fn impression(
        &self,
        person: &Person<'_>,
        scene: &Scene<'_>,
        i: usize,
        item: ItemId,
    ) -> Impression {
        let row = scene.rows.row(i);
        let topic = usize::from(scene.items.code(self.topic, row, item));
        let quality = scene.latent.dense(self.quality, row, item)[0];
        Impression {
            topic,
            liking: dot(person.interest, scene.items.dense(self.embedding, row, item)),
            quality,
            gap: scene.latent.dense(self.bait, row, item)[0] * (1.0 - quality),
            appeal: scene.crowd.appeal(item),
            fatigue: person.fatigue[topic],
        }
    }

    /// What row `i` is shown, as it presents itself to the body.
    pub(crate) fn offers<'a>(&self, state: &FeedState, shown: &Shown<'a>, i: usize) -> Vec<Offer<'a>> {
        let person = self.person(state, shown.scene.rows.at(i));
        let catalogue = shown.scene.items.catalogue();
        let offer = |&item: &ItemId| {
            let it = self.impression(&person, &shown.scene, i, item);
            Offer {
                item,
                title: catalogue.map_or("", |all| all.title(item)),
                topic: it.topic as u16,
                appeal: it.appeal,
                promise: promise(&self.params, &person, &it),
            }
        };
        shown.slate(i).iter().map(offer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_and_experience_by_hand() {
        let person =
            Person { interest: &[0.6, 0.8], fatigue: &[0.0, 1.5], credulity: 0.8 * 0.5, conformity: 0.5 };
        let it = Impression { topic: 1, liking: 0.8, quality: 0.5, gap: 0.4, appeal: 2.0, fatigue: 1.5 };
        let params = FeedParams::default();
        // 4·.8, 3·.5, 3·.4·.4, .15·.5·2, −.12·1.5, −4.
        let terms = promise_terms(&params, &person, &it);
        for (found, expected) in terms.into_iter().zip([3.2, 1.5, 0.48, 0.15, -0.18, -4.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        assert!((promise(&params, &person, &it) - 1.15).abs() < 1e-6);
        // 3.2 + 1.5 − 9·.4 − .06·1.5 − 2.9.
        assert!((experience(&params, &it) + 1.89).abs() < 1e-6);
    }

    #[test]
    fn dots_are_dots_and_sigmoids_keep_their_ends() {
        for n in [0, 1, 7, 8, 9, 32, 33] {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..n).map(|i| (i % 3) as f32 - 1.0).collect();
            let expected: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &b), expected, "{n} small integers add up exactly");
        }
        assert_eq!((sigmoid(0.0), sigmoid(1e4), sigmoid(-1e4)), (0.5, 1.0, 0.0));
    }
}
