//! A process that is linear in features: what Q-functions and marginal weights are both read from.
//!
//! With `x_t` the features of step t and `y_t` those of the step after (zero where there is none), everything is made of
//! three sums over trajectories: `A_t = Σ x_t x_tᵀ`, `C_t = Σ x_t y_tᵀ`, `b_t = Σ x_t r_t`.
//! Backwards, `θ_t = A_t⁻¹ (b_t + γ C_t θ_{t+1})` is fitted-Q evaluation; forwards, `α_t = A_t⁻¹ C_{t−1}ᵀ α_{t−1}` are the
//! minimax weights of a linear class against the same class. Both predict by the same linear model of the process.

use nalgebra::{Cholesky, DMatrix, DVector, DVectorView, Dyn};
use rayon::prelude::*;

use super::StepTaken;
use super::folds::Folds;
use super::walk::{Walk, Walks};
use crate::ope::OpeError;

/// Rows for each feature that a step needs before it is fitted by itself (chosen by us).
const ROWS_PER_FEATURE: usize = 10;
/// The part of a feature's square, beyond what earlier ones explain, below which it counts as a copy of them (chosen by
/// us: well above rounding, well below any ridge of use).
const COPY: f64 = 1e-12;

/// What the features describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Situation and action: x = φ(s, a), y = Σ_a π_target(a|s′) φ(s′, a).
    Pairs,
    /// The situation: x = ψ(s), y = w ψ(s′).
    States,
}

/// Whether steps have laws of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Each is fitted to its own rows, and every end is an end.
    ByStep,
    /// All are fitted to all rows whose next step is known.
    Stationary,
}

/// A row as the process sees it.
pub(super) struct Row<'a> {
    pub(super) now: &'a [f64],
    /// y, and what it is multiplied with.
    pub(super) next: Option<(&'a [f64], f64)>,
    pub(super) reward: f64,
}

impl About {
    fn now(self, step: &StepTaken) -> &[f64] {
        match self {
            Self::Pairs => &step.taken,
            Self::States => &step.state,
        }
    }

    fn next<'a>(self, step: &StepTaken, after: &'a StepTaken) -> (&'a [f64], f64) {
        match self {
            Self::Pairs => (&after.expected, 1.0),
            Self::States => (&after.state, step.weight),
        }
    }

    /// What the target's first features are expected to be.
    pub(super) fn start(self, step: &StepTaken) -> &[f64] {
        match self {
            Self::Pairs => &step.expected,
            Self::States => &step.state,
        }
    }
}

/// How a process is fitted, the same for all folds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) about: About,
    pub(super) clock: Clock,
    width: usize,
    length: usize,
    discount: f64,
    ridge: f64,
}

impl Frame {
    /// Steps have laws of their own if each has rows enough whichever fold is left out.
    pub(super) fn choose(walks: &Walks<'_>, about: About, folds: &Folds, ridge: f64) -> Self {
        let width = about.now(&walks.all[0].steps[0]).len();
        let enough = |asked| {
            let learns = |(walk, fold): (_, &usize)| folds.learns(asked, *fold).then_some(walk);
            let lengths =
                walks.all.iter().zip(&folds.of).filter_map(learns).map(|walk: &Walk<'_>| walk.steps.len());
            // Of all steps the last has the fewest rows.
            lengths.filter(|n| *n == walks.length).count() >= ROWS_PER_FEATURE * width
        };
        let clock = if (0..folds.n).all(enough) { Clock::ByStep } else { Clock::Stationary };
        Self { about, clock, width, length: walks.length, discount: walks.discount, ridge }
    }

    /// Which moments hold step `t`.
    fn stage(&self, t: usize) -> usize {
        if self.clock == Clock::ByStep { t } else { 0 }
    }

    /// The steps that a row logged at step `t` stands for.
    pub(super) fn stands_for(&self, t: usize) -> std::ops::Range<usize> {
        if self.clock == Clock::ByStep { t..t + 1 } else { 0..self.length }
    }

    /// The rows of a trajectory, each with its step.
    ///
    /// Where all steps share one law, a row whose next step nobody saw is left out, unless no next step is asked for.
    pub(super) fn rows<'a>(&self, walk: &'a Walk<'a>) -> impl Iterator<Item = (usize, Row<'a>)> {
        let (about, by_step, single) = (self.about, self.clock == Clock::ByStep, self.length == 1);
        let known = move |t: &usize| by_step || single || walk.is_complete(*t);
        (0..walk.steps.len()).filter(known).map(move |t| {
            let step = &walk.steps[t];
            let after = if by_step { walk.steps.get(t + 1) } else { walk.after(t) };
            let next = after.map(|after| about.next(step, after));
            (t, Row { now: about.now(step), next, reward: step.reward })
        })
    }
}

/// Sums over trajectories.
#[derive(Clone)]
struct Moments {
    start: DVector<f64>,
    /// A, C and b of each stage.
    stages: Vec<(DMatrix<f64>, DMatrix<f64>, DVector<f64>)>,
}

