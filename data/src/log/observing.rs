//! The source's view of one observation: each table's rows of a tick, put where the world had put them.

use std::sync::Arc;

use arrow::datatypes::{Float32Type, Float64Type, UInt16Type, UInt32Type, UInt64Type};
use recloop_env::{
    BlockKind, Candidates, Catalogue, CreatorId, ItemId, ItemRowsMut, ItemView, Layout, Message, Observation,
    SessionId, SetId, Tick, UserId,
};

use super::reader::Run;
use super::schema::{self, TableName};
use super::source::LogSource;
use super::words::{self, Channel};
use crate::DataError;

/// One row of `observations`.
pub(super) struct Heading {
    pub(super) n_rows: usize,
    /// Start of the tick.
    time_secs: f64,
    /// The shared candidates.
    set: Option<SetId>,
}

impl LogSource {
    pub(super) fn inconsistent(&self, tick: u32, reason: String) -> DataError {
        DataError::Inconsistent { dir: self.dir.clone(), tick, reason }
    }

    /// What `observations` says of a tick.
    pub(super) fn heading(&mut self, tick: u32) -> Result<Heading, DataError> {
        let run = self.cursor(TableName::Observations).run(tick)?.expect("a row of this tick is next");
        let heading = Heading {
            n_rows: run.values::<UInt32Type>("n_rows")[0] as usize,
            time_secs: run.values::<Float64Type>("time_secs")[0],
            set: run.optional::<UInt32Type>("candidate_set").next().flatten().map(SetId),
        };
        let (times, n, most) = (run.len(), heading.n_rows, self.manifest.spec.n_users);
        if times > 1 || n > most {
            return Err(
                self.inconsistent(tick, format!("{times} observations of {n} users, of whom {most} exist"))
            );
        }
        Ok(heading)
    }

    pub(super) fn candidate_sets(&mut self, tick: u32) -> Result<(), DataError> {
        while let Some(run) = self.cursors[TableName::CandidateSets.place()].run(tick)? {
            for (set, items) in run.values::<UInt32Type>("set").iter().zip(run.lists::<UInt32Type>("items")) {
                let items = items.unwrap_or_default().iter().copied().map(ItemId).collect();
                self.candidates = Arc::new(Candidates::shared(SetId(*set), items));
            }
        }
        Ok(())
    }

    /// Who is there, what they may be shown and, from `slates`, what they were shown and did.
    pub(super) fn rows(
        &mut self,
        next: &mut Observation,
        heading: &Heading,
        from_slates: bool,
    ) -> Result<(), DataError> {
        let (tick, n) = (next.tick.0, heading.n_rows);
        next.users.clear();
        next.sessions.clear();
        next.time_secs.clear();
        let (mut starts, mut own) = (vec![0], Vec::new());
        let table = if from_slates { TableName::Slates } else { TableName::Waiting };
        let mut fault = None;
        while let Some(run) = self.cursors[table.place()].run(tick)? {
            let at = next.users.len();
            if at + run.len() > n {
                fault = Some(format!("`{}` has more rows than the {n} users observed", table.as_str()));
                break;
            }
            next.users.extend(run.values::<UInt32Type>("user").iter().copied().map(UserId));
            next.sessions.extend(run.values::<UInt64Type>("session").iter().copied().map(SessionId));
            let clocks = run.optional::<Float64Type>("time_secs");
            next.time_secs.extend(clocks.map(|secs| secs.unwrap_or(heading.time_secs)));
            for list in run.lists::<UInt32Type>("candidates").take_while(|_| heading.set.is_none()) {
                own.extend(list.unwrap_or_default().iter().copied().map(ItemId));
                starts.push(own.len() as u32);
            }
            if from_slates {
                fault = fault.or(self.ahead.read(&self.manifest.spec, &next.items, at, &run).err());
            }
        }
        if next.users.len() != n || next.users.iter().any(|user| user.index() >= self.manifest.spec.n_users) {
            fault = fault.or(Some(format!("`{}` does not have the {n} users observed", table.as_str())));
        }
        match heading.set {
            None => next.candidates = Arc::new(Candidates::PerRow { starts, items: own }),
            Some(set) if self.candidates.set() == Some(set) => self.offer(next),
            Some(_) => fault = fault.or(Some("its candidate set is not in the log".into())),
        }
        fault.map_or(Ok(()), |reason| Err(self.inconsistent(tick, reason)))
    }

