//! What somebody with a mind carries.

use recloop_env::{Grid, State};

use crate::DialogueState;

/// Longest view of the feed, in characters.
pub const MINDSET_CHARS: usize = 120;

recloop_env::state! {
    /// What a mind leaves behind in a user, in arrays.
    pub struct MindState {
        /// `[n, 2]` whether a mind decided about the slate just responded to, and what it said the feed is worth.
        told,
        /// `[n, 1]` slates seen in this session.
        slates_seen,
        /// `[n, 121]` how long the view of the feed is, and its characters.
        mindset,
        /// `[n, 7]` accounts of the slate just responded to.
        spent,
    }
}

/// Everything a [`Minded`](super::Minded) user carries.
#[derive(Debug, Clone, PartialEq)]
pub struct MindedState {
    /// As somebody with a psyche.
    pub body: DialogueState,
    /// Beyond that.
    pub mind: MindState,
}

impl State for MindedState {
    fn fields(&self) -> Vec<(&'static str, &Grid<f32>)> {
        [self.body.fields(), self.mind.fields()].concat()
    }

    fn fields_mut(&mut self) -> Vec<(&'static str, &mut Grid<f32>)> {
        let mut all = self.body.fields_mut();
        all.extend(self.mind.fields_mut());
        all
    }
}

impl MindState {
    /// The view of the feed of the user in row `at`.
    pub(super) fn mindset_of(&self, at: usize) -> String {
        let row = self.mindset.row(at);
        row[1..].iter().take(row[0] as usize).filter_map(|code| char::from_u32(*code as u32)).collect()
    }

    /// Keeps as much of `view` as there is room for.
    pub(super) fn keep_mindset(&mut self, at: usize, view: &str) {
        let row = self.mindset.row_mut(at);
        let mut n = 0;
        // Codes up to 2^21 are whole numbers of single precision.
        for (slot, c) in row[1..].iter_mut().zip(view.chars()) {
            (*slot, n) = (u32::from(c) as f32, n + 1);
        }
        row[0] = n as f32;
    }
}
