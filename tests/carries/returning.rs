//! People with days between their visits, on a clock of hours.

use recloop_env::testing::{ToyItems, check_users, check_world};
use recloop_env::{
    Clock, CohortError, CohortSpec, End, Fate, Goal, Grid, ItemId, Objective, ObservationRows, Part,
    ResetOptions, ResponseRows, Responses, Rows, Scene, SessionId, Sharded, Shown, Streams, Supply, Tick,
    UserId, UserModel, World,
};

use crate::Play;

const HOUR_SECS: f32 = 3_600.0;
/// Longer than the calendar's window of 1,024 ticks.
const AWAY_HOURS: f32 = 1_500.0;

recloop_env::state! {
    /// What a commuter carries.
    pub(crate) struct Journey {
        /// `[n, 1]` slates met.
        slates,
    }
}

/// User `u` first opens the app at hour `10·u`, meets two slates an hour apart, is away for long, and leaves for good
/// after three visits.
#[derive(Debug, Clone)]
pub(crate) struct Commuter {
    away_hours: f32,
}

impl Default for Commuter {
    fn default() -> Self {
        Self { away_hours: AWAY_HOURS }
    }
}

impl UserModel for Commuter {
    type State = Journey;

    fn spec(&self) -> CohortSpec {
        CohortSpec { name: "commuters".into(), ..CohortSpec::default() }
    }

    fn blank(&self, n: usize) -> Journey {
        Journey { slates: Grid::zeros(n, 1) }
    }

    fn begin(&self, state: &mut Journey, at: usize, _user: UserId, _tick: Tick, _rng: &Streams) {
        state.slates.row_mut(at)[0] = 0.0;
    }

    fn first_visit(&self, user: UserId, _rng: &Streams) -> f64 {
        f64::from(HOUR_SECS) * 10.0 * f64::from(user.0)
    }

    fn observe(&self, _state: &Journey, _rows: &Rows<'_>, _out: &mut ObservationRows<'_>) {}

    fn respond(
        &self,
        _state: &mut Journey,
        _shown: &Shown<'_>,
        _rng: &Streams,
        _out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        Ok(())
    }

    fn advance(
        &self,
        state: &mut Journey,
        shown: &Shown<'_>,
        _did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        for (i, fate) in out.iter_mut().enumerate() {
            let met = &mut state.slates.row_mut(shown.scene.rows.at(i))[0];
            *met += 1.0;
            *fate = match *met {
                6.0 => Fate::Gone,
                met if met % 2.0 == 0.0 => Fate::Returns(self.away_hours * HOUR_SECS),
                _ => Fate::Stays(HOUR_SECS),
            };
        }
        Ok(())
    }

    fn appraise(
        &self,
        _state: &Journey,
        _scene: &Scene<'_>,
        _i: usize,
        _goal: Goal,
        _items: &[ItemId],
        _out: &mut [f32],
    ) -> bool {
        false
    }
}

fn supply() -> Supply {
    Supply::Redrawn { per_row: 2, law: Box::new(ToyItems) }
}

fn world(model: Commuter, n: usize) -> World {
    World::builder("returning-v0")
        .cohort(Sharded::new(model, n))
        .supply(supply())
        .objective(Objective::new().with(Part::Returns, 1.0))
        .clock(Clock { tick_secs: f64::from(HOUR_SECS), calendar: true })
        .build()
        .unwrap()
}

#[test]
fn people_who_come_and_go_keep_every_law() {
    check_world(|| world(Commuter::default(), 3)).unwrap();
    check_users(&Commuter::default(), supply, 1).unwrap();
}

/// What is seen at each busy tick: hour, users, visits, rewards, ends.
type Diary = Vec<(u32, Vec<u32>, Vec<u32>, Vec<f32>, Vec<Option<End>>)>;

fn diary(n: usize, horizon: Option<u32>) -> Diary {
    let options = ResetOptions { horizon: horizon.map(Tick), ..ResetOptions::default() };
    let mut play = Play::begin(world(Commuter::default(), n), &options);
    let mut diary = Vec::new();
    while !play.seen.is_empty() {
        let (hour, sessions) = (play.seen.tick.0, play.seen.sessions.clone());
        let users = play.seen.users.iter().map(|user| user.0).collect();
        let visits = sessions.iter().copied().map(SessionId::visit).collect();
        play.tick().unwrap();
        diary.push((hour, users, visits, play.step.reward.clone(), play.step.ended.clone()));
    }
    assert!(play.world.is_over());
    diary
}

#[test]
fn empty_hours_are_skipped_and_returns_are_credited_when_they_happen() {
    // User 0: hours 0 1 | 1501 1502 | 3002 3003. User 1: 10 11 | 1511 1512 | 3012 3013.
    let visit = |hour, user, visit, reward, ended| (hour, vec![user], vec![visit], vec![reward], vec![ended]);
    let gone = Some(End::Terminated);
    let expected = [
        visit(0, 0, 0, 0.0, None),
        visit(1, 0, 0, 0.0, None),
        visit(10, 1, 0, 0.0, None),
        visit(11, 1, 0, 0.0, None),
        visit(1501, 0, 1, 1.0, None),
        visit(1502, 0, 1, 0.0, None),
        visit(1511, 1, 1, 1.0, None),
        visit(1512, 1, 1, 0.0, None),
        visit(3002, 0, 2, 1.0, None),
        visit(3003, 0, 2, 0.0, gone),
        visit(3012, 1, 2, 1.0, None),
        visit(3013, 1, 2, 0.0, gone),
    ];
    assert_eq!(diary(2, None), expected);
}

#[test]
fn whoever_would_return_past_the_horizon_is_truncated() {
    let truncated = vec![Some(End::Truncated)];
    let ends: Vec<_> = diary(2, Some(1_502)).into_iter().map(|(hour, .., ended)| (hour, ended)).collect();
    // At hour 1501 user 0 would go on at 1502; at hour 11 user 1 would return at 1511.
    assert_eq!(
        ends,
        [(0, vec![None]), (1, vec![None]), (10, vec![None]), (11, truncated.clone()), (1501, truncated)]
    );
}

#[test]
fn a_visit_past_the_last_tick_is_truncated_too() {
    let hermit = Commuter { away_hours: 1e30 };
    let mut play = Play::begin(world(hermit, 1), &ResetOptions::default());
    play.tick().unwrap();
    play.tick().unwrap();
    assert_eq!(play.step.ended, [Some(End::Truncated)]);
    assert!(play.world.is_over());
}
