//! Learning from the log of a run.

use std::path::Path;

use recloop_agents::AgentError;
use recloop_agents::learned::offline::{Collector, Logged, learner};
use recloop_agents::learned::{Holds, Neural};
use recloop_agents::sequence::{Design, RetrievalTraining, Sequences, TrainingPlan};
use recloop_data::{LogSource, digest};
use recloop_nn::NnError;
use recloop_nn::burn::tensor::Device;
use recloop_nn::training::Learner;

use super::{Algorithm, Begun, SequenceDesign, TrainConfig, staged};
use crate::RunError;
use crate::config::bad;

const GIB: f64 = (1_u64 << 30) as f64;

/// What learns from the log of the run in `dir`.
pub(super) fn begin(config: &TrainConfig, dir: &Path, device: &Device) -> Result<Begun, RunError> {
    let mut source = LogSource::open(dir)?;
    let spec = source.manifest().spec.clone();
    let data_digest = Some(digest(dir)?);
    let (pace, method) = match config.algorithm() {
        Algorithm::Offline { pace, method } => (pace, method),
        Algorithm::Sequence(design, plan) => {
            let plan = TrainingPlan { seed: config.seed(), ..plan.clone() };
            let (learner, design) = from_clicks(design.clone(), plan, &mut source, device)?;
            return Ok(Begun { learner, spec, data_digest, design: Some(design) });
        }
        _ => unreachable!("a config has a log for nobody else"),
    };
    let log = match config.retrieval() {
        None => collected(config, dir, source, Neural::untrained()),
        Some(retrieval) => collected(config, dir, source, staged(retrieval, Neural::untrained())?),
    }?;
    let learner = learner(method, pace, config.network(), log, config.seed(), device)?;
    Ok(Begun { learner, spec, data_digest, design: None })
}

fn from_clicks(
    design: SequenceDesign,
    plan: TrainingPlan,
    source: &mut LogSource,
    device: &Device,
) -> Result<(Box<dyn Learner>, SequenceDesign), RunError> {
    let mut clicks = Sequences::new(&source.manifest().spec).map_err(NnError::learner)?;
    while let Some(tick) = source.next()? {
        clicks.push(&tick.transition);
    }
    let design = match design {
        SequenceDesign::SasRec(design) => SequenceDesign::SasRec(design.settled(clicks.levels())),
        SequenceDesign::TwoTower(design) => SequenceDesign::TwoTower(design.settled(clicks.levels())),
    };
    let learner: Result<Box<dyn Learner>, AgentError> = match design.clone() {
        SequenceDesign::SasRec(design) => boxed(RetrievalTraining::new(design, plan, clicks, device)),
        SequenceDesign::TwoTower(design) => boxed(RetrievalTraining::new(design, plan, clicks, device)),
    };
    Ok((learner.map_err(NnError::learner)?, design))
}

fn boxed<L: Learner + 'static, E>(learner: Result<L, E>) -> Result<Box<dyn Learner>, E> {
    learner.map(|learner| -> Box<dyn Learner> { Box::new(learner) })
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
