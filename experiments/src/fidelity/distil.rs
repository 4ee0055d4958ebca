//! A surrogate from a recorded panel.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use recloop_env::{Facts, Transition, World};
use recloop_users::minds::Mind;
use recloop_users::minds::surrogate::{Distilled, Lesson, Notebook, Surrogate, SurrogateConfig};

use crate::config::{bad, put};
use crate::playing::{Playing, Visitor};
use crate::run::RunDir;
use crate::worlds::Guide;
use crate::{RunConfig, RunError};

/// What a surrogate learned from, and how well.
#[derive(Debug, Clone)]
pub struct Taught {
    /// Decisions of the panel.
    pub lessons: usize,
    /// Users who made them.
    pub users: usize,
    /// How the training went.
    pub told: Distilled,
}

/// Writes down what a mind decides, once there is one.
#[derive(Default)]
struct Notes(OnceLock<Arc<Notebook<Arc<dyn Mind>>>>);

impl Guide for Notes {
    fn guide(&self, mind: Arc<dyn Mind>) -> Arc<dyn Mind> {
        let book = self.0.get_or_init(|| Arc::new(Notebook::new(mind)));
        Arc::clone(book) as Arc<dyn Mind>
    }
}

/// Sees nothing.
struct Nobody;

impl Visitor for Nobody {
    fn done(&mut self, _: &World, _: &Facts<'_>, _: &Transition<'_>) -> Result<(), RunError> {
        Ok(())
    }
}

/// Lives the run in `dir` again from its recording, writes down every decision of its panel, and leaves a surrogate in `out`.
///
/// # Errors
/// A run without a panel or without a recording; a recording that does not fit; lessons too few to learn from; a folder that holds something.
pub fn distil(dir: &Path, config: &SurrogateConfig, out: &Path) -> Result<Taught, RunError> {
    let begun = RunDir::of(dir).read_config()?;
    let llm = begun.get("llm").and_then(toml::Value::as_table);
    let tape = llm.and_then(|llm| llm.get("record").or_else(|| llm.get("replay"))).cloned();
    let Some(tape) = tape else {
        let reason = "its model was not recorded: run it with --record DIR".into();
        return Err(bad(&dir.display().to_string(), reason).into());
    };
    let mut replay = toml::Table::new();
    put(&mut replay, "llm", "replay", tape);
    let run = RunConfig::resolve([begun, replay])?;
    let notes = Notes::default();
    Playing::guided(&run, &notes)?.to_end(&mut Nobody, |_, _| {})?;
    let lessons: Vec<Lesson> = notes.0.get().map_or_else(Vec::new, |book| book.lessons());
    let users: std::collections::BTreeSet<_> = lessons.iter().map(|lesson| lesson.user).collect();
    let (surrogate, told) = Surrogate::distil(&lessons, config, run.seed(), &out.join("training"))?;
    surrogate.save(out)?;
    Ok(Taught { lessons: lessons.len(), users: users.len(), told })
}
