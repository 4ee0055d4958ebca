//! Tick part 9: what the recommender sees.

use std::sync::Arc;

use super::{Member, Now, Stage, World};
use crate::{
    Candidates, CohortError, Grid, ItemLaw, ItemRowsMut, ItemView, Layout, Message, Observation,
    ObservationRows, Rows, Scene, SplitRows, StepError, Streams, Supply, SupplyError, Tick, UserId,
};

/// Rows drawn by one task; a row's draws depend on nothing but its own name.
const ROWS_PER_TASK: usize = 512;

impl World {
    /// Writes the current observation again: for a fork, or after an intervention.
    pub fn observe(&mut self, out: &mut Observation) -> Result<(), StepError> {
        if self.now.stage == Stage::Unready {
            return Err(StepError::NotReset);
        }
        let written = self.write(out);
        if written.is_err() {
            self.now.stage = Stage::Unready;
        }
        written
    }

    fn write(&mut self, out: &mut Observation) -> Result<(), StepError> {
        out.tick = self.now.tick;
        out.users.clone_from(&self.now.users);
        out.sessions.clone_from(&self.now.sessions);
        out.time_secs.clone_from(&self.now.time_secs);
        self.observe_users(&mut out.user_features)?;
        self.now.history.observe(&self.now.users, &mut out.history);
        self.hear(&mut out.messages);
        Ok(self.offer(&mut out.items, &mut out.candidates)?)
    }

    fn observe_users(&self, features: &mut Grid<f32>) -> Result<(), CohortError> {
        let width = self.spec.user_features.dense_width();
        features.resize(self.now.users.len(), width);
        let mut out = ObservationRows { features: features.as_mut_slice(), width };
        for (member, rows) in by_cohort(&self.cohorts, &self.now) {
            let (mine, rest) = out.split_rows(rows.len());
            member.cohort.observe(&rows, mine)?;
            out = rest;
        }
        Ok(())
    }

    fn hear(&self, messages: &mut Vec<Message>) {
        messages.clear();
        let here = |(user, said): &(UserId, Message)| {
            Some(Message { row: self.now.users.binary_search(user).ok()?, ..said.clone() })
        };
        messages.extend(self.now.unheard.iter().filter_map(here));
    }

    /// Draws or looks up this tick's candidates into the buffers of an observation, which nobody else may hold.
    fn offer(
        &mut self,
        items: &mut Arc<ItemView>,
        candidates: &mut Arc<Candidates>,
    ) -> Result<(), SupplyError> {
        let now = &mut self.now;
        match &mut self.supply {
            Supply::Redrawn { per_row, law } => {
                if !reusable(items, &self.spec.item_features, *per_row) {
                    *items = Arc::new(ItemView::ephemeral(self.spec.item_features.clone(), *per_row));
                }
                let view = Arc::get_mut(items).expect("just found or made unique");
                redraw(law.as_ref(), *per_row, now.tick, &now.users, &now.rng, view, &mut now.latent);
                now.items = Arc::clone(items);
                *candidates = Arc::clone(&now.candidates);
            }
            Supply::Shelf(shelf) => {
                let catalogue = now.items.catalogue().expect("a shelf has durable items");
                let list = unshared(candidates, &now.candidates);
                shelf.offer(now.tick, &now.users, catalogue, list);
                if let Some(met) = &mut now.met {
                    met.bar(&now.users, self.spec.slate_size, list);
                }
                now.crowd.look(now.tick, list.common().map_or(&[], |items| items), catalogue.len());
                check_supply(&now.users, list, self.spec.slate_size)?;
                now.candidates = Arc::clone(candidates);
                *items = Arc::clone(&now.items);
            }
        }
        Ok(())
    }
}

/// Every cohort that has rows, with its rows.
pub(super) fn by_cohort<'a>(
    cohorts: &'a [Member],
    now: &'a Now,
) -> impl Iterator<Item = (&'a Member, Rows<'a>)> {
    let mut first = 0;
    cohorts.iter().map(move |member| {
        let rows = now.rows_of(first, member);
        first += rows.len();
        (member, rows)
    })
}

