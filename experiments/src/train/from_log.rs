//! Learning from the log of a run.

use std::path::Path;

use recloop_agents::learned::offline::{Collector, Logged, learner};
use recloop_agents::learned::{Holds, Neural};
use recloop_agents::sequence::{Design, RetrievalTraining, Sequences, TrainingPlan};
use recloop_data::{LogSource, digest};
use recloop_nn::NnError;
use recloop_nn::burn::tensor::Device;
use recloop_nn::training::Learner;

use super::{Algorithm, Begun, PolicyKind, SequenceDesign, TrainConfig, ranking, staged};
use crate::RunError;
use crate::config::bad;

const GIB: f64 = (1_u64 << 30) as f64;

/// What learns from the log of the run in `dir`.
pub(super) fn begin(config: &TrainConfig, dir: &Path, device: &Device) -> Result<Begun, RunError> {
    let mut source = LogSource::open(dir)?;
    let (spec, data_digest) = (source.manifest().spec.clone(), Some(digest(dir)?));
    let (learner, kind) = match config.algorithm() {
        Algorithm::Offline { pace, method } => {
            let log = match config.retrieval() {
                None => collected(config, dir, source, Neural::untrained()),
                Some(retrieval) => collected(config, dir, source, staged(retrieval, Neural::untrained())?),
            }?;
            let learner = learner(method, pace, config.network(), log, config.seed(), device)?;
            (learner, ranking(config, &spec)?)
        }
        Algorithm::Sequence(design, plan) => {
            let plan = TrainingPlan { seed: config.seed(), ..plan.clone() };
            let begin = (plan, clicks(&mut source)?, device);
            let (learner, design) = match design.clone() {
                SequenceDesign::SasRec(design) => sequential(design, SequenceDesign::SasRec, begin),
                SequenceDesign::TwoTower(design) => sequential(design, SequenceDesign::TwoTower, begin),
            }?;
            (learner, PolicyKind::Sequence { design, spec: Box::new(spec) })
        }
        _ => unreachable!("a config has a log for nobody else"),
    };
    Ok(Begun { learner, kind, data_digest })
}

fn clicks(source: &mut LogSource) -> Result<Sequences, RunError> {
    let mut clicks = Sequences::new(&source.manifest().spec).map_err(NnError::learner)?;
    while let Some(tick) = source.next()? {
        clicks.push(&tick.transition);
    }
    Ok(clicks)
}

/// What learns from clicks, and what its design has become in sight of them.
fn sequential<D: Design + 'static>(
    design: D,
    named: impl Fn(D) -> SequenceDesign,
    (plan, clicks, device): (TrainingPlan, Sequences, &Device),
) -> Result<(Box<dyn Learner>, SequenceDesign), NnError> {
    let training = RetrievalTraining::new(design, plan, clicks, device).map_err(NnError::learner)?;
    let design = named(training.design().clone());
    Ok((Box::new(training), design))
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
