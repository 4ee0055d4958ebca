//! What somebody makes of their feed, and what they would ask of it.

use recloop_env::{Instruction, Strength, Wish};

/// A user's running view of the feed, as far as an instruction follows from it. Everything is in log-odds of an item having been
/// worth it, so that wishes can be compared.
///
/// With shares s_t of the topics shown lately, liking l_t, its mean `L = Σ s_t·l_t` over what was shown, and weariness f_t (recent impressions
/// of a topic, times what each of them costs), a wish is worth what granting it would gain:
///
/// | wish | worth |
/// |---|---|
/// | more of t | `(1 − s_t)(l_t − L)` |
/// | less of t | `s_t(L − l_t + f_t + d_t)`, d_t how far the remembered ones disappointed |
/// | something new | `Σ s_t·f_t − mean f_t`: the weariness that an even feed would save |
/// | calmer | what wrappings that promised more than there was cost lately |
/// | shorter | `haste`: how far items last longer than there is time |
///
/// The wish worth most is said, if it is worth anything: strongly from 2 on, slightly below ½ (chosen by us).
///
/// # Shapes and units
/// `[T]` each, dimensionless log-odds but for the shares, which sum to 1 (or are all 0 before anything was shown)
///
/// ```
/// use recloop_env::Wish;
/// use recloop_users::psyche::View;
/// let view = View { liking: &[3.0, 0.5, 0.0], share: &[0.0, 0.6, 0.4], weary: &[0.0; 3], sour: &[0.0; 3], bait: 0.2, haste: 0.0 };
/// let names = ["jazz", "cars", "pets"].map(String::from);
/// let said = view.instruction(&names, |_| 0.0).unwrap();
/// assert_eq!((said.wish, said.topic), (Wish::MoreOf, Some(0)));
/// assert_eq!(said.say(&names), "Much more jazz, please. Because I like it and have hardly been shown any.");
/// ```
///
/// # Source
/// RecoWorld (2025), arXiv 2509.10397, for reflective instructions; which follows from what is ours.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// l.
    pub liking: &'a [f32],
    /// s.
    pub share: &'a [f32],
    /// f.
    pub weary: &'a [f32],
    /// d, not negative.
    pub sour: &'a [f32],
    /// What empty promises cost lately.
    pub bait: f32,
    /// What waiting for the end costs; 0 where length does not matter.
    pub haste: f32,
}

/// A wish, and what it is worth.
type Want = (Wish, Option<u16>, f32);

impl View<'_> {
    /// The instruction that follows; `noise(k)` is added to the worth of the k-th wish (more of each topic, less of each, new, calmer,
    /// shorter), as somebody does who knows themselves badly. `None` if nothing is worth saying.
    #[must_use]
    pub fn instruction(&self, names: &[String], mut noise: impl FnMut(usize) -> f32) -> Option<Instruction> {
        let mut wants = self.wants();
        for (k, (.., worth)) in wants.iter_mut().enumerate() {
            *worth += noise(k);
        }
        let best = wants.into_iter().filter(|(.., worth)| *worth > 0.0).max_by(|a, b| a.2.total_cmp(&b.2))?;
        let (wish, topic, worth) = best;
        let strength = match worth {
            worth if worth >= 2.0 => Strength::Strong,
            worth if worth < 0.5 => Strength::Slight,
            _ => Strength::Plain,
        };
        let reason = Some(self.reason(wish, topic, names));
        Some(Instruction { topic, strength, reason, ..Instruction::of(wish) })
    }

    /// Every wish with its worth, in the order of the noise.
    fn wants(&self) -> Vec<Want> {
        let n = self.liking.len();
        let mean: f32 = self.liking.iter().zip(self.share).map(|(l, s)| l * s).sum();
        let more = |t: usize| (1.0 - self.share[t]) * (self.liking[t] - mean);
        let less = |t: usize| self.share[t] * (mean - self.liking[t] + self.weary[t] + self.sour[t]);
        let saved: f32 = self.share.iter().zip(self.weary).map(|(s, f)| s * f).sum();
        let even = self.weary.iter().sum::<f32>() / n.max(1) as f32;
        let of = |wish, worth: &dyn Fn(usize) -> f32| {
            (0..n).map(|t| (wish, Some(t as u16), worth(t))).collect::<Vec<Want>>()
        };
        let rest = [
            (Wish::SomethingNew, None, saved - even),
            (Wish::Calmer, None, self.bait),
            (Wish::Shorter, None, self.haste),
        ];
        [of(Wish::MoreOf, &more), of(Wish::LessOf, &less), rest.to_vec()].concat()
    }

    fn reason(&self, wish: Wish, topic: Option<u16>, names: &[String]) -> String {
        let at = usize::from(topic.unwrap_or_default());
        match wish {
            Wish::MoreOf if self.share[at] < 0.05 => "I like it and have hardly been shown any.".into(),
            Wish::MoreOf => "I like it better than what else there was.".into(),
            Wish::LessOf if self.sour[at] > self.weary[at] => "the last ones disappointed me.".into(),
            Wish::LessOf if self.weary[at] > 0.5 => "I have seen enough of it.".into(),
            Wish::LessOf => "it is not for me.".into(),
            Wish::SomethingNew => {
                let most = (0..self.share.len()).max_by(|&a, &b| self.share[a].total_cmp(&self.share[b]));
                let name = most.and_then(|t| names.get(t)).map_or("the same", String::as_str);
                format!("it has all been {name} lately.")
            }
            Wish::Calmer => "what I open is less than it says.".into(),
            Wish::Shorter => "they are longer than I have time for.".into(),
            Wish::Free => String::new(),
        }
    }
}

