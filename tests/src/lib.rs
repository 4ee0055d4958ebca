//! What holds across crates: contracts, laws, oracles, determinism and the command.
