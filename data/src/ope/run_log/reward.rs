//! What counts as the reward of a logged slate: a column of the log, or arithmetic over columns.

use exmex::{Express, FlatEx};
use recloop_env::{EnvSpec, Step};

use crate::ope::OpeError;

/// The reward unless told otherwise: what the world itself scored.
const DEFAULT: &str = "reward";

/// A number of the log, named in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// 1 where the position was clicked.
    Click,
    /// Seconds spent on a position.
    Dwell,
    /// A signal of a position.
    Signal(usize),
    /// The reward of the slate.
    Reward,
    /// A part of the reward of the slate.
    Part(usize),
}

impl Column {
    fn named(name: &str, spec: &EnvSpec) -> Option<Self> {
        let part = || spec.reward_parts.iter().position(|(part, _)| part == name).map(Self::Part);
        match name {
            "click" => Some(Self::Click),
            "dwell_secs" => Some(Self::Dwell),
            DEFAULT => Some(Self::Reward),
            _ => spec.signal(name).map(Self::Signal).or_else(part),
        }
    }

    fn is_by_position(self) -> bool {
        matches!(self, Self::Click | Self::Dwell | Self::Signal(_))
    }

    /// Its value at position `k`; of a slate's own, the same at every position.
    fn at(self, step: &Step, row: usize, k: usize) -> f64 {
        match self {
            Self::Click => f64::from(u8::from(step.responses.click.row(row)[k])),
            Self::Dwell => f64::from(step.responses.dwell_secs.row(row)[k]),
            Self::Signal(s) => f64::from(step.responses.signal(s, row)[k]),
            Self::Reward => f64::from(step.reward[row]),
            Self::Part(part) => f64::from(step.reward_parts.row(row)[part]),
        }
    }
}

/// An expression over columns, such as `click + dwell_secs / 60`.
///
/// If every column in it has a value for each position, so has the reward: `r = Σ_k α_k r_k`. If one belongs to the slate,
/// as `reward` does, the others stand for `Σ_k α_k ·` their values, and positions share the slate's reward equally.
#[derive(Debug, Clone)]
pub(super) struct Reward {
    expression: FlatEx<f64>,
    columns: Vec<Column>,
    /// `[K]` α.
    weights: Vec<f64>,
}

impl Reward {
    pub(super) fn read(
        text: Option<&str>,
        weights: Option<&[f64]>,
        spec: &EnvSpec,
    ) -> Result<Self, OpeError> {
        let text = text.unwrap_or(DEFAULT);
        let refused = |reason: String| OpeError::Request { what: format!("reward `{text}`"), reason };
        let bracketed = bracketed(text, &known(spec));
        let expression: FlatEx<f64> = exmex::parse(&bracketed).map_err(|error| refused(error.to_string()))?;
        let column = |name: &String| {
            Column::named(name, spec).ok_or_else(|| {
                refused(format!("the log has no column `{name}`; there are {}", known(spec).join(", ")))
            })
        };
        let columns = expression.var_names().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() {
            return Err(refused("it is the same for everything; name a column".into()));
        }
        let weights = weights.map_or_else(|| vec![1.0; spec.slate_size], <[f64]>::to_vec);
        if weights.len() != spec.slate_size || weights.iter().any(|weight| !weight.is_finite()) {
            return Err(OpeError::Request {
                what: format!("position weights {weights:?}"),
                reason: format!("slates have {} positions; give a number for each", spec.slate_size),
            });
        }
        Ok(Self { expression, columns, weights })
    }

    /// Whether every position has a reward of its own.
    pub(super) fn is_by_position(&self) -> bool {
        self.columns.iter().all(|column| column.is_by_position())
    }

