//! What of a tick goes into which table, and what has to be remembered for it from tick to tick.

use std::ops::Range;
use std::sync::Arc;

use recloop_env::{
    BlockKind, Candidates, Catalogue, EnvSpec, Event, Facts, Grid, ItemId, ItemTable, ItemView, Known,
    Message, Observation, SetId, Slates, Tick, Transition, UserId,
};
use serde::{Deserialize, Serialize};

use super::block::Fill;
use super::roster::Roster;
use super::schema::TableName;
use super::sessions::Sessions;
use super::stream::Stream;
use super::words::Channel;
use super::{sessions, words};

/// Turns ticks into rows of the log.
#[derive(Debug)]
pub(super) struct Ledger {
    spec: EnvSpec,
    pub(super) log: Stream,
    pub(super) memory: Memory,
}

/// Everything a log in progress must not forget.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    /// `[n_users, F]` features last logged.
    features: Grid<f32>,
    /// `[n_users]` whether any were.
    met: Vec<bool>,
    sessions: Sessions,
    roster: Roster,
    set: Option<SetId>,
    /// Durable items logged so far.
    n_items: u32,
    /// The observation nobody has answered yet; without a catalogue, whose items are logged at once.
    unanswered: Option<Observation>,
    pub(super) ticks: u32,
    pub(super) rows: u64,
}

impl Memory {
    pub(super) fn new(spec: &EnvSpec) -> Self {
        let n = spec.n_users;
        Self {
            features: Grid::zeros(n, spec.user_features.dense_width()),
            met: vec![false; n],
            sessions: Sessions::new(n),
            ..Self::default()
        }
    }

    pub(super) fn n_users(&self) -> usize {
        self.met.len()
    }

    /// Durable items logged so far.
    pub(super) fn n_items(&self) -> u32 {
        self.n_items
    }
}

impl Ledger {
    pub(super) fn new(spec: &EnvSpec, log: Stream, memory: Memory) -> Self {
        Self { spec: spec.clone(), log, memory }
    }

