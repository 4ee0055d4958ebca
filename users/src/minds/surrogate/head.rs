//! What a network says, what it should have said, and by how much it was wrong.

use recloop_env::Wish;
use recloop_nn::burn::tensor::Tensor;
use recloop_nn::burn::tensor::activation::log_softmax;

use super::super::{Act, Verdict};
use super::features::{N_OFFER, N_PERSON, N_SLATE};
use super::{After, Lesson};

/// The kinds of wish that can be learned, in the order of the outputs; words of one's own cannot.
pub(super) const WISHES: [Wish; 5] =
    [Wish::MoreOf, Wish::LessOf, Wish::SomethingNew, Wish::Calmer, Wish::Shorter];

/// Numbers in and out of the two networks. Outputs are logits of choices, one choice after another, then plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) name: &'static str,
    pub(super) n_in: usize,
    /// Among how many each choice is.
    choices: &'static [usize],
    /// Whether a plain number comes last.
    number: bool,
}

/// Passing over or watching; nothing, a like or a hide; ln(1 + seconds).
pub(super) const OFFERS: Form =
    Form { name: "offers", n_in: N_PERSON + N_OFFER, choices: &[2, 3], number: true };
/// Staying, leaving or asking; one to five stars; worse, as before or better; which of [`WISHES`].
pub(super) const PEOPLE: Form =
    Form { name: "people", n_in: N_PERSON + N_SLATE, choices: &[3, 5, 3, WISHES.len()], number: false };

impl Form {
    pub(super) fn n_out(&self) -> usize {
        self.choices.iter().sum::<usize>() + usize::from(self.number)
    }

    /// Targets of a row: a probability for each logit, all 0 where nothing was chosen; then the number and its weight.
    pub(super) fn n_target(&self) -> usize {
        self.n_out() + usize::from(self.number)
    }

    /// Cross-entropies of the choices, and half the squared error of the number where it counts: a mean over rows.
    ///
    /// # Shapes
    /// - `out`: `[N, n_out]`, `target`: `[N, n_target]`; returns `[1]`, in nats
    pub(super) fn loss(&self, out: Tensor<2>, target: &Tensor<2>) -> Tensor<1> {
        let n = out.dims()[0] as f64;
        let (mut at, mut loss) = (0, None);
        for &among in self.choices {
            let said = log_softmax(out.clone().narrow(1, at, among), 1);
            let missed = (said * target.clone().narrow(1, at, among)).sum().neg();
            loss = Some(loss.map_or(missed.clone(), |loss: Tensor<1>| loss + missed));
            at += among;
        }
        let mut loss = loss.expect("a network that chooses");
        if self.number {
            let off = out.narrow(1, at, 1) - target.clone().narrow(1, at, 1);
            loss = loss + (off.square() * target.clone().narrow(1, at + 1, 1)).sum().mul_scalar(0.5);
        }
        loss.div_scalar(n)
    }
}

/// Where somebody stands between `n` evenly spaced levels from `low` to `high`: on the two nearest, so that the mean is exact.
fn between(x: f32, low: f32, high: f32, n: usize) -> impl Iterator<Item = f32> {
    let at = ((x - low) / (high - low)).clamp(0.0, 1.0) * (n - 1) as f32;
    (0..n).map(move |level| (1.0 - (at - level as f32).abs()).max(0.0))
}

fn one_of(n: usize, chosen: Option<usize>) -> impl Iterator<Item = f32> {
    (0..n).map(move |level| f32::from(u8::from(chosen == Some(level))))
}

/// Appends what the network of the offers should say of `act`.
pub(super) fn act_target(act: &Act, to: &mut Vec<f32>) {
    let verdict = act.watches_secs.map(|_| match act.verdict {
        None => 0,
        Some(Verdict::Like) => 1,
        Some(Verdict::Hide) => 2,
    });
    to.extend(one_of(2, Some(usize::from(act.watches_secs.is_some()))));
    to.extend(one_of(3, verdict));
    to.extend([act.watches_secs.unwrap_or(0.0).ln_1p(), f32::from(u8::from(act.watches_secs.is_some()))]);
}

/// Appends what the network of the people should say.
pub(super) fn person_target(lesson: &Lesson, to: &mut Vec<f32>) {
    let (after, wish) = match lesson.after {
        After::Stayed => (0, None),
        After::Left => (1, None),
        After::Asked(wish) => (2, WISHES.iter().position(|known| *known == wish)),
    };
    to.extend(one_of(3, Some(after)));
    to.extend(between(lesson.satisfaction, 0.0, 1.0, 5));
    to.extend(between(lesson.feeling, -1.0, 1.0, 3));
    to.extend(one_of(WISHES.len(), wish));
}

/// Probabilities from logits.
pub(super) fn softmax<const N: usize>(logits: &[f32]) -> [f32; N] {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let mut p = [0.0; N];
    p.iter_mut().zip(logits).for_each(|(p, logit)| *p = (logit - most).exp());
    let sum: f32 = p.iter().sum();
    p.map(|p| p / sum)
}

#[cfg(test)]
mod tests {
    use recloop_nn::burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn levels_keep_the_mean() {
        let stars: Vec<f32> = between(0.3, 0.0, 1.0, 5).collect();
        // .3 of the way from one to five stars is 1.2 above one star.
        for (found, expected) in stars.iter().zip([0.0, 0.8, 0.2, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-6, "{stars:?}");
        }
        assert_eq!(between(2.0, -1.0, 1.0, 3).collect::<Vec<_>>(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn the_loss_of_an_offer_by_hand() {
        let loss = |act: Act| {
            let (out, mut target) = ([0.0_f32, 1.0, 0.0, 0.5, -0.5, 2.0], Vec::new());
            act_target(&act, &mut target);
            let tensor = |x: Vec<f32>| {
                Tensor::<2>::from_data(TensorData::new(x.clone(), [1, x.len()]), &Device::flex())
            };
            OFFERS.loss(tensor(out.to_vec()), &tensor(target)).into_scalar::<f64>()
        };
        // −ln σ(−1); then −ln σ(1), −ln of e^½ / (1 + e^½ + e^−½), and ½(2 − ln 4)².
        assert!((loss(Act::default()) - 1.313_262).abs() < 1e-5);
        let liked = Act { watches_secs: Some(3.0), verdict: Some(Verdict::Like) };
        let verdict = -(0.5_f64.exp() / (1.0 + 0.5_f64.exp() + (-0.5_f64).exp())).ln();
        let expected = 0.313_262 + verdict + 0.5 * (2.0 - 4.0_f64.ln()).powi(2);
        assert!((loss(liked) - expected).abs() < 1e-5, "{} for {expected}", loss(liked));
    }
}
