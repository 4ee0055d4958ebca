//! A population of one model: state in fixed blocks of users, blocks in parallel.

use rayon::prelude::*;

use super::{
    Cohort, CohortError, CohortSpec, Goal, ObservationRows, ResponseRows, Rows, Scene, Shown, SplitRows,
    Terms, UserModel,
};
use crate::snapshot::{Array, SnapshotError, SnapshotSink, SnapshotSource, State};
use crate::{Fate, ItemId, Message, Responses, Streams, Tick, UserId};

/// Users per block. Part of the contract: sums over users are taken block by block, whatever the worker count.
pub const BLOCK: usize = 4096;

#[derive(Debug, Clone)]
struct Shard<S> {
    base: UserId,
    state: S,
    said: Vec<Message>,
}

/// A [`Cohort`] made of a [`UserModel`]: one state per block of 4,096 users.
#[derive(Debug, Clone)]
pub struct Sharded<M: UserModel> {
    model: M,
    n_users: usize,
    first: UserId,
    shards: Vec<Shard<M::State>>,
}

impl<M: UserModel> Sharded<M> {
    /// `n_users` people of this kind.
    #[must_use]
    pub fn new(model: M, n_users: usize) -> Self {
        Self { model, n_users, first: UserId(0), shards: Vec::new() }
    }

    /// What they are made of.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    fn place(&self, user: UserId) -> Option<(usize, usize)> {
        let at = user.0.checked_sub(self.first.0)? as usize;
        (at < self.n_users).then_some((at / BLOCK, at % BLOCK))
    }
}

