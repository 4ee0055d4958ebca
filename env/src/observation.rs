//! All a policy may see.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    CandidateRow, Candidates, Catalogue, Grid, History, ItemId, ItemView, Layout, Message, SessionId, Tick,
    UserId,
};

/// One tick as the recommender sees it: a row for every user who wants a slate now, ascending by user.
///
/// `B` changes from tick to tick; people leave and return, so row 3 now and row 3 before may be different people.
///
/// # Shapes
/// - `users`, `sessions`, `time_secs`: `[B]`
/// - `user_features`: `[B, F]`, meaning given by [`EnvSpec::user_features`](crate::EnvSpec)
/// - `history`: `[B, H]`
/// - `candidates`: `[C]` shared or `[B, C_r]`
///
/// `candidates` and `items` are shared with the world that wrote them: holding on to an observation is safe and only
/// costs the world a fresh buffer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When.
    pub tick: Tick,
    /// Who wants a slate, ascending.
    pub users: Vec<UserId>,
    /// In which visit.
    pub sessions: Vec<SessionId>,
    /// Each one's own clock: seconds since the start of the world. Inside a session it may lag the tick, which is only
    /// the bucket in which the slate was served.
    pub time_secs: Vec<f64>,
    /// What is observable about them.
    pub user_features: Grid<f32>,
    /// What they recently met.
    pub history: History,
    /// What they said.
    pub messages: Vec<Message>,
    /// What they may be shown.
    pub candidates: Arc<Candidates>,
    /// What is observable about those items.
    pub items: Arc<ItemView>,
}

impl Default for Observation {
    fn default() -> Self {
        Self {
            tick: Tick(0),
            users: Vec::new(),
            sessions: Vec::new(),
            time_secs: Vec::new(),
            user_features: Grid::default(),
            history: History::default(),
            messages: Vec::new(),
            candidates: Arc::default(),
            items: Arc::new(ItemView::Durable(Catalogue::new(Layout::default()))),
        }
    }
}

impl Observation {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nobody wants a slate; the world is over then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// One user's share of this observation.
    #[must_use]
    pub fn row(&self, r: usize) -> ObservationRow<'_> {
        ObservationRow { seen: self, r }
    }

    /// The row of `user`, if they are here.
    #[must_use]
    pub fn row_of(&self, user: UserId) -> Option<usize> {
        self.users.binary_search(&user).ok()
    }

    /// Who of those present may be shown each of the first `n_items` durable items; ascending.
    ///
    /// Where everybody is present, these are the whole eligible audiences.
    #[must_use]
    pub fn audiences(&self, n_items: usize) -> Vec<Vec<UserId>> {
        let mut audiences = vec![Vec::new(); n_items];
        for (r, user) in self.users.iter().enumerate() {
            for item in self.candidates.row(r) {
                if let Some(audience) = audiences.get_mut(item.index()) {
                    audience.push(*user);
                }
            }
        }
        audiences
    }
}

/// A view of one row: the single-user observation. It copies nothing and computes nothing.
#[derive(Debug, Clone, Copy)]
pub struct ObservationRow<'a> {
    seen: &'a Observation,
    r: usize,
}

impl<'a> ObservationRow<'a> {
    /// Who.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.seen.users[self.r]
    }

    /// In which visit.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.seen.sessions[self.r]
    }

    /// `[F]` what is observable about the user.
    #[must_use]
    pub fn features(&self) -> &'a [f32] {
        self.seen.user_features.row(self.r)
    }

    /// The user's own clock: seconds since the start of the world.
    #[must_use]
    pub fn time_secs(&self) -> f64 {
        self.seen.time_secs[self.r]
    }

    /// What the user may be shown, ascending.
    #[must_use]
    pub fn candidates(&self) -> CandidateRow<'a> {
        self.seen.candidates.row(self.r)
    }

    /// The items met recently, oldest first, each with whether it was clicked; none where no history is kept.
    pub fn history(&self) -> impl Iterator<Item = (ItemId, bool)> + use<'a> {
        let (history, r) = (&self.seen.history, self.r);
        let n = history.len.get(r).map_or(0, |n| *n as usize);
        let (items, clicked): (&[ItemId], &[bool]) =
            if n > 0 { (&history.items.row(r)[..n], &history.clicked.row(r)[..n]) } else { (&[], &[]) };
        items.iter().copied().zip(clicked.iter().copied())
    }

    /// The numbers of a block of one of the candidates.
    #[must_use]
    pub fn dense(&self, block: crate::BlockAt, item: ItemId) -> &'a [f32] {
        self.seen.items.dense(block, self.r, item)
    }

    /// The category code of one of the candidates.
    #[must_use]
    pub fn code(&self, block: crate::BlockAt, item: ItemId) -> u16 {
        self.seen.items.code(block, self.r, item)
    }

    /// What the user said.
    pub fn messages(&self) -> impl Iterator<Item = &'a Message> + use<'a> {
        let r = self.r;
        self.seen.messages.iter().filter(move |message| message.row == r)
    }
}
