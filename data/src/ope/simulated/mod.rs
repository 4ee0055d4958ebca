//! Logs of which the truth is known, drawn to see how often intervals hold it and verdicts are right.
//!
//! The small versions always run; `RECLOOP_EVIDENCE` asks for a thousand logs of every kind, and prints the tables.

mod coverage;
mod verdicts;

use recloop_env::{Draws, Purpose, Streams, Tick, UserId, unit};

const ROWS: Purpose<UserId> = Purpose::new(1_000);

pub(super) fn in_full() -> bool {
    std::env::var_os("RECLOOP_EVIDENCE").is_some()
}

fn uniform(draws: &mut Draws) -> f64 {
    unit(draws.word())
}

/// Box and Muller's.
fn normal(draws: &mut Draws) -> f64 {
    let (radius, turn) = (uniform(draws), uniform(draws));
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
}

/// Of which shape the tail is; index k either way, and E w = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    /// w = (1 − k) a^{−k}.
    Pareto,
    /// w = (1 − k) (a^{−k} − 1) / k.
    Generalised,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reward {
    Click,
    Gaussian,
}

/// A log whose actions are numbers in (0, 1), uniform under the logger; the target's density is w(a), so that weights are
/// what their family says. Users differ in how many rows they have (1 + geometric) and in how they like all actions, and
/// those who like more come more often.
#[derive(Debug, Clone, Copy)]
struct Kind {
    users: u32,
    /// Rows of a user, on average.
    rows: f64,
    k: f64,
    family: Family,
    reward: Reward,
}

/// How much users differ: the effect of one is uniform in ±, on a mean reward of about ½.
const EFFECT: f64 = 0.3;

/// A row: 1, w, w r, v + w (r − q̂) with the wrong model q̂ = .55 − .25 a.
type Row = [f64; 4];

impl Kind {
    fn weight(&self, a: f64) -> f64 {
        match self.family {
            Family::Pareto => (1.0 - self.k) * a.powf(-self.k),
            Family::Generalised => (1.0 - self.k) / self.k * (a.powf(-self.k) - 1.0),
        }
    }

    /// E a under the target.
    fn mean_action(&self) -> f64 {
        let k = self.k;
        match self.family {
            Family::Pareto => (1.0 - k) / (2.0 - k),
            Family::Generalised => (1.0 - k) / k * ((2.0 - k).recip() - 0.5),
        }
    }

    /// The target's value: r has mean .65 − .3 a + EFFECT b, b uniform in ±1, and a user of b has rows (1 + b/2) times as
    /// often, so that a row's b has mean 1/6.
    fn truth(&self) -> f64 {
        0.65 - 0.3 * self.mean_action() + EFFECT / 6.0
    }

    /// The rows of every user of log number `log`.
    fn draw(&self, log: u32) -> Vec<Vec<Row>> {
        let rng = Streams::new(7);
        (0..self.users).map(|user| self.rows_of(&mut rng.at(ROWS, UserId(user), Tick(log)))).collect()
    }

    fn rows_of(&self, draws: &mut Draws) -> Vec<Row> {
        let effect = 2.0 * uniform(draws) - 1.0;
        let more = 1.0 - (self.rows * (1.0 + effect / 2.0)).recip();
        let n = if more > 0.0 { 1.0 + (uniform(draws).ln() / more.ln()).floor() } else { 1.0 };
        (0..n as usize).map(|_| self.row(effect, draws)).collect()
    }

    fn row(&self, effect: f64, draws: &mut Draws) -> Row {
        let a = uniform(draws);
        let (w, mean) = (self.weight(a), 0.65 - 0.3 * a + EFFECT * effect);
        let r = match self.reward {
            Reward::Click => f64::from(u8::from(uniform(draws) < mean)),
            Reward::Gaussian => mean + normal(draws),
        };
        let model = |a: f64| 0.55 - 0.25 * a;
        [1.0, w, w * r, model(self.mean_action()) + w * (r - model(a))]
    }
}

/// `[users, terms]` sums over the rows of each.
fn by_user(log: &[Vec<Row>]) -> Vec<f64> {
    let sum = |rows: &Vec<Row>| {
        rows.iter().fold([0.0; 4], |sum: Row, row| std::array::from_fn(|term| sum[term] + row[term]))
    };
    log.iter().flat_map(sum).collect()
}
