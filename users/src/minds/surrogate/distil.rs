//! From lessons to two networks, one after the other.

use std::collections::BTreeMap;
use std::path::Path;

use recloop_nn::NnError;
use recloop_nn::blocks::{Bench, Frozen, Mlp};
use recloop_nn::checkpoint::Card;
use serde_json::{Value, json};

use super::drawing::{Dwell, LeaningOffer};
use super::features::{OFFER, PERSON, SLATE};
use super::head::{OFFERS, PEOPLE, WISHES, act_target, person_target};
use super::training::{Rows, is_held_out, learn};
use super::{Distilled, Lesson, SurrogateConfig};

/// What the card calls it, in its field for what trained it.
pub(super) const ALGORITHM: &str = "surrogate";

/// What lessons come to.
pub(super) struct Taught {
    pub(super) offers: Mlp,
    pub(super) people: Mlp,
    pub(super) dwell: Dwell,
    pub(super) card: Card,
    pub(super) told: Distilled,
}

/// What the networks read and say: another shape is another surrogate.
pub(super) fn shape() -> Value {
    let wishes = WISHES.map(|wish| json!(wish));
    json!({ "person": PERSON, "offer": OFFER, "slate": SLATE, "wishes": wishes })
}

fn card(config: &SurrogateConfig, seed: u64) -> Card {
    Card {
        version: Card::VERSION,
        algorithm: ALGORITHM.into(),
        config: json!(config),
        shape: shape(),
        data_digest: None,
        seed,
        revision: env!("CARGO_PKG_VERSION").into(),
        step: 0,
        metrics: BTreeMap::new(),
    }
}

/// Lessons that can be learned from, each with whether it is held out.
fn parted<'l>(
    lessons: &'l [Lesson],
    config: &SurrogateConfig,
    seed: u64,
) -> Result<Vec<(&'l Lesson, bool)>, NnError> {
    let refuse = |reason| Err(NnError::Training { reason });
    let faults = lessons.iter().enumerate().filter_map(|(at, lesson)| Some((at, lesson.fault()?)));
    if let Some((at, fault)) = faults.into_iter().next() {
        return refuse(format!("lesson {at} cannot be learned from: {fault}"));
    }
    let part = |lesson: &'l Lesson| (lesson, is_held_out(seed, lesson.user.0, config.held_out));
    let parted: Vec<_> = lessons.iter().map(part).collect();
    let n_held_out = parted.iter().filter(|(_, held_out)| *held_out).count();
    let any_offer = |held: bool| parted.iter().any(|(lesson, is)| *is == held && !lesson.offers.is_empty());
    if !any_offer(true) || !any_offer(false) {
        let n = lessons.len();
        return refuse(format!("of {n} lessons {n_held_out} would be held out: there are too few users"));
    }
    Ok(parted)
}

/// Trains the network of the offers, then that of the people on what the first says.
pub(super) fn taught(
    lessons: &[Lesson],
    config: &SurrogateConfig,
    seed: u64,
    out: &Path,
) -> Result<Taught, NnError> {
    config.check()?;
    let parted = parted(lessons, config, seed)?;
    let mut card = card(config, seed);
    let rows = offer_rows(&parted);
    let (offers, offers_told) = learn(OFFERS, &rows, config, card.clone(), &out.join(OFFERS.name))?;
    let frozen = offers.frozen()?;
    let dwell = dwelling(&parted, &frozen);
    let rows = person_rows(&parted, &frozen);
    let (people, people_told) = learn(PEOPLE, &rows, config, card.clone(), &out.join(PEOPLE.name))?;
    card.step = offers_told.step + people_told.step;
    for (name, told) in [("offers_loss", &offers_told), ("people_loss", &people_told)] {
        card.metrics.extend(told.best.map(|best| (name.to_owned(), best.value)));
    }
    let held_out = parted.iter().filter(|(_, held_out)| *held_out).count();
    let learned = lessons.len() - held_out;
    let told = Distilled { learned, held_out, offers: offers_told, people: people_told };
    Ok(Taught { offers, people, dwell, card, told })
}

fn offer_rows(parted: &[(&Lesson, bool)]) -> Rows {
    let mut rows = Rows::default();
    for (lesson, held_out) in parted {
        for (row, act) in lesson.seen().rows().zip(&lesson.acts) {
            rows.x.extend(row);
            act_target(act, &mut rows.y);
            rows.count(*held_out);
        }
    }
    rows
}

fn person_rows(parted: &[(&Lesson, bool)], offers: &Frozen) -> Rows {
    let (mut rows, mut bench) = (Rows::default(), Bench::default());
    for (lesson, held_out) in parted {
        let seen = lesson.seen();
        let mut chance = |row: [f32; OFFERS.n_in]| LeaningOffer::of(offers.forward(&row, &mut bench)).chance;
        rows.x.extend(seen.row(seen.rows().map(&mut chance)));
        person_target(lesson, &mut rows.y);
        rows.count(*held_out);
    }
    rows
}

/// How far seconds are from what the network says: over the held out, and if none of those watched, over all.
fn dwelling(parted: &[(&Lesson, bool)], offers: &Frozen) -> Dwell {
    let mut bench = Bench::default();
    // Squared errors and how many, of all and of the held out.
    let (mut squares, mut n, mut most_secs) = ([0.0_f64; 2], [0.0_f64; 2], 0.0_f32);
    for (lesson, held_out) in parted {
        for (row, act) in lesson.seen().rows().zip(&lesson.acts) {
            let Some(secs) = act.watches_secs else { continue };
            let off = f64::from(secs.ln_1p() - LeaningOffer::of(offers.forward(&row, &mut bench)).log_secs);
            most_secs = most_secs.max(secs);
            for which in 0..=usize::from(*held_out) {
                squares[which] += off * off;
                n[which] += 1.0;
            }
        }
    }
    let which = usize::from(n[1] > 0.0);
    Dwell { log_sd: (squares[which] / n[which].max(1.0)).sqrt() as f32, most_secs }
}
