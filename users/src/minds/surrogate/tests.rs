use std::sync::OnceLock;

use recloop_env::{Instruction, ItemId, Streams, Tick, UserId, Wish};
use recloop_llm::Tokens;

use super::super::{Act, Decision, Facing, Mind, Next, Offer, Remembered, Thought};
use super::features::Seen;
use super::*;
use crate::psyche::{BigFive, Identity, Life, Mood, Personal};

const TOPICS: [&str; 4] = ["jazz", "cars", "pets", "news"];

/// People, and what is in front of them.
struct Crowd {
    topics: Vec<String>,
    people: Vec<Identity>,
    fatigue: [f32; 4],
}

impl Crowd {
    fn new(n: u32) -> Self {
        let topics: Vec<String> = TOPICS.map(String::from).into();
        let person = |user: u32| {
            let likes = (0..2).map(|rank| topics[((user + rank) % 4) as usize].clone()).collect();
            let traits =
                BigFive { openness: if user.is_multiple_of(2) { 0.5 } else { -0.5 }, ..BigFive::default() };
            let personal = Some(Personal { traits, values: Vec::new() });
            Identity { personal, life: Some(Life { likes, ..Life::default() }), ..Identity::default() }
        };
        Self { people: (0..n).map(person).collect(), topics, fatigue: [0.0, 3.0, 1.0, 0.0] }
    }

    /// Everybody at `tick`, in front of three items that differ from tick to tick.
    fn facing(&self, tick: u32) -> Vec<Facing<'_>> {
        let one = |(user, identity): (u32, _)| {
            let offer = |k: u32| Offer {
                item: ItemId(10 * tick + k),
                title: "",
                topic: ((user / 4 + tick + k / 2) % 4) as u16,
                appeal: 0.0,
                promise: ((user + tick + k) % 3) as f32 - 1.0,
            };
            Facing {
                user: UserId(user),
                tick: Tick(tick),
                now_hours: tick as f32,
                identity,
                mood: Mood::default(),
                baseline: Mood::default(),
                fatigue: &self.fatigue,
                memories: vec![Remembered { topic: 2, felt: -0.5, hours_ago: 24.0 }],
                mindset: "",
                slates_seen: tick % 5,
                may_speak: user % 3 == 0,
                offers: (0..3).map(offer).collect(),
                topics: &self.topics,
            }
        };
        (0..).zip(&self.people).map(one).collect()
    }
}

/// Watches what it likes for half a minute, likes its favourite, leaves without anything to watch if not curious, else asks.
struct Plain;

impl Mind for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn decide(&self, faced: &[Facing<'_>], _rng: &Streams) -> Result<Vec<Thought>, recloop_env::CohortError> {
        let decide = |it: &Facing<'_>| {
            let likes = &it.identity.life.as_ref().unwrap().likes;
            let rank = |offer: &Offer<'_>| {
                likes.iter().position(|like| *like == it.topics[usize::from(offer.topic)])
            };
            let act = |offer: &Offer<'_>| Act {
                watches_secs: rank(offer).map(|_| 30.0),
                verdict: (rank(offer) == Some(0)).then_some(super::super::Verdict::Like),
            };
            let acts: Vec<Act> = it.offers.iter().map(act).collect();
            let any = acts.iter().any(|act| act.watches_secs.is_some());
            let next = match (any, it.may_speak) {
                (true, _) => Next::Stays,
                (false, true) => Next::Asks(Instruction { topic: Some(0), ..Instruction::of(Wish::MoreOf) }),
                (false, false) => Next::Leaves,
            };
            let satisfaction = if any { 1.0 } else { 0.25 };
            Decision { acts, satisfaction, feeling: if any { 1.0 } else { -1.0 }, mindset: None, next }
        };
        // One in fifty fails.
        let thought = |it: &Facing<'_>| Thought {
            decision: (it.user.0 % 50 < 49).then(|| decide(it)),
            tokens: Tokens::default(),
        };
        Ok(faced.iter().map(thought).collect())
    }
}

