//! The flags that say which world to live in and for how long, alike in every command that plays.

use std::path::PathBuf;

use clap::Args;
use toml::{Table, Value};

use crate::ConfigError;
use crate::config::{put, read_layer, set};

// Documented where it is used: a comment here would go into every help.
#[derive(Debug, Args)]
pub(super) struct Setting {
    /// The imported data a world is made from
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings in TOML, with sections [run], [world], [recommender] and [log]
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// One setting; a KEY without a section is the world's, such as candidates=5
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many users there are at the start
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    users: Option<u32>,
    /// Stop after N simulated days
    #[arg(long, value_name = "N", group = "stop")]
    days: Option<f64>,
    /// Stop after N ticks
    #[arg(long, value_name = "N", group = "stop", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Stop when every user has left for good [default, where users leave]
    #[arg(long, group = "stop")]
    until_done: bool,
}

impl Setting {
    /// Whether a file of settings was named.
    pub(super) fn has_file(&self) -> bool {
        self.config.is_some()
    }

    /// The file, `--set` over it, and the flags over both: these, then `more`, each SECTION, KEY and perhaps a value.
    pub(super) fn layers<const N: usize>(
        &self,
        world: Option<&str>,
        more: [(&str, &str, Option<Value>); N],
    ) -> Result<Vec<Table>, ConfigError> {
        let file = self.config.as_deref().map(read_layer).transpose()?;
        let mut layer = Table::new();
        for text in &self.set {
            set(&mut layer, text)?;
        }
        let flags = [
            ("world", "name", world.map(Value::from)),
            ("world", "users", self.users.map(|n| Value::Integer(n.into()))),
            ("world", "data", self.data.as_ref().map(|dir| Value::from(dir.to_string_lossy().into_owned()))),
            ("run", "days", self.days.map(Value::Float)),
            ("run", "steps", self.steps.map(|n| Value::Integer(n.into()))),
            ("run", "until_done", self.until_done.then_some(Value::Boolean(true))),
        ];
        for (section, key, value) in flags.into_iter().chain(more) {
            if let Some(value) = value {
                put(&mut layer, section, key, value);
            }
        }
        Ok(file.into_iter().chain([layer]).collect())
    }
}
