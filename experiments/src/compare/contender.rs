//! Recommenders as arguments: `mf`, or `mf:temperature=0.1,factors=8`.

use toml::{Table, Value};

use crate::config::{put, set};
use crate::{ConfigError, RunConfig};

/// A recommender that is compared, with everything that decides its runs but the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    label: String,
    layers: Vec<Table>,
    config: RunConfig,
}

impl Contender {
    /// Reads each of `texts`, `NAME` or `NAME:KEY=VALUE,KEY=VALUE`, over `layers`.
    ///
    /// What was said twice is told apart by a number, as in `mf` and `mf (2)`.
    ///
    /// # Errors
    /// As [`RunConfig::resolve`]; keys that are not KEY=VALUE.
    pub fn all(layers: &[Table], texts: &[String]) -> Result<Vec<Self>, ConfigError> {
        let mut all: Vec<Self> = Vec::new();
        for text in texts {
            let layers: Vec<Table> = layers.iter().cloned().chain([layer(text)?]).collect();
            let config = RunConfig::resolve(layers.clone())?;
            let times = all.iter().filter(|other| other.is_called(text)).count();
            let label = if times > 0 { format!("{text} ({})", times + 1) } else { text.clone() };
            all.push(Self { label, layers, config });
        }
        Ok(all)
    }

    /// What it is called in tables.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The run that its layers describe.
    #[must_use]
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The same run from another seed.
    pub(crate) fn seeded(&self, seed: u64) -> Result<RunConfig, ConfigError> {
        let mut layer = Table::new();
        let seed = i64::try_from(seed).map_err(|_| ConfigError::Value {
            key: "run.seed".into(),
            reason: format!("{seed} is more than {}", i64::MAX),
        })?;
        put(&mut layer, "run", "seed", Value::Integer(seed));
        RunConfig::resolve(self.layers.iter().cloned().chain([layer]))
    }

    fn is_called(&self, text: &str) -> bool {
        self.label == text || self.label.strip_prefix(text).is_some_and(|rest| rest.starts_with(" ("))
    }
}

/// The section `[recommender]` that `NAME` or `NAME:KEY=VALUE,KEY=VALUE` stands for.
pub(crate) fn layer(text: &str) -> Result<Table, ConfigError> {
    let (name, keys) = text.split_once(':').unwrap_or((text, ""));
    let mut layer = Table::new();
    put(&mut layer, "recommender", "name", name);
    for pair in pairs(keys) {
        set(&mut layer, &format!("recommender.{}", pair.trim())).map_err(|error| match error {
            ConfigError::Set { reason, .. } => ConfigError::Recommender { text: text.into(), reason },
            other => other,
        })?;
    }
    Ok(layer)
}

/// Cuts at commas, but not within lists and strings.
fn pairs(keys: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quote) = (0_u32, None);
    let separates = move |c: char| {
        match c {
            '"' | '\'' if quote.is_none_or(|open| open == c) => quote = quote.xor(Some(c)),
            '[' | '{' if quote.is_none() => depth += 1,
            ']' | '}' if quote.is_none() => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && quote.is_none()
    };
    keys.split(separates).filter(|pair| !pair.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Result<Vec<Contender>, ConfigError> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Contender::all(&[], &texts)
    }

    #[test]
    fn keys_of_a_variant_are_its_own() {
        let contenders = all(&["dot:temperature=0.5,marginals=true", "dot"]).unwrap();
        let table = contenders[0].config().to_table();
        assert_eq!(table["recommender"]["temperature"].as_float(), Some(0.5));
        assert_eq!(table["recommender"]["marginals"].as_bool(), Some(true));
        assert!(contenders[1].config().to_table()["recommender"].get("temperature").is_none());
        assert_eq!(contenders[0].seeded(99).unwrap().seed(), 99);
    }

    #[test]
    fn the_same_twice_is_told_apart() {
        let labels =
            |texts: &[&str]| all(texts).unwrap().iter().map(|c| c.label().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            labels(&["random", "random", "dot", "random"]),
            ["random", "random (2)", "dot", "random (3)"]
        );
        assert_eq!(labels(&["dot", "dot:temperature=1"]), ["dot", "dot:temperature=1"]);
    }

    #[test]
    fn lists_and_strings_keep_their_commas() {
        let cut = |text| pairs(text).collect::<Vec<_>>();
        assert_eq!(cut("a=[1,2],b=\"x,y\",c='it\"s,'"), ["a=[1,2]", "b=\"x,y\"", "c='it\"s,'"]);
        assert_eq!(cut(""), Vec::<&str>::new());
    }

    #[test]
    fn what_is_no_setting_is_refused_with_the_whole_argument() {
        let error = all(&["random", "dot:temperature"]).unwrap_err().to_string();
        assert!(error.starts_with("read `dot:temperature`: "), "{error}");
        let error = all(&["random", "dott"]).unwrap_err().to_string();
        assert!(error.contains("did you mean `dot`?"), "{error}");
    }
}
