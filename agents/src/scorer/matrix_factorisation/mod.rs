//! Factors of the clicks so far, fitted anew now and then while the world runs.

mod newcomers;

use std::collections::BTreeMap;

use rayon::prelude::*;
use recloop_env::{
    Catalogue, Clock, EnvSpec, Event, Grid, ItemId, Observation, RecommendError, Slates, Snapshot,
    SnapshotError, Step, Streams, Tick, UserId, Values,
};

use super::{Offer, Popularity, Scorer, need_durable, unfit};
use crate::AgentError;
use crate::error::check_positive;
use crate::factorise::{ImplicitAls, ImplicitFactors, RatingTriples, Ratings, hashed_start};
use crate::linear::Features;
use crate::side_by_side::{SideBySide, in_order};
use newcomers::Newcomers;

/// Starting factors lie within this of zero (chosen by us).
const START_SCALE: f32 = 0.1;
/// Time from one fit to the next, where it is not said: with a calendar, and without.
const DEFAULT_HOURS: f64 = 6.0;
const DEFAULT_TICKS: u32 = 10;

/// When a factorisation is fitted anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refit {
    /// Every so many ticks.
    Ticks(u32),
    /// Every so many hours of the world's own time; for worlds that have days.
    Hours(f32),
}

/// Scores an item by a factorisation of the clicks so far, fitted anew now and then while the world runs.
///
/// `s_ui = x_u · z̃_i` with the vectors of [`ImplicitAls`], where an item that few had met by the latest fit gets one from
/// its looks: `z̃_i = (n_i z_i + 20 M φ_i) / (n_i + 20)` for an item shown `n_i` times, where `M` is the linear map from
/// observed features `φ_i` (1, and the item's blocks as for [`LinUcb`](crate::LinUcb)) to vectors that fits the items
/// shown best. A refit starts from the item vectors of the one before. As long as nobody has clicked, and for users who
/// had not at the latest fit, an item scores its share of the clicks of the most clicked one listed, which is on the same
/// scale of 0 (no preference) to 1.
///
/// # Shapes and units
/// - the score is a preference, near 0 to 1, not clipped
///
/// # Errors
/// `begin` refuses a world whose items are redrawn every tick: nothing is ever clicked twice; and hours where the clock
/// counts steps. A refit fails as [`ImplicitAls::fit`] does, and the tick with it.
///
/// # Source
/// Hu, Koren, Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; Gantner et al. (2010), "Learning
/// attribute-to-feature mappings for cold-start recommendations", for `M`; the loop around them and the blend are ours.
///
/// ```
/// use recloop_agents::{Greedy, MatrixFactorisation, PlackettLuce, Refit, factorise::ImplicitAls};
///
/// let als = ImplicitAls { factors: 8, ..ImplicitAls::default() };
/// let explorer = PlackettLuce::new(MatrixFactorisation::new(als, Some(Refit::Hours(24.0)))?, 0.1)?;
/// let by_default = Greedy::new(MatrixFactorisation::default());
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MatrixFactorisation {
    als: ImplicitAls,
    refit: Option<Refit>,
    every_ticks: u32,
    n_users: usize,
    features: Features,
    /// How often who clicked what, in an order that does not depend on when.
    clicks: BTreeMap<(UserId, ItemId), u32>,
    /// `[I]` how often each item was shown.
    impressions: Vec<u32>,
    popularity: Popularity,
    fit: ImplicitFactors,
    newcomers: Newcomers,
    next_fit: Tick,
    /// `[I, D]` z̃ of the items published so far, as far as they were needed since the fit.
    vectors: Vec<f32>,
    offer: Option<Offer>,
    offered: SideBySide,
}

impl Default for MatrixFactorisation {
    /// A refit as [`MatrixFactorisation::new`] has it. It starts where the last one ended, so a few sweeps do, chosen by
    /// us.
    fn default() -> Self {
        Self::unfitted(ImplicitAls { factors: 16, sweeps: 4, ..ImplicitAls::default() }, None)
    }
}

impl MatrixFactorisation {
    /// Refits by `als`. If it is not said when: every 6 hours, or every 10 ticks of a world without days (both chosen by
    /// us).
    pub fn new(als: ImplicitAls, refit: Option<Refit>) -> Result<Self, AgentError> {
        als.check()?;
        match refit {
            Some(Refit::Ticks(0)) => return Err(AgentError::Setting { name: "every_ticks", value: 0.0 }),
            Some(Refit::Hours(hours)) => check_positive("every_hours", hours)?,
            _ => {}
        }
        Ok(Self::unfitted(als, refit))
    }

