//! What networks are made of.

mod mlp;

pub use mlp::{Mlp, MlpConfig};
