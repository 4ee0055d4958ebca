//! Saving and restoring: one function puts what the other takes, in the same order.

use std::sync::Arc;

use super::{Stage, World};
use crate::calendar::Calendar;
use crate::snapshot::{Array, Element, Snapshot, SnapshotError, SnapshotSink, SnapshotSource, Under};
use crate::{
    Candidates, CreatorFact, CreatorId, Env, Event, ItemId, Message, NewItem, Observation, OwnFeedback,
    ResetOptions, SetId, StepError, Supply, Tick, UserId,
};

impl World {
    /// Everything needed to go on as if nothing had happened.
    ///
    /// Refused while there is nothing to go on from: before a reset, after an error left a tick half done, and while
    /// actions from [`World::set_creator_actions`] wait for their turn.
    pub fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        self.save_to(&mut snapshot)?;
        Ok(snapshot)
    }

    /// The same, array by array: nothing is ever held twice but the array on its way, a few bytes per user at most.
    pub fn save_to(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        let now = &self.now;
        if now.stage == Stage::Unready {
            return Err(SnapshotError::Unsupported { part: "a world that is not between two ticks".into() });
        }
        let horizon = now.options.horizon.map_or(u32::MAX, |horizon| horizon.0);
        let flags = u32::from(now.options.renew) | u32::from(now.options.tell_choice_probs) << 1;
        let stage = now.stage as u32;
        let seed = now.rng.seed();
        let engine = [stage, seed as u32, (seed >> 32) as u32, now.tick.0, horizon, flags];
        out.put(Array::new("engine", 1, engine))?;
        out.put(Array::new("here", 1, now.users.iter().map(|user| user.0).collect::<Vec<_>>()))?;
        out.put(Array::new("due", 1, now.calendar.save()))?;
        out.put(Array::new("clock_secs", 1, &now.people.clock_secs[..]))?;
        out.put(Array::new("visits", 1, &now.people.visits[..]))?;
        out.put(Array::new("returning", 1, &now.people.returning[..]))?;
        now.history.save(out)?;
        now.crowd.save(out)?;
        if let Some(met) = &now.met {
            met.save(out)?;
        }
        save_unheard(&now.unheard, out)?;
        out.put(Array::new("early", 3, now.early.iter().flat_map(words).collect::<Vec<_>>()))?;
        for (c, member) in self.cohorts.iter().enumerate() {
            member.cohort.save(&mut Under { prefix: format!("cohort{c}"), stream: out })?;
        }
        if let Supply::Shelf(shelf) = &self.supply {
            out.put_part("shelf", shelf.save()?)?;
            now.save_catalogue(out)?;
            now.save_candidates(out)?;
        }
        self.creators.as_ref().map_or(Ok(()), |creators| creators.save(out))
    }

    /// Goes back to a snapshot of the same world and writes its observation; on an error, only another restore or a
    /// reset makes the world usable again.
    pub fn restore(&mut self, from: &Snapshot, out: &mut Observation) -> Result<(), StepError> {
        self.restore_from(&mut from.arrays.iter(), out)
    }

    /// The same from what [`World::save_to`] put, array by array.
    pub fn restore_from(
        &mut self,
        from: &mut dyn SnapshotSource,
        out: &mut Observation,
    ) -> Result<(), StepError> {
        let mut engine = [0; 6];
        from.take("engine")?.copy_to(&mut engine)?;
        let [stage, seed_low, seed_high, tick, horizon, flags] = engine;
        let options = ResetOptions {
            horizon: (horizon != u32::MAX).then_some(Tick(horizon)),
            renew: flags & 1 != 0,
            tell_choice_probs: flags & 2 != 0,
        };
        self.reset(u64::from(seed_high) << 32 | u64::from(seed_low), &options, out)?;
        let now = &mut self.now;
        now.stage = Stage::Unready;
        now.tick = Tick(tick);
        now.users = load_here(from, self.spec.n_users)?;
        let mut due = vec![0; self.spec.n_users];
        from.take("due")?.copy_to(&mut due)?;
        now.calendar = Calendar::load(&due);
        from.take("clock_secs")?.copy_to(&mut now.people.clock_secs)?;
        from.take("visits")?.copy_to(&mut now.people.visits)?;
        from.take("returning")?.copy_to(&mut now.people.returning)?;
        now.history.load(from)?;
        now.crowd.load(from)?;
        if let Some(met) = &mut now.met {
            met.load(from)?;
        }
        now.unheard = load_unheard(from)?;
        now.early = load_early(from)?;
        for (c, member) in self.cohorts.iter_mut().enumerate() {
            member.cohort.load(&mut Under { prefix: format!("cohort{c}"), stream: &mut *from })?;
        }
        if let Supply::Shelf(shelf) = &mut self.supply {
            shelf.load(&from.take_part("shelf")?)?;
            now.load_catalogue(from)?;
            now.load_candidates(from)?;
        }
        if let Some(creators) = &mut self.creators {
            creators.load(from)?;
        }
        now.stage = if stage == Stage::Observed as u32 { Stage::Observed } else { Stage::Over };
        now.arrive();
        self.group_everybody();
        self.observe(out)
    }
}