impl Now {
    /// The rows of a cohort's users, given that the first of them is row `first`.
    pub(super) fn rows_of(&self, first: usize, member: &Member) -> Rows<'_> {
        let (users, base) = (&self.users[first..], member.first);
        let len = users.partition_point(|user| ((user.0 - base.0) as usize) < member.n);
        let time_secs = &self.time_secs[first..first + len];
        Rows { tick: self.tick, first, users: &users[..len], time_secs, base }
    }

    /// What is on offer to `rows`.
    pub(super) fn scene<'a>(&'a self, rows: Rows<'a>) -> Scene<'a> {
        Scene {
            rows,
            candidates: &self.candidates,
            items: &self.items,
            latent: &self.latent,
            crowd: &self.crowd,
        }
    }
}

/// A copy of `last` in `spare`, whose memory is reused unless somebody else still holds it.
fn unshared<'a>(spare: &'a mut Arc<Candidates>, last: &Candidates) -> &'a mut Candidates {
    if Arc::get_mut(spare).is_none() {
        *spare = Arc::default();
    }
    let list = Arc::get_mut(spare).expect("just found or made unique");
    list.copy_from(last);
    list
}

fn check_supply(users: &[UserId], candidates: &Candidates, needed: usize) -> Result<(), SupplyError> {
    if let Candidates::PerRow { starts, .. } = candidates
        && starts.len() != users.len() + 1
    {
        return Err(SupplyError::Rows { expected: users.len(), found: starts.len().saturating_sub(1) });
    }
    for (r, &user) in users.iter().enumerate() {
        let available = candidates.row(r).len();
        if available < needed {
            return Err(SupplyError::Short { user, needed, available });
        }
        if matches!(candidates, Candidates::Shared { .. }) {
            break;
        }
    }
    Ok(())
}

/// Whether nobody else holds this buffer and it has the right form.
fn reusable(spare: &mut Arc<ItemView>, layout: &Layout, per_row: usize) -> bool {
    Arc::get_mut(spare).is_some_and(|view| match view {
        ItemView::Ephemeral { per_row: n, table } => *n == per_row && table.layout() == layout,
        ItemView::Durable(_) => false,
    })
}

fn redraw(
    law: &dyn ItemLaw,
    per_row: usize,
    tick: Tick,
    users: &[UserId],
    rng: &Streams,
    observed: &mut ItemView,
    latent: &mut ItemView,
) {
    let (ItemView::Ephemeral { table: observed, .. }, ItemView::Ephemeral { table: latent, .. }) =
        (observed, latent)
    else {
        unreachable!("redrawn items are ephemeral")
    };
    observed.resize(users.len() * per_row);
    latent.resize(users.len() * per_row);
    let draw = Draw { law, tick, rng };
    draw.rows(users, observed.rows_mut(), latent.rows_mut());
}

struct Draw<'a> {
    law: &'a dyn ItemLaw,
    tick: Tick,
    rng: &'a Streams,
}

impl Draw<'_> {
    fn rows(&self, users: &[UserId], mut observed: ItemRowsMut<'_>, mut latent: ItemRowsMut<'_>) {
        if users.len() > ROWS_PER_TASK {
            let (half, n) = (users.len() / 2, users.len());
            let (left, right) = users.split_at(half);
            let (observed, observed_rest) = observed.split(half, n);
            let (latent, latent_rest) = latent.split(half, n);
            rayon::join(
                || self.rows(left, observed, latent),
                || self.rows(right, observed_rest, latent_rest),
            );
            return;
        }
        for (i, &user) in users.iter().enumerate() {
            let (seen, unseen) = (observed.nth(i, users.len()), latent.nth(i, users.len()));
            self.law.draw(user, self.tick, self.rng, seen, unseen);
        }
    }
}
