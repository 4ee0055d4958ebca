//! What every user of a run did, as far as a panel and its surrogate are compared by it.

use recloop_data::fidelity::Lived;
use recloop_env::{BlockKind, Clock, EnvSpec, Facts, Transition, UserId};

/// One user's life.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    /// `[T + 1]` clicks on each topic, and slates without one.
    choices: Vec<u32>,
    /// Slates of each session.
    sessions: Vec<f64>,
    minutes: f64,
    first_day: f64,
    back: bool,
}

/// Everybody's.
#[derive(Debug, Default)]
pub(super) struct Lives {
    all: Vec<Life>,
    /// Where the panel begins.
    first_of_panel: usize,
    /// Of decisions of the panel: the chance of leaving by the surrogate, and whether they left.
    pub(super) leaving: Vec<(f64, bool)>,
    /// Slates of the panel, and those of them about which the model said nothing.
    pub(super) asked: [u64; 2],
}

/// What users come to: names, in the order of [`Life::outcomes`].
pub(super) const OUTCOMES: [&str; 4] =
    ["slates_per_user", "minutes_per_user", "sessions_per_user", "back_another_day"];

impl Life {
    /// As [`OUTCOMES`] names them.
    pub(super) fn outcomes(&self) -> [f64; 4] {
        let slates = self.sessions.iter().sum();
        [slates, self.minutes, self.sessions.len() as f64, f64::from(u8::from(self.back))]
    }

    /// In the eyes of a gate.
    pub(super) fn lived(&self, cell: usize, n_choices: usize) -> Lived {
        let mut choices = self.choices.clone();
        choices.resize(n_choices, 0);
        Lived { cell, choices, sessions: self.sessions.clone() }
    }
}

impl Lives {
    /// Of a run whose users from this one on are a panel.
    pub(super) fn new(first_of_panel: usize) -> Self {
        Self { first_of_panel, ..Self::default() }
    }

    /// Kinds of choice in a world: its topics, and nothing.
    pub(super) fn n_choices(spec: &EnvSpec) -> usize {
        let topics = spec.item_features.find("topic").map_or(0, |block| match block.kind {
            BlockKind::Category { levels } => usize::from(levels),
            BlockKind::Dense { .. } => 0,
        });
        topics + 1
    }

    /// The life of a user; an empty one of somebody who was never there.
    pub(super) fn of(&self, user: UserId) -> Life {
        self.all.get(user.index()).cloned().unwrap_or_default()
    }

    /// Takes a tick in.
    pub(super) fn fold(&mut self, facts: &Facts<'_>, t: &Transition<'_>) {
        let n_choices = Self::n_choices(facts.spec);
        if self.all.len() < facts.spec.n_users {
            self.all.resize(facts.spec.n_users, Life::default());
        }
        for (row, user) in t.seen.users.iter().enumerate() {
            let life = &mut self.all[user.index()];
            life.choices.resize(n_choices, 0);
            let day = (t.seen.time_secs[row] / Clock::DAY_SECS).floor();
            let visit = t.seen.sessions[row].visit() as usize;
            if life.sessions.is_empty() {
                life.first_day = day;
            }
            life.sessions.resize(life.sessions.len().max(visit + 1), 0.0);
            life.sessions[visit] += 1.0;
            life.back |= day > life.first_day;
            let did = &t.step.responses;
            life.minutes += did.dwell_secs.row(row).iter().map(|secs| f64::from(*secs) / 60.0).sum::<f64>();
            let topic = t.seen.items.layout().find("topic");
            let clicked = t.slates.items.row(row).iter().zip(did.click.row(row)).filter(|(_, did)| **did);
            let mut any = false;
            for (&item, _) in clicked {
                any = true;
                let code = topic.map_or(0, |block| usize::from(t.seen.items.code(block, row, item)));
                life.choices[code.min(n_choices - 1)] += 1;
            }
            life.choices[n_choices - 1] += u32::from(!any);
        }
        self.note_leaving(facts, t);
    }

    /// Notes what the surrogate thought of decisions that a model made.
    fn note_leaving(&mut self, facts: &Facts<'_>, t: &Transition<'_>) {
        let Some(hindsight) = facts.hindsight else { return };
        let column = |name: &str| facts.spec.accounts.iter().position(|account| account == name);
        let columns = ["minded", "fell_back", "leaves", "leave_chance"].map(column);
        let [Some(minded), Some(fell_back), Some(leaves), Some(chance)] = columns else { return };
        for (row, user) in t.seen.users.iter().enumerate() {
            let of = |column: usize| hindsight.accounts.row(row)[column];
            if user.index() < self.first_of_panel || of(minded) <= 0.0 {
                continue;
            }
            self.asked[0] += 1;
            if of(fell_back) > 0.0 {
                self.asked[1] += 1;
            } else {
                self.leaving.push((f64::from(of(chance)), of(leaves) > 0.0));
            }
        }
    }
}
