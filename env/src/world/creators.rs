//! The creators' side of a tick: collect own feedback, let them act, publish.

use std::sync::Arc;

use super::{Now, World};
use crate::{
    BlockKind, Catalogue, CreatorAction, CreatorError, CreatorFact, CreatorId, CreatorModel, Event,
    InformedCreators, ItemFeedback, ItemId, ItemView, Layout, NewItem, Observation, OwnFeedback, Platform,
    Step, StepError, Tick,
};

/// What creators go by.
pub(super) enum Minds {
    /// Their own items' feedback.
    Own(Box<dyn CreatorModel>),
    /// All the platform knows.
    Informed(Box<dyn InformedCreators>),
}

impl Minds {
    pub(super) fn model(&self) -> &dyn CreatorModel {
        match self {
            Self::Own(model) => model.as_ref(),
            Self::Informed(model) => model.as_ref(),
        }
    }

    pub(super) fn model_mut(&mut self) -> &mut dyn CreatorModel {
        match self {
            Self::Own(model) => model.as_mut(),
            Self::Informed(model) => model.as_mut(),
        }
    }

    fn fork(&self) -> Self {
        match self {
            Self::Own(model) => Self::Own(model.fork()),
            Self::Informed(model) => Self::Informed(model.fork_informed()),
        }
    }

    fn inform(&mut self, platform: &Platform<'_>) {
        if let Self::Informed(model) = self {
            model.inform(platform);
        }
    }
}

/// The creator model and what the engine keeps for it.
pub(super) struct Creators {
    pub(super) minds: Minds,
    /// Per creator: what happened since it last acted.
    pub(super) owed: Vec<OwnFeedback>,
    /// Per creator: 1 while it has not left.
    pub(super) active: Vec<u32>,
    /// Per creator: who it is, when it came and left.
    pub(super) facts: Vec<CreatorFact>,
    /// First tick of the next turn.
    pub(super) next_turn: u32,
    /// The turn that was last.
    pub(super) last_turn: Tick,
    /// What creators were last told; agents driving them from outside read it.
    pub(super) told: Vec<OwnFeedback>,
    /// What those who had left would have been told with them; nobody reads it but views of this world, as it goes on.
    missed: Vec<OwnFeedback>,
    /// Actions decided outside, for the next turn.
    pub(super) staged: Vec<(CreatorId, CreatorAction)>,
    actions: Vec<(CreatorId, CreatorAction)>,
}

impl Creators {
    pub(super) fn new(minds: Minds) -> Self {
        let mut creators = Self {
            minds,
            owed: Vec::new(),
            active: Vec::new(),
            facts: Vec::new(),
            next_turn: 0,
            last_turn: Tick(0),
            told: Vec::new(),
            missed: Vec::new(),
            staged: Vec::new(),
            actions: Vec::new(),
        };
        creators.open();
        creators
    }

    /// A new run: what is on offer from the start.
    pub(super) fn reset(&mut self, rng: &crate::Streams) -> Vec<NewItem> {
        self.minds.model_mut().begin(rng);
        self.open();
        self.minds.model_mut().opening(rng)
    }

    fn open(&mut self) {
        self.owed.clear();
        self.active.clear();
        self.facts.clear();
        self.told.clear();
        self.staged.clear();
        self.next_turn = self.minds.model().period().max(1);
        self.last_turn = Tick(0);
        for _ in 0..self.minds.model().n_creators() {
            self.arrive(Tick(0));
        }
    }

    pub(super) fn arrive(&mut self, entered: Tick) -> CreatorId {
        let creator = CreatorId(self.owed.len() as u32);
        self.facts.push(CreatorFact { name: self.minds.model().name(creator), entered, left: None });
        self.owed.push(OwnFeedback { creator, items: Vec::new() });
        self.active.push(1);
        creator
    }

    pub(super) fn fork(&self) -> Self {
        Self {
            minds: self.minds.fork(),
            owed: self.owed.clone(),
            active: self.active.clone(),
            facts: self.facts.clone(),
            next_turn: self.next_turn,
            last_turn: self.last_turn,
            told: self.told.clone(),
            missed: Vec::new(),
            staged: self.staged.clone(),
            actions: Vec::new(),
        }
    }

    fn is_active(&self, creator: CreatorId) -> bool {
        self.active.get(creator.index()) == Some(&1)
    }

    /// Owes a creator the news that its item is published, and under which id.
    pub(super) fn owe_news(&mut self, creator: CreatorId, item: ItemId, published: Tick, n_signals: usize) {
        if let Some(own) = self.owed.get_mut(creator.index()) {
            let signals = vec![0.0; n_signals];
            own.items.push(ItemFeedback { item, published, signals, ..ItemFeedback::default() });
        }
    }