fn lessons() -> Vec<Lesson> {
    let (crowd, notebook, rng) = (Crowd::new(400), Notebook::new(Plain), Streams::new(1));
    for tick in [3, 1, 0, 2] {
        assert_eq!(notebook.decide(&crowd.facing(tick), &rng).unwrap().len(), 400);
    }
    notebook.lessons()
}

/// Distilled once for all tests.
fn distilled() -> &'static Surrogate {
    static DISTILLED: OnceLock<Surrogate> = OnceLock::new();
    DISTILLED.get_or_init(distil)
}

fn distil() -> Surrogate {
    let folder = tempfile::tempdir().unwrap();
    let config = SurrogateConfig { batch: 128, rounds: 30, ..SurrogateConfig::default() };
    let (mind, told) = Surrogate::distil(&lessons(), &config, 7, folder.path()).unwrap();
    assert_eq!(told.learned + told.held_out, 4 * 392);
    assert!((0.05..0.15).contains(&(told.held_out as f64 / (4.0 * 392.0))), "{}", told.held_out);
    mind
}

fn decisions(mind: &Surrogate, faced: &[Facing<'_>]) -> Vec<Decision> {
    let thoughts = mind.decide(faced, &Streams::new(5)).unwrap();
    thoughts.into_iter().map(|thought| thought.decision.unwrap()).collect()
}

#[test]
fn surrogate_reads_what_a_mind_is_told() {
    let crowd = Crowd::new(4);
    let mut faced = crowd.facing(1);
    let it = &mut faced[1];
    (it.offers[0].topic, it.offers[1].topic, it.offers[2].topic) = (2, 1, 2);
    (it.offers[0].appeal, it.offers[1].promise) = (f32::NAN, 400.0);
    let Seen { person, offers } = Seen::of(it);
    assert_eq!(person, [-0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 / 9.0, 0.0]);
    // Pets: liked second of two, tired of once, remembered a day ago as bad; an appeal that is no number is none.
    let [liked, fatigue, felt, recency, appeal, .., position, again] = offers[0];
    assert_eq!([liked, felt, recency, appeal, position, again], [0.5, -0.5, 0.5, 0.0, 0.0, 0.0]);
    assert!((fatigue - 2.0_f32.ln() / 3.0).abs() < 1e-6);
    // Cars: liked first, and promises more than the scale has room for.
    assert_eq!((offers[1][0], offers[1][5], offers[1][7]), (1.0, 2.0, 1.0 / 3.0));
    assert_eq!((offers[2][7], offers[2][8]), (2.0 / 3.0, 0.5), "one of the two above is of its topic");
    let row = Seen::of(it).row([0.2, 0.4, 0.9].into_iter());
    assert!((row[10] - 0.5).abs() < 1e-6 && row[11] == 0.9, "mean and largest chance: {row:?}");
    let nobody = Facing { offers: Vec::new(), identity: &Identity::default(), ..it.clone() };
    assert!(Seen::of(&nobody).row(std::iter::empty()).iter().all(|number| number.is_finite()));
}

#[test]
fn surrogate_does_as_it_was_taught() {
    let (mind, crowd) = (distilled(), Crowd::new(300));
    let faced = crowd.facing(9);
    let taught = Plain.decide(&faced, &Streams::new(0)).unwrap();
    let (mut same, mut n, mut after) = (0, 0, 0);
    for (found, taught) in decisions(mind, &faced).iter().zip(&taught) {
        let Some(taught) = &taught.decision else { continue };
        for (found, taught) in found.acts.iter().zip(&taught.acts) {
            n += 1;
            same += usize::from(
                found.watches_secs.is_some() == taught.watches_secs.is_some()
                    && found.verdict == taught.verdict,
            );
            assert!(found.watches_secs.is_none_or(|secs| (20.0..=30.0).contains(&secs)), "{found:?}");
        }
        after += usize::from(std::mem::discriminant(&found.next) == std::mem::discriminant(&taught.next));
    }
    assert!(same as f64 > 0.95 * n as f64, "{same} of {n}");
    assert!(after as f64 > 0.9 * (n / 3) as f64, "{after} of {}", n / 3);
}

#[test]
fn surrogate_decides_for_each_alone_and_asks_only_where_it_may() {
    let (mind, crowd) = (distilled(), Crowd::new(300));
    let faced = crowd.facing(9);
    let together = decisions(mind, &faced);
    let turned: Vec<_> = faced.iter().rev().cloned().collect();
    assert!(decisions(mind, &turned).into_iter().rev().eq(together.iter().cloned()));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| decisions(mind, &faced)), together);
    let laws = mind.laws(&faced).unwrap();
    let mut asked = 0;
    for ((it, decision), law) in faced.iter().zip(&together).zip(&laws) {
        assert!(law.watches.iter().chain([&law.leaves]).all(|p| (0.0..=1.0).contains(p)));
        let Next::Asks(instruction) = &decision.next else { continue };
        asked += 1;
        assert!(it.may_speak);
        let likes = &it.identity.life.as_ref().unwrap().likes;
        let missed = likes.iter().map(|like| TOPICS.iter().position(|topic| topic == like).unwrap() as u16);
        let on_slate = |topic: &u16| it.offers.iter().any(|offer| offer.topic == *topic);
        let expected = missed.clone().find(|topic| !on_slate(topic)).or(missed.clone().next());
        assert_eq!((instruction.wish, instruction.topic), (Wish::MoreOf, expected));
    }
    assert!(asked > 5, "{asked}");
}