    fn fill(&mut self, table: TableName, rows: usize) -> Fill<'_> {
        self.log.fill(table, rows)
    }

    /// Takes in a tick of the shape the spec promises.
    pub(super) fn write(&mut self, facts: &Facts<'_>, t: &Transition<'_>) {
        let tick = t.tick();
        self.observation(t.seen);
        if let Some(catalogue) = t.seen.items.catalogue() {
            self.items(tick, catalogue);
        }
        self.slates(t);
        let rows = self.memory.sessions.note(t);
        sessions::write(&rows, self.fill(TableName::Sessions, rows.len()));
        self.events(tick, &t.step.events);
        self.messages(tick, &t.seen.users, Channel::Slates, &t.slates.messages);
        self.messages(tick, &t.seen.users, Channel::Responses, &t.step.responses.replies);
        self.memory.roster.note(facts, t, &mut self.log);
        if let Some(catalogue) = t.step.next.items.catalogue() {
            self.items(t.step.next.tick, catalogue);
        }
        self.memory.expect(&t.step.next);
        self.memory.ticks += 1;
        self.memory.rows += t.seen.len() as u64;
    }

    /// Logs the last observation, which nobody answers, and the visits still open.
    pub(super) fn close(&mut self) {
        if let Some(last) = self.memory.unanswered.take() {
            self.observation(&last);
            asking(&mut self.fill(TableName::Waiting, last.len()), &last);
        }
        let rows = self.memory.sessions.open();
        sessions::write(&rows, self.fill(TableName::Sessions, rows.len()));
    }

    fn observation(&mut self, seen: &Observation) {
        let (tick, time_secs) = (seen.tick.0, f64::from(seen.tick.0) * self.spec.clock.tick_secs);
        let set = seen.candidates.set();
        let mut to = self.fill(TableName::Observations, 1);
        to.values("tick").push(tick);
        to.values("time_secs").push(time_secs);
        to.values("n_rows").push(seen.len() as u32);
        to.optional("candidate_set", [set.map(|set| set.0)].into_iter());
        to.done();
        if let (Some(set), Some(items)) = (set, seen.candidates.common())
            && self.memory.set != Some(set)
        {
            self.memory.set = Some(set);
            let mut to = self.fill(TableName::CandidateSets, 1);
            to.values("tick").push(tick);
            to.values("set").push(set.0);
            to.lists("items", [Some(items.iter().map(|item| item.0))].into_iter());
            to.done();
        }
        self.users(seen);
        if let ItemView::Ephemeral { per_row, table } = &*seen.items {
            let mut to = self.fill(TableName::Items, seen.len());
            to.repeat("tick", tick, seen.len());
            to.values("user").extend(seen.users.iter().map(|user| user.0));
            features(&mut to, table, 0..seen.len() * per_row);
            to.done();
        }
        self.messages(seen.tick, &seen.users, Channel::Observation, &seen.messages);
    }

    /// Whose features are not, bit for bit, what was logged last.
    fn users(&mut self, seen: &Observation) {
        let memory = &mut self.memory;
        let mut changed = Vec::new();
        for (r, user) in seen.users.iter().enumerate() {
            let (now, u) = (seen.user_features.row(r), user.index());
            let before = memory.features.row_mut(u);
            let difference =
                now.iter().zip(&*before).fold(0, |bits, (a, b)| bits | (a.to_bits() ^ b.to_bits()));
            if difference != 0 || !memory.met[u] {
                before.copy_from_slice(now);
                memory.met[u] = true;
                changed.push(r);
            }
        }
        let mut to = self.log.fill(TableName::Users, changed.len());
        to.repeat("tick", seen.tick.0, changed.len());
        to.values("user").extend(changed.iter().map(|r| seen.users[*r].0));
        for (block, at) in self.spec.user_features.places() {
            let columns = at.offset..at.offset + at.length();
            let values = to.values(&format!("feature_{}", block.name));
            changed
                .iter()
                .for_each(|r| values.extend_from_slice(&seen.user_features.row(*r)[columns.clone()]));
        }
        to.done();
    }

    /// Logs the items that the catalogue has and the log has not.
    fn items(&mut self, tick: Tick, catalogue: &Catalogue) {
        let fresh = self.memory.n_items..catalogue.len() as u32;
        self.memory.n_items = fresh.end;
        for item in fresh.map(ItemId) {
            let mut to = self.fill(TableName::Items, 1);
            to.values("tick").push(tick.0);
            to.values("item").push(item.0);
            to.values("creator").push(catalogue.creator(item).0);
            to.values("published").push(catalogue.published(item).0);
            let until = catalogue.until(item);
            to.optional("until", [(until != Catalogue::FOR_GOOD).then_some(until.0)].into_iter());
            to.values("title").push(catalogue.title(item).to_owned());
            let text = Some(catalogue.text(item)).filter(|text| !text.is_empty());
            to.optional("text", [text.map(str::to_owned)].into_iter());
            let (table, at) = catalogue.locate(item);
            features(&mut to, table, at..at + 1);
            to.done();
        }
    }

    fn slates(&mut self, t: &Transition<'_>) {
        let (seen, slates, step, k) = (t.seen, t.slates, t.step, self.spec.slate_size);
        let n = seen.len();
        let mut to = self.log.fill(TableName::Slates, n);
        asking(&mut to, seen);
        to.values("items").extend(slates.items.as_slice().iter().map(|item| item.0));
        propensities(&mut to, slates);
        to.values("click").extend_from_slice(step.responses.click.as_slice());
        to.values("dwell_secs").extend_from_slice(step.responses.dwell_secs.as_slice());
        for (s, name) in self.spec.signals.iter().enumerate() {
            let values = to.values(&format!("signal_{name}"));
            strided(values, step.responses.signals.as_slice(), self.spec.signals.len() * k, s * k, k);
        }
        match &step.responses.choice_probs {
            Some(probs) => to.lists("choice_probs", (0..n).map(|r| Some(probs.row(r).iter().copied()))),
            None => to.absent("choice_probs", n),
        }
        to.values("reward").extend_from_slice(&step.reward);
        for (p, (name, _)) in self.spec.reward_parts.iter().enumerate() {
            let values = to.values(&format!("reward_{name}"));
            strided(values, step.reward_parts.as_slice(), self.spec.reward_parts.len(), p, 1);
        }
        to.values("fate").extend(step.fate.iter().map(|fate| words::fate(*fate).0));
        to.optional("after_secs", step.fate.iter().map(|fate| words::fate(*fate).1));
        to.optional("ended", step.ended.iter().map(|ended| ended.map(words::end)));
        to.done();
    }

    fn events(&mut self, tick: Tick, events: &[Event]) {
        let mut to = self.fill(TableName::Events, events.len());
        to.repeat("tick", tick.0, events.len());
        let rows = || events.iter().filter_map(words::event);
        to.values("kind").extend(rows().map(|row| row.0));
        to.optional("item", rows().map(|row| row.1));
        to.optional("creator", rows().map(|row| row.2));
        to.optional("user", rows().map(|row| row.3));
        to.done();
    }

    fn messages(&mut self, tick: Tick, users: &[UserId], channel: Channel, messages: &[Message]) {
        let mut to = self.fill(TableName::Messages, messages.len());
        to.repeat("tick", tick.0, messages.len());
        to.values("user").extend(messages.iter().map(|message| users[message.row].0));
        to.repeat("channel", channel as u8, messages.len());
        to.values("said").extend(messages.iter().map(|message| words::said(message.said)));
        to.values("text").extend(messages.iter().map(|message| message.text.clone()));
        to.done();
    }
}

