//! How items get made.
