//! Users behind a language model: one batch per tick, which may fail; they answer questions and remember in words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use recloop_env::testing::{ToyUsers, check_world, toy_shelf};
use recloop_env::{
    Array, Cohort, CohortError, CohortSpec, Event, Fate, Goal, Grid, ItemId, Message, Objective,
    ObservationRows, Part, ResetOptions, ResponseRows, Responses, Rows, Said, Scene, Shown, SnapshotError,
    SnapshotSink, SnapshotSource, StepError, Streams, Tick, UserId, UserModel, World,
};

use crate::Play;

/// What the panel says is out of order.
#[derive(Debug, thiserror::Error)]
#[error("the backend is down")]
struct Down;

/// Stands for a chat backend: answers a whole batch of prompts, counts batches, fails on the given one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backend {
    batches: Arc<AtomicU32>,
    fails_at: Option<u32>,
}

impl Backend {
    fn ask(&self, prompts: &[String]) -> Result<Vec<String>, Down> {
        let batch = self.batches.fetch_add(1, Ordering::Relaxed);
        if self.fails_at == Some(batch) {
            return Err(Down);
        }
        Ok(prompts.iter().map(|prompt| format!("asked: {prompt}")).collect())
    }
}

/// A panel whose members click the top item, say what they think, and stay away for a while after two slates.
#[derive(Clone)]
pub(crate) struct Panel {
    backend: Backend,
    first: UserId,
    /// `[n, 3]` what a recommender may know.
    profile: Grid<f32>,
    /// `[n, 1]` slates met.
    slates: Grid<f32>,
    /// `[n]` a running view of the feed, in words.
    mindset: Vec<String>,
}

impl Panel {
    pub(crate) fn new(n: usize, backend: Backend) -> Self {
        let (profile, slates) = (Grid::zeros(n, 3), Grid::zeros(n, 1));
        Self { backend, first: UserId(0), profile, slates, mindset: vec![String::new(); n] }
    }

    fn at(&self, user: UserId) -> Option<usize> {
        let at = user.0.checked_sub(self.first.0)? as usize;
        (at < self.mindset.len()).then_some(at)
    }
}

impl Cohort for Panel {
    fn spec(&self) -> CohortSpec {
        CohortSpec { name: "panel".into(), ..ToyUsers::default().spec() }
    }

    fn n_users(&self) -> usize {
        self.mindset.len()
    }

    fn reset(&mut self, first: UserId, rng: &Streams) -> Result<(), CohortError> {
        self.first = first;
        (0..self.n_users() as u32).try_for_each(|i| self.renew(UserId(first.0 + i), Tick(0), rng))
    }

    fn renew(&mut self, user: UserId, tick: Tick, _rng: &Streams) -> Result<(), CohortError> {
        let at = self.at(user).expect("a world renews its own users");
        self.mindset[at] = format!("new at {}", tick.0);
        self.slates.row_mut(at)[0] = 0.0;
        self.profile.row_mut(at).fill(0.5);
        Ok(())
    }

    fn first_visit(&self, _user: UserId, _rng: &Streams) -> f64 {
        0.0
    }

    fn observe(&self, rows: &Rows<'_>, mut out: ObservationRows<'_>) -> Result<(), CohortError> {
        (0..rows.len()).for_each(|i| out.row(i).copy_from_slice(self.profile.row(rows.at(i))));
        Ok(())
    }

    fn respond(
        &mut self,
        shown: &Shown<'_>,
        _rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        let said_to = |i: usize| shown.slates.messages.iter().find(move |said| said.row == rows.row(i));
        let prompt = |i: usize| {
            let question = said_to(i).map_or("", |said| said.text.as_str());
            format!("{} sees {} {question}", self.mindset[rows.at(i)], shown.slate(i)[0].0)
        };
        let prompts: Vec<_> = (0..rows.len()).map(prompt).collect();
        let reason = |down: Down| CohortError::Failed { cohort: "panel".into(), reason: down.to_string() };
        let answers = self.backend.ask(&prompts).map_err(reason)?;
        for (i, text) in answers.into_iter().enumerate() {
            out.click(i, 0, 30.0);
            self.mindset[rows.at(i)] = format!("saw {}", shown.slate(i)[0].0);
            let said = if said_to(i).is_some() { Said::Answer } else { Said::Instruction };
            out.replies.push(Message { row: i, said, text });
        }
        Ok(())
    }

    fn advance(
        &mut self,
        shown: &Shown<'_>,
        _did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for (i, fate) in out.iter_mut().enumerate() {
            let met = &mut self.slates.row_mut(rows.at(i))[0];
            *met += 1.0;
            *fate = match *met {
                6.0 => Fate::Gone,
                met if met % 2.0 == 0.0 => Fate::Returns(3.0 + rows.users[i].0 as f32),
                _ => Fate::Stays(1.0),
            };
        }
        Ok(())
    }