impl Memory {
    /// Keeps what the next tick's slates will be asked for. Features are copied; the rest is shared or small.
    fn expect(&mut self, next: &Observation) {
        let kept = self.unanswered.get_or_insert_default();
        kept.tick = next.tick;
        kept.users.clone_from(&next.users);
        kept.sessions.clone_from(&next.sessions);
        kept.time_secs.clone_from(&next.time_secs);
        kept.user_features.copy_from(&next.user_features);
        kept.messages.clone_from(&next.messages);
        kept.candidates = match &*next.candidates {
            // What is barred to whom follows from what was shown.
            Candidates::Unseen { set, items, .. } => {
                Arc::new(Candidates::Shared { set: *set, items: Arc::clone(items) })
            }
            _ => Arc::clone(&next.candidates),
        };
        if !next.items.is_durable() {
            kept.items = Arc::clone(&next.items);
        }
    }
}

/// Fills the columns that `slates` and `waiting` share.
fn asking(to: &mut Fill<'_>, seen: &Observation) {
    let n = seen.len();
    to.repeat("tick", seen.tick.0, n);
    to.values("user").extend(seen.users.iter().map(|user| user.0));
    to.values("session").extend(seen.sessions.iter().map(|session| session.0));
    to.optional("time_secs", seen.time_secs.iter().copied().map(Some));
    match &*seen.candidates {
        Candidates::Shared { set, .. } | Candidates::Unseen { set, .. } => {
            to.optional("candidate_set", std::iter::repeat_n(Some(set.0), n));
            to.absent("candidates", n);
        }
        own @ Candidates::PerRow { .. } => {
            to.absent("candidate_set", n);
            to.lists("candidates", (0..n).map(|r| Some(own.row(r).iter().map(|item| item.0))));
        }
    }
}

/// Fills the columns that say how likely a slate was. What is not known is not logged, whatever stands in its place.
fn propensities(to: &mut Fill<'_>, slates: &Slates) {
    let rows = 0..slates.known.len();
    let known = |r: usize| slates.known[r] != Known::Unavailable;
    to.lists("propensity", rows.clone().map(|r| known(r).then(|| slates.propensity.row(r).iter().copied())));
    match &slates.marginal {
        Some(marginal) => {
            to.lists("marginal", rows.map(|r| known(r).then(|| marginal.row(r).iter().copied())));
        }
        None => to.absent("marginal", rows.len()),
    }
    to.values("known").extend(slates.known.iter().map(|known| words::known(*known)));
    let draws = |known: &Known| if let Known::Estimated { draws } = known { Some(*draws) } else { None };
    to.optional("draws", slates.known.iter().map(draws));
}

/// Fills a column per block with the features of some items of `table`.
pub(super) fn features(to: &mut Fill<'_>, table: &ItemTable, items: Range<usize>) {
    let (dense, codes) = (table.all_dense(), table.all_codes());
    for (block, at) in table.layout().places() {
        let name = format!("feature_{}", block.name);
        match block.kind {
            BlockKind::Dense { width } => {
                let (w, from) = (dense.width(), dense.as_slice());
                strided(to.values(&name), &from[items.start * w..items.end * w], w, at.offset, width);
            }
            BlockKind::Category { .. } => {
                let (w, from) = (codes.width(), codes.as_slice());
                strided(to.values(&name), &from[items.start * w..items.end * w], w, at.offset, 1);
            }
        }
    }
}

/// Adds columns `offset..offset + width` of every row of `stride` values.
pub(super) fn strided<T: Copy>(to: &mut Vec<T>, from: &[T], stride: usize, offset: usize, width: usize) {
    if stride == width {
        to.extend_from_slice(from);
        return;
    }
    from.chunks_exact(stride).for_each(|row| to.extend_from_slice(&row[offset..offset + width]));
}
