//! One tick, top to bottom.

use super::observe::by_cohort;
use super::{Member, Stage, World};
use crate::{
    CohortError, End, Env, EnvSpec, Event, Fate, ItemView, Memory, Message, Observation, ObservationRows,
    Outcome, Population, ResetOptions, ResponseRows, Responses, Rows, SessionId, Shown, Slates, SplitRows,
    Step, StepError, Streams, Supply, Tick, UserId,
};

impl Env for World {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn streams(&self) -> Streams {
        self.now.rng
    }

    fn population(&self) -> Option<&Population> {
        Some(&self.now.population)
    }

    fn reset(&mut self, seed: u64, options: &ResetOptions, out: &mut Observation) -> Result<(), StepError> {
        let crowd = self.now.crowd.emptied();
        self.now = super::Now { crowd, ..super::Now::unready(&self.spec, &self.supply) };
        self.now.rng = Streams::new(seed);
        self.now.options = options.clone();
        if let Supply::Shelf(shelf) = &mut self.supply {
            for item in shelf.stock(&self.now.rng)? {
                self.now.publish(&item, Tick(0))?;
            }
        }
        if let Some(creators) = &mut self.creators {
            for item in creators.reset(&self.now.rng) {
                let id = self.now.publish(&item, Tick(0))?;
                creators.owe_news(item.creator, id, Tick(0), self.spec.signals.len());
            }
        }
        for member in &mut self.cohorts {
            member.cohort.reset(member.first, &self.now.rng)?;
            for user in (member.first.0..member.first.0 + member.n as u32).map(UserId) {
                self.now.people.clock_secs[user.index()] = member.cohort.first_visit(user, &self.now.rng);
            }
        }
        self.group_everybody();
        for user in (0..self.spec.n_users as u32).map(UserId) {
            self.book(user, Tick(0));
        }
        self.begin_tick(Tick(0));
        let mut early = Vec::new();
        let acted = self.creators_act(&mut early);
        self.now.early = early;
        if let Err(error) = acted {
            self.now.stage = Stage::Unready;
            return Err(error.into());
        }
        self.observe(out)
    }

    fn step(&mut self, slates: &Slates, out: &mut Step) -> Result<(), StepError> {
        match self.now.stage {
            Stage::Unready => return Err(StepError::NotReset),
            Stage::Over => return Err(StepError::Over { at: self.now.tick }),
            Stage::Observed => {}
        }
        // 1 validate: a refused slate changes nothing.
        slates.check(&self.now.users, &self.now.candidates, self.spec.slate_size)?;
        // An error from here on leaves the tick half done; only a reset or a restore makes the world usable again.
        self.now.stage = Stage::Unready;
        // 2 expose.
        if let Supply::Shelf(shelf) = &mut self.supply {
            shelf.shown(&self.now.users, slates);
        }
        // 3 respond.
        self.respond(slates, &mut out.responses)?;
        self.account(slates, &out.responses);
        // 4 advance users.
        self.advance(slates, &out.responses, &mut out.fate)?;
        // 5 score the objective.
        let outcome = Outcome {
            users: &self.now.users,
            returned: &self.now.returned,
            slates,
            responses: &out.responses,
            fate: &out.fate,
            crowd: &self.now.crowd,
        };
        self.objective.score(&outcome, &mut out.reward_parts, &mut out.reward);
        // 6 what happened becomes the past; creators are owed their own feedback.
        out.events.clear();
        out.events.append(&mut self.now.early);
        self.remember(slates, &out.responses);
        self.owe_creators(slates, out);
        // 7 schedule returns, pick who is due.
        self.schedule(&out.fate, &mut out.ended, &mut out.events)?;
        std::mem::swap(&mut self.now.users, &mut out.next.users);
        self.begin_tick(self.now.tick.next());
        next_rows(&out.next.users, &self.now.users, &out.ended, &mut out.next_row);
        // 8 creators act at every turn until then; what they make is published.
        let acted = self.creators_act(&mut out.events);
        if acted.is_err() {
            self.now.stage = Stage::Unready;
        }
        acted?;
        // 9 observe.
        self.observe(&mut out.next)
    }
}

