//! Every check must be able to fail: parts that break one law each, and the law they are caught by.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::*;

/// Toy users with one fault.
#[derive(Debug, Clone)]
struct Faulty {
    users: ToyUsers,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    LuckOfTheRow,
    NeighboursMatter,
    FeatureOutOfBounds,
    DwellWithoutClick,
    ProbabilityAboveOne,
    ForgetsOnNothing,
    WritesNotWhatItReads,
}

impl UserModel for Faulty {
    type State = FaultyState;

    fn spec(&self) -> CohortSpec {
        self.users.spec()
    }

    fn blank(&self, n: usize) -> FaultyState {
        FaultyState {
            named: self.users.blank(n),
            unnamed: vec![0; n],
            swap: self.fault == Fault::WritesNotWhatItReads,
        }
    }

    fn begin(&self, state: &mut FaultyState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        state.unnamed[at] = 0;
        self.users.begin(&mut state.named, at, user, tick, rng);
    }

    fn observe(&self, state: &FaultyState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        self.users.observe(&state.named, rows, out);
        if self.fault == Fault::FeatureOutOfBounds {
            out.row(0)[0] = 1.5;
        }
    }

    fn respond(
        &self,
        state: &mut FaultyState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        self.users.respond(&mut state.named, shown, rng, out)?;
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            let turns = &mut state.unnamed[rows.at(i)];
            *turns += 1;
            match self.fault {
                Fault::LuckOfTheRow if rows.row(i) % 2 == 1 => out.click(i, 0, 1.0),
                Fault::NeighboursMatter if rows.len() > 1 => out.click(i, 0, 1.0),
                Fault::DwellWithoutClick => {
                    out.click[i * out.k] = false;
                    out.dwell_secs[i * out.k] = 1.0;
                }
                Fault::ProbabilityAboveOne => {
                    if let Some(probs) = out.probs(i) {
                        probs[0] = 1.1;
                    }
                }
                Fault::ForgetsOnNothing if *turns > 2 => out.click(i, 0, 1.0),
                _ => {}
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut FaultyState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        self.users.advance(&mut state.named, shown, did, rng, out)
    }

    fn appraise(
        &self,
        state: &FaultyState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        self.users.appraise(&state.named, scene, i, goal, items, out)
    }
}

#[derive(Clone)]
struct FaultyState {
    named: ToyState,
    unnamed: Vec<u32>,
    swap: bool,
}

impl State for FaultyState {
    fn fields(&self) -> Vec<(&'static str, &Grid<f32>)> {
        self.named.fields()
    }

    fn fields_mut(&mut self) -> Vec<(&'static str, &mut Grid<f32>)> {
        let mut fields = self.named.fields_mut();
        if self.swap {
            fields.swap(1, 2);
        }
        fields
    }
}

fn law_broken_by(fault: Fault) -> Option<&'static str> {
    let supply = || Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) };
    let users = Faulty { users: ToyUsers::default(), fault };
    check_users(&users, supply, 2).err().map(|breach| breach.law)
}

#[test]
fn faulty_users_are_caught_by_the_law_they_break() {
    assert_eq!(law_broken_by(Fault::None), None);
    assert_eq!(law_broken_by(Fault::LuckOfTheRow), Some("every row answers as if it were alone"));
    assert_eq!(law_broken_by(Fault::NeighboursMatter), Some("every row answers as if it were alone"));
    assert_eq!(law_broken_by(Fault::FeatureOutOfBounds), Some("an observation is well formed"));
    assert_eq!(law_broken_by(Fault::DwellWithoutClick), Some("a step is well formed"));
    assert_eq!(law_broken_by(Fault::ProbabilityAboveOne), Some("a step is well formed"));
    assert_eq!(law_broken_by(Fault::ForgetsOnNothing), Some("restore(save) goes on as if never stopped"));
    assert_eq!(law_broken_by(Fault::WritesNotWhatItReads), Some("state has a named row for every user"));
}

/// Ranks with one fault.
#[derive(Default)]
struct Crooked {
    k: usize,
    turns: u32,
    repeats: bool,
    looks_aside: bool,
    forgets: bool,
}

