//! What estimators know of a log, column by column. Sources make it, the [ledger](super::Ledger) folds it.

use recloop_env::Grid;

use super::Kernel;

/// A weight that a source can give a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightSource {
    /// `π_target(a|x) / π_log(a|x)`.
    Policy,
    /// The same ratio between the probabilities of the action's level in a column of the items, by name.
    Embedding(String),
    /// The odds that a classifier gives the action of being the target's and not the log's.
    Classifier,
    /// `π_target(a|x) / Σ_k (n_k/n) π_k(a|x)` over several loggers.
    Balanced,
    /// `K((π(x) − a) / h) / (h π_log(a|x))` for a continuous action.
    Kernel(Kernel),
}

/// A reward model that a source can consult.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelSource {
    /// Predictions given in the log, else a model fitted to the rewards.
    Outcome,
    /// A model fitted under the weights `π_target² (1 − π_log) / π_log²`.
    MoreRobust,
    /// A model fitted under `π_target (1 − π_log) / π_log²`, what the former is for a deterministic target.
    MoreRobustDeterministic,
}

/// What a plan wants of a source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// Which weights, in the order of [`Decisions::weights`].
    pub weights: Vec<WeightSource>,
    /// Which models, in the order of [`Decisions::models`].
    pub models: Vec<ModelSource>,
    /// Whether slate estimators are among what is asked.
    pub slates: bool,
    /// Whether [`SlateRows::marginal`] is.
    pub marginals: bool,
    /// Whether [`SlateRows::logged`] and [`SlateRows::expected`] are.
    pub to_go: bool,
    /// Whether [`SlateRows::pseudo`] is, which costs far more than the rest.
    pub pseudo: bool,
}

/// What a reward model says of some decisions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// `[n]` q̂(x, a) of the logged action.
    pub logged: Vec<f64>,
    /// `[n]` v(x) = Σ_a π_target(a|x) q̂(x, a).
    pub expected: Vec<f64>,
}

/// Some decisions of a log. A column that nobody asked for is empty.
///
/// # Shapes
/// `[n]` each; `weights` and `models` hold one column for each that was [wanted](Wanted)
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decisions {
    /// Whose rows belong together: a user's id, or a number of its own for every row of a log without users.
    pub users: Vec<u64>,
    /// The level of the column that results are broken down by.
    pub levels: Vec<u16>,
    /// The position, from 0.
    pub positions: Vec<u16>,
    /// What it brought.
    pub rewards: Vec<f64>,
    /// Which logger it was, where there are several.
    pub loggers: Vec<u16>,
    /// Weights.
    pub weights: Vec<Vec<f64>>,
    /// Models.
    pub models: Vec<Predictions>,
}

/// Some slates of a log. A column that the log cannot give is empty.
///
/// # Shapes
/// `[n]` or `[n, K]`, position 0 on top
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlateRows {
    /// `[n]` as in [`Decisions::users`].
    pub users: Vec<u64>,
    /// `[n]` as in [`Decisions::levels`].
    pub levels: Vec<u16>,
    /// `[n, K]` α_k r_k.
    pub rewards: Grid<f64>,
    /// `[n]` π_target(slate) / π_log(slate).
    pub slate: Vec<f64>,
    /// `[n, K]` w_{1:k}, the ratio of the probabilities of the first k + 1 items in their order.
    pub cascade: Grid<f64>,
    /// `[n, K]` w_k, the ratio of the probabilities of the item at its position.
    pub marginal: Grid<f64>,
    /// `[n, K]` q̂_k of the logged item: what it and those below it are expected to bring.
    pub logged: Grid<f64>,
    /// `[n, K]` E_target q̂_k, given the items above.
    pub expected: Grid<f64>,
    /// `[n]` `q_targetᵀ Γ⁺ 1_slate`, the weight of the pseudo-inverse estimator.
    pub pseudo: Vec<f64>,
}

impl Decisions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// Becomes empty, with a column for everything wanted.
    pub fn clear(&mut self, wanted: &Wanted) {
        let Self { users, levels, positions, rewards, loggers, weights, models } = self;
        users.clear();
        rewards.clear();
        [levels, positions, loggers].into_iter().for_each(Vec::clear);
        weights.resize_with(wanted.weights.len(), Vec::new);
        weights.iter_mut().for_each(Vec::clear);
        models.resize_with(wanted.models.len(), Predictions::default);
        for model in models {
            model.logged.clear();
            model.expected.clear();
        }
    }
}

impl SlateRows {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rewards.rows()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A batch of either kind.
#[derive(Debug, Clone, Copy)]
pub enum Signals<'a> {
    /// Decisions.
    Decisions(&'a Decisions),
    /// Slates.
    Slates(&'a SlateRows),
}

impl Signals<'_> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Decisions(rows) => rows.len(),
            Self::Slates(rows) => rows.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
