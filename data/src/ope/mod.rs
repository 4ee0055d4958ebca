//! Offline evaluation: what another policy would have earned, from logs alone.

mod diagnostics;
mod error;
mod estimator;
pub mod interval;
pub mod model;
mod run_log;
pub mod selection;
pub mod sequence;
mod signals;
mod sketch;
mod source;
mod verdict;

pub use diagnostics::{Diagnostics, Disagreement};
pub use error::OpeError;
pub use estimator::{Estimator, Form, Kernel, KernelShape, SequenceForm, Shrink, SlateForm};
pub use run_log::{RunLog, RunLogOptions};
pub use signals::{Decisions, ModelSource, Predictions, Signals, SlateRows, Wanted, WeightSource};
pub use sketch::{Moments, WeightBin, WeightSketch, tail_index};
pub use source::{Excluded, Source, Support, Told};
pub use verdict::{Rests, Verdict};
