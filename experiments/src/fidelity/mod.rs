//! What may be claimed of a run in which a surrogate stood in for a language model.
//!
//! [`distil`] makes the surrogate from a recorded run of a panel; [`fidelity`] judges a run in which both lived side by side. What the
//! numbers mean is in `docs/fidelity.md`.

mod distil;
mod lives;

use std::path::{Path, PathBuf};

pub use distil::{Taught, distil};
use lives::{Life, Lives, OUTCOMES};
use recloop_data::fidelity::{Audited, Corrected, Evidence, Fidelity, Gates, Lived, corrected, uncorrected};
use recloop_data::metrics::Estimate;
use recloop_data::{LogSource, RunState};
use recloop_env::{Facts, Grid, Population, Transition, UserId, World};
use serde::Serialize;
use toml::{Table, Value};

use crate::config::{bad, put};
use crate::playing::{Playing, Visitor};
use crate::run::RunDir;
use crate::{ConfigError, RunConfig, RunError};

/// Random halves and replicates that floors are made of (chosen by us).
const DRAWS: u32 = 200;

/// What an outcome of users is, by the surrogate and corrected by the audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditedOutcome {
    /// Which.
    pub outcome: &'static str,
    /// Mean over all users, had everybody lived by the surrogate.
    pub uncorrected: Estimate,
    /// Mean over all users, had everybody lived by the model: by the difference estimator.
    pub corrected: Corrected,
}

/// What may be claimed of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Users the model decided for, for life.
    pub n_panel: usize,
    /// Users in all.
    pub n_users: usize,
    /// Share of the panel's slates about which the model said nothing: bodies decided.
    pub fallback_share: f64,
    /// The gates.
    pub fidelity: Fidelity,
    /// Outcomes.
    pub outcomes: Vec<AuditedOutcome>,
}

/// A finished run with a panel and a surrogate, read from its log.
struct Side {
    config: RunConfig,
    lives: Lives,
    population: Population,
    n_choices: usize,
    /// Users, and the first of the panel.
    n_users: usize,
    first: usize,
}

impl Side {
    fn read(dir: &Path) -> Result<Self, RunError> {
        let config = RunConfig::resolve([RunDir::of(dir).read_config()?])?;
        let n_panel = config.world_key("llm_users").and_then(Value::as_integer).unwrap_or(0) as usize;
        if let Some(reason) = unfit(&config, n_panel) {
            return Err(bad(&dir.display().to_string(), reason.into()).into());
        }
        let mut source = LogSource::open_with_truth(dir)?;
        if source.manifest().state != RunState::Finished {
            let reason =
                "it has not come to its end: go on with `recloop run --resume --out` and this folder";
            return Err(bad(&dir.display().to_string(), reason.into()).into());
        }
        let n_users = source.manifest().spec.n_users;
        let n_choices = Lives::n_choices(&source.manifest().spec);
        let first = n_users.saturating_sub(n_panel);
        let (mut lives, mut population) = (Lives::new(first), Population::default());
        while let Some(tick) = source.next()? {
            lives.fold(&tick.facts, &tick.transition);
            population.clone_from(tick.facts.population);
        }
        Ok(Self { config, lives, population, n_choices, n_users, first })
    }

    fn users(&self, panel: bool) -> impl Iterator<Item = UserId> + use<> {
        let all = if panel { self.first..self.n_users } else { 0..self.first };
        all.map(|user| UserId(user as u32))
    }

    /// Users of one side as gates see them, by cell.
    fn lived(&self, panel: bool, cells: &Cells) -> Vec<Lived> {
        let of = |user| self.lives.of(user).lived(cells.of(&self.population, user), self.n_choices);
        self.users(panel).map(of).collect()
    }
}

/// Why nothing can be said of a run with this config, if so.
fn unfit(config: &RunConfig, n_panel: usize) -> Option<&'static str> {
    let is = |key: &str, value: &str| config.world_key(key).and_then(Value::as_str) == Some(value);
    match () {
        () if n_panel == 0 || is("surrogate", "none") => {
            Some("it has no panel beside a surrogate: see `recloop distil`")
        }
        () if !is("personas", "drawn") => Some("its panel was written down, so it is no sample of its users"),
        () if !is("llm_creators", "off")
            || config.recommender_key("planner").and_then(Value::as_str) == Some("model") =>
        {
            Some(
                "its creators or its recommender ask the model as well: without a panel it would be another world",
            )
        }
        () => None,
    }
}

/// Cells of like people: the levels of the first group attribute.
struct Cells {
    names: Vec<String>,
}

impl Cells {
    fn new(population: &Population) -> Self {
        let group = population.groups().first();
        let names = group.map(|group| group.levels.iter().map(|level| format!("{} {level}", group.name)));
        Self { names: names.map_or_else(|| vec!["everybody".into()], Iterator::collect) }
    }

