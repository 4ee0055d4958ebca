//! Metrics against logs made by hand.

mod laws;
mod providers;
mod slates;
mod users;

use recloop_env::testing::toy_world;
use recloop_env::{
    Block, Catalogue, Clock, CreatorFact, CreatorId, Env, EnvSpec, Facts, Grid, Group, Hindsight, ItemId,
    ItemView, Layout, Metric, Observation, Population, SessionId, Slates, Step, Tick, Transition, UserId,
};

use super::*;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;

/// One slate of two items, as a test writes it down.
#[derive(Debug, Clone, Copy)]
struct Row {
    user: u32,
    visit: u32,
    time_secs: f64,
    items: [u32; 2],
    clicked: [bool; 2],
    dwell_secs: [f32; 2],
    /// Signals `like`, `quality`, `relevant` of each position.
    signals: [[f32; 2]; 3],
    reward: f32,
    /// `utility_now`, `utility_initial`, `drift`, `entropy`.
    account: [f32; 4],
}

impl Row {
    /// A first slate at time 0 to which nothing was done.
    const NOTHING: Self = Self {
        user: 0,
        visit: 0,
        time_secs: 0.0,
        items: [0; 2],
        clicked: [false; 2],
        dwell_secs: [0.0; 2],
        signals: [[0.0; 2]; 3],
        reward: 0.0,
        account: [0.0; 4],
    };
}

/// The facts of a small world with ticks of an hour: users young or old, items of three topics in a plane.
struct Hand {
    spec: EnvSpec,
    items: ItemView,
    latent: Catalogue,
    population: Population,
    creators: Vec<CreatorFact>,
}

impl Hand {
    fn new(n_users: usize) -> Self {
        let layout = Layout::new(vec![
            Block::category("topic", 3, "what it is about"),
            Block::dense("embedding", 2, (-1.0, 1.0), "where it lies"),
        ]);
        let latent = Layout::new(vec![Block::dense("quality", 1, (0.0, 1.0), "how good it is")]);
        let age = vec![Group::new("age", &["young", "old"])];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let spec = EnvSpec {
            n_users,
            slate_size: 2,
            durable_items: true,
            item_features: layout.clone(),
            signals: names(&["like", "quality", "relevant"]),
            clock: Clock { tick_secs: HOUR, calendar: true },
            groups: age.clone(),
            accounts: names(&["utility_now", "utility_initial", "drift", "entropy"]),
            examination: vec![1.0, 0.5],
            ..toy_world(3).spec().clone()
        };
        let mut population = Population::new(age, n_users);
        (0..n_users as u32).for_each(|user| population.levels_mut(UserId(user))[0] = (user % 2) as u16);
        let items = ItemView::Durable(Catalogue::new(layout));
        Self { spec, items, latent: Catalogue::new(latent), population, creators: Vec::new() }
    }

    fn creator(mut self, entered: u32, left: Option<u32>) -> Self {
        let name = format!("creator {}", self.creators.len());
        self.creators.push(CreatorFact { name, entered: Tick(entered), left: left.map(Tick) });
        self
    }

    /// An item of a topic in a direction (degrees), on offer from a tick to another.
    fn item(mut self, creator: u32, offered: (u32, u32), topic: u16, degrees: f32, quality: f32) -> Self {
        let ItemView::Durable(catalogue) = &mut self.items else { unreachable!("items last here") };
        let (y, x) = degrees.to_radians().sin_cos();
        let offered = (Tick(offered.0), Tick(offered.1));
        catalogue.push(CreatorId(creator), offered, "", &[2.0 * x, 2.0 * y], &[topic]);
        self.latent.push(CreatorId(creator), offered, "", &[quality], &[]);
        self
    }

    /// Folds one tick of these rows.
    fn fold(&self, metric: &Everything, into: &mut Records, tick: u32, rows: &[Row]) {
        let mut seen =
            Observation { tick: Tick(tick), items: self.items.clone().into(), ..Observation::default() };
        let (mut slates, mut step) = (Slates::default(), Step::default());
        let mut accounts = Grid::new(4);
        let did = &mut step.responses;
        (slates.items, did.click, did.dwell_secs) = (Grid::new(2), Grid::new(2), Grid::new(2));
        did.signals = Grid::new(6);
        for row in rows {
            seen.users.push(UserId(row.user));
            seen.sessions.push(SessionId::new(UserId(row.user), row.visit));
            seen.time_secs.push(row.time_secs);
            slates.items.push_row(&row.items.map(ItemId));
            did.click.push_row(&row.clicked);
            did.dwell_secs.push_row(&row.dwell_secs);
            did.signals.push_row(row.signals.as_flattened());
            step.reward.push(row.reward);
            accounts.push_row(&row.account);
        }
        let facts = Facts {
            horizon: None,
            spec: &self.spec,
            catalogue: self.items.catalogue(),
            population: &self.population,
            creators: &self.creators,
            hindsight: Some(Hindsight { accounts: &accounts, items: Some(&self.latent) }),
        };
        metric.fold(into, &facts, &Transition { seen: &seen, slates: &slates, step: &step });
    }

    /// Folds rows that are in the order of time, each into the tick of its hour; the log ends after `end` hours.
    fn records(&self, rows: &[Row], end: u32) -> Records {
        let mut total = Everything::default().start();
        let hour = |row: &Row| (row.time_secs / HOUR) as u32;
        for tick in rows.chunk_by(|a, b| hour(a) == hour(b)) {
            self.fold(&Everything::default(), &mut total, hour(&tick[0]), tick);
        }
        self.fold(&Everything::default(), &mut total, end - 1, &[]);
        total
    }
}

fn found(sections: &[Section], name: &str) -> Estimate {
    let mut named = sections.iter().flat_map(|section| &section.metrics).filter(|metric| metric.name == name);
    let metric = named.next().unwrap_or_else(|| panic!("no metric is called {name}"));
    assert!(named.next().is_none(), "two metrics are called {name}");
    metric.estimate
}

/// Each metric's name, value and n; standard errors have tests of their own.
fn assert_all(sections: &[Section], expected: &[(&str, f64, u64)]) {
    for (name, mean, n) in expected {
        let found = found(sections, name);
        let same =
            (found.mean - mean).abs() < 1e-9 || found.mean == *mean || (found.mean.is_nan() && mean.is_nan());
        assert!(same && found.n == *n, "{name} is {found:?}, not {mean} of {n}");
    }
}
