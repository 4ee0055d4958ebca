//! Bounds that hold at any number of users, for what is declared bounded.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::declared::Range;
use super::{Declared, Interval, NoBound};
use crate::ope::{Decisions, OpeError};

/// Beyond so many users their sums are not kept one by one.
const MAX_USERS: usize = 1 << 20;
/// For how many users the any-time-valid sequence is tightest (chosen by us).
const TUNED_AT: f64 = 1_000.0;

/// Rows and sums of `x = min(w, L) r` of every user, from which the mean `θ = E S / E N` is bounded.
///
/// | symbol | meaning |
/// |---|---|
/// | `N_u`, `S_u` | rows of a user, sum of x over them |
/// | `U`, `n` | users, rows |
/// | `m`, `[a, b]` | declared: `N_u ≤ m`, `x ∈ [a, b]`; `R = m (b − a)` |
/// | `D_u(θ)` | `S_u − θ N_u`: of mean zero and within an interval as wide as R, whatever N_u is |
/// | `δ` | how often the bound may fail |
///
/// | key | the θ with |
/// |---|---|
/// | `hoeffding` | `abs Σ D_u(θ) ≤ R √(U ln(2/δ) / 2)` |
/// | `empirical_bernstein` | `abs Σ D_u(θ) / U ≤ √(2 V(θ) ln(4/δ) / U) + 7 R ln(4/δ) / (3 (U − 1))`, V the sample variance of D_u(θ) |
/// | `any_time` | `abs Σ D_u(θ) ≤ √((v + ρ) ln((v + ρ) / (δ² ρ)))`, `v = U R² / 4` |
///
/// All of θ lies in the declared range of the reward as well. Where weights are clipped and rewards are at least zero, θ is
/// no more than the value of the policy: there is a lower bound only, and all of δ is spent on it.
///
/// # Assumptions
/// Users are independent and alike; declarations are true. The third holds at all U at once, so it allows looking after
/// every user and stopping at will; the others hold at a U fixed in advance.
///
/// # Errors
/// A row that breaks a declaration is refused when it is added, a user with too many rows as soon as that is known.
///
/// # Source
/// Hoeffding (1963), "Probability inequalities for sums of bounded random variables"; Maurer & Pontil (2009), "Empirical
/// Bernstein bounds and sample-variance penalization"; Howard, Ramdas, McAuliffe & Sekhon (2021), "Time-uniform,
/// nonparametric, nonasymptotic confidence sequences" (normal mixtures).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct UserSums {
    declared: Declared,
    /// Of which weight, and at what it is clipped.
    columns: Vec<(usize, f64)>,
    /// Where a user's sums are.
    places: HashMap<u64, u32>,
    /// `[users, 1 + columns]`: N_u, then S_u.
    sums: Vec<f64>,
    too_many: bool,
}

impl UserSums {
    /// Nobody yet. `columns` are weights, by their place in [`Decisions::weights`], and the [caps](Declared::bounds) they
    /// are clipped at.
    #[must_use]
    pub fn new(declared: &Declared, columns: &[(usize, f64)]) -> Self {
        Self { declared: declared.clone(), columns: columns.to_vec(), ..Self::default() }
    }

    /// The same columns, without users: for another part of the log.
    #[must_use]
    pub fn blank(&self) -> Self {
        Self::new(&self.declared, &self.columns)
    }

    /// Takes decisions in.
    ///
    /// # Errors
    /// A reward or a weight that cannot be if the declarations are true; a user with more rows than declared.
    pub fn add(&mut self, decisions: &Decisions) -> Result<(), OpeError> {
        for row in 0..if self.columns.is_empty() { 0 } else { decisions.len() } {
            let reward = decisions.rewards[row];
            let weight = |(column, cap): &(usize, f64)| (decisions.weights[*column][row], *cap);
            let largest = self.columns.iter().map(|column| weight(column).0).fold(0.0, f64::max);
            // The target's probability is at most one.
            if let Some(breach) = self.declared.breach(reward, largest.recip()) {
                return Err(refused(breach));
            }
            let Some(sums) = self.of(decisions.users[row]) else { continue };
            let at = sums * (1 + self.columns.len());
            self.sums[at] += 1.0;
            for (sum, column) in self.sums[at + 1..].iter_mut().zip(&self.columns) {
                let (weight, cap) = weight(column);
                *sum += weight.min(cap) * reward;
            }
            self.check(at)?;
        }
        Ok(())
    }