impl Recommender for Crooked {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.k = spec.slate_size;
        Ok(())
    }

    fn recommend(&mut self, seen: &Observation, _: &Streams, out: &mut Slates) -> Result<(), RecommendError> {
        out.reset(seen.len(), self.k);
        for r in 0..seen.len() {
            let list = seen.candidates.listed(r);
            let shift = match () {
                () if self.looks_aside => seen.len(),
                () if self.forgets => self.turns as usize,
                () => 0,
            };
            for (position, item) in out.items.row_mut(r).iter_mut().enumerate() {
                *item = list[if self.repeats { 0 } else { (position + shift) % list.len() }];
            }
        }
        Ok(())
    }

    fn learn(&mut self, _: &Observation, _: &Slates, _: &Step) {
        self.turns += 1;
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

#[test]
fn crooked_recommenders_are_caught() {
    let law_broken_by =
        |make: fn() -> Crooked| check_recommender(make, || toy_world(9)).err().map(|breach| breach.law);
    assert_eq!(law_broken_by(Crooked::default), None);
    let repeats = || Crooked { repeats: true, ..Crooked::default() };
    assert_eq!(law_broken_by(repeats), Some("a recommender shows what may be shown"));
    let looks_aside = || Crooked { looks_aside: true, ..Crooked::default() };
    let independent = "a row's slate does not depend on who else is in the batch";
    assert_eq!(law_broken_by(looks_aside), Some(independent));
    let forgets = || Crooked { forgets: true, ..Crooked::default() };
    assert_eq!(law_broken_by(forgets), Some("a snapshot is all a recommender needs"));
}

/// Creators who publish when it suits their fault.
#[derive(Clone)]
struct Spies {
    envious: bool,
    turns: u32,
    counts_turns: bool,
    begins_anew: bool,
}

impl CreatorModel for Spies {
    fn n_creators(&self) -> usize {
        3
    }

    fn begin(&mut self, _: &Streams) {
        if self.begins_anew {
            self.turns = 0;
        }
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        _: Tick,
        _: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        self.turns += 1;
        let clicks = |own: &OwnFeedback| own.items.iter().map(|item| item.clicks).sum::<u32>();
        let most = own.iter().map(clicks).max();
        for own in own {
            let publish = match () {
                () if self.envious => Some(clicks(own)) == most,
                () if self.counts_turns => self.turns.is_multiple_of(5),
                () => true,
            };
            if publish {
                out.push((
                    own.creator,
                    CreatorAction::Publish(NewItem { codes: vec![0], ..NewItem::default() }),
                ));
            }
        }
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

#[test]
fn spying_creators_are_caught() {
    let world = toy_feed(1);
    let law_broken_by = |envious, counts_turns, begins_anew| {
        let spies = Spies { envious, turns: 0, counts_turns, begins_anew };
        check_creators(|| spies.clone(), world.spec()).err().map(|breach| breach.law)
    };
    assert_eq!(law_broken_by(false, false, true), None);
    assert_eq!(law_broken_by(true, false, true), Some("a creator acts on its own feedback alone"));
    assert_eq!(law_broken_by(false, true, false), Some("a life leaves no trace in the next"));
    assert_eq!(law_broken_by(false, true, true), Some("a snapshot is all creators need"));
}

#[test]
fn worlds_that_are_never_the_same_are_caught() {
    let made = AtomicU32::new(0);
    let breach = check_env(|| toy_world(3 + made.fetch_add(1, Ordering::Relaxed) as usize)).unwrap_err();
    assert_eq!((breach.law, breach.tick), ("one seed gives one run", Tick(0)));
    assert!(breach.to_string().starts_with("keep the law `one seed gives one run`: tick 0: length of users"));
}

#[test]
fn the_toys_keep_every_law() {
    check_world(|| toy_world(40)).unwrap();
    check_world(|| toy_feed(40)).unwrap();
    check_creators(|| ToyCreators::new(3), toy_feed(1).spec()).unwrap();
    check_recommender(ToyRecommender::default, || toy_feed(9)).unwrap();
}
