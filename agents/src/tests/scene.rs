//! Observations written by hand.

use std::sync::Arc;

use recloop_env::{
    Block, Candidates, Catalogue, Clock, CreatorId, EnvSpec, Grid, HistorySpec, ItemId, ItemView, Layout,
    Observation, SessionId, SetId, Slates, Step, Tick, UserId,
};

/// People with an `interest`, in front of items that last.
pub(super) struct Scene {
    pub(super) spec: EnvSpec,
    pub(super) seen: Observation,
}

impl Scene {
    /// Items are rows of `(topic, factor)`, published one a tick; `topic` has as many levels as an interest numbers.
    pub(super) fn new<const D: usize>(interest: &[[f32; D]], items: &[(u16, [f32; D])], k: usize) -> Self {
        let everything = (f32::NEG_INFINITY, f32::INFINITY);
        let topic = Block::category("topic", D as u16, "");
        let item_features = Layout::new(vec![topic, Block::dense("factor", D, everything, "")]);
        let mut catalogue = Catalogue::new(item_features.clone());
        for (tick, (topic, factor)) in items.iter().enumerate() {
            catalogue.push(CreatorId(0), (Tick(tick as u32), Catalogue::FOR_GOOD), "", factor, &[*topic]);
        }
        let spec = EnvSpec {
            id: "scene-v0".into(),
            n_users: interest.len(),
            slate_size: k,
            max_candidates: None,
            user_features: Layout::new(vec![Block::dense("interest", D, everything, "")]),
            item_features,
            durable_items: true,
            signals: vec![],
            groups: vec![],
            accounts: vec![],
            examination: vec![1.0; k],
            no_repeat: false,
            reward_parts: vec![],
            history: HistorySpec::default(),
            clock: Clock::STEPS,
        };
        let users: Vec<UserId> = (0..interest.len() as u32).map(UserId).collect();
        let seen = Observation {
            sessions: users.iter().map(|user| SessionId::new(*user, 0)).collect(),
            users,
            user_features: Grid::from_vec(interest.concat(), interest.len(), D).unwrap(),
            candidates: Arc::new(Candidates::shared(SetId(0), (0..items.len() as u32).map(ItemId).collect())),
            items: Arc::new(ItemView::Durable(catalogue)),
            ..Observation::default()
        };
        Self { spec, seen }
    }

    /// The same scene at another time.
    pub(super) fn at(&self, tick: u32) -> Observation {
        Observation { tick: Tick(tick), ..self.seen.clone() }
    }

    /// The same lists, given row by row.
    pub(super) fn per_row(&self) -> Observation {
        let (list, rows) = (self.seen.candidates.listed(0), self.seen.len());
        let starts = (0..=rows).map(|r| (r * list.len()) as u32).collect();
        let candidates = Arc::new(Candidates::PerRow { starts, items: list.repeat(rows) });
        Observation { candidates, ..self.seen.clone() }
    }
}

/// Slates and their answers: row r is shown `items[r]` and clicks where `click(r, item)`.
pub(super) fn answered<const K: usize>(
    items: &[[u32; K]],
    click: impl Fn(usize, u32) -> bool,
) -> (Slates, Step) {
    let (mut slates, mut step) = (Slates::default(), Step::default());
    slates.reset(items.len(), K);
    step.responses.reset(items.len(), K, 0);
    for (r, items) in items.iter().enumerate() {
        for (position, &item) in items.iter().enumerate() {
            slates.items.row_mut(r)[position] = ItemId(item);
            step.responses.click.row_mut(r)[position] = click(r, item);
        }
    }
    (slates, step)
}
