//! People who take at most one item, and for whom the item they take most readily is the wrong one.

use recloop_env::testing::ToyItems;
use recloop_env::{
    Block, BlockAt, CohortError, CohortSpec, Fate, Goal, ItemId, ItemLaw, Layout, Objective, ObservationRows,
    Part, ResponseRows, Responses, Rows, Scene, Sharded, Shown, Streams, Supply, Tick, UserId, UserModel,
    World, purpose, unit_f32,
};

/// How readily each topic is taken, where nothing weighs 1.
const WEIGHT: [f32; 3] = [8.0, 2.0, 0.5];
/// Time that it costs to take one; nothing costs 1.
const COST: [f32; 3] = [4.0, 1.0, 1.0];
/// Time there is.
const TIME: f32 = 12.0;

recloop_env::state! {
    /// What a chooser carries.
    pub(super) struct ChooserState {
        /// `[n, 1]` time left.
        time,
    }
}

/// Takes an item by [`WEIGHT`] and pays [`COST`] until its time is up.
#[derive(Debug, Clone)]
pub(super) struct Choosers {
    topic: BlockAt,
}

impl UserModel for Choosers {
    type State = ChooserState;

    fn spec(&self) -> CohortSpec {
        let time = Block::dense("time", 1, (0.0, TIME), "time left");
        CohortSpec { name: "choosers".into(), features: Layout::new(vec![time]), ..CohortSpec::default() }
    }

    fn blank(&self, n: usize) -> ChooserState {
        ChooserState { time: recloop_env::Grid::zeros(n, 1) }
    }

    fn begin(&self, state: &mut ChooserState, at: usize, _user: UserId, _tick: Tick, _rng: &Streams) {
        state.time.row_mut(at)[0] = TIME;
    }

    fn observe(&self, state: &ChooserState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        (0..rows.len()).for_each(|i| out.row(i).copy_from_slice(state.time.row(rows.at(i))));
    }

    fn respond(
        &self,
        _state: &mut ChooserState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            let weights =
                shown.slate(i).iter().map(|item| WEIGHT[usize::from(shown.code(self.topic, i, *item))]);
            let total = 1.0 + weights.clone().sum::<f32>();
            let mut luck = total * unit_f32(rng.block(purpose::CHOICE, rows.users[i], rows.tick, 0)[0]);
            for (position, weight) in weights.enumerate() {
                if luck < weight {
                    out.click(i, position, 1.0);
                    break;
                }
                luck -= weight;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut ChooserState,
        shown: &Shown<'_>,
        did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for (i, fate) in out.iter_mut().enumerate() {
            let taken = did.click.row(rows.row(i)).iter().position(|clicked| *clicked);
            let topic = taken.map(|at| usize::from(shown.code(self.topic, i, shown.slate(i)[at])));
            let time = &mut state.time.row_mut(rows.at(i))[0];
            *time -= topic.map_or(1.0, |topic| COST[topic]);
            *fate = if *time <= 0.0 { Fate::Gone } else { Fate::Stays(1.0) };
        }
        Ok(())
    }

    fn appraise(
        &self,
        _state: &ChooserState,
        _scene: &Scene<'_>,
        _i: usize,
        _goal: Goal,
        _items: &[ItemId],
        _out: &mut [f32],
    ) -> bool {
        false
    }
}

/// `n_users` choosers, 6 fresh candidates each, slates of 2; reward = clicks.
pub(super) fn choosers(n_users: usize) -> World {
    let topic = ToyItems.observed().find("topic").unwrap();
    World::builder("choosers-v0")
        .cohort(Sharded::new(Choosers { topic }, n_users))
        .supply(Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) })
        .slate_size(2)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}
