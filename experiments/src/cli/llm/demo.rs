//! `recloop llm demo`: users of a language model, without a model to install.

use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Args;
use recloop_env::UserId;
use toml::{Table, Value};

use crate::cli::progress::Progress;
use crate::cli::transcript::{first_to_come, first_to_speak, transcript};
use crate::cli::{CliError, run};
use crate::config::put;
use crate::{ConfigError, RunConfig};

const EXAMPLES: &str = "\
Examples:
  recloop llm demo
  recloop llm demo --users 5 --steps 100 --python .venv/bin/python

The model has random weights: what it decides is nonsense in the right form. It needs three Python packages:
  python3 -m venv .venv && .venv/bin/pip install -r tests/llm_server/requirements.txt";

/// The server, as the tests start it.
const SERVER: &str = include_str!("../../../../tests/llm_server/serve.py");
const PACKAGES: &str = include_str!("../../../../tests/llm_server/requirements.txt");
/// What it calls its model.
const MODEL: &str = "random";

/// Starts a tiny real server, lets its model decide for some users for a while, and shows one of their visits.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Demo {
    /// How many users it decides for
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    users: u32,
    /// How many ticks of two minutes
    #[arg(long, value_name = "N", default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..=5000))]
    steps: u32,
    /// A Python with the packages of the server [default: .venv/bin/python, else python3]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// The run directory [default: runs/llm-demo, numbered if taken]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A server, until it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Demo {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let server = self.serve()?;
        let dir = self.out.clone().unwrap_or_else(free);
        let config = self.config(&server, &dir)?;
        let mut progress = Progress::new(io::stderr().is_terminal());
        let summary = crate::run(&config, &mut progress)?;
        progress.clear();
        drop(server);
        run::print_table(out, &summary, true)?;
        let shown = dir.display();
        let user = match first_to_speak(&dir)? {
            Some(user) => user,
            None => first_to_come(&dir)?.unwrap_or(UserId(0)),
        };
        writeln!(out, "One of them, as `recloop inspect {shown} --user {}` shows them:\n", user.0)?;
        transcript(out, &dir, user, Some(0))?;
        let config = format!("recloop run --config {shown}/config.toml");
        writeln!(out, "\nThe same run again, from the recording: `{config} --replay {shown}/answers`.")?;
        Ok(writeln!(out, "With a real model: `{config} --llm URL --model NAME`.")?)
    }

    fn config(&self, server: &Server, dir: &Path) -> Result<RunConfig, ConfigError> {
        let text = |path: &Path| Value::from(path.to_string_lossy().into_owned());
        let users = Value::Integer(self.users.into());
        let keys = [
            ("world", "name", "dialogue-feed-v0".into()),
            ("world", "users", users.clone()),
            ("world", "llm_users", users),
            ("recommender", "name", "agentic".into()),
            ("run", "steps", Value::Integer(self.steps.into())),
            ("run", "out", text(dir)),
            ("llm", "url", format!("http://127.0.0.1:{}", server.port).into()),
            ("llm", "model", MODEL.into()),
            ("llm", "record", text(&dir.join("answers"))),
        ];
        let mut layer = Table::new();
        keys.into_iter().for_each(|(section, key, value)| put(&mut layer, section, key, value));
        RunConfig::resolve([layer])
    }

    /// Starts the server and waits until it answers.
    fn serve(&self) -> Result<Server, CliError> {
        let ours = Path::new(".venv/bin/python");
        let default = || if ours.exists() { ours.to_owned() } else { "python3".into() };
        let python = self.python.clone().unwrap_or_else(default);
        let starting = |reason: String| {
            let packages = PACKAGES.split_whitespace().collect::<Vec<_>>().join(" ");
            let help =
                format!("its Python needs `pip install {packages}`, and --python says which one it is");
            CliError::Server { python: python.display().to_string(), reason, help }
        };
        let mut command = Command::new(&python);
        command.arg("-c").arg(SERVER);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| starting(error.to_string()))?;
        let noise = child.stderr.take();
        // Read from the start, or a full pipe would stop the server.
        let noise = std::thread::spawn(move || noise.map(io::read_to_string).and_then(Result::ok));
        let said = child.stdout.take().map(|pipe| BufReader::new(pipe).lines());
        let port = |line: String| line.strip_prefix("port ")?.parse().ok();
        if let Some(port) = said.and_then(|mut lines| lines.find_map(|line| port(line.ok()?))) {
            return Ok(Server { child, port });
        }
        let _ = child.wait();
        let complaint = noise.join().ok().flatten().unwrap_or_default();
        Err(starting(complaint.lines().last().unwrap_or("it ended without a word").to_owned()))
    }
}

/// `runs/llm-demo`, then the same with -2, -3, …
fn free() -> PathBuf {
    let named = |n: u32| if n == 1 { "llm-demo".into() } else { format!("llm-demo-{n}") };
    let mut dirs = (1..).map(|n| Path::new("runs").join(named(n)));
    dirs.find(|dir| fs::symlink_metadata(dir).is_err()).expect("there is always another number")
}
