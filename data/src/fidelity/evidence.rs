//! What gates are judged on.

use recloop_env::Grid;

use super::gates::CELL;
use super::halves::split_half;
use super::{
    Counts, Fidelity, FidelityError, Gates, Verdict, agreement, calibration, jensen_shannon,
    kolmogorov_smirnov,
};

/// A user's life, as far as gates look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lived {
    /// Which cell of like people, as a place in [`Evidence::cells`].
    pub cell: usize,
    /// `[k]` how often each kind of choice was made: what counts as one kind is the caller's to say, the same on both sides.
    pub choices: Vec<u32>,
    /// Lengths of the sessions.
    pub sessions: Vec<f64>,
}

/// What a panel and its surrogate did.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What cells are called.
    pub cells: &'a [String],
    /// Users who lived by the panel's mind.
    pub panel: &'a [Lived],
    /// Users who lived by the surrogate.
    pub surrogate: &'a [Lived],
    /// For decisions of the panel: how likely the surrogate thought leaving, and whether they left.
    pub leaving: &'a [(f64, bool)],
    /// `[users, recommenders]` an outcome of users of the panel and of the surrogate under each recommender.
    pub recommenders: Option<(&'a Grid<f64>, &'a Grid<f64>)>,
    /// Random halves, draws and replicates of whatever is random: the more, the steadier the floors. 100 will do.
    pub draws: u32,
}

impl Evidence<'_> {
    /// Holds the surrogate against the panel.
    ///
    /// | gate | value | floor |
    /// |---|---|---|
    /// | `js_overall`, `js_cell …` | [corrected](jensen_shannon) bits between choices | the same between two random halves of the panel |
    /// | `leave_ece` | [debiased](calibration()) error of the chance to leave | the same of probabilities that are exactly right |
    /// | `session_ks` | [distance](kolmogorov_smirnov) between lengths of sessions | that between two halves D₀, at the size of the sides: `D₀ √((1 + n/n′)/4)` |
    /// | `tau` | [agreement](agreement()) of two orders of recommenders | the same between two halves |
    ///
    /// # Errors
    /// Users of cells that are not there, or with another number of kinds of choice than the first; numbers that cannot be.
    pub fn judge(&self, gates: &Gates) -> Result<Fidelity, FidelityError> {
        self.check()?;
        let n = self.panel.len().min(self.surrogate.len());
        let enough = n >= gates.least_users;
        let overall = self.choices(|_| true);
        let mut verdicts = vec![Verdict::at_most("js_overall", overall, gates.js_overall, n, enough)];
        for (cell, name) in self.cells.iter().enumerate() {
            let of = |all: &[Lived]| all.iter().filter(|lived| lived.cell == cell).count();
            let n = of(self.panel).min(of(self.surrogate));
            let (found, enough) = (self.choices(|lived| lived.cell == cell), n >= gates.least_users);
            verdicts.push(Verdict::at_most(format!("{CELL}{name}"), found, gates.js_cell, n, enough));
        }
        verdicts.push(self.leaving(gates)?);
        verdicts.push(Verdict::at_most("session_ks", self.sessions(), gates.session_ks, n, enough));
        verdicts.push(self.ranking(gates)?);
        Ok(Fidelity { verdicts })
    }

    fn check(&self) -> Result<(), FidelityError> {
        let all = || self.panel.iter().chain(self.surrogate);
        let Some(first) = all().next() else { return Ok(()) };
        for (row, lived) in all().enumerate() {
            let (one, other) = (first.choices.len(), lived.choices.len());
            if one != other {
                return Err(FidelityError::Shape { what: "kinds of choice", one, other });
            }
            if lived.cell >= self.cells.len() {
                let (what, value, allowed) = ("cell", lived.cell as f64, "a place among the cells");
                return Err(FidelityError::Number { what, row, value, allowed });
            }
        }
        Ok(())
    }

    /// Divergence of the choices of some users, and its floor; `None` where too few chose.
    fn choices(&self, of: impl Fn(&Lived) -> bool) -> Option<[f64; 2]> {
        let counts = |all: &[Lived]| {
            let mut counts = Counts::new(all.first().map_or(0, |lived| lived.choices.len()));
            all.iter().filter(|lived| of(lived)).for_each(|lived| counts.push(&lived.choices));
            counts
        };
        let (panel, surrogate) = (counts(self.panel), counts(self.surrogate));
        let between =
            |one: &Counts, other: &Counts| jensen_shannon(one, other).ok().map(|found| found.corrected);
        let value = between(&panel, &surrogate)?;
        let half = |one: &[u32], other: &[u32]| between(&panel.of(one), &panel.of(other));
        Some([value, split_half(panel.n_users(), self.draws, half)])
    }

    fn leaving(&self, gates: &Gates) -> Result<Verdict, FidelityError> {
        let found = match calibration(self.leaving, self.draws) {
            Ok(found) => Some([found.debiased, found.floor]),
            Err(FidelityError::TooFew { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Verdict::at_most("leave_ece", found, gates.leave_ece, self.leaving.len(), true))
    }

    fn sessions(&self) -> Option<[f64; 2]> {
        let all = |of: &[Lived]| of.iter().flat_map(|lived| &lived.sessions).copied().collect::<Vec<f64>>();
        let (panel, surrogate) = (all(self.panel), all(self.surrogate));
        let half = |one: &[u32], other: &[u32]| {
            let some = |rows: &[u32]| {
                let sessions = rows.iter().flat_map(|row| &self.panel[*row as usize].sessions);
                sessions.copied().collect::<Vec<f64>>()
            };
            Some(kolmogorov_smirnov(&some(one), &some(other))).filter(|distance| !distance.is_nan())
        };
        let size = ((1.0 + panel.len() as f64 / surrogate.len() as f64) / 4.0).sqrt();
        let floor = split_half(self.panel.len(), self.draws, half) * size;
        Some([kolmogorov_smirnov(&panel, &surrogate), floor])
    }

    fn ranking(&self, gates: &Gates) -> Result<Verdict, FidelityError> {
        let n = self.recommenders.map_or(0, |(panel, _)| panel.width());
        let found = match self.recommenders.map(|(panel, surrogate)| agreement(panel, surrogate, self.draws))
        {
            Some(Ok(found)) => Some([found.tau, found.floor]),
            None | Some(Err(FidelityError::TooFew { .. })) => None,
            Some(Err(error)) => return Err(error),
        };
        Ok(Verdict::at_least("tau", found, gates.tau, n, n >= gates.least_recommenders))
    }
}
