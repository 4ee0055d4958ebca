//! A tiny world for doctests and for checking parts against: three topics, fresh items, people who tire and return.

use crate::{
    Block, BlockAt, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, ItemLaw, ItemRowsMut, Layout,
    Objective, ObservationRows, Part, ResponseRows, Responses, Rows, Scene, Sharded, Shown, Streams, Supply,
    Tick, UserId, UserModel, World, below, purpose, unit_f32,
};

const TOPICS: u16 = 3;

crate::state! {
    /// What a toy user carries.
    pub struct ToyState {
        /// `[n, 3]` interest in each topic, in [0, 1].
        interest,
        /// `[n, 1]` slates left before a break.
        patience,
        /// `[n, 1]` visits left before leaving for good.
        visits,
    }
}

/// Clicks each shown item with probability interest\[topic\]; takes a break after 4 slates, leaves after 3 visits.
#[derive(Debug, Clone)]
pub struct ToyUsers {
    topic: BlockAt,
}

impl Default for ToyUsers {
    fn default() -> Self {
        Self { topic: ToyItems.observed().find("topic").expect("toy items have a topic") }
    }
}

impl UserModel for ToyUsers {
    type State = ToyState;

    fn spec(&self) -> CohortSpec {
        let interest =
            Block::dense("interest", usize::from(TOPICS), (0.0, 1.0), "chance of a click, per topic");
        CohortSpec {
            name: "toy".into(),
            features: Layout::new(vec![interest]),
            signals: vec!["joy".into()],
            ..CohortSpec::default()
        }
    }

    fn blank(&self, n: usize) -> ToyState {
        let interest = Grid::zeros(n, usize::from(TOPICS));
        ToyState { interest, patience: Grid::zeros(n, 1), visits: Grid::zeros(n, 1) }
    }

    fn begin(&self, state: &mut ToyState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        state.interest.row_mut(at).fill_with(|| draws.unit());
        state.patience.row_mut(at)[0] = 4.0;
        state.visits.row_mut(at)[0] = 3.0;
    }

    fn observe(&self, state: &ToyState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        for i in 0..rows.len() {
            out.row(i).copy_from_slice(state.interest.row(rows.at(i)));
        }
    }

    fn respond(
        &self,
        state: &mut ToyState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            let interest = state.interest.row(rows.at(i));
            for (position, &item) in shown.slate(i).iter().enumerate() {
                let appeal = interest[usize::from(shown.code(self.topic, i, item))];
                if let Some(probs) = out.probs(i) {
                    probs[position] = appeal;
                }
                let luck = rng.item_word(purpose::CHOICE, rows.users[i], rows.tick, item);
                if unit_f32(luck) < appeal {
                    out.click(i, position, 10.0 * appeal);
                    out.signal(0, i, position, appeal);
                }
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut ToyState,
        shown: &Shown<'_>,
        did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for (i, fate) in out.iter_mut().enumerate() {
            let (at, clicks) = (rows.at(i), did.click.row(rows.row(i)));
            for (&item, _) in shown.slate(i).iter().zip(clicks).filter(|(_, clicked)| **clicked) {
                let topic = usize::from(shown.code(self.topic, i, item));
                state.interest.row_mut(at)[topic] *= 0.9;
            }
            let (patience, visits) = (&mut state.patience.row_mut(at)[0], &mut state.visits.row_mut(at)[0]);
            *patience -= 1.0;
            *fate = Fate::Stays(1.0);
            if *patience == 0.0 {
                (*patience, *visits) = (4.0, *visits - 1.0);
                *fate = if *visits == 0.0 { Fate::Gone } else { Fate::Returns(2.5) };
            }
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &ToyState,
        scene: &Scene<'_>,
        i: usize,
        _goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let interest = state.interest.row(scene.rows.at(i));
        for (score, &item) in out.iter_mut().zip(items) {
            *score = interest[usize::from(scene.items.code(self.topic, scene.rows.row(i), item))];
        }
        true
    }
}

/// Items with a uniform topic and a latent quality.
#[derive(Debug, Clone, Copy)]
pub struct ToyItems;

impl ItemLaw for ToyItems {
    fn observed(&self) -> Layout {
        Layout::new(vec![Block::category("topic", TOPICS, "what it is about")])
    }

    fn latent(&self) -> Layout {
        Layout::new(vec![Block::dense("quality", 1, (0.0, 1.0), "how good it is")])
    }

    fn draw(
        &self,
        user: UserId,
        tick: Tick,
        rng: &Streams,
        observed: ItemRowsMut<'_>,
        latent: ItemRowsMut<'_>,
    ) {
        let mut draws = rng.at(purpose::CANDIDATES, user, tick);
        for (topic, quality) in observed.codes.iter_mut().zip(latent.dense) {
            *topic = below(draws.word(), u32::from(TOPICS)) as u16;
            *quality = draws.unit();
        }
    }

    fn fork(&self) -> Box<dyn ItemLaw> {
        Box::new(*self)
    }
}

/// `n_users` toy users, 6 fresh candidates each, slates of 2; reward = clicks.
#[must_use]
pub fn toy_world(n_users: usize) -> World {
    World::builder("toy-v0")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) })
        .slate_size(2)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .expect("the toy world's parts fit")
}