/// Runs `work` on every shard that has rows, in parallel, each with its own part of `out`.
fn each_shard<S, P, W>(shards: &mut [Shard<S>], rows: Rows<'_>, out: P, work: &W) -> Result<(), CohortError>
where
    S: Send,
    P: SplitRows,
    W: Fn(&mut Shard<S>, Rows<'_>, P) -> Result<(), CohortError> + Sync,
{
    match shards {
        _ if rows.is_empty() => Ok(()),
        [] => Ok(()),
        [one] => work(one, rows, out),
        many => {
            let (left, right) = many.split_at_mut(many.len() / 2);
            let base = right[0].base;
            let n = rows.users.partition_point(|user| *user < base);
            let (left_rows, right_rows) = rows.split_at(n, base);
            let (left_out, right_out) = out.split_rows(n);
            let (a, b) = rayon::join(
                || each_shard(left, left_rows, left_out, work),
                || each_shard(right, right_rows, right_out, work),
            );
            a.and(b)
        }
    }
}

impl<M: UserModel> Cohort for Sharded<M> {
    fn spec(&self) -> CohortSpec {
        self.model.spec()
    }

    fn n_users(&self) -> usize {
        self.n_users
    }

    fn reset(&mut self, first: UserId, rng: &Streams) -> Result<(), CohortError> {
        self.first = first;
        // Given back before anything new is asked for.
        self.shards.clear();
        let (model, n_users) = (&self.model, self.n_users);
        let born = |block: usize| {
            let n = BLOCK.min(n_users - block * BLOCK);
            let base = UserId(first.0 + (block * BLOCK) as u32);
            let mut state = model.blank(n);
            for at in 0..n {
                model.begin(&mut state, at, UserId(base.0 + at as u32), Tick(0), rng);
            }
            Shard { base, state, said: Vec::new() }
        };
        self.shards.par_extend((0..n_users.div_ceil(BLOCK)).into_par_iter().map(born));
        Ok(())
    }

    fn renew(&mut self, user: UserId, tick: Tick, rng: &Streams) -> Result<(), CohortError> {
        let (shard, at) = self.place(user).expect("a world renews its own users");
        self.model.begin(&mut self.shards[shard].state, at, user, tick, rng);
        Ok(())
    }

    fn first_visit(&self, user: UserId, rng: &Streams) -> f64 {
        self.model.first_visit(user, rng)
    }

    fn groups(&self, user: UserId, out: &mut [u16]) {
        let Some((shard, at)) = self.place(user) else { return };
        self.model.groups(&self.shards[shard].state, at, out);
    }

    fn observe(&self, rows: &Rows<'_>, out: ObservationRows<'_>) -> Result<(), CohortError> {
        read_shards(&self.shards, *rows, out, &|shard, rows, mut out| {
            self.model.observe(&shard.state, &rows, &mut out);
        });
        Ok(())
    }

    fn account(&self, shown: &Shown<'_>, did: &Responses, out: ObservationRows<'_>) {
        read_shards(&self.shards, shown.scene.rows, out, &|shard, rows, mut out| {
            let shown = Shown { scene: shown.scene.with_rows(rows), ..*shown };
            for i in 0..rows.len() {
                self.model.account(&shard.state, &shown, did, i, out.row(i));
            }
        });
    }

    fn explain(&self, shown: &Shown<'_>, i: usize, position: usize, rng: &Streams) -> Terms {
        let rows = shown.scene.rows;
        let Some((shard, _)) = self.place(rows.users[i]) else { return Terms::new() };
        let shard = &self.shards[shard];
        let scene = shown.scene.with_rows(Rows { base: shard.base, ..rows });
        self.model.explain(&shard.state, &Shown { scene, ..*shown }, i, position, rng)
    }

    fn respond(
        &mut self,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let (model, first) = (&self.model, shown.scene.rows.first);
        each_shard(&mut self.shards, shown.scene.rows, out.reborrow(), &|shard, rows, mut part| {
            let shown = Shown { scene: shown.scene.with_rows(rows), ..*shown };
            part.replies = std::mem::take(&mut shard.said);
            model.respond(&mut shard.state, &shown, rng, &mut part)?;
            part.replies.iter_mut().for_each(|reply| reply.row += rows.first - first);
            shard.said = part.replies;
            Ok(())
        })?;
        self.shards.iter_mut().for_each(|shard| out.replies.append(&mut shard.said));
        Ok(())
    }

    fn advance(
        &mut self,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let model = &self.model;
        each_shard(&mut self.shards, shown.scene.rows, out, &|shard, rows, part| {
            let shown = Shown { scene: shown.scene.with_rows(rows), ..*shown };
            model.advance(&mut shard.state, &shown, did, rng, part)
        })
    }

    fn appraise(&self, scene: &Scene<'_>, i: usize, goal: Goal, items: &[ItemId], out: &mut [f32]) -> bool {
        let Some((shard, _)) = self.place(scene.rows.users[i]) else { return false };
        let shard = &self.shards[shard];
        let scene = scene.with_rows(Rows { base: shard.base, ..scene.rows });
        self.model.appraise(&shard.state, &scene, i, goal, items, out)
    }

    fn field_names(&self) -> Vec<String> {
        self.model.blank(0).fields().iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn field(&self, user: UserId, name: &str) -> Option<&[f32]> {
        let (shard, at) = self.place(user)?;
        let fields = self.shards.get(shard)?.state.fields();
        fields.into_iter().find(|(field, _)| *field == name).map(|(_, values)| values.row(at))
    }

    fn field_mut(&mut self, user: UserId, name: &str) -> Option<&mut [f32]> {
        let (shard, at) = self.place(user)?;
        let fields = self.shards.get_mut(shard)?.state.fields_mut();
        fields.into_iter().find(|(field, _)| *field == name).map(|(_, values)| values.row_mut(at))
    }

    fn save(&self, out: &mut dyn SnapshotSink) -> Result<(), SnapshotError> {
        for (block, shard) in self.shards.iter().enumerate() {
            for (name, values) in shard.state.fields() {
                out.put(Array::new(format!("{name}.{block}"), values.width(), values.as_slice()))?;
            }
        }
        Ok(())
    }

    fn load(&mut self, from: &mut dyn SnapshotSource) -> Result<(), SnapshotError> {
        for (block, shard) in self.shards.iter_mut().enumerate() {
            for (name, values) in shard.state.fields_mut() {
                from.take(&format!("{name}.{block}"))?.copy_to(values.as_mut_slice())?;
            }
        }
        Ok(())
    }

    fn fork(&self) -> Box<dyn Cohort> {
        Box::new(self.clone())
    }
}

/// As [`each_shard`], for reading: an observation changes nobody.
fn read_shards<S: Sync>(
    shards: &[Shard<S>],
    rows: Rows<'_>,
    out: ObservationRows<'_>,
    work: &(impl Fn(&Shard<S>, Rows<'_>, ObservationRows<'_>) + Sync),
) {
    match shards {
        _ if rows.is_empty() => {}
        [] => {}
        [one] => work(one, rows, out),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            let n = rows.users.partition_point(|user| *user < right[0].base);
            let (left_rows, right_rows) = rows.split_at(n, right[0].base);
            let (left_out, right_out) = out.split_rows(n);
            rayon::join(
                || read_shards(left, left_rows, left_out, work),
                || read_shards(right, right_rows, right_out, work),
            );
        }
    }
}