    /// Takes in another part of the log.
    ///
    /// # Errors
    /// A user with more rows than declared.
    pub fn merge(&mut self, other: &Self) -> Result<(), OpeError> {
        if other.too_many {
            self.forget();
        }
        for (user, theirs) in other.users() {
            let Some(here) = self.of(user) else { break };
            let at = here * theirs.len();
            for (sum, more) in self.sums[at..].iter_mut().zip(theirs) {
                *sum += more;
            }
            self.check(at)?;
        }
        Ok(())
    }

    /// Every bound of one of the columns, by name.
    ///
    /// # Errors
    /// Why there is none.
    pub fn bounds(&self, column: usize, level: f64) -> Result<[(&'static str, Interval); 3], NoBound> {
        let bound = self.bound(column, level)?;
        Ok([
            ("hoeffding", bound.hoeffding()),
            ("empirical_bernstein", bound.empirical_bernstein()),
            ("any_time", bound.any_time()),
        ])
    }

    fn bound(&self, column: usize, level: f64) -> Result<Bound, NoBound> {
        let (_, cap) = *self.columns.get(column).ok_or(NoBound::Unbounded)?;
        let range = self.declared.range(cap)?;
        let reward = self.declared.reward_range.ok_or(NoBound::RewardRange)?;
        if self.too_many {
            return Err(NoBound::Users);
        }
        let users = self.users();
        let pairs = users.iter().map(|(_, sums)| (sums[0], sums[1 + column]));
        match users.len() {
            0 | 1 => Err(NoBound::TooFew),
            _ => Ok(Bound { range, reward, delta: 1.0 - level, moments: Moments::of(pairs) }),
        }
    }

    /// Users and their sums, by id: who came first depends on how the log was cut.
    fn users(&self) -> Vec<(u64, &[f64])> {
        let width = 1 + self.columns.len();
        let sums = |place: u32| &self.sums[place as usize * width..][..width];
        let mut users: Vec<_> = self.places.iter().map(|(user, place)| (*user, sums(*place))).collect();
        users.sort_unstable_by_key(|(user, _)| *user);
        users
    }

    /// Where the sums of a user are; `None` if there are too many users.
    fn of(&mut self, user: u64) -> Option<usize> {
        if self.too_many {
            return None;
        }
        let n = self.places.len();
        let place = *self.places.entry(user).or_insert(n as u32) as usize;
        if place < n {
            return Some(place);
        }
        if n == MAX_USERS {
            self.forget();
            return None;
        }
        self.sums.resize((n + 1) * (1 + self.columns.len()), 0.0);
        Some(place)
    }

    fn forget(&mut self) {
        (self.too_many, self.places, self.sums) = (true, HashMap::new(), Vec::new());
    }

    fn check(&self, at: usize) -> Result<(), OpeError> {
        match self.declared.max_rows_per_user {
            Some(most) if self.sums[at] > f64::from(most) => {
                Err(refused(format!("a user has more rows than the declared {most}")))
            }
            _ => Ok(()),
        }
    }
}

/// As it is written: by user, so that the same users make the same bytes.
#[derive(Serialize, Deserialize)]
struct Kept {
    declared: Declared,
    columns: Vec<(usize, f64)>,
    users: Vec<u64>,
    sums: Vec<f64>,
    too_many: bool,
}

impl From<UserSums> for Kept {
    fn from(from: UserSums) -> Self {
        let (users, sums): (Vec<_>, Vec<_>) = from.users().into_iter().unzip();
        let sums = sums.concat();
        Self { declared: from.declared, columns: from.columns, users, sums, too_many: from.too_many }
    }
}

impl TryFrom<Kept> for UserSums {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let Kept { declared, columns, users, sums, too_many } = kept;
        if sums.len() != users.len() * (1 + columns.len()) {
            return Err("sums of users that are not there");
        }
        let places = users.into_iter().zip(0..).collect();
        Ok(Self { declared, columns, places, sums, too_many })
    }
}