    fn unfitted(als: ImplicitAls, refit: Option<Refit>) -> Self {
        Self {
            als,
            refit,
            every_ticks: 0,
            n_users: 0,
            features: Features::default(),
            clicks: BTreeMap::new(),
            impressions: Vec::new(),
            popularity: Popularity::default(),
            fit: ImplicitFactors::default(),
            newcomers: Newcomers::default(),
            next_fit: Tick(0),
            vectors: Vec::new(),
            offer: None,
            offered: SideBySide::default(),
        }
    }

    fn ticks_between(&self, clock: Clock) -> Result<u32, String> {
        let hours = match self.refit {
            Some(Refit::Ticks(ticks)) => return Ok(ticks),
            Some(Refit::Hours(_)) if !clock.calendar => {
                return Err("it is refitted by the hour, but the world counts steps".into());
            }
            Some(Refit::Hours(hours)) => f64::from(hours),
            None if !clock.calendar => return Ok(DEFAULT_TICKS),
            None => DEFAULT_HOURS,
        };
        Ok((hours * 3600.0 / clock.tick_secs).round().max(1.0) as u32)
    }

    fn refit(&mut self, catalogue: &Catalogue, rng: &Streams) -> Result<(), AgentError> {
        let (users, items): (Vec<_>, Vec<_>) =
            self.clicks.keys().map(|(user, item)| (user.0, item.0)).unzip();
        let counts: Vec<_> = self.clicks.values().map(|count| *count as f32).collect();
        let triples = RatingTriples { users: &users, items: &items, ratings: &counts };
        let counts = Ratings::new(triples, self.n_users, catalogue.len())?;
        let (before, fresh) = (&self.fit.items, hashed_start(rng.seed(), START_SCALE));
        let start = |item, factor| {
            if item < before.rows() { before.row(item)[factor] } else { fresh(item, factor) }
        };
        self.fit = self.als.fit(&counts, start)?;
        self.newcomers = Newcomers::fit(&self.fit.items, &self.impressions, &self.features, catalogue)?;
        self.vectors.clear();
        self.offer = None;
        Ok(())
    }

    fn vector(&self, catalogue: &Catalogue, item: ItemId, out: &mut [f32]) {
        self.newcomers.vector(&self.fit.items, &self.features, catalogue, item, out);
    }

    /// Has the vectors of everything published, and those on offer side by side.
    fn gather(&mut self, seen: &Observation, catalogue: &Catalogue) {
        let (width, ready) = (self.als.factors, self.vectors.len() / self.als.factors);
        let mut vectors = std::mem::take(&mut self.vectors);
        vectors.resize(catalogue.len().max(ready) * width, 0.0);
        let fresh = vectors[ready * width..].par_chunks_exact_mut(width).enumerate();
        fresh.with_min_len(64).for_each(|(i, out)| self.vector(catalogue, ItemId((ready + i) as u32), out));
        self.vectors = vectors;
        if self.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
            return;
        }
        self.offer = Offer::of(seen);
        if let Some(offer) = &self.offer {
            self.offered.gather(offer.list().len(), width, |place, out| {
                out.copy_from_slice(&self.vectors[offer.list()[place].index() * width..][..width]);
            });
        }
    }

    /// The vector of a user who had clicked by the latest fit.
    fn known(&self, user: UserId) -> Option<&[f32]> {
        let x = (user.index() < self.fit.users.rows()).then(|| self.fit.users.row(user.index()))?;
        x.iter().any(|x| *x != 0.0).then_some(x)
    }

    /// Drops what is known of people whose place somebody new has taken.
    fn forget(&mut self, step: &Step) {
        let renewed = |event: &Event| if let Event::Renew { user } = event { Some(*user) } else { None };
        let mut renewed: Vec<UserId> = step.events.iter().filter_map(renewed).collect();
        if renewed.is_empty() {
            return;
        }
        renewed.sort_unstable();
        self.clicks.retain(|(user, _), _| renewed.binary_search(user).is_err());
        let fitted = self.fit.users.rows();
        for user in renewed.into_iter().filter(|user| user.index() < fitted) {
            self.fit.users.row_mut(user.index()).fill(0.0);
        }
    }

    fn score_by_share(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.popularity.score(seen, row, out);
        let most = out.iter().copied().fold(1.0, f32::max);
        out.iter_mut().for_each(|score| *score /= most);
    }
}