    /// Fills `[K]` α_k r_k and returns their sum.
    pub(super) fn of(&self, step: &Step, row: usize, out: &mut Vec<f64>) -> Result<f64, String> {
        out.clear();
        let value = |numbers: &[f64]| {
            let value = self.expression.eval(numbers).map_err(|error| error.to_string())?;
            value.is_finite().then_some(value).ok_or_else(|| format!("its reward is {value}"))
        };
        if self.is_by_position() {
            for (k, weight) in self.weights.iter().enumerate() {
                let numbers: Vec<f64> = self.columns.iter().map(|column| column.at(step, row, k)).collect();
                out.push(weight * value(&numbers)?);
            }
            return Ok(out.iter().sum());
        }
        let whole = |column: &Column| {
            if !column.is_by_position() {
                return column.at(step, row, 0);
            }
            self.weights.iter().enumerate().map(|(k, weight)| weight * column.at(step, row, k)).sum()
        };
        let total = value(&self.columns.iter().map(whole).collect::<Vec<_>>())?;
        out.resize(self.weights.len(), total / self.weights.len() as f64);
        Ok(total)
    }
}

/// Puts names of columns between braces: without them `minutes` would be read as an operator and `utes`.
fn bracketed(text: &str, columns: &[&str]) -> String {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| of_word(c) != of_word(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let is_column = columns.contains(&piece) && !out.ends_with('{');
        out.push_str(&if is_column { format!("{{{piece}}}") } else { piece.to_owned() });
        rest = after;
    }
    out
}

/// Every name that an expression may use.
fn known(spec: &EnvSpec) -> Vec<&str> {
    let parts = spec.reward_parts.iter().map(|(name, _)| name);
    let named = spec.signals.iter().chain(parts).map(String::as_str);
    ["click", "dwell_secs", DEFAULT].into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use recloop_env::{Env, Grid, testing::toy_world};

    use super::*;

    fn spec() -> EnvSpec {
        EnvSpec {
            signals: vec!["like".into()],
            reward_parts: vec![("minutes".into(), 1.0)],
            ..toy_world(1).spec().clone()
        }
    }

    /// One row of two positions: the second was clicked for 30 seconds and liked by 0.5.
    fn step() -> Step {
        let mut step = Step::default();
        step.responses.reset(1, 2, 1);
        step.responses.click.row_mut(0)[1] = true;
        step.responses.dwell_secs.row_mut(0)[1] = 30.0;
        step.responses.signals.row_mut(0)[1] = 0.5;
        step.reward = vec![3.0];
        step.reward_parts = Grid::from_vec(vec![0.5], 1, 1).unwrap();
        step
    }

    fn value(text: Option<&str>, weights: Option<&[f64]>) -> (f64, Vec<f64>) {
        let (reward, mut parts) = (Reward::read(text, weights, &spec()).unwrap(), Vec::new());
        (reward.of(&step(), 0, &mut parts).unwrap(), parts)
    }

    #[test]
    fn positions_have_rewards_of_their_own_where_columns_do() {
        let found = value(Some("click + dwell_secs/60 + 2*like"), Some(&[1.0, 0.5]));
        assert_eq!(found, (1.25, vec![0.0, 1.25]));
        assert_eq!(value(None, None), (3.0, vec![1.5, 1.5]));
        // The slate's own minutes, and the like weighed by its position.
        assert_eq!(value(Some("minutes + like"), Some(&[1.0, 4.0])), (2.5, vec![1.25, 1.25]));
    }

    #[test]
    fn what_the_log_does_not_have_is_refused_by_name() {
        let refused = |text| Reward::read(Some(text), None, &spec()).unwrap_err().to_string();
        assert!(
            refused("clicks")
                .contains("no column `clicks`; there are click, dwell_secs, reward, like, minutes")
        );
        assert!(refused("click +").starts_with("use reward `click +`: "));
        assert!(refused("3").contains("name a column"));
        assert!(Reward::read(None, Some(&[1.0]), &spec()).is_err());
        let odd = Reward::read(Some("1/click"), None, &spec()).unwrap();
        assert!(odd.of(&step(), 0, &mut Vec::new()).unwrap_err().contains("inf"));
    }
}
