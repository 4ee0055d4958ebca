//! What can go wrong when items are made. Every message reads after "failed to".

/// An item law that cannot draw.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// A parameter outside its range.
    #[error("make items: {name} is {value}, allowed is {allowed}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f32,
        /// The range in words.
        allowed: &'static str,
    },
}
