//! People who face slates until they leave: just enough of a world for a mind to live in.

use recloop::data::fidelity::Lived;
use recloop::users::minds::{Facing, Mind, Next, Offer, Remembered, Verdict};
use recloop::users::psyche::{BigFive, Identity, Life, Mood, Personal};
use recloop_env::{Draws, ItemId, Streams, Tick, Topics, UserId, below, purpose};

const N_TOPICS: u32 = 8;
const SLATE: u32 = 10;
/// Nobody stays longer.
const LONGEST: u32 = 60;

/// Cells: curious or not, calm or nervous.
pub(crate) const CELLS: [&str; 4] = ["curious, calm", "curious, nervous", "set, calm", "set, nervous"];

/// People, each with a session to live through.
pub(crate) struct Street {
    topics: Vec<String>,
    people: Vec<Identity>,
    first: u32,
}

/// A session, and what a shadow thought of leaving at each slate of it.
pub(crate) struct Session {
    pub(crate) lived: Lived,
    pub(crate) leaving: Vec<(f64, bool)>,
}

/// Where somebody is in their session.
#[derive(Clone)]
struct State {
    mood: Mood,
    fatigue: Vec<f32>,
    memories: Vec<Remembered>,
    spoke: bool,
}

fn between(draws: &mut Draws, low: f32, high: f32) -> f32 {
    low + (high - low) * draws.unit()
}

impl Street {
    /// People `first .. first + n`: the same whatever they live through.
    pub(crate) fn new(first: u32, n: u32) -> Self {
        let topics = Topics::new(N_TOPICS as usize, 2).names;
        let person = |user: u32| {
            let mut draws = Streams::new(3).at(purpose::PERSONA, UserId(user), Tick(0));
            let traits = BigFive::of([0.0; 5].map(|_: f32| between(&mut draws, -0.8, 0.8)));
            let first = below(draws.word(), N_TOPICS);
            let likes = (0..3).map(|rank| topics[((first + 3 * rank) % N_TOPICS) as usize].clone()).collect();
            let personal = Some(Personal { traits, values: Vec::new() });
            Identity { personal, life: Some(Life { likes, ..Life::default() }), ..Identity::default() }
        };
        Self { people: (first..first + n).map(person).collect(), topics, first }
    }

    fn cell(&self, at: usize) -> usize {
        let traits = self.people[at].personal.as_ref().map_or(BigFive::default(), |personal| personal.traits);
        2 * usize::from(traits.openness < 0.0) + usize::from(traits.stability < 0.0)
    }

