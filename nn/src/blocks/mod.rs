//! What networks are made of.

mod embedding;
mod frozen;
mod gru;
mod mlp;
mod transformer;

pub use embedding::{IdEmbedding, Levels};
pub use frozen::{Bench, Frozen};
pub use gru::{Gru, GruConfig};
pub use mlp::{Mlp, MlpConfig};
pub use transformer::{Transformer, TransformerConfig};

#[cfg(test)]
mod tests;
