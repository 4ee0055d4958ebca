//! The two networks as a mind.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use recloop_env::{CohortError, Streams};
use recloop_nn::blocks::{Bench, Frozen, Mlp};
use recloop_nn::checkpoint::{Card, load_json, save_json, weights_from_bytes, weights_to_bytes};
use recloop_nn::{Compute, NnError, open};

use super::super::{Facing, Law, Mind, Thought};
use super::distil::{ALGORITHM, Taught, shape, taught};
use super::drawing::{Dwell, Leaning, LeaningOffer, draw};
use super::features::Seen;
use super::head::{Form, OFFERS, PEOPLE};
use super::training::blank;
use super::{Distilled, Lesson, SurrogateConfig};

/// The file of what is neither a weight nor the card.
const DWELL: &str = "dwell.json";
/// People whom one thread decides for at a time (chosen by us).
const BLOCK: usize = 128;

/// A mind distilled from the decisions of another.
///
/// For person p and offers o₁ … o_K, `P(watch k) = softmax(a(p, o_k))`; seconds are log-normal around the network's
/// ln(1 + seconds), at most the longest ever seen; like, hide or nothing is a softmax of a watched offer. With the means and maxima
/// m of the slate, `P(stay, leave, ask) = softmax(b(p, m))`, without asking where they may not speak; stars,
/// feeling and wish are softmaxes of the same network.
///
/// # Randomness
/// Everything is drawn by luck named for *(user, item, tick)*, the same words that users of equations use: CHOICE for
/// watching, CONSUME for seconds, LIKE for verdicts; a block of CHOICE_NONE for the rest.
///
/// # Numerics
/// Rows are decided alone, in plain arithmetic: neither the batch nor the number of threads changes a bit.
///
/// ```
/// use recloop_env::{Streams, Tick, UserId};
/// use recloop_users::minds::Mind;
/// use recloop_users::minds::surrogate::{After, Lesson, Surrogate, SurrogateConfig};
///
/// // People who watch what they like and stay for it; one offer each.
/// let lesson = |user: u32| {
///     let liked = (user % 2) as f32;
///     let (mut offer, watches_secs) = ([0.0; 9], (liked > 0.0).then_some(20.0));
///     offer[0] = liked;
///     Lesson {
///         user: UserId(user), tick: Tick(0), person: [0.0; 10], offers: vec![offer],
///         acts: vec![recloop_users::minds::Act { watches_secs, verdict: None }],
///         satisfaction: liked, feeling: 0.0, after: if liked > 0.0 { After::Stayed } else { After::Left },
///     }
/// };
/// let lessons: Vec<Lesson> = (0..200).map(lesson).collect();
/// let folder = tempfile::tempdir()?;
/// let config = SurrogateConfig { batch: 50, rounds: 30, ..SurrogateConfig::default() };
/// let (mind, told) = Surrogate::distil(&lessons, &config, 7, &folder.path().join("training"))?;
/// assert_eq!(told.learned + told.held_out, 200);
/// mind.save(&folder.path().join("mind"))?;
/// assert_eq!(Surrogate::load(&folder.path().join("mind"))?.name(), "surrogate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Hinton, Vinyals, Dean (2015), "Distilling the knowledge in a neural network", for learning from another's decisions; the
/// features and the form are ours.
#[derive(Debug, Clone)]
pub struct Surrogate {
    offers: Frozen,
    people: Frozen,
    dwell: Dwell,
    card: Card,
    /// As files hold them: offers, people.
    weights: [Vec<u8>; 2],
}

/// Working memory of one thread.
#[derive(Default)]
struct Desk {
    seen: Seen,
    bench: Bench,
    leaning: Leaning,
}

impl Surrogate {
    /// Learns from `lessons`, leaving both trainings in the folder `out`.
    ///
    /// The network of the offers is trained first; that of the people then learns from its chances of watching, as they will be
    /// when it acts. Users, not decisions, are held out.
    ///
    /// # Errors
    /// - [`NnError::Training`]: settings out of range, lessons that are damaged, too few users to hold any out, a training that
    ///   diverged
    /// - [`NnError::Checkpoint`] if `out` holds another training; [`NnError::Io`]
    pub fn distil(
        lessons: &[Lesson],
        config: &SurrogateConfig,
        seed: u64,
        out: &Path,
    ) -> Result<(Self, Distilled), NnError> {
        let Taught { offers, people, dwell, card, told } = taught(lessons, config, seed, out)?;
        Ok((Self::of(&offers, &people, dwell, card)?, told))
    }