    /// Adds one tick's outcome to what each creator is owed, item by item.
    fn collect(&mut self, now: &Now, slates: &crate::Slates, step: &Step) {
        let Some(catalogue) = now.items.catalogue() else { return };
        let k = slates.items.width();
        for r in 0..now.users.len() {
            for (position, &item) in slates.items.row(r).iter().enumerate() {
                let Some(own) = self.owed.get_mut(catalogue.creator(item).index()) else { continue };
                let at = own.items.binary_search_by_key(&item, |seen| seen.item).unwrap_or_else(|at| {
                    let published = catalogue.published(item);
                    let signals = vec![0.0; step.responses.signals.width() / k];
                    own.items
                        .insert(at, ItemFeedback { item, published, signals, ..ItemFeedback::default() });
                    at
                });
                let seen = &mut own.items[at];
                seen.impressions += 1;
                seen.clicks += u32::from(step.responses.click.row(r)[position]);
                seen.dwell_secs += f64::from(step.responses.dwell_secs.row(r)[position]);
                for (s, sum) in seen.signals.iter_mut().enumerate() {
                    *sum += f64::from(step.responses.signal(s, r)[position]);
                }
            }
        }
    }

    /// Does what creators decided at their last turn.
    fn carry_out(
        &mut self,
        actions: Vec<(CreatorId, CreatorAction)>,
        now: &mut Now,
        n_signals: usize,
        events: &mut Vec<Event>,
    ) -> Result<(), CreatorError> {
        let turn = self.last_turn;
        let mut gone = Vec::new();
        for (creator, action) in actions {
            if gone.contains(&creator) {
                continue; // its model, or an agent outside, decided more than that it leaves
            }
            if !self.is_active(creator) {
                return Err(CreatorError::Absent { creator });
            }
            let item = match action {
                CreatorAction::Publish(item) => item,
                CreatorAction::Make(brief) => self.minds.model_mut().make(creator, &brief, turn, &now.rng)?,
                CreatorAction::Wait => continue,
                CreatorAction::Leave => {
                    self.active[creator.index()] = 0;
                    self.facts[creator.index()].left = Some(turn);
                    events.push(Event::Exit { creator });
                    gone.push(creator);
                    continue;
                }
            };
            let item = now.publish(&NewItem { creator, ..item }, turn)?;
            self.owe_news(creator, item, turn, n_signals);
            events.push(Event::Publish { item, creator });
        }
        Ok(())
    }

    /// Tells active creators what they are owed and takes down what they do. Of several turns between two busy ticks
    /// only the `first` has an audience to tell of, and that is what agents outside may still read afterwards.
    fn take_turn(&mut self, tick: Tick, first: bool, now: &Now) -> Result<(), CreatorError> {
        if let Some(catalogue) = now.items.catalogue() {
            self.minds.inform(&Platform { everyone: &self.owed, catalogue, tick });
        }
        let mut told = if first { std::mem::take(&mut self.told) } else { Vec::new() };
        told.clear();
        self.missed.clear();
        for (own, active) in self.owed.iter_mut().zip(&self.active) {
            let items = std::mem::take(&mut own.items);
            match *active {
                1 => told.push(OwnFeedback { creator: own.creator, items }),
                _ if !items.is_empty() => self.missed.push(OwnFeedback { creator: own.creator, items }),
                _ => {}
            }
        }
        self.actions.clear();
        let mut staged = std::mem::take(&mut self.staged);
        staged.retain(|(creator, _)| self.is_active(*creator));
        self.actions.append(&mut staged);
        let acted = self.minds.model_mut().act(&told, tick, &now.rng, &mut self.actions);
        if first {
            self.told = told;
        }
        acted
    }
}

impl World {
    /// What creators were told at their last turn.
    #[must_use]
    pub fn creator_feedback(&self) -> &[OwnFeedback] {
        self.creators.as_ref().map_or(&[], |creators| &creators.told)
    }

    /// The latest that is known of a creator's items: what it was told at the last turn, or would have been had it not left
    /// or the world not ended.
    pub(crate) fn latest_of(&self, creator: CreatorId) -> Option<&OwnFeedback> {
        let creators = self.creators.as_ref()?;
        let of = |all: &[OwnFeedback]| all.binary_search_by_key(&creator, |own| own.creator).ok();
        if self.is_over() {
            return creators.owed.get(creator.index());
        }
        let told = of(&creators.told).map(|at| &creators.told[at]);
        told.or_else(|| of(&creators.missed).map(|at| &creators.missed[at]))
    }

    /// Decides from outside what creators do at their next turn, beside what their model does; who leaves does nothing
    /// after that.
    pub fn set_creator_actions(
        &mut self,
        actions: Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        let absent = |creator| CreatorError::Absent { creator };
        let Some(creators) = &mut self.creators else {
            return actions.first().map_or(Ok(()), |(creator, _)| Err(absent(*creator)));
        };
        if let Some((creator, _)) = actions.iter().find(|(creator, _)| !creators.is_active(*creator)) {
            return Err(absent(*creator));
        }
        creators.staged = actions;
        Ok(())
    }

