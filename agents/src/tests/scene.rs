//! Observations written by hand.

use std::sync::Arc;

use recloop_env::{
    Block, Candidates, Catalogue, Clock, CreatorId, EnvSpec, Grid, HistorySpec, ItemId, ItemView, Layout,
    Observation, SessionId, SetId, Slates, Step, Tick, UserId,
};

use crate::Scorer;

/// People with an `interest`, in front of items that last.
pub(crate) struct Scene {
    pub(crate) spec: EnvSpec,
    pub(crate) seen: Observation,
}

impl Scene {
    /// Items are rows of `(topic, factor)`, published one a tick; `topic` has as many levels as an interest numbers.
    pub(crate) fn new<const D: usize>(interest: &[[f32; D]], items: &[(u16, [f32; D])], k: usize) -> Self {
        Self::of_creators(interest, items, |_| 0, k)
    }

    /// The same, item i made by `creator(i)`.
    pub(crate) fn of_creators<const D: usize>(
        interest: &[[f32; D]],
        items: &[(u16, [f32; D])],
        creator: impl Fn(usize) -> u32,
        k: usize,
    ) -> Self {
        let everything = (f32::NEG_INFINITY, f32::INFINITY);
        let topic = Block::category("topic", D as u16, "");
        let item_features = Layout::new(vec![topic, Block::dense("factor", D, everything, "")]);
        let mut catalogue = Catalogue::new(item_features.clone());
        for (tick, (topic, factor)) in items.iter().enumerate() {
            let on_offer = (Tick(tick as u32), Catalogue::FOR_GOOD);
            catalogue.push(CreatorId(creator(tick)), on_offer, "", factor, &[*topic]);
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
            reward_parts: vec![],
            history: HistorySpec::default(),
            clock: Clock::STEPS,
            groups: vec![],
            accounts: vec![],
            examination: vec![1.0; k],
            no_repeat: false,
        };
        let users: Vec<UserId> = (0..interest.len() as u32).map(UserId).collect();
        let seen = Observation {
            sessions: users.iter().map(|user| SessionId::new(*user, 0)).collect(),
            time_secs: vec![0.0; users.len()],
            users,
            user_features: Grid::from_vec(interest.concat(), interest.len(), D).unwrap(),
            candidates: Arc::new(Candidates::shared(SetId(0), (0..items.len() as u32).map(ItemId).collect())),
            items: Arc::new(ItemView::Durable(catalogue)),
            ..Observation::default()
        };
        Self { spec, seen }
    }

    /// The same scene at another time.
    pub(crate) fn at(&self, tick: u32) -> Observation {
        Observation { tick: Tick(tick), ..self.seen.clone() }
    }

    /// The same list, of which row r may not be shown `barred[r]`.
    pub(crate) fn barring(&self, barred: &[Vec<u32>]) -> Observation {
        let items = Arc::clone(self.seen.candidates.common().expect("a scene has one list"));
        let mut starts = vec![0];
        starts.extend(barred.iter().scan(0, |sum, row| {
            *sum += row.len() as u32;
            Some(*sum)
        }));
        let barred = barred.iter().flatten().copied().map(ItemId).collect();
        let candidates = Arc::new(Candidates::Unseen { set: SetId(0), items, starts, barred });
        Observation { candidates, ..self.seen.clone() }
    }

    /// The same people at another time, in front of some of the items.
    pub(crate) fn offering(&self, tick: u32, items: &[u32]) -> Observation {
        let candidates = Candidates::shared(SetId(tick), items.iter().copied().map(ItemId).collect());
        Observation { candidates: Arc::new(candidates), ..self.at(tick) }
    }

    /// The same lists, given row by row.
    pub(crate) fn per_row(&self) -> Observation {
        let (list, rows) = (self.seen.candidates.listed(0), self.seen.len());
        let starts = (0..=rows).map(|r| (r * list.len()) as u32).collect();
        let candidates = Arc::new(Candidates::PerRow { starts, items: list.repeat(rows) });
        Observation { candidates, ..self.seen.clone() }
    }
}

/// Slates and their answers: row r is shown `items[r]` and clicks where `click(r, item)`.
pub(crate) fn answered<const K: usize>(
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

/// What a scorer says of everything listed for a row.
pub(crate) fn scores(scorer: &(impl Scorer + ?Sized), seen: &Observation, row: usize) -> Vec<f32> {
    let mut scores = vec![0.0; seen.candidates.listed(row).len()];
    scorer.score(seen, row, &mut scores);
    scores
}
