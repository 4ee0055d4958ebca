//! Offline evaluation: what another policy would have earned, from logs alone.

mod error;
mod estimator;
pub mod model;
mod run_log;
pub mod sequence;
mod signals;
mod source;

pub use error::OpeError;
pub use estimator::{Estimator, Form, Kernel, KernelShape, SequenceForm, Shrink, SlateForm};
pub use run_log::{RunLog, RunLogOptions};
pub use signals::{Decisions, ModelSource, Predictions, Signals, SlateRows, Wanted, WeightSource};
pub use source::{Excluded, Source, Support, Told};
