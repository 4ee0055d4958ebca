//! Watching a run for one person's sake, and counting what everybody else did.

use recloop_env::{End, Facts, ItemId, Observation, Slates, Terms, Transition, UserId, World};

use super::life::{ItemTold, Life, Outcome, SessionTold, SlateTold};
use super::verdict::Tally;
use crate::RunError;
use crate::playing::Visitor;

/// Tells one person's life and keeps a tally of everybody.
pub(super) struct Teller {
    user: UserId,
    pub(super) life: Life,
    /// What the person's groups are, by name.
    pub(super) groups: Vec<(String, String)>,
    pub(super) tally: Tally,
    /// `[K]` why each item of the slate being shown will be clicked or not.
    terms: Vec<Terms>,
}

impl Teller {
    pub(super) fn new(user: UserId, recommender: &str) -> Self {
        let (recommender, state) = (recommender.to_owned(), Vec::new());
        let life = Life { recommender, sessions: Vec::new(), left: false, state };
        Self { user, life, groups: Vec::new(), tally: Tally::default(), terms: Vec::new() }
    }

    fn tell(&mut self, facts: &Facts<'_>, t: &Transition<'_>, r: usize) {
        let visit = t.seen.sessions[r].visit();
        if self.life.sessions.last().is_none_or(|last| last.visit != visit) {
            self.life.sessions.push(SessionTold { visit, slates: Vec::new() });
        }
        let shown = t.slates.items.row(r).iter().enumerate();
        let items = shown.map(|(position, item)| self.item(facts, t, r, position, *item)).collect();
        let slate = SlateTold { tick: t.seen.tick.0, time_secs: t.seen.time_secs[r], items };
        self.life.sessions.last_mut().expect("pushed one just now").slates.push(slate);
        self.life.left = t.step.ended[r] == Some(End::Terminated);
    }

    fn item(
        &self,
        facts: &Facts<'_>,
        t: &Transition<'_>,
        r: usize,
        position: usize,
        item: ItemId,
    ) -> ItemTold {
        let did = &t.step.responses;
        let signals = facts.spec.signals.iter().enumerate();
        let signals = signals.map(|(s, name)| (name.clone(), did.signal(s, r)[position]));
        let terms = self.terms.get(position).into_iter().flatten();
        let clicked = did.click.row(r)[position];
        ItemTold {
            item: item.0,
            title: title(t.seen, r, item),
            outcome: if clicked { Outcome::Clicked } else { Outcome::PassedOver },
            dwell_secs: did.dwell_secs.row(r)[position],
            signals: signals.filter(|(_, value)| *value != 0.0).collect(),
            terms: terms.map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        }
    }

    /// The person's latent numbers, those that are one number each.
    fn state(&self, world: &World) -> Vec<(String, f32)> {
        let truth = world.truth();
        let one = |name: String| match truth.user(self.user, &name)? {
            [value] => Some((name, *value)),
            _ => None,
        };
        truth.fields(self.user).into_iter().filter_map(one).collect()
    }
}

impl Visitor for Teller {
    fn showing(&mut self, world: &World, seen: &Observation, slates: &Slates) {
        if let Some(r) = seen.row_of(self.user) {
            let truth = world.truth();
            self.terms.clear();
            self.terms.extend((0..slates.items.width()).map(|position| truth.explain(slates, r, position)));
        }
    }

    fn done(&mut self, world: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        self.tally.count(facts, t);
        if let Some(r) = t.seen.row_of(self.user) {
            self.tell(facts, t, r);
            self.life.state = self.state(world);
            let groups = facts.population.groups().iter().zip(facts.population.levels(self.user));
            let named = groups.filter_map(|(group, at)| {
                Some((group.name.clone(), group.levels.get(usize::from(*at))?.clone()))
            });
            self.groups = named.collect();
        }
        Ok(())
    }
}

/// A title, or else a number with the item's first category.
fn title(seen: &Observation, r: usize, item: ItemId) -> String {
    let title = seen.items.catalogue().map_or("", |catalogue| catalogue.title(item));
    if !title.is_empty() {
        return title.to_owned();
    }
    let layout = seen.items.layout();
    let category =
        layout.places().find(|(block, _)| matches!(block.kind, recloop_env::BlockKind::Category { .. }));
    let category = category.map(|(block, at)| format!(" ({} {})", block.name, seen.items.code(at, r, item)));
    format!("item {}{}", item.0, category.unwrap_or_default())
}
