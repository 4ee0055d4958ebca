//! What can go wrong when creators and items are made. Every message reads after "failed to".

/// Creators or items that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CreatorsError {
    /// A parameter outside its range.
    #[error("set `{name}` to {value}: allowed is {allowed}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f32,
        /// The range in words.
        allowed: String,
    },
    /// A creator of a table that cannot be.
    #[error("make creator {creator} (`{name}`): its {what} is {value}, allowed is {allowed}")]
    Given {
        /// Its place in the table.
        creator: usize,
        /// What it is called.
        name: String,
        /// What is wrong with it.
        what: &'static str,
        /// What was given.
        value: f32,
        /// The range in words.
        allowed: String,
    },
}
