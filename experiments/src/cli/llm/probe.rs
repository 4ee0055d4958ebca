//! `recloop llm probe`: what a server can do, how long a decision takes, what it costs.

use std::io::Write;

use clap::Args;
use recloop_llm::{
    Account, Capabilities, Charset, ChatBackend, ChatRequest, Http, HttpConfig, Kind, LlmError, Payer,
    Prices, Shape, Wanted,
};
use serde::Serialize;

use crate::cli::{CliError, Format, print_json, table};
use crate::{ConfigError, RunError};

const EXAMPLES: &str = "\
Examples:
  recloop llm probe http://127.0.0.1:8080                     a llama.cpp server
  recloop llm probe http://127.0.0.1:11434 --model llama3.2   Ollama
  recloop llm probe https://api.example.com --model small --key-variable EXAMPLE_KEY --prices 0.15,0.6

A key is read from the environment variable named, and appears nowhere.";

/// Finds out what an OpenAI-compatible server can do, how long a decision takes it and what that costs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Probe {
    /// Address of the server
    url: String,
    /// Name of the model; many servers with one model take any
    #[arg(long, default_value = "default")]
    model: String,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    key_variable: Option<String>,
    /// Price of a million tokens read and of a million written
    #[arg(long, value_name = "READ,WRITTEN", value_delimiter = ',', num_args = 1)]
    prices: Vec<f64>,
    /// Decisions to time
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    decisions: u32,
    /// How to print the result
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    format: Format,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    capabilities: Capabilities,
    decisions: u32,
    usable: u64,
    latency_ms: [f64; 2],
    prompt_tokens_per_decision: f64,
    completion_tokens_per_decision: f64,
    cached_share: Option<f64>,
    cost_per_decision: Option<f64>,
}

impl Probe {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let found = self.ask()?;
        match self.format {
            Format::Json => print_json(out, &found),
            Format::Table => tell(out, &found),
        }
    }

    fn ask(&self) -> Result<Found, CliError> {
        let prices = match self.prices[..] {
            [] => None,
            [read, written] => Some(Prices {
                prompt_per_million: read,
                cached_per_million: None,
                completion_per_million: written,
            }),
            _ => {
                let reason = "it takes two prices, as 0.15,0.6".into();
                return Err(ConfigError::Value { key: "--prices".into(), reason }.into());
            }
        };
        let config = HttpConfig {
            key_variable: self.key_variable.clone(),
            concurrency: 1,
            ..HttpConfig::new(&self.url, &self.model)
        };
        let http = Http::connect(config).map_err(refused)?;
        let before = http.accounts().of(Payer::User).clone();
        let asked = (0..self.decisions).map(decision).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let answers = http.submit(&asked);
        let usable = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        let spent = http.accounts().of(Payer::User).clone();
        Ok(self.found(http.capabilities().clone(), usable, &before, &spent, prices))
    }

    fn found(
        &self,
        capabilities: Capabilities,
        usable: u64,
        before: &Account,
        after: &Account,
        prices: Option<Prices>,
    ) -> Found {
        let n = f64::from(self.decisions);
        let prompt = after.tokens.prompt - before.tokens.prompt;
        let completion = after.tokens.completion - before.tokens.completion;
        let quantile = |q| after.latencies.quantile(q).map_or(0.0, |latency| 1e3 * latency.as_secs_f64());
        let spent = recloop_llm::Tokens { prompt, completion, ..after.tokens };
        Found {
            capabilities,
            decisions: self.decisions,
            usable,
            latency_ms: [quantile(0.5), quantile(0.95)],
            prompt_tokens_per_decision: prompt as f64 / n,
            completion_tokens_per_decision: completion as f64 / n,
            cached_share: after.cached_share(),
            cost_per_decision: prices.map(|prices| prices.of(spent) / n),
        }
    }
}

/// A decision such as users are asked for: what to watch of five items, for how long, and whether to stay.
fn decision(nth: u32) -> Result<ChatRequest, LlmError> {
    let item =
        Shape::new("item", vec![("watch", Kind::Bool), ("seconds", Kind::Integer { min: 0, max: 600 })])?;
    let wanted = Shape::new(
        "decision",
        vec![
            ("items", Kind::exactly(5, Kind::Object(item))),
            ("mood", Kind::among(["better", "same", "worse"])),
            ("leave", Kind::Bool),
            ("reason", Kind::Text { max_chars: 60, charset: Charset::Words }),
        ],
    )?;
    let request = ChatRequest::new("probe", 1, Payer::User, Wanted::Json(wanted))
        .system("You are a person who scrolls a feed of short videos. Decide as that person would.")
        .user(
            "You like cooking and music. 1: pasta step by step. 2: free kicks. 3: choirs. 4: news. 5: soup.",
        )
        .seeded(7, nth)
        .drawn(400, 0.7);
    Ok(request)
}

fn refused(error: LlmError) -> CliError {
    RunError::from(ConfigError::Part { what: "the language model".into(), source: Box::new(error) }).into()
}

fn tell(out: &mut dyn Write, found: &Found) -> Result<(), CliError> {
    let yes = |able: bool| if able { "yes" } else { "no" }.to_owned();
    let can = &found.capabilities;
    let mut rows = vec![
        ("server", can.server.clone().unwrap_or_else(|| "does not say".into())),
        ("models", can.models.join(", ")),
        ("keeps to a JSON schema", yes(can.json_schema)),
        ("keeps to JSON", yes(can.json_object)),
        ("keeps to a grammar", yes(can.grammar)),
        ("exact choice probabilities", yes(can.exact_letters)),
        ("likeliest tokens", yes(can.logprobs)),
        ("same answer for a seed", yes(can.seed)),
        ("usable decisions", format!("{} of {}", found.usable, found.decisions)),
        ("latency, median and 95 %", format!("{:.0} ms, {:.0} ms", found.latency_ms[0], found.latency_ms[1])),
        (
            "tokens a decision",
            format!(
                "{:.0} read, {:.0} written",
                found.prompt_tokens_per_decision, found.completion_tokens_per_decision
            ),
        ),
    ];
    if let Some(cost) = found.cost_per_decision {
        rows.push(("cost a decision", format!("{cost:.6}")));
        rows.push(("cost of a million", format!("{:.2}", 1e6 * cost)));
    }
    let mut list = table::list();
    list.add_rows(rows.into_iter().map(|(what, value)| [what.to_owned(), value]));
    Ok(writeln!(out, "{}", list.trim_fmt())?)
}
