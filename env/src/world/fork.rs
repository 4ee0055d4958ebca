//! Saving, forking and intervening.

use std::sync::Arc;

use super::{Member, Stage, World};
use crate::calendar::Calendar;
use crate::snapshot::{Snapshot, SnapshotError, Values};
use crate::{
    Candidates, CohortError, CreatorFact, CreatorId, Env, ItemId, ItemView, Message, NewItem, Observation,
    OwnFeedback, ResetOptions, SetId, StepError, Supply, Tick, UserId,
};

impl World {
    /// A copy that goes its own way. Items and candidates stay shared until one side changes them.
    ///
    /// Stepped alike, world and fork stay identical; call [`World::observe`] on the fork for an observation of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        let copy =
            |member: &Member| Member { cohort: member.cohort.fork(), first: member.first, n: member.n };
        Self {
            spec: self.spec.clone(),
            cohorts: self.cohorts.iter().map(copy).collect(),
            supply: self.supply.fork(),
            objective: self.objective.fork(),
            creators: self.creators.as_ref().map(super::Creators::fork),
            now: self.now.clone(),
        }
    }

    /// Sets one latent array of one user and touches nothing else: the ground of what-if questions.
    ///
    /// If the field is observable, call [`World::observe`] before the next slate.
    pub fn intervene(&mut self, user: UserId, field: &str, value: &[f32]) -> Result<(), CohortError> {
        let refused = |known: String| CohortError::Field { user, field: field.into(), known };
        let Some(member) = self.member_of(user) else {
            return Err(refused(format!("users are 0..{}", self.spec.n_users)));
        };
        let cohort = &mut self.cohorts[member].cohort;
        let names = cohort.field_names().join(", ");
        let Some(place) = cohort.field_mut(user, field) else {
            return Err(refused(format!("latent fields are {names}")));
        };
        if place.len() != value.len() {
            return Err(refused(format!("it has {} values, {} were given", place.len(), value.len())));
        }
        place.copy_from_slice(value);
        Ok(())
    }

    /// Everything needed to go on as if nothing had happened.
    ///
    /// Refused while there is nothing to go on from: before a reset, after an error left a tick half done, and while
    /// actions from [`World::set_creator_actions`] wait for their turn.
    pub fn save(&self) -> Result<Snapshot, SnapshotError> {
        let now = &self.now;
        if now.stage == Stage::Unready {
            return Err(SnapshotError::Unsupported { part: "a world that is not between two ticks".into() });
        }
        let mut out = Snapshot::default();
        let horizon = now.options.horizon.map_or(u32::MAX, |horizon| horizon.0);
        let flags = u32::from(now.options.renew) | u32::from(now.options.tell_choice_probs) << 1;
        let stage = now.stage as u32;
        let seed = now.rng.seed();
        out.put_u32("engine", 1, &[stage, seed as u32, (seed >> 32) as u32, now.tick.0, horizon, flags]);
        let here: Vec<u32> = now.users.iter().map(|user| user.0).collect();
        out.put_u32("here", 1, &here);
        out.put_u32("due", 1, now.calendar.save());
        out.put_f64("clock_secs", 1, &now.people.clock_secs);
        out.put_u32("visits", 1, &now.people.visits);
        out.put_u32("returning", 1, &now.people.returning);
        now.history.save(&mut out);
        now.crowd.save(&mut out);
        if let Some(met) = &now.met {
            met.save(&mut out);
        }
        save_unheard(&now.unheard, &mut out);
        for (c, member) in self.cohorts.iter().enumerate() {
            out.put_all(&format!("cohort{c}"), member.cohort.save()?);
        }
        if let Supply::Shelf(shelf) = &self.supply {
            out.put_all("shelf", shelf.save()?);
            now.save_catalogue(&mut out);
            now.save_candidates(&mut out);
        }
        if let Some(creators) = &self.creators {
            creators.save(&mut out)?;
        }
        Ok(out)
    }

    /// Goes back to a snapshot of the same world and writes its observation; on an error, only another restore or a
    /// reset makes the world usable again.
    pub fn restore(&mut self, from: &Snapshot, out: &mut Observation) -> Result<(), StepError> {
        let mut engine = [0; 6];
        from.get_u32("engine", &mut engine)?;
        let [stage, seed_low, seed_high, tick, horizon, flags] = engine;
        let options = ResetOptions {
            horizon: (horizon != u32::MAX).then_some(Tick(horizon)),
            renew: flags & 1 != 0,
            tell_choice_probs: flags & 2 != 0,
        };
        self.reset(u64::from(seed_high) << 32 | u64::from(seed_low), &options, out)?;
        let now = &mut self.now;
        now.stage = Stage::Unready;
        if now.tick != Tick(tick) {
            now.early.clear();
        }
        now.tick = Tick(tick);
        let mut due = vec![0; self.spec.n_users];
        from.get_u32("due", &mut due)?;
        now.calendar = Calendar::load(&due);
        from.get_f64("clock_secs", &mut now.people.clock_secs)?;
        from.get_u32("visits", &mut now.people.visits)?;
        from.get_u32("returning", &mut now.people.returning)?;
        now.history.load(from)?;
        now.crowd.load(from)?;
        if let Some(met) = &mut now.met {
            met.load(from)?;
        }
        now.unheard = load_unheard(from)?;
        for (c, member) in self.cohorts.iter_mut().enumerate() {
            member.cohort.load(&from.part(&format!("cohort{c}")))?;
        }
        if let Supply::Shelf(shelf) = &mut self.supply {
            shelf.load(&from.part("shelf"))?;
            now.load_catalogue(from)?;
            now.load_candidates(from)?;
        }
        if let Some(creators) = &mut self.creators {
            creators.load(from)?;
        }
        now.users = load_here(from, self.spec.n_users)?;
        now.stage = if stage == Stage::Observed as u32 { Stage::Observed } else { Stage::Over };
        now.arrive();
        self.group_everybody();
        self.observe(out)
    }
}

