//! Layers of settings: a later one wins, key by key.

use std::path::Path;

use toml::{Table, Value};

use super::check::{SECTIONS, STOPS, unknown};
use super::pinned;
use crate::ConfigError;
use crate::models::{BUDGETS, SOURCES};

/// Reads a layer from a TOML file.
///
/// # Errors
/// [`ConfigError::Read`] or [`ConfigError::Syntax`].
pub fn read_layer(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ConfigError::Read { path: path.into(), cause })?;
    text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        path: path.into(),
        reason: error.to_string().trim_end().to_owned(),
    })
}

/// Puts one `KEY=VALUE` into a layer. A key without a dot belongs to the world.
///
/// VALUE is TOML; a bare word such as `mf` stands for a string.
///
/// # Errors
/// [`ConfigError::Set`] if the text is not of this form.
pub fn set(layer: &mut Table, text: &str) -> Result<(), ConfigError> {
    let refused = |reason: String| ConfigError::Set { text: text.into(), reason };
    let (key, value) = text.split_once('=').ok_or_else(|| refused("there is no `=`".into()))?;
    let (section, key) = key.trim().split_once('.').unwrap_or(("world", key.trim()));
    let section = if section == "agentic" { "recommender" } else { section };
    if key.is_empty() || key.contains('.') {
        return Err(refused("a key is KEY or SECTION.KEY".into()));
    }
    put(layer, section, key, parse_value(value.trim()).map_err(refused)?);
    Ok(())
}

/// Puts one value into a layer.
pub fn put(layer: &mut Table, section: &str, key: &str, value: impl Into<Value>) {
    let entry = layer.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if !entry.is_table() {
        *entry = Value::Table(Table::new());
    }
    entry.as_table_mut().expect("made one just now").insert(key.into(), value.into());
}

fn parse_value(text: &str) -> Result<Value, String> {
    text.parse().or_else(|error: toml::de::Error| {
        let bare = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
        if !text.is_empty() && text.chars().all(bare) {
            return Ok(Value::String(text.into()));
        }
        Err(format!("`{text}` is no TOML value: {}", error.message()))
    })
}

/// Lays `over` over `under`.
///
/// A section that names another world or recommender starts anew: the keys below belong to the name below.
pub(super) fn lay(under: &mut Table, over: Table) -> Result<(), ConfigError> {
    for (section, keys) in over {
        if !SECTIONS.contains(&section.as_str()) {
            return Err(unknown("section", &section, SECTIONS));
        }
        let Value::Table(keys) = keys else {
            let reason = format!("it is a section; write [{section}] with keys under it");
            return Err(ConfigError::Value { key: section, reason });
        };
        let entry = under.entry(section).or_insert_with(|| Value::Table(Table::new()));
        let below = entry.as_table_mut().expect("only tables are laid");
        let names = (below.get("name"), keys.get("name"));
        if matches!(names, (Some(below), Some(above)) if below != above) {
            below.clear();
        }
        for choice in [STOPS, SOURCES, BUDGETS] {
            if choice.iter().any(|key| keys.contains_key(*key)) {
                choice.iter().for_each(|key| drop(below.remove(*key)));
            }
        }
        // Nothing is recorded of a recording.
        if keys.contains_key("replay") {
            below.remove("record");
        }
        pinned::forget(below, &keys);
        below.extend(keys);
    }
    Ok(())
}
