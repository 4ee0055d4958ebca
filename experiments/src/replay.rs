//! Runs executed again, to prove that their logs are what their configs give.

use std::path::{Path, PathBuf};

use recloop_data::log::{Difference, first_difference};
use recloop_data::{digest, verify};
use serde::Serialize;
use toml::{Table, Value};

use crate::config::put;
use crate::run::{FinishedRun, RunDir, failed};
use crate::{Observer, RunConfig, RunError, run};

/// What came of executing a run again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// The run directory.
    pub dir: PathBuf,
    /// Whether the two logs say the same, bit by bit.
    pub identical: bool,
    /// SHA-256 of what the log says.
    pub digest: String,
    /// That of the log of the second execution.
    pub replayed: String,
    /// Slates answered by the second execution.
    pub user_steps: u64,
    /// Seconds it took.
    pub wall_secs: f64,
    /// The version that wrote the log; where it is not this one, results may have changed since.
    pub written_by: String,
    /// This version.
    pub replayed_by: String,
    /// The first row that differs.
    pub first_difference: Option<Difference>,
}

/// Executes the run in `dir` again from its own `config.toml`, in a scratch directory that is gone afterwards, and compares
/// the logs by [`digest`]. Before that, every part of the log is [verified](verify) against its checksum.
///
/// ```
/// use recloop_experiments::{RunConfig, replay, run};
/// # let here = tempfile::tempdir()?;
/// # let out = here.path().join("mine");
/// let layer = format!("world.name = \"interest-evolution-v0\"\nworld.users = 5\nrun.out = {out:?}").parse()?;
/// run(&RunConfig::resolve([layer])?, &mut ())?;
/// assert!(replay(&out, &mut ())?.identical);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A run that has not come to its end, kept no log or came about by other means; a log that is not, byte by byte, what was
/// written; whatever keeps the second execution from its end.
pub fn replay(dir: &Path, observer: &mut dyn Observer) -> Result<ReplayReport, RunError> {
    let refused = |reason| Err(RunError::Unreplayable { dir: dir.into(), reason });
    if dir.join("manifest.json").exists() && !RunDir::of(dir).has_config() {
        return refused("it has no config.toml to execute; `recloop` did not write it");
    }
    let Some(FinishedRun { config, manifest, .. }) = FinishedRun::open(dir)? else {
        return refused("it has not come to its end; `recloop run --resume` goes on with it");
    };
    if !config.log().enabled {
        return refused("it kept no log; run it with `--set log.enabled=true`");
    }
    verify(dir)?;
    let here = tempfile::tempdir().map_err(failed("create", &std::env::temp_dir()))?;
    let scratch = here.path().join("again");
    let mut layer = Table::new();
    put(&mut layer, "run", "out", Value::String(scratch.to_string_lossy().into_owned()));
    let summary = run(&RunConfig::resolve([config.to_table(), layer])?, observer)?;
    let (expected, replayed) = (digest(dir)?, digest(&scratch)?);
    let identical = expected == replayed;
    Ok(ReplayReport {
        dir: dir.into(),
        identical,
        digest: expected,
        replayed,
        user_steps: summary.user_steps,
        wall_secs: summary.wall_secs,
        written_by: manifest.crate_version,
        replayed_by: env!("CARGO_PKG_VERSION").into(),
        first_difference: if identical { None } else { first_difference(dir, &scratch)? },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn played(out: &Path, settings: &str) {
        let text = format!(
            "run.out = {out:?}\nworld = {{ name = \"interest-evolution-v0\", users = 7 }}\n{settings}"
        );
        run(&RunConfig::resolve([text.parse().unwrap()]).unwrap(), &mut ()).unwrap();
    }

    #[test]
    fn what_differs_is_named_by_table_tick_and_user() {
        let here = tempfile::tempdir().unwrap();
        let (mine, other) = (here.path().join("mine"), here.path().join("other"));
        played(&mine, "recommender.name = \"random\"");
        played(&other, "recommender.name = \"dot\"");
        assert_eq!(first_difference(&mine, &mine).unwrap(), None);
        let report = replay(&mine, &mut ()).unwrap();
        assert!(report.identical && report.digest == report.replayed && report.user_steps > 0);
        // The log of one recommender under the config of another.
        fs::copy(other.join("config.toml"), mine.join("config.toml")).unwrap();
        let report = replay(&mine, &mut ()).unwrap();
        assert!(!report.identical);
        let found = report.first_difference.unwrap();
        assert_eq!((found.table, found.tick), ("slates", Some(0)));
        assert!(found.user.is_some() && found.column.as_deref() == Some("items"), "{found:?}");
        assert_eq!(digest(&other).unwrap(), report.replayed);
    }

    #[test]
    fn what_cannot_be_proved_is_refused() {
        let here = tempfile::tempdir().unwrap();
        let refusal = |name: &str, settings: &str, spoil: &dyn Fn(&Path)| {
            let dir = here.path().join(name);
            played(&dir, settings);
            spoil(&dir);
            replay(&dir, &mut ()).unwrap_err().to_string()
        };
        let unlogged = refusal("unlogged", "log.enabled = false", &|_| {});
        assert!(unlogged.contains("it kept no log"), "{unlogged}");
        let foreign = refusal("foreign", "", &|dir| fs::remove_file(dir.join("config.toml")).unwrap());
        assert!(foreign.contains("no config.toml"), "{foreign}");
        let spoilt = refusal("spoilt", "", &|dir| {
            let part = dir.join("log/slates/part-00000.parquet");
            let mut bytes = fs::read(&part).unwrap();
            bytes[40] ^= 1;
            fs::write(&part, bytes).unwrap();
        });
        assert!(spoilt.contains("part-00000.parquet"), "{spoilt}");
        assert!(matches!(replay(here.path(), &mut ()), Err(RunError::Data(_))));
    }
}