/// A turn's satisfaction, from 1 (poor) to 5: `1 + round(4·clip(y + .1·(v − v₀)))`, y the satisfaction in [0, 1], v − v₀ how far
/// valence is from its baseline. The weight of mood is chosen by us.
///
/// ```
/// use recloop_users::psyche::rating;
/// assert_eq!((rating(0.5, 0.0), rating(1.0, 1.0), rating(0.0, -1.0)), (3, 5, 1));
/// ```
#[must_use]
pub fn rating(satisfaction: f32, valence_moved: f32) -> u8 {
    1 + (4.0 * (satisfaction + 0.1 * valence_moved).clamp(0.0, 1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: [f32; 3] = [1.0; 3];

    fn view<'a>(share: &'a [f32], weary: &'a [f32], sour: &'a [f32], bait: f32) -> View<'a> {
        View { liking: &EVEN, share, weary, sour, bait, haste: 0.0 }
    }

    fn said(view: &View<'_>) -> Option<(Wish, Option<u16>, Strength)> {
        let names = ["a", "b", "c"].map(String::from);
        view.instruction(&names, |_| 0.0).map(|it| (it.wish, it.topic, it.strength))
    }

    #[test]
    fn psyche_the_wish_worth_most_is_said() {
        let (share, none) = ([0.8, 0.2, 0.0], [0.0; 3]);
        assert_eq!(said(&view(&share, &none, &none, 0.0)), None, "all is well");
        assert_eq!(said(&view(&share, &none, &none, 0.4)), Some((Wish::Calmer, None, Strength::Slight)));
        let sour = [0.0, 9.0, 0.0];
        assert_eq!(said(&view(&share, &none, &sour, 0.4)), Some((Wish::LessOf, Some(1), Strength::Plain)));
        // Weary of both in the same way: .4 for less of either, .8 − .533 for something new.
        let weary = [1.0, 0.0, 0.0];
        assert_eq!(said(&view(&share, &weary, &none, 0.1)), Some((Wish::LessOf, Some(0), Strength::Plain)));
        let (halves, weary) = ([0.5, 0.5, 0.0], [9.0, 9.0, 0.0]);
        let new = view(&halves, &weary, &none, 0.1).wants()[6];
        assert_eq!(new, (Wish::SomethingNew, None, 3.0));
        let hurried = View { haste: 5.0, ..view(&share, &none, &none, 0.0) };
        assert_eq!(said(&hurried), Some((Wish::Shorter, None, Strength::Strong)));
    }

    #[test]
    fn psyche_noise_changes_what_is_said_and_reasons_survive_the_grammar() {
        let names = ["ants", "bees", "cats"].map(String::from);
        let (share, none) = ([0.8, 0.2, 0.0], [0.0; 3]);
        let view = view(&share, &none, &none, 0.4);
        for k in 0..9 {
            let it = view.instruction(&names, |j| if j == k { 5.0 } else { 0.0 }).unwrap();
            let topic = (k < 6).then_some(k as u16 % 3);
            assert_eq!((it.topic, it.strength), (topic, Strength::Strong));
            assert_eq!(Instruction::parse(&it.say(&names), &names), it);
        }
        let nobody = View { liking: &[], share: &[], weary: &[], sour: &[], bait: 0.0, haste: 0.0 };
        assert_eq!(nobody.instruction(&[], |_| 0.0), None);
    }
}
