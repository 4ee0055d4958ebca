//! Whether two runs are the same, and where they part.

use super::breach::{Kept, Law};
use crate::{Observation, Responses, Step};

impl Law {
    pub(super) fn same_observation(self, expected: &Observation, found: &Observation) -> Kept {
        self.same("next tick", None, &expected.tick, &found.tick)?;
        self.same_list("users", &expected.users, &found.users)?;
        self.same_list("sessions", &expected.sessions, &found.sessions)?;
        self.same_rows("user features", &expected.user_features, &found.user_features)?;
        self.same("history", None, &expected.history, &found.history)?;
        self.same_list("messages", &expected.messages, &found.messages)?;
        self.hold(None, expected.candidates == found.candidates, || "the candidates differ".into())?;
        self.hold(None, expected.items == found.items, || "the items differ".into())
    }

    pub(super) fn same_responses(self, expected: &Responses, found: &Responses) -> Kept {
        self.same_rows("clicks", &expected.click, &found.click)?;
        self.same_rows("dwell", &expected.dwell_secs, &found.dwell_secs)?;
        self.same_rows("signals", &expected.signals, &found.signals)?;
        self.same("choice probabilities", None, &expected.choice_probs, &found.choice_probs)?;
        self.same_list("replies", &expected.replies, &found.replies)
    }

    pub(super) fn same_step(self, expected: &Step, found: &Step) -> Kept {
        self.same_responses(&expected.responses, &found.responses)?;
        self.same_rows("reward parts", &expected.reward_parts, &found.reward_parts)?;
        self.same_list("reward", &expected.reward, &found.reward)?;
        self.same_list("fate", &expected.fate, &found.fate)?;
        self.same_list("ends", &expected.ended, &found.ended)?;
        self.same_list("next rows", &expected.next_row, &found.next_row)?;
        self.same_list("events", &expected.events, &found.events)?;
        self.same_observation(&expected.next, &found.next)
    }
}