    /// What is shown at `tick`; `care` in [0, 1] is how often it is of a liked topic.
    fn slate(&self, at: usize, tick: u32, care: f32, luck: &Streams) -> Vec<Offer<'_>> {
        let mut draws = luck.at(purpose::CANDIDATES, UserId(self.first + at as u32), Tick(tick));
        let likes = &self.people[at].life.as_ref().expect("everybody likes something").likes;
        let offer = |k: u32| {
            let any = below(draws.word(), N_TOPICS);
            let like = &likes[below(draws.word(), likes.len() as u32) as usize];
            let liked = self.topics.iter().position(|topic| topic == like).expect("a topic") as u32;
            let topic = if draws.unit() < care { liked } else { any } as u16;
            let promise = between(&mut draws, -1.5, 1.0) + care;
            Offer {
                item: ItemId(tick * SLATE + k),
                title: "",
                topic,
                appeal: between(&mut draws, -1.0, 2.0),
                promise,
            }
        };
        (0..SLATE).map(offer).collect()
    }

    fn facing<'a>(&'a self, at: usize, tick: u32, state: &'a State, care: f32, luck: &Streams) -> Facing<'a> {
        Facing {
            user: UserId(self.first + at as u32),
            tick: Tick(tick),
            now_hours: tick as f32,
            identity: &self.people[at],
            mood: state.mood,
            baseline: Mood::default(),
            fatigue: &state.fatigue,
            memories: state.memories.clone(),
            mindset: "",
            slates_seen: tick,
            may_speak: !state.spoke,
            offers: self.slate(at, tick, care, luck),
            topics: &self.topics,
        }
    }

    /// Everybody's session by `mind`, while `shadow` looks on.
    pub(crate) fn live(
        &self,
        mind: &dyn Mind,
        care: f32,
        seed: u64,
        shadow: Option<&dyn Mind>,
    ) -> Vec<Session> {
        let luck = Streams::new(seed);
        let begin = |it: &Identity| State {
            mood: Mood::baseline(&it.personal.as_ref().expect("a character").traits),
            fatigue: vec![0.0; N_TOPICS as usize],
            memories: Vec::new(),
            spoke: false,
        };
        let mut states: Vec<State> = self.people.iter().map(begin).collect();
        let session = |at| Session {
            lived: Lived { cell: self.cell(at), choices: vec![0; 8], sessions: vec![f64::from(LONGEST)] },
            leaving: Vec::new(),
        };
        let mut sessions: Vec<Session> = (0..self.people.len()).map(session).collect();
        let mut there: Vec<usize> = (0..self.people.len()).collect();
        for tick in 0..LONGEST {
            let faced: Vec<_> =
                there.iter().map(|at| self.facing(*at, tick, &states[*at], care, &luck)).collect();
            let thoughts = mind.decide(&faced, &luck).expect("a mind that decides");
            let laws = shadow.map(|shadow| shadow.laws(&faced).expect("a shadow that knows its law"));
            let mut left = Vec::new();
            let mut moved = Vec::with_capacity(there.len());
            for (i, (it, thought)) in faced.iter().zip(thoughts).enumerate() {
                let (decision, at) = (thought.decision.expect("a mind that never fails"), there[i]);
                let (session, leaves) = (&mut sessions[at], decision.next == Next::Leaves);
                for act in &decision.acts {
                    let kind = match (act.watches_secs, act.verdict) {
                        (None, _) => 0,
                        (_, Some(Verdict::Like)) => 3,
                        (_, Some(Verdict::Hide)) => 4,
                        (Some(secs), None) => 1 + usize::from(secs > 10.0),
                    };
                    session.lived.choices[kind] += 1;
                }
                let after = match decision.next {
                    Next::Stays => 5,
                    Next::Leaves => 6,
                    Next::Asks(_) => 7,
                };
                session.lived.choices[after] += 1;
                session.leaving.extend(laws.as_ref().map(|laws| (f64::from(laws[i].leaves), leaves)));
                if leaves {
                    session.lived.sessions[0] = f64::from(tick + 1);
                    left.push(at);
                }
                moved.push((at, states[at].after(it, &decision)));
            }
            drop(faced);
            moved.into_iter().for_each(|(at, state)| states[at] = state);
            there.retain(|at| left.binary_search(at).is_err());
        }
        sessions
    }
}

impl State {
    /// After a slate: topics tire, moods move, the first watched item is remembered.
    fn after(&self, it: &Facing<'_>, did: &recloop::users::minds::Decision) -> Self {
        let mut state = self.clone();
        state.fatigue.iter_mut().for_each(|f| *f *= 0.8);
        it.offers.iter().for_each(|offer| state.fatigue[usize::from(offer.topic)] += 0.5);
        state.mood.valence = (0.8 * state.mood.valence + 0.2 * did.feeling).clamp(-1.0, 1.0);
        let mut watched = it.offers.iter().zip(&did.acts).filter(|(_, act)| act.watches_secs.is_some());
        if let Some((offer, _)) = watched.next() {
            state.memories.retain(|memory| memory.topic != offer.topic);
            let felt = 0.5 * did.feeling;
            state.memories.insert(0, Remembered { topic: offer.topic, felt, hours_ago: 0.0 });
            state.memories.truncate(5);
        }
        state.memories.iter_mut().for_each(|memory| memory.hours_ago += 1.0);
        state.spoke |= matches!(did.next, Next::Asks(_));
        state
    }
}
