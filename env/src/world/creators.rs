//! The creators' side of a tick: collect own feedback, let them act, publish.

use std::sync::Arc;

use super::{Now, World};
use crate::{
    BlockKind, CreatorAction, CreatorError, CreatorId, CreatorModel, Event, ItemFeedback, ItemView, Layout,
    NewItem, OwnFeedback, Step, Tick,
};

/// The creator model and what the engine keeps for it.
pub(super) struct Creators {
    pub(super) model: Box<dyn CreatorModel>,
    /// Per creator: what happened since it last acted.
    pub(super) owed: Vec<OwnFeedback>,
    /// Per creator: 1 while it has not left.
    pub(super) active: Vec<u32>,
    /// First tick of the next turn.
    pub(super) next_turn: u32,
    /// What creators were last told; agents driving them from outside read it.
    pub(super) told: Vec<OwnFeedback>,
    /// Actions decided outside, for the next turn.
    pub(super) staged: Vec<(CreatorId, CreatorAction)>,
    actions: Vec<(CreatorId, CreatorAction)>,
}

impl Creators {
    pub(super) fn new(model: Box<dyn CreatorModel>) -> Self {
        let mut creators = Self {
            model,
            owed: Vec::new(),
            active: Vec::new(),
            next_turn: 0,
            told: Vec::new(),
            staged: Vec::new(),
            actions: Vec::new(),
        };
        creators.open();
        creators
    }

    pub(super) fn reset(&mut self, rng: &crate::Streams) {
        self.model.begin(rng);
        self.open();
    }

    fn open(&mut self) {
        self.owed.clear();
        self.active.clear();
        self.told.clear();
        self.staged.clear();
        self.next_turn = 0;
        for _ in 0..self.model.n_creators() {
            self.arrive();
        }
    }

    pub(super) fn arrive(&mut self) -> CreatorId {
        let creator = CreatorId(self.owed.len() as u32);
        self.owed.push(OwnFeedback { creator, items: Vec::new() });
        self.active.push(1);
        creator
    }

    pub(super) fn fork(&self) -> Self {
        Self {
            model: self.model.fork(),
            owed: self.owed.clone(),
            active: self.active.clone(),
            next_turn: self.next_turn,
            told: self.told.clone(),
            staged: self.staged.clone(),
            actions: Vec::new(),
        }
    }

    fn is_active(&self, creator: CreatorId) -> bool {
        self.active.get(creator.index()) == Some(&1)
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

    /// Tells active creators what they are owed and takes down what they do.
    fn take_turn(&mut self, tick: Tick, rng: &crate::Streams) -> Result<(), CreatorError> {
        self.told.clear();
        for (own, active) in self.owed.iter_mut().zip(&self.active) {
            let items = std::mem::take(&mut own.items);
            if *active == 1 {
                self.told.push(OwnFeedback { creator: own.creator, items });
            }
        }
        self.actions.clear();
        self.actions.append(&mut self.staged);
        self.model.act(&self.told, tick, rng, &mut self.actions)
    }
}

impl World {
    /// What creators were told at their last turn.
    #[must_use]
    pub fn creator_feedback(&self) -> &[OwnFeedback] {
        self.creators.as_ref().map_or(&[], |creators| &creators.told)
    }

    /// Decides from outside what creators do at their next turn, beside what their model does.
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

    /// Tick parts 6 and 7: creators get their own feedback and act; what they made is published.
    pub(super) fn creators_act(
        &mut self,
        slates: &crate::Slates,
        out: &mut Step,
    ) -> Result<(), CreatorError> {
        let (now, Some(creators)) = (&mut self.now, &mut self.creators) else { return Ok(()) };
        creators.collect(now, slates, out);
        if now.tick.0 < creators.next_turn {
            return Ok(());
        }
        let period = creators.model.period().max(1);
        creators.next_turn = (now.tick.0 / period + 1) * period;
        creators.take_turn(now.tick, &now.rng)?;
        for (creator, action) in std::mem::take(&mut creators.actions) {
            if !creators.is_active(creator) {
                return Err(CreatorError::Absent { creator });
            }
            match action {
                CreatorAction::Publish(item) => {
                    let item = now.publish(&NewItem { creator, ..item }, now.tick.next())?;
                    out.events.push(Event::Publish { item, creator });
                }
                CreatorAction::Leave => {
                    creators.active[creator.index()] = 0;
                    out.events.push(Event::Exit { creator });
                }
                CreatorAction::Wait => {}
            }
        }
        for _ in 0..creators.model.arrivals(now.tick, &now.rng) {
            out.events.push(Event::Enter { creator: creators.arrive() });
        }
        Ok(())
    }
}

impl Now {
    /// Adds an item to the catalogues. Only worlds with durable items have creators.
    pub(super) fn publish(&mut self, item: &NewItem, at: Tick) -> Result<crate::ItemId, CreatorError> {
        let creator = item.creator;
        let (ItemView::Durable(seen), ItemView::Durable(latent)) =
            (Arc::make_mut(&mut self.items), &mut self.latent)
        else {
            return Err(CreatorError::Failed { creator, reason: "this world's items do not last".into() });
        };
        fits(creator, "observed", seen.layout(), &item.dense, &item.codes)?;
        fits(creator, "latent", latent.layout(), &item.latent_dense, &item.latent_codes)?;
        latent.push(creator, at, "", &item.latent_dense, &item.latent_codes);
        Ok(seen.push(creator, at, &item.title, &item.dense, &item.codes))
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