    fn appraise(&self, _: &Scene<'_>, _: usize, _: Goal, _: &[ItemId], _: &mut [f32]) -> bool {
        false
    }

    fn field_names(&self) -> Vec<String> {
        vec!["slates".into()]
    }

    fn field(&self, user: UserId, name: &str) -> Option<&[f32]> {
        self.at(user).filter(|_| name == "slates").map(|at| self.slates.row(at))
    }

    fn field_mut(&mut self, user: UserId, name: &str) -> Option<&mut [f32]> {
        self.at(user).filter(|_| name == "slates").map(|at| self.slates.row_mut(at))
    }

    fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        out.put(Array::new("profile", 3, self.profile.as_slice()))?;
        out.put(Array::new("slates", 1, self.slates.as_slice()))?;
        out.put(Array::new("mindset", 1, self.mindset.join("\n").into_bytes()))
    }

    fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        from.take("profile")?.copy_to(self.profile.as_mut_slice())?;
        from.take("slates")?.copy_to(self.slates.as_mut_slice())?;
        let mindset = from.take("mindset")?;
        let words = String::from_utf8_lossy(mindset.as_slice()?);
        self.mindset.iter_mut().zip(words.lines()).for_each(|(old, new)| new.clone_into(old));
        Ok(())
    }

    fn fork(&self) -> Box<dyn Cohort> {
        Box::new(self.clone())
    }
}

fn world(n: usize, backend: Backend) -> World {
    World::builder("panel-v0")
        .cohort(Panel::new(n, backend))
        .supply(toy_shelf())
        .slate_size(2)
        .objective(Objective::new().with(Part::Clicks, 1.0).with(Part::Returns, 1.0))
        .build()
        .unwrap()
}

#[test]
fn a_panel_keeps_every_law() {
    check_world(|| world(5, Backend::default())).unwrap();
}

#[test]
fn a_tick_is_one_batch() {
    let backend = Backend::default();
    let mut play = Play::begin(world(4, backend.clone()), &ResetOptions::default());
    for ticks in 1..=3 {
        play.tick().unwrap();
        assert_eq!(backend.batches.load(Ordering::Relaxed), ticks);
    }
}

#[test]
fn what_users_say_is_heard_when_they_are_next_here() {
    let mut play = Play::begin(world(2, Backend::default()), &ResetOptions::default());
    play.choose();
    let ask = Message { row: 1, said: Said::Question, text: "more of this?".into() };
    play.slates.messages.push(ask);
    play.show().unwrap();
    let heard: Vec<_> = play.seen.messages.iter().map(|said| (said.row, said.said, &*said.text)).collect();
    let (told, answer) = ("asked: new at 0 sees 0 ", "asked: new at 0 sees 0 more of this?");
    assert_eq!(heard, [(0, Said::Instruction, told), (1, Said::Answer, answer)]);
    // The second slate ends both visits at second 1; user u is back 3 + u seconds later, at ticks 4 and 5.
    play.tick().unwrap();
    let heard =
        |play: &Play| play.seen.messages.iter().map(|said| (said.row, said.text.clone())).collect::<Vec<_>>();
    assert_eq!((play.seen.tick, &play.seen.users[..]), (Tick(4), &[UserId(0)][..]));
    assert_eq!(heard(&play), [(0, "asked: saw 0 sees 0 ".to_owned())]);
    play.tick().unwrap();
    assert_eq!((play.seen.tick, &play.seen.users[..]), (Tick(5), &[UserId(0), UserId(1)][..]));
    assert_eq!(heard(&play).len(), 2, "user 1 is heard only now");
}

#[test]
fn a_successor_is_not_taken_for_who_was_there_before() {
    let options = ResetOptions { renew: true, ..ResetOptions::default() };
    let mut play = Play::begin(world(1, Backend::default()), &options);
    while play.step.events.is_empty() {
        play.tick().unwrap();
    }
    assert_eq!(play.step.events, [Event::Renew { user: UserId(0) }]);
    assert_eq!(play.step.responses.replies.len(), 1, "the one who left had last words");
    assert_eq!(play.seen.messages, []);
}

#[test]
fn a_failed_batch_stops_the_world_until_it_is_restored() {
    let backend = Backend { fails_at: Some(1), ..Backend::default() };
    let mut play = Play::begin(world(2, backend), &ResetOptions::default());
    play.tick().unwrap();
    let saved = play.world.save().unwrap();
    let failed = play.tick().unwrap_err();
    assert_eq!(failed.to_string(), "let the `panel` users respond: the backend is down");
    assert!(matches!(play.tick(), Err(StepError::NotReset)));
    assert!(play.world.save().is_err(), "half a tick is nothing to go back to");
    let before = play.seen.clone();
    play.world.restore(&saved, &mut play.seen).unwrap();
    assert_eq!(play.seen, before);
    play.tick().unwrap();
}