impl World {
    fn shown<'a>(&'a self, slates: &'a Slates, rows: Rows<'a>) -> Shown<'a> {
        Shown { scene: self.now.scene(rows), slates }
    }

    fn respond(&mut self, slates: &Slates, out: &mut Responses) -> Result<(), CohortError> {
        let (k, n_signals, rows) = (self.spec.slate_size, self.spec.signals.len(), self.now.users.len());
        if self.now.options.tell_choice_probs != out.choice_probs.is_some() {
            out.choice_probs = self.now.options.tell_choice_probs.then(Default::default);
        }
        out.reset(rows, k, n_signals);
        let mut rest = ResponseRows {
            k,
            n_signals,
            click: out.click.as_mut_slice(),
            dwell_secs: out.dwell_secs.as_mut_slice(),
            signals: out.signals.as_mut_slice(),
            choice_probs: out.choice_probs.as_mut().map(crate::Grid::as_mut_slice),
            replies: Vec::new(),
        };
        let mut cohorts = std::mem::take(&mut self.cohorts);
        let mut first = 0;
        let mut result = Ok(());
        for member in &mut cohorts {
            let rows = self.now.rows_of(first, member);
            let (mut mine, others) = rest.split_rows(rows.len());
            let shown = self.shown(slates, rows);
            result = result.and_then(|()| member.cohort.respond(&shown, &self.now.rng, &mut mine));
            result = result.and_then(|()| check_replies(&mine.replies, member, rows.len()));
            mine.replies.iter_mut().for_each(|reply| reply.row += first);
            out.replies.append(&mut mine.replies);
            (first, rest) = (first + rows.len(), others);
        }
        self.cohorts = cohorts;
        result
    }

    /// Asks every cohort which groups its people belong to.
    pub(super) fn group_everybody(&mut self) {
        for member in &self.cohorts {
            for user in (member.first.0..member.first.0 + member.n as u32).map(UserId) {
                member.cohort.groups(user, self.now.population.levels_mut(user));
            }
        }
    }

    /// Notes what the slates were really worth, for the truth.
    fn account(&mut self, slates: &Slates, did: &Responses) {
        let width = self.spec.accounts.len();
        let mut accounts = std::mem::take(&mut self.now.accounts);
        accounts.reset(self.now.users.len(), width);
        if width > 0 {
            let mut rest = ObservationRows { features: accounts.as_mut_slice(), width };
            for (member, rows) in by_cohort(&self.cohorts, &self.now) {
                let (mine, others) = rest.split_rows(rows.len());
                member.cohort.account(&self.shown(slates, rows), did, mine);
                rest = others;
            }
        }
        self.now.accounts = accounts;
    }

    fn advance(&mut self, slates: &Slates, did: &Responses, out: &mut Vec<Fate>) -> Result<(), CohortError> {
        out.clear();
        out.resize(self.now.users.len(), Fate::Gone);
        let mut cohorts = std::mem::take(&mut self.cohorts);
        let (mut first, mut rest, mut result) = (0, &mut out[..], Ok(()));
        for member in &mut cohorts {
            let rows = self.now.rows_of(first, member);
            let (mine, others) = rest.split_at_mut(rows.len());
            let shown = self.shown(slates, rows);
            result = result.and_then(|()| member.cohort.advance(&shown, did, &self.now.rng, mine));
            (first, rest) = (first + rows.len(), others);
        }
        self.cohorts = cohorts;
        result
    }

    /// What was seen and said becomes the past: histories grow, replies wait to be heard.
    fn remember(&mut self, slates: &Slates, did: &Responses) {
        let now = &mut self.now;
        now.unheard.retain(|(user, _)| now.users.binary_search(user).is_err());
        now.unheard.extend(did.replies.iter().map(|said| (now.users[said.row], said.clone())));
        record(&mut now.history, &now.users, &now.items, slates, did);
        if let Some(met) = &mut now.met {
            met.remember(&now.users, slates);
        }
        if let Some(catalogue) = now.items.catalogue() {
            now.crowd.count(now.tick, slates, &did.click, catalogue.len());
        }
    }

    fn schedule(
        &mut self,
        fate: &[Fate],
        ended: &mut Vec<Option<End>>,
        events: &mut Vec<Event>,
    ) -> Result<(), CohortError> {
        ended.clear();
        let next = self.now.tick.next();
        for (r, fate) in fate.iter().enumerate() {
            let user = self.now.users[r];
            let u = user.index();
            self.now.people.returning[u] = 0;
            let secs = match *fate {
                Fate::Stays(secs) => secs,
                Fate::Returns(secs) => {
                    self.now.people.visits[u] += 1;
                    self.now.people.returning[u] = 1;
                    secs
                }
                Fate::Gone => {
                    ended.push(Some(End::Terminated));
                    self.now.unheard.retain(|(said_by, _)| *said_by != user);
                    if self.now.options.renew {
                        self.renew(user, next, events)?;
                    }
                    continue;
                }
            };
            if !(secs >= 0.0 && secs.is_finite()) {
                let reason = format!("user {} was to be back after {secs} seconds", user.0);
                return Err(CohortError::Failed { cohort: self.spec.id.clone(), reason });
            }
            self.now.people.clock_secs[u] += f64::from(secs);
            ended.push((!self.book(user, next)).then_some(End::Truncated));
        }
        Ok(())
    }

    fn renew(&mut self, user: UserId, next: Tick, events: &mut Vec<Event>) -> Result<(), CohortError> {
        let member = self.member_of(user).expect("a row's user has a cohort");
        self.cohorts[member].cohort.renew(user, next, &self.now.rng)?;
        self.now.people.visits[user.index()] += 1;
        self.now.people.clock_secs[user.index()] = f64::from(next.0) * self.spec.clock.tick_secs;
        self.now.history.forget(user);
        self.cohorts[member].cohort.groups(user, self.now.population.levels_mut(user));
        if let Some(met) = &mut self.now.met {
            met.forget(user);
        }
        if let Supply::Shelf(shelf) = &mut self.supply {
            shelf.forget(user);
        }
        if self.book(user, next) {
            events.push(Event::Renew { user });
        }
        Ok(())
    }

    /// Books `user`'s next slate, not before `earliest`; `false` if that is past the horizon or the last tick there is.
    fn book(&mut self, user: UserId, earliest: Tick) -> bool {
        let tick = (self.now.people.clock_secs[user.index()] / self.spec.clock.tick_secs) as u32;
        let tick = Tick(tick.max(earliest.0));
        let watched = tick < self.now.options.horizon.unwrap_or(Tick(u32::MAX));
        if watched {
            self.now.calendar.book(user, tick);
        }
        watched
    }

    /// Moves to the first busy tick from `from` on and collects who is there.
    fn begin_tick(&mut self, from: Tick) {
        let now = &mut self.now;
        let Some(tick) = now.calendar.next_busy(from) else {
            (now.stage, now.tick) = (Stage::Over, from);
            now.users.clear();
            now.sessions.clear();
            now.time_secs.clear();
            now.returned.clear();
            return;
        };
        now.calendar.take(tick, &mut now.users);
        (now.stage, now.tick) = (Stage::Observed, tick);
        now.arrive();
    }
}

