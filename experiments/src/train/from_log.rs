//! Learning from the log of a run.

use std::path::Path;

use recloop_agents::learned::offline::{Collector, Logged, learner};
use recloop_agents::learned::{Holds, Neural};
use recloop_data::{LogSource, digest};
use recloop_nn::burn::tensor::Device;

use super::{Algorithm, Begun, TrainConfig, staged};
use crate::RunError;
use crate::config::bad;

const GIB: f64 = (1_u64 << 30) as f64;

/// What learns from the log of the run in `dir`.
pub(super) fn begin(config: &TrainConfig, dir: &Path, device: &Device) -> Result<Begun, RunError> {
    let Algorithm::Offline { pace, method } = config.algorithm() else {
        unreachable!("a config has a log for nobody else")
    };
    let source = LogSource::open(dir)?;
    let spec = source.manifest().spec.clone();
    let log = match config.retrieval() {
        None => collected(config, dir, source, Neural::untrained()),
        Some(retrieval) => collected(config, dir, source, staged(retrieval, Neural::untrained())?),
    }?;
    let learner = learner(method, pace, config.network(), log, config.seed(), device)?;
    Ok(Begun { learner, spec, data_digest: Some(digest(dir)?) })
}

fn collected<S: Holds>(
    config: &TrainConfig,
    dir: &Path,
    mut source: LogSource,
    scorer: S,
) -> Result<Logged, RunError> {
    let (rows, seed) = (source.manifest().rows, source.manifest().seed);
    let mut collector = Collector::new(&source.manifest().spec, seed, scorer)?;
    if let Some(target) = config.algorithm().target() {
        collector = collector.with_target(crate::target(target, dir)?);
    }
    let (needed, most) = (collector.bytes(rows) as f64 / GIB, config.memory_gib());
    if needed > most {
        let reason = format!(
            "{rows} slates take {needed:.4} GiB of the {most} there are: allow more, or have fewer candidates \
             ranked with `--set train.retrieve=N`"
        );
        return Err(bad("train.memory_gib", reason).into());
    }
    while let Some(tick) = source.next()? {
        collector.take(&tick.transition)?;
    }
    Ok(collector.finish()?)
}