    /// The turn that creators took last.
    #[must_use]
    pub fn creators_turn(&self) -> Tick {
        self.creators.as_ref().map_or(Tick(0), |creators| creators.last_turn)
    }

    /// Whether a creator is there and has not left.
    #[must_use]
    pub fn is_creating(&self, creator: CreatorId) -> bool {
        self.creators.as_ref().is_some_and(|creators| creators.is_active(creator))
    }

    /// Lets creators act from outside right now, as if it were still their last turn, and writes what may be seen since: for
    /// agents who decide on what that turn told them. The events are told with the next step.
    ///
    /// # Errors
    /// Somebody who left or never was, an item that does not fit, a world that has not begun. Nothing was done if somebody was
    /// absent; of other errors only a reset or a restore makes the world usable again.
    pub fn creators_act_now(
        &mut self,
        actions: Vec<(CreatorId, CreatorAction)>,
        out: &mut Observation,
    ) -> Result<(), StepError> {
        match self.now.stage {
            super::Stage::Unready => return Err(StepError::NotReset),
            super::Stage::Over => return Err(StepError::Over { at: self.now.tick }),
            super::Stage::Observed => {}
        }
        let mut leave = Vec::new();
        for (creator, action) in &actions {
            if !self.is_creating(*creator) || leave.contains(creator) {
                return Err(CreatorError::Absent { creator: *creator }.into());
            }
            leave.extend((*action == CreatorAction::Leave).then_some(*creator));
        }
        if let Some(creators) = &mut self.creators {
            let mut events = std::mem::take(&mut self.now.early);
            let done = creators.carry_out(actions, &mut self.now, self.spec.signals.len(), &mut events);
            self.now.early = events;
            if let Err(error) = done {
                self.now.stage = super::Stage::Unready;
                return Err(error.into());
            }
        }
        self.observe(out)
    }

    /// Tick part 6: what happened to its items is owed to each creator.
    pub(super) fn owe_creators(&mut self, slates: &crate::Slates, step: &Step) {
        if let Some(creators) = &mut self.creators {
            creators.collect(&self.now, slates, step);
        }
    }

    /// Tick part 8: creators act at every turn up to the tick that begins now.
    pub(super) fn creators_act(&mut self, events: &mut Vec<Event>) -> Result<(), CreatorError> {
        let (now, Some(creators)) = (&mut self.now, &mut self.creators) else { return Ok(()) };
        let n_signals = self.spec.signals.len();
        if now.stage == super::Stage::Over {
            return Ok(());
        }
        let mut first = true;
        while creators.next_turn <= now.tick.0 {
            let turn = Tick(creators.next_turn);
            creators.next_turn = turn.0.saturating_add(creators.minds.model().period().max(1));
            creators.take_turn(turn, first, now)?;
            first = false;
            creators.last_turn = turn;
            let actions = std::mem::take(&mut creators.actions);
            creators.carry_out(actions, now, n_signals, events)?;
            for _ in 0..creators.minds.model_mut().arrivals(turn, &now.rng) {
                events.push(Event::Enter { creator: creators.arrive(turn) });
            }
        }
        Ok(())
    }
}

impl Now {
    /// Adds an item to the catalogues. Only worlds with durable items have creators.
    pub(super) fn publish(&mut self, item: &NewItem, at: Tick) -> Result<ItemId, CreatorError> {
        let creator = item.creator;
        let (ItemView::Durable(seen), ItemView::Durable(latent)) =
            (Arc::make_mut(&mut self.items), &mut self.latent)
        else {
            return Err(CreatorError::Failed { creator, reason: "this world's items do not last".into() });
        };
        fits(creator, "observed", seen.layout(), &item.dense, &item.codes)?;
        fits(creator, "latent", latent.layout(), &item.latent_dense, &item.latent_codes)?;
        let until = item.live_ticks.map_or(Catalogue::FOR_GOOD, |ticks| Tick(at.0.saturating_add(ticks)));
        latent.push(creator, (at, until), "", &item.latent_dense, &item.latent_codes);
        let id = seen.push(creator, (at, until), &item.title, &item.dense, &item.codes);
        if !item.text.is_empty() {
            seen.describe(&item.text);
        }
        Ok(id)
    }
}

fn fits(
    creator: CreatorId,
    what: &'static str,
    layout: &Layout,
    dense: &[f32],
    codes: &[u16],
) -> Result<(), CreatorError> {
    let expected = layout.dense_width() + layout.code_width();
    let found = dense.len() + codes.len();
    if dense.len() != layout.dense_width() || codes.len() != layout.code_width() {
        return Err(CreatorError::Features { creator, what, expected, found });
    }
    for (block, at) in layout.places() {
        let fits = match at.kind {
            BlockKind::Category { levels } => codes[at.offset] < levels,
            BlockKind::Dense { width } => dense[at.offset..at.offset + width].iter().all(|x| x.is_finite()),
        };
        if !fits {
            return Err(CreatorError::Value { creator, what, block: block.name.clone() });
        }
    }
    Ok(())
}
