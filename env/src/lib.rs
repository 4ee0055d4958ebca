//! Words, contracts, clock, randomness and the engine.