fn load_here(from: &mut dyn SnapshotSource, n_users: usize) -> Result<Vec<UserId>, SnapshotError> {
    let here: Vec<_> = from.take("here")?.as_slice()?.iter().copied().map(UserId).collect();
    if here.is_sorted_by(|a, b| a < b) && here.last().is_none_or(|user| user.index() < n_users) {
        return Ok(here);
    }
    let reason = format!("it is not an ascending list of users below {n_users}");
    Err(SnapshotError::Corrupt { name: "here".into(), reason })
}

/// An event in three words.
fn words(event: &Event) -> [u32; 3] {
    match *event {
        Event::Publish { item, creator } => [0, creator.0, item.0],
        Event::Enter { creator } => [1, creator.0, 0],
        Event::Exit { creator } => [2, creator.0, 0],
        Event::Renew { user } => [3, user.0, 0],
    }
}

fn load_early(from: &mut dyn SnapshotSource) -> Result<Vec<Event>, SnapshotError> {
    let events = from.take("early")?;
    let event = |words: &[u32]| match *words {
        [0, creator, item] => Ok(Event::Publish { item: ItemId(item), creator: CreatorId(creator) }),
        [1, creator, _] => Ok(Event::Enter { creator: CreatorId(creator) }),
        [2, creator, _] => Ok(Event::Exit { creator: CreatorId(creator) }),
        [3, user, _] => Ok(Event::Renew { user: UserId(user) }),
        _ => Err(SnapshotError::Corrupt { name: "early".into(), reason: "it is no list of events".into() }),
    };
    events.as_slice()?.chunks(3).map(event).collect()
}

fn save_unheard(unheard: &[(UserId, Message)], out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
    let users: Vec<u32> = unheard.iter().map(|(user, _)| user.0).collect();
    let kinds: Vec<u32> = unheard.iter().map(|(_, message)| message.said as u32).collect();
    out.put(Array::new("unheard.user", 1, users))?;
    out.put(Array::new("unheard.said", 1, kinds))?;
    put_texts(out, "unheard.text", unheard.iter().map(|(_, message)| message.text.as_str()))
}

fn load_unheard(from: &mut dyn SnapshotSource) -> Result<Vec<(UserId, Message)>, SnapshotError> {
    use crate::Said::{Answer, Explanation, Instruction, Question, Trace};
    let users: Vec<u32> = from.take("unheard.user")?.to_vec()?;
    let kinds: Vec<u32> = from.take("unheard.said")?.to_vec()?;
    let texts = get_texts(from, "unheard.text")?;
    let corrupt = |reason: &str| SnapshotError::Corrupt { name: "unheard".into(), reason: reason.into() };
    if users.len() != kinds.len() || users.len() != texts.len() {
        return Err(corrupt("its arrays differ in length"));
    }
    let message = |((user, kind), text)| {
        let kinds = [Instruction, Question, Answer, Explanation, Trace];
        let said = kinds.into_iter().find(|said| *said as u32 == kind);
        let said = said.ok_or_else(|| corrupt("a message of unknown kind"))?;
        Ok((UserId(user), Message { row: 0, said, text }))
    };
    users.into_iter().zip(kinds).zip(texts).map(message).collect()
}

/// Texts as bytes, each with its length in front.
fn put_texts<'a>(
    out: &mut dyn SnapshotSink,
    name: &str,
    texts: impl Iterator<Item = &'a str>,
) -> Result<(), SnapshotError> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    out.put(Array::new(name, 1, bytes))
}