fn load_here(from: &Snapshot, n_users: usize) -> Result<Vec<UserId>, SnapshotError> {
    let here: Vec<_> = from.get_u32_vec("here")?.iter().copied().map(UserId).collect();
    if here.is_sorted_by(|a, b| a < b) && here.last().is_none_or(|user| user.index() < n_users) {
        return Ok(here);
    }
    let reason = format!("it is not an ascending list of users below {n_users}");
    Err(SnapshotError::Corrupt { name: "here".into(), reason })
}

fn save_unheard(unheard: &[(UserId, Message)], out: &mut Snapshot) {
    let users: Vec<u32> = unheard.iter().map(|(user, _)| user.0).collect();
    let kinds: Vec<u32> = unheard.iter().map(|(_, message)| message.said as u32).collect();
    out.put_u32("unheard.user", 1, &users);
    out.put_u32("unheard.said", 1, &kinds);
    put_texts(out, "unheard.text", unheard.iter().map(|(_, message)| message.text.as_str()));
}

fn load_unheard(from: &Snapshot) -> Result<Vec<(UserId, Message)>, SnapshotError> {
    use crate::Said::{Answer, Explanation, Instruction, Question};
    let (users, kinds) = (from.get_u32_vec("unheard.user")?, from.get_u32_vec("unheard.said")?);
    let texts = get_texts(from, "unheard.text")?;
    let corrupt = |reason: &str| SnapshotError::Corrupt { name: "unheard".into(), reason: reason.into() };
    if users.len() != kinds.len() || users.len() != texts.len() {
        return Err(corrupt("its arrays differ in length"));
    }
    let message = |((user, kind), text): ((&u32, &u32), String)| {
        let kinds = [Instruction, Question, Answer, Explanation];
        let said = kinds.into_iter().find(|said| *said as u32 == *kind);
        let said = said.ok_or_else(|| corrupt("a message of unknown kind"))?;
        Ok((UserId(*user), Message { row: 0, said, text }))
    };
    users.iter().zip(kinds).zip(texts).map(message).collect()
}

/// Texts as bytes, each with its length in front.
fn put_texts<'a>(out: &mut Snapshot, name: &str, texts: impl Iterator<Item = &'a str>) {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    out.put_bytes(name, bytes);
}

fn get_texts(from: &Snapshot, name: &str) -> Result<Vec<String>, SnapshotError> {
    let corrupt = |reason: &str| SnapshotError::Corrupt { name: name.into(), reason: reason.into() };
    let (mut bytes, mut texts) = (from.get_bytes(name)?, Vec::new());
    while let Some((len, rest)) = bytes.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let (text, rest) = rest.split_at_checked(len).ok_or_else(|| corrupt("a text is cut short"))?;
        texts.push(String::from_utf8(text.to_vec()).map_err(|_| corrupt("a text is not UTF-8"))?);
        bytes = rest;
    }
    Ok(texts)
}