    /// The shared list; in a world without repeats, less what each was shown before.
    fn offer(&mut self, next: &mut Observation) {
        let Some(met) = &mut self.met else {
            next.candidates = Arc::clone(&self.candidates);
            return;
        };
        if Arc::get_mut(&mut next.candidates).is_none() {
            next.candidates = Arc::default();
        }
        let list = Arc::get_mut(&mut next.candidates).expect("just found or made unique");
        match (&mut *list, &*self.candidates) {
            (Candidates::Unseen { set, items, .. }, Candidates::Shared { set: last, items: listed }) => {
                (*set, *items) = (*last, Arc::clone(listed));
            }
            (list, last) => list.copy_from(last),
        }
        met.bar(&next.users, self.manifest.spec.slate_size, list);
    }

    /// Who is new, changed or gone after the tick being replayed.
    pub(super) fn read_roster(&mut self) -> Result<(), DataError> {
        let (tick, spec) = (self.seen.tick.0, &self.manifest.spec);
        let (mut fault, mut n_told) = (None, 0);
        let first = self.roster.meet(spec);
        while let Some(run) = self.cursors[TableName::Groups.place()].run(tick)? {
            n_told += run.len();
            fault = fault.or(self.roster.read_groups(&spec.groups, &run).err());
        }
        if first && n_told != spec.n_users && !spec.groups.is_empty() {
            fault = fault.or(Some(format!("{n_told} of {} users have groups", spec.n_users)));
        }
        while let Some(run) = self.cursors[TableName::Creators.place()].run(tick)? {
            fault = fault.or(self.roster.read_creators(&run).err());
        }
        fault.map_or(Ok(()), |reason| Err(self.inconsistent(tick, reason)))
    }

    /// Features hold until they change.
    pub(super) fn user_features(&mut self, next: &mut Observation) -> Result<(), DataError> {
        while let Some(run) = self.cursors[TableName::Users.place()].run(next.tick.0)? {
            let users = run.values::<UInt32Type>("user");
            if let Some(stranger) = users.iter().find(|user| **user as usize >= self.features.rows()) {
                let reason = format!("there are features of user {stranger}, who does not exist");
                return Err(self.inconsistent(next.tick.0, reason));
            }
            for (block, at) in self.manifest.spec.user_features.places() {
                let width = at.length();
                let values = run.values::<Float32Type>(&format!("feature_{}", block.name));
                for (i, user) in users.iter().enumerate() {
                    let row = self.features.row_mut(*user as usize);
                    row[at.offset..at.offset + width].copy_from_slice(&values[i * width..(i + 1) * width]);
                }
            }
        }
        next.user_features.resize(next.users.len(), self.features.width());
        for (r, user) in next.users.iter().enumerate() {
            next.user_features.row_mut(r).copy_from_slice(self.features.row(user.index()));
        }
        Ok(())
    }

    /// The items on view: the catalogue, grown by what is new, or this tick's candidates of `n` rows.
    pub(super) fn items(&mut self, next: &mut Observation, n: usize) -> Result<(), DataError> {
        let tick = next.tick.0;
        let cursor = &mut self.cursors[TableName::Items.place()];
        let layout = &self.manifest.spec.item_features;
        if self.items.is_durable() {
            let mut in_order = true;
            while let Some(run) = cursor.run(tick)? {
                let ItemView::Durable(catalogue) = Arc::make_mut(&mut self.items) else { unreachable!() };
                in_order &= publish(catalogue, layout, &run);
            }
            next.items = Arc::clone(&self.items);
            return if in_order { Ok(()) } else { Err(self.inconsistent(tick, "an item is missing".into())) };
        }
        if Arc::get_mut(&mut next.items).is_none_or(|view| view.is_durable()) {
            next.items = Arc::new(ItemView::clone(&self.items));
        }
        let Some(ItemView::Ephemeral { per_row, table }) = Arc::get_mut(&mut next.items) else {
            unreachable!()
        };
        table.resize(n * *per_row);
        let mut at = 0;
        while let Some(run) = cursor.run(tick)? {
            if at + run.len() <= n {
                read_features(layout, &run, *per_row, at, &mut table.rows_mut());
            }
            at += run.len();
        }
        if at == n {
            Ok(())
        } else {
            Err(self.inconsistent(tick, format!("{at} of {n} rows have candidates")))
        }
    }