fn get_texts(from: &mut dyn SnapshotSource, name: &str) -> Result<Vec<String>, SnapshotError> {
    let corrupt = |reason: &str| SnapshotError::Corrupt { name: name.into(), reason: reason.into() };
    let array = from.take(name)?;
    let (mut bytes, mut texts) = (array.as_slice::<u8>()?, Vec::new());
    while let Some((len, rest)) = bytes.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let (text, rest) = rest.split_at_checked(len).ok_or_else(|| corrupt("a text is cut short"))?;
        texts.push(String::from_utf8(text.to_vec()).map_err(|_| corrupt("a text is not UTF-8"))?);
        bytes = rest;
    }
    Ok(texts)
}

impl super::Now {
    fn save_catalogue(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        let (Some(seen), Some(latent)) = (self.items.catalogue(), self.latent.catalogue()) else {
            return Ok(());
        };
        let ids = || (0..seen.len() as u32).map(ItemId);
        let mut words = |name: &str, word: &dyn Fn(ItemId) -> u32| {
            out.put(Array::new(format!("catalogue.{name}"), 1, ids().map(word).collect::<Vec<_>>()))
        };
        words("creator", &|item| seen.creator(item).0)?;
        words("published", &|item| seen.published(item).0)?;
        words("until", &|item| seen.until(item).0)?;
        put_texts(out, "catalogue.title", ids().map(|item| seen.title(item)))?;
        put_texts(out, "catalogue.text", ids().map(|item| seen.text(item)))?;
        for (name, catalogue) in [("seen", seen), ("latent", latent)] {
            let (layout, rows) = (catalogue.layout(), || ids().map(|item| catalogue.locate(item)));
            let dense: Vec<f32> = rows().flat_map(|(table, at)| table.all_dense().row(at)).copied().collect();
            let codes: Vec<u32> =
                rows().flat_map(|(table, at)| table.all_codes().row(at)).copied().map(u32::from).collect();
            out.put(Array::new(format!("catalogue.{name}.dense"), layout.dense_width(), dense))?;
            out.put(Array::new(format!("catalogue.{name}.codes"), layout.code_width(), codes))?;
        }
        Ok(())
    }

    /// Publishes again whatever the snapshot has beyond the opening stock.
    fn load_catalogue(&mut self, from: &mut dyn SnapshotSource) -> Result<(), StepError> {
        let creators: Vec<u32> = from.take("catalogue.creator")?.to_vec()?;
        let published: Vec<u32> = from.take("catalogue.published")?.to_vec()?;
        let until: Vec<u32> = from.take("catalogue.until")?.to_vec()?;
        let mut titles = get_texts(from, "catalogue.title")?;
        let mut texts = get_texts(from, "catalogue.text")?;
        let mut take = |name: &str| from.take(&format!("catalogue.{name}"));
        let seen = (take("seen.dense")?, take("seen.codes")?);
        let latent = (take("latent.dense")?, take("latent.codes")?);
        let stocked = self.items.catalogue().map_or(0, crate::Catalogue::len);
        let n = creators.len();
        let lengths = [published.len(), until.len(), titles.len(), texts.len()];
        if n < stocked || lengths != [n; 4] {
            let [of, _, found, told] = lengths;
            let reason = format!(
                "{n} creators, {of} dates, {found} titles, {told} texts; the world opens with {stocked}"
            );
            return Err(SnapshotError::Corrupt { name: "catalogue".into(), reason }.into());
        }
        let (seen_layout, latent_layout) = (self.items.layout().clone(), self.latent.layout().clone());
        for i in stocked..n {
            let item = NewItem {
                creator: CreatorId(creators[i]),
                title: std::mem::take(&mut titles[i]),
                text: std::mem::take(&mut texts[i]),
                live_ticks: (until[i] != u32::MAX).then(|| until[i].saturating_sub(published[i])),
                dense: row(&seen.0, i, seen_layout.dense_width())?.to_vec(),
                codes: codes(&seen.1, i, seen_layout.code_width())?,
                latent_dense: row(&latent.0, i, latent_layout.dense_width())?.to_vec(),
                latent_codes: codes(&latent.1, i, latent_layout.code_width())?,
            };
            self.publish(&item, Tick(published[i]))?;
        }
        Ok(())
    }

    /// What was offered last: a shelf keeps it where nothing changed, and set ids count on from it.
    fn save_candidates(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        let (set, starts, items) = match &*self.candidates {
            Candidates::Shared { set, items } | Candidates::Unseen { set, items, .. } => {
                (set.0, &[][..], &items[..])
            }
            Candidates::PerRow { starts, items } => (0, &starts[..], &items[..]),
        };
        out.put(Array::new("candidates.set", 1, [set]))?;
        out.put(Array::new("candidates.starts", 1, starts))?;
        out.put(Array::new("candidates.items", 1, items.iter().map(|item| item.0).collect::<Vec<_>>()))
    }

