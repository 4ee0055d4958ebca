//! What networks are made of.

mod frozen;
mod mlp;

pub use frozen::{Bench, Frozen};
pub use mlp::{Mlp, MlpConfig};