impl super::Now {
    fn save_catalogue(&self, out: &mut Snapshot) {
        let (Some(seen), Some(latent)) = (self.items.catalogue(), self.latent.catalogue()) else { return };
        let ids = || (0..seen.len() as u32).map(ItemId);
        out.put_u32("catalogue.creator", 1, &ids().map(|item| seen.creator(item).0).collect::<Vec<_>>());
        out.put_u32("catalogue.published", 1, &ids().map(|item| seen.published(item).0).collect::<Vec<_>>());
        out.put_u32("catalogue.until", 1, &ids().map(|item| seen.until(item).0).collect::<Vec<_>>());
        put_texts(out, "catalogue.title", ids().map(|item| seen.title(item)));
        for (name, catalogue) in [("seen", seen), ("latent", latent)] {
            let rows = || ids().map(|item| catalogue.locate(item));
            let dense: Vec<f32> = rows().flat_map(|(table, at)| table.all_dense().row(at)).copied().collect();
            let codes: Vec<u32> =
                rows().flat_map(|(table, at)| table.all_codes().row(at)).copied().map(u32::from).collect();
            out.put_f32(&format!("catalogue.{name}.dense"), catalogue.layout().dense_width(), &dense);
            out.put_u32(&format!("catalogue.{name}.codes"), catalogue.layout().code_width(), &codes);
        }
    }

    /// Publishes again whatever the snapshot has beyond the opening stock.
    fn load_catalogue(&mut self, from: &Snapshot) -> Result<(), StepError> {
        let creators = from.get_u32_vec("catalogue.creator")?;
        let published = from.get_u32_vec("catalogue.published")?;
        let until = from.get_u32_vec("catalogue.until")?;
        let titles = get_texts(from, "catalogue.title")?;
        let stocked = self.items.catalogue().map_or(0, crate::Catalogue::len);
        let n = creators.len();
        if n < stocked || published.len() != n || until.len() != n || titles.len() != n {
            let (found, of) = (titles.len(), published.len());
            let reason = format!("{n} creators, {of} dates, {found} titles; the world opens with {stocked}");
            return Err(SnapshotError::Corrupt { name: "catalogue".into(), reason }.into());
        }
        let widths = |view: &ItemView| (view.layout().dense_width(), view.layout().code_width());
        let (seen, latent) = (widths(&self.items), widths(&self.latent));
        for i in stocked..creators.len() {
            let item = NewItem {
                creator: CreatorId(creators[i]),
                title: titles[i].clone(),
                live_ticks: (until[i] != u32::MAX).then(|| until[i].saturating_sub(published[i])),
                dense: reals(from, "catalogue.seen.dense", i, seen.0)?,
                codes: codes(from, "catalogue.seen.codes", i, seen.1)?,
                latent_dense: reals(from, "catalogue.latent.dense", i, latent.0)?,
                latent_codes: codes(from, "catalogue.latent.codes", i, latent.1)?,
            };
            self.publish(&item, Tick(published[i]))?;
        }
        Ok(())
    }

    /// What was offered last: a shelf keeps it where nothing changed, and set ids count on from it.
    fn save_candidates(&self, out: &mut Snapshot) {
        let (set, starts, items) = match &*self.candidates {
            Candidates::Shared { set, items } | Candidates::Unseen { set, items, .. } => {
                (set.0, &[][..], &items[..])
            }
            Candidates::PerRow { starts, items } => (0, &starts[..], &items[..]),
        };
        out.put_u32("candidates.set", 1, &[set]);
        out.put_u32("candidates.starts", 1, starts);
        out.put_u32("candidates.items", 1, &items.iter().map(|item| item.0).collect::<Vec<_>>());
    }

    fn load_candidates(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut set = [0];
        from.get_u32("candidates.set", &mut set)?;
        let starts = from.get_u32_vec("candidates.starts")?.to_vec();
        let items: Vec<_> = from.get_u32_vec("candidates.items")?.iter().copied().map(ItemId).collect();
        let published = self.items.catalogue().map_or(0, crate::Catalogue::len);
        let ends = starts.last().is_none_or(|end| *end as usize == items.len());
        if !(starts.is_sorted() && ends && items.iter().all(|item| item.index() < published)) {
            let reason = "its lists do not fit its items".into();
            return Err(SnapshotError::Corrupt { name: "candidates".into(), reason });
        }
        self.candidates = Arc::new(match starts.is_empty() {
            true => Candidates::shared(SetId(set[0]), items),
            false => Candidates::PerRow { starts, items },
        });
        Ok(())
    }
}

fn cut<'a, T>(values: &'a [T], name: &str, i: usize, width: usize) -> Result<&'a [T], SnapshotError> {
    let reason = || format!("there is no row {i}");
    values
        .get(i * width..(i + 1) * width)
        .ok_or_else(|| SnapshotError::Corrupt { name: name.into(), reason: reason() })
}

