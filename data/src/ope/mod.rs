//! Offline evaluation: what another policy would have earned, from logs alone.

mod assess;
mod diagnostics;
mod error;
mod estimator;
mod evaluate;
mod evaluation;
pub mod interval;
mod ledger;
pub mod model;
mod partial;
mod request;
mod run_log;
pub mod selection;
pub mod sequence;
mod shard;
mod signals;
#[cfg(test)]
mod simulated;
mod sketch;
mod source;
mod spreads;
pub mod table;
mod verdict;

pub use diagnostics::{Diagnostics, Disagreement};
pub use error::OpeError;
pub use estimator::{Estimator, Form, Kernel, KernelShape, SequenceForm, Shrink, SlateForm};
pub use evaluate::evaluate;
pub use evaluation::{Estimate, Evaluation, Segment};
pub use interval::{Declared, HEADLINE, Interval, UserSums};
pub use ledger::N_BUCKETS;
pub use partial::Partial;
pub use request::{PassedOver, Request};
pub use run_log::{Opinion, Opinions, RunLog, RunLogOptions};
pub use sequence::SequenceOptions;
pub use shard::{Pass, Watch};
pub use signals::{Decisions, ModelSource, Predictions, Signals, SlateRows, Wanted, WeightSource};
pub use sketch::{Moments, WeightBin, WeightSketch, tail_index};
pub use source::{Excluded, Source, Support, Told};
pub use verdict::{Rests, Verdict};
