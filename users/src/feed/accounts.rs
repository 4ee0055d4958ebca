//! What only the truth knows: what a slate was really worth, and why an item was clicked or passed over.

use recloop_env::{Responses, Shown, Streams, Terms, purpose, unit};

use super::impression::{PROMISE_TERMS, Person, dot, experience, promise_terms, sigmoid};
use super::{Feed, FeedState};

/// What the accounts of a slate are called.
pub(crate) const ACCOUNTS: [&str; 7] =
    ["utility_now", "utility_initial", "satisfaction", "trust", "habit", "drift", "entropy"];

impl Feed {
    /// The accounts of row `i`'s slate, as its user met it: nothing has moved yet.
    pub(super) fn accounts(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        did: &Responses,
        i: usize,
    ) -> [f32; 7] {
        let (rows, scene) = (shown.scene.rows, &shown.scene);
        let at = rows.at(i);
        let (interest, initial) = (state.interest.row(at), state.initial_interest.row(at));
        let now = self.person(state, at);
        let then = Person { interest: initial, ..now };
        let (mut utility_now, mut utility_initial) = (0.0, 0.0);
        let answers = shown.slate(i).iter().zip(did.click.row(rows.row(i)));
        for (&item, _) in answers.filter(|(_, clicked)| **clicked) {
            utility_now += experience(&self.params, &self.impression(&now, scene, i, item));
            utility_initial += experience(&self.params, &self.impression(&then, scene, i, item));
        }
        let moved: f32 = interest.iter().zip(initial).map(|(x, x0)| (x - x0) * (x - x0)).sum();
        let [satisfaction, trust, habit] =
            [&state.satisfaction, &state.trust, &state.habit].map(|it| it.row(at)[0]);
        [utility_now, utility_initial, satisfaction, trust, habit, moved.sqrt(), self.breadth(interest)]
    }

    /// Entropy, in nats, of softmax(a⟨x, c_t⟩) over the topics: of how such a user would divide a choice among one
    /// average item of each. 0 is one topic only, ln T is no preference.
    pub(super) fn breadth(&self, interest: &[f32]) -> f32 {
        let centres = &self.people.topics().centres;
        let score = |t| self.params.taste_weight * dot(interest, centres.row(t));
        entropy((0..centres.rows()).map(score))
    }

    /// Every term of the promise of the item at `position`, what followed from it, and the luck it met.
    pub(super) fn terms(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        position: usize,
        rng: &Streams,
    ) -> Terms {
        let (rows, slate) = (shown.scene.rows, shown.slate(i));
        let person = self.person(state, rows.at(i));
        let it = self.impression(&person, &shown.scene, i, slate[position]);
        let promised = promise_terms(&self.params, &person, &it);
        let n_examined = self.choice.examined(self.scan_word(shown, i, rng), slate.len());
        let word = rng.item_word(purpose::CHOICE, rows.users[i], rows.tick, slate[position]);
        let mut terms: Terms = PROMISE_TERMS.into_iter().zip(promised).collect();
        terms.extend([
            ("click chance", sigmoid(promised.into_iter().sum())),
            ("experience", experience(&self.params, &it)),
            ("examined", if position < n_examined { 1.0 } else { 0.0 }),
            ("luck", unit(word) as f32),
        ]);
        terms
    }
}

/// Entropy of the shares `softmax(scores)`, in nats.
pub(super) fn entropy(scores: impl Iterator<Item = f32> + Clone) -> f32 {
    let top = scores.clone().fold(f32::NEG_INFINITY, f32::max);
    let (mut mass, mut moment) = (0.0_f64, 0.0_f64);
    for score in scores.map(|score| f64::from(score - top)) {
        let weight = score.exp();
        (mass, moment) = (mass + weight, moment + weight * score);
    }
    (mass.ln() - moment / mass) as f32
}