    fn of(&self, population: &Population, user: UserId) -> usize {
        let level = population.levels(user).first().copied().unwrap_or(0);
        usize::from(level).min(self.names.len() - 1)
    }
}

/// Judges the run in the first of `dirs`; further ones, of other recommenders in the same world, tell whether the surrogate ranks
/// recommenders as the panel does.
///
/// Outcomes by the surrogate alone are from the same run once more, in memory, with the surrogate deciding for everybody.
///
/// # Errors
/// A directory without a run, or of one without panel, surrogate, log or truth; statistics that have nothing to go by.
pub fn fidelity(dirs: &[PathBuf], gates: &Gates) -> Result<Judged, RunError> {
    let sides = dirs.iter().map(|dir| Side::read(dir)).collect::<Result<Vec<_>, _>>()?;
    let first = sides.first().ok_or_else(|| bad("RUN", "none was given".into()))?;
    comparable(&sides, dirs)?;
    let cells = Cells::new(&first.population);
    let (panel, surrogate) = (first.lived(true, &cells), first.lived(false, &cells));
    let ranked = (sides.len() > 1).then(|| [true, false].map(|panel| ranking(&sides, panel)));
    let evidence = Evidence {
        cells: &cells.names,
        panel: &panel,
        surrogate: &surrogate,
        leaving: &first.lives.leaving,
        recommenders: ranked.as_ref().map(|[panel, surrogate]| (panel, surrogate)),
        draws: DRAWS,
    };
    let fidelity = evidence.judge(gates).map_err(unjudged)?;
    let outcomes = audit(first)?;
    let [asked, unanswered] = first.lives.asked;
    let fallback_share = unanswered as f64 / asked.max(1) as f64;
    let n_panel = first.n_users - first.first;
    Ok(Judged { n_panel, n_users: first.n_users, fallback_share, fidelity, outcomes })
}

/// Refuses runs that differ in more than the recommender, or not in that.
fn comparable(sides: &[Side], dirs: &[PathBuf]) -> Result<(), RunError> {
    for (at, side) in sides.iter().enumerate().skip(1) {
        for before in &sides[..at] {
            let found = side.config.differences(&before.config);
            let stray = found.iter().find(|difference| !difference.starts_with("recommender."));
            let reason = match stray {
                Some(stray) => format!("it is of another world: {stray}"),
                None if found.is_empty() => "it is of the same recommender as one before it".into(),
                None => continue,
            };
            return Err(bad(&dirs[at].display().to_string(), reason).into());
        }
    }
    Ok(())
}

/// `[users, runs]` minutes of every user of one side.
fn ranking(sides: &[Side], panel: bool) -> Grid<f64> {
    let n = sides.iter().map(|side| side.users(panel).count()).min().unwrap_or(0);
    let mut all = Grid::zeros(n, sides.len());
    for (run, side) in sides.iter().enumerate() {
        for (row, user) in side.users(panel).take(n).enumerate() {
            all.row_mut(row)[run] = side.lives.of(user).outcomes()[1];
        }
    }
    all
}

/// Outcomes of everybody by the surrogate, corrected by those of the panel.
fn audit(side: &Side) -> Result<Vec<AuditedOutcome>, RunError> {
    struct Watching(Lives);
    impl Visitor for Watching {
        fn done(&mut self, _: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
            self.0.fold(facts, t);
            Ok(())
        }
    }
    let mut alone = Table::new();
    put(&mut alone, "world", "llm_users", 0);
    let config = RunConfig::resolve([side.config.to_table(), alone])?;
    let mut guessed = Watching(Lives::new(side.n_users));
    Playing::begin(&config)?.to_end(&mut guessed, |_, _| {})?;
    let pi = (side.n_users - side.first) as f64 / side.n_users as f64;
    let outcome = |(at, outcome): (usize, &'static str)| {
        let of = |life: Life| life.outcomes()[at];
        let user = |user: UserId| Audited {
            guess: of(guessed.0.of(user)),
            pi,
            told: (user.index() >= side.first).then(|| of(side.lives.of(user))),
        };
        let users: Vec<Audited> = (0..side.n_users as u32).map(|id| user(UserId(id))).collect();
        let corrected = corrected(&users).map_err(unjudged)?;
        Ok(AuditedOutcome { outcome, uncorrected: uncorrected(&users), corrected })
    };
    OUTCOMES.into_iter().enumerate().map(outcome).collect()
}

fn unjudged(error: recloop_data::fidelity::FidelityError) -> RunError {
    ConfigError::Part { what: "a judgement".into(), source: Box::new(error) }.into()
}
