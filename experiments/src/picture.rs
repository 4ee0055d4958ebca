//! Pictures, and the files they are kept in.

use std::path::Path;

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use recloop_nn::NnError;
use serde::Serialize;

/// An svg of `template` with what it is to show.
pub(crate) fn draw(template: &str, shown: impl Serialize + std::fmt::Debug) -> Result<String, NnError> {
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    pages.render_str(template, Value::from(Serde(shown))).map_err(NnError::learner)
}

/// Writes a text file.
pub(crate) fn keep(path: &Path, text: &str) -> Result<(), NnError> {
    std::fs::write(path, text).map_err(|source| NnError::Io { doing: "write", path: path.into(), source })
}
