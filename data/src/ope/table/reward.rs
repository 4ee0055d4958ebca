//! What counts as reward: a column, or arithmetic over columns.

use exmex::{Express, FlatEx};

use super::columns::{Column, Lanes, Number, Role};
use super::mapping::refused;
use crate::ope::OpeError;

/// Where rewards come from.
#[derive(Debug, Clone)]
pub(super) enum Reward {
    Column(String),
    Formula { tree: Box<FlatEx<f64>>, names: Vec<String>, text: String },
}

impl Reward {
    /// Understands `text` as the column of that name if there is one, else as arithmetic over `columns`.
    pub(super) fn read(text: &str, columns: &[&str]) -> Result<Self, OpeError> {
        if columns.contains(&text) {
            return Ok(Self::Column(text.to_owned()));
        }
        let told = |reason: String| refused(&format!("reward `{text}`"), reason);
        let tree = exmex::parse::<f64>(text).map_err(|error| {
            told(format!(
                "it is neither a column ({}) nor arithmetic over columns: {error}",
                columns.join(", ")
            ))
        })?;
        let names: Vec<String> = tree.var_names().to_vec();
        if let Some(name) = names.iter().find(|name| !columns.contains(&name.as_str())) {
            return Err(told(format!("there is no column `{name}`; there are {}", columns.join(", "))));
        }
        if names.is_empty() {
            return Err(told("it names no column".into()));
        }
        Ok(Self::Formula { tree: Box::new(tree), names, text: text.to_owned() })
    }

    /// The columns it is made of.
    pub(super) fn columns(&self) -> Vec<Column> {
        match self {
            Self::Column(name) => vec![Column { role: Role::Number(Number::Reward), name: name.clone() }],
            Self::Formula { names, .. } => {
                let column =
                    |(at, name): (usize, &String)| Column { role: Role::Term(at), name: name.clone() };
                names.iter().enumerate().map(column).collect()
            }
        }
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Column(name) => name,
            Self::Formula { text, .. } => text,
        }
    }

    /// Works it out, where it is not a column.
    pub(super) fn fill(&self, lanes: &mut Lanes) -> Result<(), String> {
        let Self::Formula { tree, names, .. } = self else { return Ok(()) };
        let mut out = std::mem::take(lanes.number_mut(Number::Reward));
        out.clear();
        let mut values = vec![0.0; names.len()];
        for row in 0..lanes.len() {
            values.iter_mut().zip(&lanes.terms).for_each(|(value, term)| *value = term[row]);
            out.push(tree.eval(&values).map_err(|error| error.to_string())?);
        }
        *lanes.number_mut(Number::Reward) = out;
        Ok(())
    }
}