impl super::Now {
    /// Fills in what the engine knows of the users who are here now.
    pub(super) fn arrive(&mut self) {
        let people = &self.people;
        self.sessions.clear();
        self.time_secs.clear();
        self.returned.clear();
        for &user in &self.users {
            let u = user.index();
            self.time_secs.push(people.clock_secs[u]);
            self.sessions.push(SessionId::new(user, people.visits[u]));
            self.returned.push(people.returning[u] == 1);
        }
    }
}

fn check_replies(replies: &[Message], member: &Member, rows: usize) -> Result<(), CohortError> {
    let Some(lost) = replies.iter().find(|reply| reply.row >= rows) else { return Ok(()) };
    let reason = format!("a reply of row {} cannot be one of {rows} rows", lost.row);
    Err(CohortError::Failed { cohort: member.cohort.spec().name, reason })
}

/// Where each row's user sits in the next observation. Both user lists ascend, so one walk finds them all.
fn next_rows(before: &[UserId], after: &[UserId], ended: &[Option<End>], out: &mut Vec<Option<usize>>) {
    out.clear();
    let mut at = 0;
    for (user, ended) in before.iter().zip(ended) {
        while at < after.len() && after[at] < *user {
            at += 1;
        }
        out.push((ended.is_none() && after.get(at) == Some(user)).then_some(at));
    }
}

/// Writes one tick into the histories; replayed logs use it too, so both see the same past.
pub fn record(
    history: &mut crate::HistoryStore,
    users: &[UserId],
    items: &ItemView,
    slates: &Slates,
    did: &Responses,
) {
    if history.spec().length == 0 {
        return;
    }
    for (r, &user) in users.iter().enumerate() {
        for (position, &item) in slates.items.row(r).iter().enumerate() {
            let (dense, codes) = if items.is_durable() {
                (&[][..], &[][..])
            } else {
                let (table, at) = items.locate(r, item);
                (table.all_dense().row(at), table.all_codes().row(at))
            };
            let (clicked, dwell_secs) = (did.click.row(r)[position], did.dwell_secs.row(r)[position]);
            history.remember(user, Memory { item, clicked, dwell_secs, dense, codes });
        }
    }
}