impl Moments {
    fn new(frame: &Frame) -> Self {
        let d = frame.width;
        let stage = || (DMatrix::zeros(d, d), DMatrix::zeros(d, d), DVector::zeros(d));
        let n_stages = frame.stage(frame.length - 1) + 1;
        Self { start: DVector::zeros(d), stages: std::iter::repeat_with(stage).take(n_stages).collect() }
    }

    fn add(&mut self, frame: &Frame, walk: &Walk<'_>) {
        self.start += view(frame.about.start(&walk.steps[0]));
        for (t, row) in frame.rows(walk) {
            let (gram, cross, rewards) = &mut self.stages[frame.stage(t)];
            add_product(gram, row.now, row.now, 1.0);
            if let Some((next, scale)) = row.next {
                add_product(cross, row.now, next, scale);
            }
            rewards.axpy(row.reward, &view(row.now), 1.0);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.start += &other.start;
        for (here, there) in self.stages.iter_mut().zip(&other.stages) {
            here.0 += &there.0;
            here.1 += &there.1;
            here.2 += &there.2;
        }
    }
}

/// A fitted process.
pub(super) struct Chain {
    frame: Frame,
    start: DVector<f64>,
    stages: Vec<Stage>,
}

struct Stage {
    gram: Cholesky<f64, Dyn>,
    cross: DMatrix<f64>,
    rewards: DVector<f64>,
}

impl Chain {
    /// One chain for each fold, fitted to those it may learn from.
    pub(super) fn fit(walks: &Walks<'_>, frame: &Frame, folds: &Folds) -> Result<Vec<Self>, OpeError> {
        let of_fold = |fold: usize| {
            let mut moments = Moments::new(frame);
            let within = walks.all.iter().zip(&folds.of).filter(|(_, of)| **of == fold);
            within.for_each(|(walk, _)| moments.add(frame, walk));
            moments
        };
        let moments: Vec<_> = (0..folds.n).into_par_iter().map(of_fold).collect();
        let chain = |asked| {
            let mut learned = Moments::new(frame);
            let others = moments.iter().enumerate().filter(|(fold, _)| folds.learns(asked, *fold));
            others.for_each(|(_, others)| learned.merge(others));
            Self::solve(frame, learned)
        };
        (0..folds.n).into_par_iter().map(chain).collect()
    }

    fn solve(frame: &Frame, Moments { start, stages }: Moments) -> Result<Self, OpeError> {
        let solved = stages.into_iter().enumerate().map(|(t, (gram, cross, rewards))| {
            let rows = if frame.clock == Clock::ByStep { format!("step {t}") } else { "all steps".into() };
            factor(gram, frame.ridge, &rows).map(|gram| Stage { gram, cross, rewards })
        });
        Ok(Self { frame: *frame, start, stages: solved.collect::<Result<_, _>>()? })
    }

    fn stage(&self, t: usize) -> &Stage {
        &self.stages[self.frame.stage(t)]
    }

    /// `[H + 1]` θ_t of `Q_t(s, a) = φ(s, a)ᵀ θ_t`, the last of them zero.
    pub(super) fn values(&self) -> Vec<DVector<f64>> {
        let Frame { width, length, discount, .. } = self.frame;
        let mut values = vec![DVector::zeros(width); length + 1];
        for t in (0..length).rev() {
            let stage = self.stage(t);
            let target = &stage.rewards + &stage.cross * &values[t + 1] * discount;
            values[t] = stage.gram.solve(&target);
        }
        values
    }

    /// `[H]` α_t of the weight `x_tᵀ α_t`.
    pub(super) fn weights(&self) -> Vec<DVector<f64>> {
        let mut expected = self.start.clone();
        let step = |t| {
            let alpha = self.stage(t).gram.solve(&expected);
            expected = self.stage(t).cross.tr_mul(&alpha);
            alpha
        };
        (0..self.frame.length).map(step).collect()
    }
}

/// The factor of `gram + ridge I`; `rows` says whose features these are.
pub(super) fn factor(mut gram: DMatrix<f64>, ridge: f64, rows: &str) -> Result<Cholesky<f64, Dyn>, OpeError> {
    (0..gram.nrows()).for_each(|j| gram[(j, j)] += ridge);
    let squares = gram.diagonal();
    let explained = |factor: &Cholesky<f64, Dyn>| {
        let roots = factor.l_dirty().diagonal();
        roots.iter().zip(&squares).all(|(root, square)| root * root > COPY * square)
    };
    Cholesky::new(gram).filter(explained).ok_or_else(|| OpeError::Request {
        what: format!("a ridge of {ridge}"),
        reason: format!("the features at {rows} determine each other; give a larger one"),
    })
}

pub(super) fn view(values: &[f64]) -> DVectorView<'_, f64> {
    DVectorView::from_slice(values, values.len())
}

/// The inner product of features and coefficients.
pub(super) fn dot(features: &[f64], coefficients: &DVector<f64>) -> f64 {
    features.iter().zip(coefficients).map(|(x, c)| x * c).sum()
}

/// `into += scale · x yᵀ`; features of one level in many are mostly zero, and zeros cost nothing.
pub(super) fn add_product(into: &mut DMatrix<f64>, x: &[f64], y: &[f64], scale: f64) {
    for (j, y) in y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        into.column_mut(j).axpy(scale * y, &view(x), 1.0);
    }
}