    fn of(offers: &Mlp, people: &Mlp, dwell: Dwell, card: Card) -> Result<Self, NnError> {
        let weights = [weights_to_bytes(offers)?, weights_to_bytes(people)?];
        Ok(Self { offers: offers.frozen()?, people: people.frozen()?, dwell, card, weights })
    }

    /// What it is and where it comes from; `metrics` are its losses on those held out.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Writes it into the folder `dir`.
    ///
    /// # Errors
    /// [`NnError::Io`] if a file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), NnError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| NnError::Io { doing: "write", path, source }
        };
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        for (form, weights) in [OFFERS, PEOPLE].iter().zip(&self.weights) {
            let path = file(dir, form);
            std::fs::write(&path, weights).map_err(io(&path))?;
        }
        save_json(&self.dwell, &dir.join(DWELL))?;
        self.card.save(dir)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`NnError::Io`] if files lack; [`NnError::Checkpoint`] if they are damaged, hold something else, or a surrogate that reads
    /// other features or says other things than this program's.
    pub fn load(dir: &Path) -> Result<Self, NnError> {
        let refuse = |reason: String| NnError::Checkpoint { path: dir.into(), reason };
        let card = Card::load(dir)?;
        if card.algorithm != ALGORITHM {
            return Err(refuse(format!("it holds a policy of `{}`, not a surrogate", card.algorithm)));
        }
        let config: SurrogateConfig = serde_json::from_value(card.config.clone())
            .map_err(|error| refuse(format!("its config is no surrogate's: {error}")))?;
        let here = Card { shape: shape(), ..card.clone() };
        let differences = here.differences(&card);
        if !differences.is_empty() {
            return Err(refuse(format!(
                "it reads other features than this program: {}",
                differences.join(", ")
            )));
        }
        let device = open(Compute::Cpu)?;
        let net = |form: Form| {
            let (mut net, path) = (blank(form, &config.hidden, &device), file(dir, &form));
            let io = |source| NnError::Io { doing: "read", path: path.clone(), source };
            let refuse =
                |error: NnError| NnError::Checkpoint { path: path.clone(), reason: error.to_string() };
            weights_from_bytes(&mut net, &std::fs::read(&path).map_err(io)?).map_err(refuse)?;
            Ok::<Mlp, NnError>(net)
        };
        Self::of(&net(OFFERS)?, &net(PEOPLE)?, load_json(&dir.join(DWELL))?, card)
    }

    /// Works out what somebody leans to.
    fn lean(&self, faced: &Facing<'_>, desk: &mut Desk) {
        let Desk { seen, bench, leaning } = desk;
        seen.read(faced);
        leaning.offers.clear();
        leaning.offers.extend(seen.rows().map(|row| LeaningOffer::of(self.offers.forward(&row, bench))));
        let row = seen.row(leaning.chances());
        leaning.person(self.people.forward(&row, bench), faced.may_speak);
    }

    /// Something for each of `faced`, in order.
    fn each<T: Send>(&self, faced: &[Facing<'_>], of: impl Fn(&Facing<'_>, &Leaning) -> T + Sync) -> Vec<T> {
        let block = |faced: &[Facing<'_>]| {
            let mut desk = Desk::default();
            let one = |it| {
                self.lean(it, &mut desk);
                of(it, &desk.leaning)
            };
            faced.iter().map(one).collect::<Vec<T>>()
        };
        faced.par_chunks(BLOCK).flat_map_iter(block).collect()
    }
}

impl Mind for Surrogate {
    fn name(&self) -> &str {
        ALGORITHM
    }

    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError> {
        Ok(self.each(faced, |it, leaning| Thought {
            decision: Some(draw(leaning, self.dwell, it, rng)),
            tokens: Default::default(),
        }))
    }

    fn laws(&self, faced: &[Facing<'_>]) -> Option<Vec<Law>> {
        Some(
            self.each(faced, |_, leaning| Law {
                watches: leaning.chances().collect(),
                leaves: leaning.after[1],
            }),
        )
    }
}

/// Where the weights of a network are.
fn file(dir: &Path, form: &Form) -> PathBuf {
    dir.join(format!("{}.safetensors", form.name))
}
