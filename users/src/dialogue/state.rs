//! What a user who talks carries: all that a feed user does, and a psyche.

use recloop_env::{Grid, State};

use super::slots::ROW;
use crate::FeedState;

recloop_env::state! {
    /// The psyche of users in arrays. What a slate does to it is done when the user has responded.
    pub struct PsycheState {
        /// `[n, 5]` openness, conscientiousness, extraversion, agreeableness, stability, in [−1, 1].
        traits,
        /// `[n, 3]` valence, arousal, dominance, in [−1, 1].
        mood,
        /// `[n, 1]` e: how this session goes, in [0, 100].
        emotion,
        /// `[n, 42]` how many memories there are, importance lived since they were last thought of, and 8 memories: topic, felt,
        /// hours, importance, valence beyond the baseline.
        memories,
        /// `[n, 1]` running risk of leaving, in [0, 1].
        risk,
        /// `[n, 1]` running gap of what was clicked, in [0, 1].
        disappointment,
        /// `[n, 1]` slates of grace left.
        grace,
        /// `[n, 1]` instructions given in this session.
        spoken,
        /// `[n, 1]` what was decided about the slate just responded to: 1 is another slate, 0 is leaving.
        plan,
    }
}

/// Everything a [`Dialogue`](super::Dialogue) user carries.
#[derive(Debug, Clone, PartialEq)]
pub struct DialogueState {
    /// As a feed user.
    pub feed: FeedState,
    /// Beyond that.
    pub psyche: PsycheState,
}

impl PsycheState {
    /// Room for `n`.
    pub(super) fn blank(n: usize) -> Self {
        let one = || Grid::zeros(n, 1);
        Self {
            traits: Grid::zeros(n, 5),
            mood: Grid::zeros(n, 3),
            emotion: one(),
            memories: Grid::zeros(n, ROW),
            risk: one(),
            disappointment: one(),
            grace: one(),
            spoken: one(),
            plan: one(),
        }
    }
}

impl State for DialogueState {
    fn fields(&self) -> Vec<(&'static str, &Grid<f32>)> {
        [self.feed.fields(), self.psyche.fields()].concat()
    }

    fn fields_mut(&mut self) -> Vec<(&'static str, &mut Grid<f32>)> {
        let mut all = self.feed.fields_mut();
        all.extend(self.psyche.fields_mut());
        all
    }
}