#[test]
fn surrogate_is_kept_whole_and_another_is_refused() {
    let (mind, crowd, folder) = (distilled(), Crowd::new(40), tempfile::tempdir().unwrap());
    mind.save(folder.path()).unwrap();
    let read = Surrogate::load(folder.path()).unwrap();
    assert_eq!(read.card(), mind.card());
    assert_eq!(decisions(&read, &crowd.facing(9)), decisions(mind, &crowd.facing(9)));
    let path = folder.path().join("card.json");
    let card = std::fs::read_to_string(&path).unwrap();
    let said = |card: String| {
        std::fs::write(&path, card).unwrap();
        Surrogate::load(folder.path()).unwrap_err().to_string()
    };
    let other = said(card.replace("\"recency\"", "\"shoe_size\""));
    assert!(
        other.contains("it reads other features than this program") && other.contains("shoe_size"),
        "{other}"
    );
    let other = said(card.replace("\"surrogate\"", "\"ppo\""));
    assert!(other.ends_with("it holds a policy of `ppo`, not a surrogate"), "{other}");
    std::fs::write(&path, &card).unwrap();
    std::fs::copy(folder.path().join("offers.safetensors"), folder.path().join("people.safetensors"))
        .unwrap();
    assert!(matches!(Surrogate::load(folder.path()), Err(recloop_nn::NnError::Checkpoint { .. })));
}

#[test]
fn surrogate_lessons_are_read_as_they_were_written_and_bad_ones_are_named() {
    let (folder, all) = (tempfile::tempdir().unwrap(), lessons());
    assert!(all.is_sorted_by_key(|lesson| (lesson.tick, lesson.user)));
    let path = folder.path().join("lessons.jsonl");
    write_lessons(&all, &path).unwrap();
    assert_eq!(read_lessons(&path).unwrap(), all);
    std::fs::write(&path, "{\"user\": 1}\n").unwrap();
    assert!(read_lessons(&path).unwrap_err().to_string().contains("its line 1 is no lesson"));
    let refused = |lessons: &[Lesson], config: &SurrogateConfig| {
        Surrogate::distil(lessons, config, 7, folder.path()).unwrap_err().to_string()
    };
    let config = SurrogateConfig::default();
    assert!(refused(&all[..1], &config).ends_with("there are too few users"));
    let mut bad = all.clone();
    bad[3].acts.pop();
    assert_eq!(refused(&bad, &config), "train: lesson 3 cannot be learned from: it has 2 acts for 3 offers");
    let rate = SurrogateConfig { rate: f64::NAN, ..config };
    assert_eq!(refused(&all, &rate), "train: its rate must be positive");
}
