//! Factors of the clicks so far, fitted anew now and then while the world runs.

use std::collections::BTreeMap;

use recloop_env::{
    Catalogue, EnvSpec, Event, Grid, ItemId, Observation, RecommendError, Slates, Snapshot, SnapshotError,
    Step, Streams, Tick, UserId, Values,
};

use super::{Popularity, Scorer, dot, need_durable};
use crate::AgentError;
use crate::factorise::{ImplicitAls, ImplicitFactors, RatingTriples, Ratings, hashed_start};

/// Starting factors lie within this of zero (chosen by us).
const START_SCALE: f32 = 0.1;

/// Scores an item by a factorisation of the clicks so far, fitted anew every so many ticks of the run.
///
/// `s_ui = x_u · z_i` with the vectors of [`ImplicitAls`]. A refit starts from the item vectors of the one before. As
/// long as nobody has clicked, and for users who had not at the latest fit, an item scores its share of the clicks of
/// the row's most clicked candidate, which is on the same scale of 0 (no preference) to 1.
///
/// # Shapes and units
/// - the score is a preference, near 0 to 1, not clipped
///
/// # Errors
/// `begin` refuses a world whose items are redrawn every tick: nothing is ever clicked twice. A refit fails as
/// [`ImplicitAls::fit`] does, and the tick with it.
///
/// # Source
/// Hu, Koren, Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; the loop around it is ours.
///
/// ```
/// use recloop_agents::{Greedy, MatrixFactorisation, PlackettLuce, factorise::ImplicitAls};
///
/// let daily_of_hours = MatrixFactorisation::new(ImplicitAls { factors: 8, ..ImplicitAls::default() }, 24)?;
/// let explorer = PlackettLuce::new(daily_of_hours, 0.1)?;
/// let by_default = Greedy::new(MatrixFactorisation::default());
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixFactorisation {
    als: ImplicitAls,
    every_ticks: u32,
    n_users: usize,
    /// How often who clicked what, in an order that does not depend on when.
    clicks: BTreeMap<(UserId, ItemId), u32>,
    popularity: Popularity,
    fit: ImplicitFactors,
    next_fit: Tick,
}

impl Default for MatrixFactorisation {
    /// A refit every 10 ticks. It starts where the last one ended, so a few sweeps do. Both chosen by us.
    fn default() -> Self {
        Self::unfitted(ImplicitAls { factors: 16, sweeps: 4, ..ImplicitAls::default() }, 10)
    }
}

impl MatrixFactorisation {
    /// Refits by `als` every `every_ticks` ticks, at least 1.
    pub fn new(als: ImplicitAls, every_ticks: u32) -> Result<Self, AgentError> {
        als.check()?;
        if every_ticks == 0 {
            return Err(AgentError::Setting { name: "every_ticks", value: 0.0 });
        }
        Ok(Self::unfitted(als, every_ticks))
    }

    fn unfitted(als: ImplicitAls, every_ticks: u32) -> Self {
        Self {
            als,
            every_ticks,
            n_users: 0,
            clicks: BTreeMap::new(),
            popularity: Popularity::default(),
            fit: ImplicitFactors::default(),
            next_fit: Tick(every_ticks),
        }
    }

    fn refit(&mut self, n_items: usize, rng: &Streams) -> Result<(), AgentError> {
        let (users, items): (Vec<_>, Vec<_>) =
            self.clicks.keys().map(|(user, item)| (user.0, item.0)).unzip();
        let counts: Vec<_> = self.clicks.values().map(|count| *count as f32).collect();
        let triples = RatingTriples { users: &users, items: &items, ratings: &counts };
        let counts = Ratings::new(triples, self.n_users, n_items)?;
        let (before, fresh) = (&self.fit.items, hashed_start(rng.seed(), START_SCALE));
        let start = |item, factor| {
            if item < before.rows() { before.row(item)[factor] } else { fresh(item, factor) }
        };
        self.fit = self.als.fit(&counts, start)?;
        Ok(())
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
        *self = Self::unfitted(self.als.clone(), self.every_ticks);
        self.n_users = spec.n_users;
        need_durable("mf", spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        if seen.tick < self.next_fit || self.clicks.is_empty() {
            return Ok(());
        }
        self.next_fit = Tick(seen.tick.0.saturating_add(self.every_ticks));
        let n_items = seen.items.catalogue().map_or(0, Catalogue::len);
        self.refit(n_items, rng).map_err(|error| RecommendError::Failed { reason: error.to_string() })
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(x) = self.known(seen.users[row]) else { return self.score_by_share(seen, row, out) };
        for (score, item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            let fitted = item.index() < self.fit.items.rows();
            *score = if fitted { dot(x, self.fit.items.row(item.index())) } else { 0.0 };
        }
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.popularity.learn(seen, shown, step);
        for (row, &user) in seen.users.iter().enumerate() {
            let answers = shown.items.row(row).iter().zip(step.responses.click.row(row));
            for (&item, _) in answers.filter(|(_, clicked)| **clicked) {
                *self.clicks.entry((user, item)).or_default() += 1;
            }
        }
        self.forget(step);
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_all("popularity", self.popularity.save()?);
        snapshot.put_u32("next_fit", 1, &[self.next_fit.0]);
        let click = |(&(user, item), &count): (&(UserId, ItemId), &u32)| [user.0, item.0, count];
        let clicks: Vec<u32> = self.clicks.iter().flat_map(click).collect();
        snapshot.put_u32("clicks", 3, &clicks);
        snapshot.put_f32("users", self.als.factors, self.fit.users.as_slice());
        snapshot.put_f32("items", self.als.factors, self.fit.items.as_slice());
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
        self.fit.users = factors(from, "users", self.als.factors)?;
        self.fit.items = factors(from, "items", self.als.factors)?;
        Ok(())
    }
}

fn factors(from: &Snapshot, name: &str, width: usize) -> Result<Grid<f32>, SnapshotError> {
    let corrupt =
        || SnapshotError::Corrupt { name: name.into(), reason: format!("not rows of {width} numbers") };
    let Values::F32(values) = from.get(name)? else { return Err(corrupt()) };
    Grid::from_vec(values.clone(), values.len() / width, width).ok_or_else(corrupt)
}
