//! The flags of runs that ask a language model.

use std::path::{Path, PathBuf};

use clap::Args;
use toml::{Table, Value};

use crate::config::put;

// Documented where it is used: a comment here would go into every help.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Language models")]
pub(in crate::cli) struct LlmFlags {
    /// Address of an OpenAI-compatible server: Ollama, llama.cpp, vLLM, hosted ones
    #[arg(long, value_name = "URL", conflicts_with = "replay")]
    llm: Option<String>,
    /// Name of the model, as `recloop llm probe URL` lists them
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Environment variable that holds the server's key
    #[arg(long, value_name = "NAME")]
    key_variable: Option<String>,
    /// How many of the users the model decides for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    llm_users: Option<u32>,
    /// Keep what the model says in this folder, and ask nothing twice
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Ask what was recorded in this folder and nobody else: the same run again, for free
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// Stop before more tokens than this are spent; --resume with more goes on
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(i64).range(1..))]
    budget: Option<i64>,
}

impl LlmFlags {
    /// What these flags set.
    pub(in crate::cli) fn layer(&self) -> Table {
        let words = |path: &PathBuf| Value::from(Path::to_string_lossy(path).into_owned());
        let keys = [
            ("llm", "url", self.llm.clone().map(Value::from)),
            ("llm", "model", self.model.clone().map(Value::from)),
            ("llm", "key_variable", self.key_variable.clone().map(Value::from)),
            ("llm", "record", self.record.as_ref().map(words)),
            ("llm", "replay", self.replay.as_ref().map(words)),
            ("llm", "budget_tokens", self.budget.map(Value::Integer)),
            ("world", "llm_users", self.llm_users.map(|n| Value::Integer(n.into()))),
        ];
        let mut layer = Table::new();
        for (section, key, value) in keys {
            if let Some(value) = value {
                put(&mut layer, section, key, value);
            }
        }
        layer
    }
}