    pub(super) fn events(&mut self, tick: u32) -> Result<(), DataError> {
        let mut whole = true;
        while let Some(run) = self.cursors[TableName::Events.place()].run(tick)? {
            let kinds = run.words("kind", schema::EVENTS).map(Option::unwrap_or_default);
            let subjects = run.optional::<UInt32Type>("item").zip(run.optional::<UInt32Type>("creator"));
            for ((kind, (item, creator)), user) in kinds.zip(subjects).zip(run.optional::<UInt32Type>("user"))
            {
                let event = words::to_event((kind, item, creator, user));
                whole &= event.is_some();
                self.ahead.step.events.extend(event);
            }
        }
        if whole { Ok(()) } else { Err(self.inconsistent(tick, "an event lacks its subject".into())) }
    }

    pub(super) fn messages(&mut self, next: &mut Observation) -> Result<(), DataError> {
        let (tick, mut heard) = (next.tick.0, std::mem::take(&mut next.messages));
        heard.clear();
        let mut strangers = 0;
        while let Some(run) = self.cursors[TableName::Messages.place()].run(tick)? {
            let channels = run.words("channel", schema::CHANNELS).map(Option::unwrap_or_default);
            let said = run.words("said", schema::SAID).map(Option::unwrap_or_default);
            let users = run.values::<UInt32Type>("user").iter().map(|user| next.row_of(UserId(*user)));
            for (((row, channel), said), text) in users.zip(channels).zip(said).zip(run.texts("text")) {
                let Some(row) = row else {
                    strangers += 1;
                    continue;
                };
                let message = Message { row, said: words::SAID[usize::from(said)], text: text.into() };
                match words::CHANNELS[usize::from(channel)] {
                    Channel::Observation => heard.push(message),
                    Channel::Slates => self.ahead.slates.messages.push(message),
                    Channel::Responses => self.ahead.step.responses.replies.push(message),
                }
            }
        }
        next.messages = heard;
        let reason = || format!("{strangers} messages are of users who were not there");
        if strangers == 0 { Ok(()) } else { Err(self.inconsistent(tick, reason())) }
    }
}

/// Adds a run of items to the catalogue; `false` if their ids do not follow on.
fn publish(catalogue: &mut Catalogue, layout: &Layout, run: &Run<'_>) -> bool {
    let (creators, published) = (run.values::<UInt32Type>("creator"), run.values::<UInt32Type>("published"));
    let (mut dense, mut codes) =
        (vec![0.0; run.len() * layout.dense_width()], vec![0; run.len() * layout.code_width()]);
    read_features(layout, run, 1, 0, &mut ItemRowsMut { dense: &mut dense, codes: &mut codes });
    let (w, q) = (layout.dense_width(), layout.code_width());
    let mut in_order = true;
    let mut until = run.optional::<UInt32Type>("until").map(|tick| tick.map_or(Catalogue::FOR_GOOD, Tick));
    let words = run.texts("title").zip(run.texts("text"));
    for (i, (item, (title, text))) in run.values::<UInt32Type>("item").iter().zip(words).enumerate() {
        let (dense, codes) = (&dense[i * w..(i + 1) * w], &codes[i * q..(i + 1) * q]);
        let id = catalogue.push(
            CreatorId(creators[i]),
            (Tick(published[i]), until.next().expect("a value or none per row")),
            title,
            dense,
            codes,
        );
        if !text.is_empty() {
            catalogue.describe(text);
        }
        in_order &= id == ItemId(*item);
    }
    in_order
}

/// Copies a run of `per_row` items per row into packed features, from row `at` on.
pub(super) fn read_features(
    layout: &Layout,
    run: &Run<'_>,
    per_row: usize,
    at: usize,
    to: &mut ItemRowsMut<'_>,
) {
    fn spread<T: Copy>(from: &[T], to: &mut [T], stride: usize, offset: usize, width: usize) {
        if stride == width {
            to[..from.len()].copy_from_slice(from);
        } else if width > 0 {
            let rows = to.chunks_exact_mut(stride).zip(from.chunks_exact(width));
            rows.for_each(|(row, values)| row[offset..offset + width].copy_from_slice(values));
        }
    }
    let (first, w, q) = (at * per_row, layout.dense_width(), layout.code_width());
    for (block, at) in layout.places() {
        let name = format!("feature_{}", block.name);
        match block.kind {
            BlockKind::Dense { width } => {
                spread(run.values::<Float32Type>(&name), &mut to.dense[first * w..], w, at.offset, width);
            }
            BlockKind::Category { .. } => {
                spread(run.values::<UInt16Type>(&name), &mut to.codes[first * q..], q, at.offset, 1);
            }
        }
    }
}