    fn load_candidates(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        let mut set = [0];
        from.take("candidates.set")?.copy_to(&mut set)?;
        let starts: Vec<u32> = from.take("candidates.starts")?.to_vec()?;
        let items: Vec<_> = from.take("candidates.items")?.as_slice()?.iter().copied().map(ItemId).collect();
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

/// The `i`-th row of an array of rows that wide.
fn row<T: Element>(array: &Array, i: usize, width: usize) -> Result<&[T], SnapshotError> {
    cut(array.as_slice()?, &array.name, i, width)
}

fn codes(array: &Array, i: usize, width: usize) -> Result<Vec<u16>, SnapshotError> {
    Ok(row(array, i, width)?.iter().map(|word: &u32| *word as u16).collect())
}

impl super::Creators {
    fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        if !self.staged.is_empty() {
            let part = "what creators were told to do but have not done yet".into();
            return Err(SnapshotError::Unsupported { part });
        }
        out.put_part("creator_model", self.minds.model().save()?)?;
        out.put(Array::new("creators.engine", 1, [self.next_turn, self.last_turn.0]))?;
        out.put(Array::new("creators.active", 1, &self.active[..]))?;
        let dates = |fact: &CreatorFact| [fact.entered.0, fact.left.map_or(u32::MAX, |left| left.0)];
        out.put(Array::new("creators.dates", 2, self.facts.iter().flat_map(dates).collect::<Vec<_>>()))?;
        put_texts(out, "creators.name", self.facts.iter().map(|fact| fact.name.as_str()))?;
        put_feedback(out, "creators.owed", &self.owed)?;
        put_feedback(out, "creators.told", &self.told)
    }

    fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        self.minds.model_mut().load(&from.take_part("creator_model")?)?;
        let mut turn = [0; 2];
        from.take("creators.engine")?.copy_to(&mut turn)?;
        (self.next_turn, self.last_turn) = (turn[0], Tick(turn[1]));
        self.active = from.take("creators.active")?.to_vec()?;
        let dates = from.take("creators.dates")?;
        let (dates, _) = dates.as_slice::<u32>()?.as_chunks();
        let names = get_texts(from, "creators.name")?;
        self.owed = get_feedback(from, "creators.owed")?;
        self.told = get_feedback(from, "creators.told")?;
        let fact = |(name, &[entered, left]): (String, &[u32; 2])| CreatorFact {
            name,
            entered: Tick(entered),
            left: (left != u32::MAX).then_some(Tick(left)),
        };
        self.facts = names.into_iter().zip(dates).map(fact).collect();
        if self.owed.len() == self.active.len() && self.facts.len() == self.active.len() {
            return Ok(());
        }
        let reason = format!("{} creators are owed, {} there are", self.owed.len(), self.active.len());
        Err(SnapshotError::Corrupt { name: "creators.owed".into(), reason })
    }
}

fn put_feedback(out: &mut dyn SnapshotSink, name: &str, all: &[OwnFeedback]) -> Result<(), SnapshotError> {
    let who: Vec<u32> = all.iter().map(|own| own.creator.0).collect();
    let items = || all.iter().zip(0..).flat_map(|(own, at)| own.items.iter().map(move |item| (at, item)));
    let words: Vec<u32> =
        items().flat_map(|(at, it)| [at, it.item.0, it.published.0, it.impressions, it.clicks]).collect();
    let sums: Vec<f64> =
        items().flat_map(|(_, it)| [it.dwell_secs].into_iter().chain(it.signals.iter().copied())).collect();
    out.put(Array::new(format!("{name}.who"), 1, who))?;
    out.put(Array::new(format!("{name}.items"), 5, words))?;
    out.put(Array::new(format!("{name}.sums"), 1, sums))
}

fn get_feedback(from: &mut dyn SnapshotSource, name: &str) -> Result<Vec<OwnFeedback>, SnapshotError> {
    let mut take = |what: &str| from.take(&format!("{name}.{what}"));
    let (who, words, sums) = (take("who")?, take("items")?, take("sums")?);
    let (words, sums) = (words.as_slice::<u32>()?, sums.as_slice()?);
    let born = |creator: &u32| OwnFeedback { creator: CreatorId(*creator), items: Vec::new() };
    let mut all: Vec<_> = who.as_slice()?.iter().map(born).collect();
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