impl Scorer for MatrixFactorisation {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        *self = Self::unfitted(self.als.clone(), self.refit);
        need_durable("mf", spec)?;
        self.every_ticks = self.ticks_between(spec.clock).map_err(|reason| unfit("mf", spec, reason))?;
        (self.n_users, self.next_fit) = (spec.n_users, Tick(self.every_ticks));
        self.features = Features::of(spec).unwrap_or_else(|_| Features::none());
        Ok(())
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        let Some(catalogue) = seen.items.catalogue() else { return Ok(()) };
        if seen.tick >= self.next_fit && !self.clicks.is_empty() {
            self.next_fit = Tick(seen.tick.0.saturating_add(self.every_ticks));
            let failed = |error: AgentError| RecommendError::Failed { reason: error.to_string() };
            self.refit(catalogue, rng).map_err(failed)?;
        }
        if self.fit.users.rows() > 0 {
            self.gather(seen, catalogue);
        }
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let known = self.known(seen.users[row]).zip(seen.items.catalogue());
        let Some((x, catalogue)) = known else { return self.score_by_share(seen, row, out) };
        if self.offer.as_ref().is_some_and(|offer| offer.is_of(seen)) {
            return self.offered.dot(x, out);
        }
        let mut z = vec![0.0; self.als.factors];
        for (score, &item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            self.vector(catalogue, item, &mut z);
            *score = in_order(&z, x);
        }
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.popularity.learn(seen, shown, step);
        let n_items = seen.items.catalogue().map_or(0, Catalogue::len);
        self.impressions.resize(n_items.max(self.impressions.len()), 0);
        for (row, &user) in seen.users.iter().enumerate() {
            for (&item, &clicked) in shown.items.row(row).iter().zip(step.responses.click.row(row)) {
                self.impressions[item.index()] += 1;
                if clicked {
                    *self.clicks.entry((user, item)).or_default() += 1;
                }
            }
        }
        self.forget(step);
    }

    fn learns(&self) -> bool {
        true
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_all("popularity", self.popularity.save()?);
        snapshot.put_u32("next_fit", 1, &[self.next_fit.0]);
        let click = |(&(user, item), &count): (&(UserId, ItemId), &u32)| [user.0, item.0, count];
        let clicks: Vec<u32> = self.clicks.iter().flat_map(click).collect();
        snapshot.put_u32("clicks", 3, &clicks);
        snapshot.put_u32("impressions", 1, &self.impressions);
        snapshot.put_f32("users", self.als.factors, self.fit.users.as_slice());
        snapshot.put_f32("items", self.als.factors, self.fit.items.as_slice());
        self.newcomers.save(&mut snapshot);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.popularity.load(&from.part("popularity"))?;
        let mut next_fit = [0];
        from.get_u32("next_fit", &mut next_fit)?;
        self.next_fit = Tick(next_fit[0]);
        let (clicks, _) = from.get_u32_vec("clicks")?.as_chunks();
        self.clicks =
            clicks.iter().map(|&[user, item, count]| ((UserId(user), ItemId(item)), count)).collect();
        self.impressions = from.get_u32_vec("impressions")?.to_vec();
        self.fit.users = rows_of(from, "users", self.als.factors)?;
        self.fit.items = rows_of(from, "items", self.als.factors)?;
        self.newcomers = Newcomers::load(from, self.features.n_fixed)?;
        (self.vectors, self.offer) = (Vec::new(), None);
        Ok(())
    }
}

fn rows_of(from: &Snapshot, name: &str, width: usize) -> Result<Grid<f32>, SnapshotError> {
    let corrupt =
        || SnapshotError::Corrupt { name: name.into(), reason: format!("not rows of {width} numbers") };
    let Values::F32(values) = from.get(name)? else { return Err(corrupt()) };
    let rows = values.len().checked_div(width).ok_or_else(corrupt)?;
    Grid::from_vec(values.clone(), rows, width).ok_or_else(corrupt)
}