fn reals(from: &Snapshot, name: &str, i: usize, width: usize) -> Result<Vec<f32>, SnapshotError> {
    match from.get(name)? {
        Values::F32(values) => Ok(cut(values, name, i, width)?.to_vec()),
        _ => Err(SnapshotError::Corrupt { name: name.into(), reason: "it is not f32".into() }),
    }
}

fn codes(from: &Snapshot, name: &str, i: usize, width: usize) -> Result<Vec<u16>, SnapshotError> {
    Ok(cut(from.get_u32_vec(name)?, name, i, width)?.iter().map(|word| *word as u16).collect())
}

impl super::Creators {
    fn save(&self, out: &mut Snapshot) -> Result<(), SnapshotError> {
        if !self.staged.is_empty() {
            let part = "what creators were told to do but have not done yet".into();
            return Err(SnapshotError::Unsupported { part });
        }
        out.put_all("creator_model", self.model.save()?);
        out.put_u32("creators.engine", 1, &[self.next_turn]);
        out.put_u32("creators.active", 1, &self.active);
        let dates = |fact: &CreatorFact| [fact.entered.0, fact.left.map_or(u32::MAX, |left| left.0)];
        out.put_u32("creators.dates", 2, &self.facts.iter().flat_map(dates).collect::<Vec<_>>());
        put_texts(out, "creators.name", self.facts.iter().map(|fact| fact.name.as_str()));
        put_feedback(out, "creators.owed", &self.owed);
        put_feedback(out, "creators.told", &self.told);
        Ok(())
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.model.load(&from.part("creator_model"))?;
        let mut turn = [0];
        from.get_u32("creators.engine", &mut turn)?;
        self.next_turn = turn[0];
        self.active = from.get_u32_vec("creators.active")?.to_vec();
        self.owed = get_feedback(from, "creators.owed")?;
        self.told = get_feedback(from, "creators.told")?;
        let (dates, _) = from.get_u32_vec("creators.dates")?.as_chunks();
        let fact = |(name, &[entered, left]): (String, &[u32; 2])| CreatorFact {
            name,
            entered: Tick(entered),
            left: (left != u32::MAX).then_some(Tick(left)),
        };
        self.facts = get_texts(from, "creators.name")?.into_iter().zip(dates).map(fact).collect();
        if self.owed.len() == self.active.len() && self.facts.len() == self.active.len() {
            return Ok(());
        }
        let reason = format!("{} creators are owed, {} there are", self.owed.len(), self.active.len());
        Err(SnapshotError::Corrupt { name: "creators.owed".into(), reason })
    }
}

fn put_feedback(out: &mut Snapshot, name: &str, all: &[OwnFeedback]) {
    let who: Vec<u32> = all.iter().map(|own| own.creator.0).collect();
    let items = || all.iter().zip(0..).flat_map(|(own, at)| own.items.iter().map(move |item| (at, item)));
    let words: Vec<u32> =
        items().flat_map(|(at, it)| [at, it.item.0, it.published.0, it.impressions, it.clicks]).collect();
    let sums: Vec<f64> =
        items().flat_map(|(_, it)| [it.dwell_secs].into_iter().chain(it.signals.iter().copied())).collect();
    out.put_u32(&format!("{name}.who"), 1, &who);
    out.put_u32(&format!("{name}.items"), 5, &words);
    out.put_f64(&format!("{name}.sums"), 1, &sums);
}

fn get_feedback(from: &Snapshot, name: &str) -> Result<Vec<OwnFeedback>, SnapshotError> {
    let who = from.get_u32_vec(&format!("{name}.who"))?.iter();
    let mut all: Vec<_> = who.map(|c| OwnFeedback { creator: CreatorId(*c), items: Vec::new() }).collect();
    let (words, sums) = (format!("{name}.items"), format!("{name}.sums"));
    let (words, sums) = (from.get_u32_vec(&words)?, from.get_f64_vec(&sums)?);
    let n = words.len() / 5;
    for (i, it) in words.chunks_exact(5).enumerate() {
        let corrupt = |reason: String| SnapshotError::Corrupt { name: name.into(), reason };
        let own = all.get_mut(it[0] as usize).ok_or_else(|| corrupt(format!("there is no row {}", it[0])))?;
        let [dwell_secs, signals @ ..] = cut(sums, name, i, sums.len() / n)? else {
            return Err(corrupt("it has items but no sums".into()));
        };
        own.items.push(crate::ItemFeedback {
            item: ItemId(it[1]),
            published: Tick(it[2]),
            impressions: it[3],
            clicks: it[4],
            dwell_secs: *dwell_secs,
            signals: signals.to_vec(),
        });
    }
    Ok(all)
}