fn refused(reason: String) -> OpeError {
    OpeError::Request { what: "what was declared of the log".into(), reason }
}

/// Means, variances and the covariance of N_u and S_u over users.
#[derive(Debug, Clone, Copy)]
struct Moments {
    users: f64,
    rows: f64,
    sum: f64,
    rows_variance: f64,
    covariance: f64,
    sum_variance: f64,
}

impl Moments {
    fn of(pairs: impl ExactSizeIterator<Item = (f64, f64)> + Clone) -> Self {
        let users = pairs.len() as f64;
        let (rows, sum) = pairs.clone().fold((0.0, 0.0), |(rows, sum), (n, s)| (rows + n, sum + s));
        let (rows, sum) = (rows / users, sum / users);
        let mut squares = [0.0; 3];
        for (n, s) in pairs {
            let (n, s) = (n - rows, s - sum);
            squares = [squares[0] + n * n, squares[1] + n * s, squares[2] + s * s];
        }
        let [rows_variance, covariance, sum_variance] = squares.map(|square| square / (users - 1.0));
        Self { users, rows, sum, rows_variance, covariance, sum_variance }
    }
}

/// All that a bound is made of.
struct Bound {
    range: Range,
    reward: (f64, f64),
    delta: f64,
    moments: Moments,
}

impl Bound {
    /// R.
    fn width(&self) -> f64 {
        self.range.rows * (self.range.high - self.range.low)
    }

    /// ln(2/δ) if δ is shared by two sides, ln(1/δ) if not.
    fn log_error(&self) -> f64 {
        (if self.range.clipped { 1.0 } else { 2.0 } / self.delta).ln()
    }

    fn hoeffding(&self) -> Interval {
        self.around(self.width() * (self.log_error() / (2.0 * self.moments.users)).sqrt())
    }

    fn any_time(&self) -> Interval {
        let users = self.moments.users;
        let proxy = self.width() * self.width() / 4.0;
        let surprise = -2.0 * self.delta.ln();
        let rho = TUNED_AT * proxy / (surprise + (1.0 + surprise).ln());
        let all = users * proxy + rho;
        let reach = if self.range.clipped {
            2.0 * all * ((all / rho).sqrt() / (2.0 * self.delta) + 1.0).ln()
        } else {
            all * ((all / rho).ln() + surprise)
        };
        self.around(reach.sqrt() / users)
    }

    /// Where `abs(S̄ − θ N̄)` is at most `reach`.
    fn around(&self, reach: f64) -> Interval {
        let Moments { rows, sum, .. } = self.moments;
        self.within((sum - reach) / rows, (sum + reach) / rows)
    }

    /// Both limits solve `(S̄ − θ N̄ ∓ c)² = κ V(θ)`, the lower one with −c, and V a quadratic in θ. As `S̄ − θ N̄` falls faster
    /// than `√(κ V)` can, each has one root that is a limit, the outer one; if it does not, all θ are possible.
    fn empirical_bernstein(&self) -> Interval {
        let moments = self.moments;
        // ln(2/δ) is Maurer & Pontil's for one side.
        let log_error = self.log_error() + 2.0_f64.ln();
        let constant = 7.0 * self.width() * log_error / (3.0 * (moments.users - 1.0));
        let kappa = 2.0 * log_error / moments.users;
        let square = moments.rows * moments.rows - kappa * moments.rows_variance;
        let root = |off: f64, side: f64| {
            let middle = off * moments.rows - kappa * moments.covariance;
            let last = off * off - kappa * moments.sum_variance;
            (middle + side * (middle * middle - square * last).max(0.0).sqrt()) / square
        };
        match square > 0.0 {
            true => self.within(root(moments.sum - constant, -1.0), root(moments.sum + constant, 1.0)),
            false => self.within(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The value of a policy is a mean of rewards: it lies where they do.
    fn within(&self, low: f64, high: f64) -> Interval {
        let (least, most) = self.reward;
        let high = (!self.range.clipped).then(|| high.clamp(least, most));
        Interval { low: low.clamp(least, most), high }
    }
}
