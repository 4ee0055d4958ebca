//! What an environment promises: names, shapes and bounds.

use serde::{Deserialize, Serialize};

use crate::{Group, HistorySpec, Layout};

/// How long one tick lasts and whether time means anything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds per tick.
    pub tick_secs: f64,
    /// Whether days are meaningful: false in worlds that count steps, not time.
    pub calendar: bool,
}

impl Clock {
    /// A world that counts steps: one tick is one nominal second.
    pub const STEPS: Self = Self { tick_secs: 1.0, calendar: false };
    /// Seconds in a day.
    pub const DAY_SECS: f64 = 86_400.0;
}

/// What an environment promises about its observations, actions and rewards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvSpec {
    /// Versioned id, such as `interest-evolution-v0`.
    pub id: String,
    /// Users `0..n_users`.
    pub n_users: usize,
    /// Items per slate, K.
    pub slate_size: usize,
    /// Most candidates a row can have, if bounded.
    pub max_candidates: Option<usize>,
    /// Observable user features, F columns (dense blocks only).
    pub user_features: Layout,
    /// Observable item features.
    pub item_features: Layout,
    /// Whether items outlive the tick.
    pub durable_items: bool,
    /// Signals of a response beside click and dwell.
    pub signals: Vec<String>,
    /// Attributes people are grouped by, for measuring.
    pub groups: Vec<Group>,
    /// Latent measures of a slate, which only the truth knows.
    pub accounts: Vec<String>,
    /// `[K]` how likely each position is looked at.
    pub examination: Vec<f32>,
    /// Whether an item shown to a user is no candidate for that user again.
    pub no_repeat: bool,
    /// Named parts of the reward and their weights.
    pub reward_parts: Vec<(String, f32)>,
    /// The history window.
    pub history: HistorySpec,
    /// The clock.
    pub clock: Clock,
}

impl EnvSpec {
    /// The place of a signal among the signals.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<usize> {
        self.signals.iter().position(|signal| signal == name)
    }
}
