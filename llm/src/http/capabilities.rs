//! What a server can do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Rung, Tokens};

/// What a server turned out to be able to do, for the manifest of a run. All of it was tried, none of it read off a name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Who it says it is, such as `llamacpp`; often nobody.
    pub server: Option<String>,
    /// Models it lists.
    pub models: Vec<String>,
    /// Keeps to a JSON schema, even if the prompt does not ask for JSON.
    pub json_schema: bool,
    /// Keeps to JSON if the prompt asks for it.
    pub json_object: bool,
    /// Keeps to a grammar in llama.cpp's notation.
    pub grammar: bool,
    /// Tells the exact law over the tokens a grammar allows.
    pub exact_letters: bool,
    /// Tells the likeliest tokens with their probabilities.
    pub logprobs: bool,
    /// Gives the same answer for the same seed, when asked one at a time.
    pub seed: bool,
    /// A decision as agents ask for; none if what came was not usable.
    pub trial: Option<Trial>,
}

/// What one decision took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// How its form came about.
    pub rung: Rung,
    /// Tokens, all tries together.
    pub tokens: Tokens,
    /// How long it took.
    pub latency: Duration,
}
