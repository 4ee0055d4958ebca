//! What a round of a training begins with: luck and a pace of its own.

use recloop_env::{ItemId, Streams, Tick, purpose};

/// The streams of one round of a training: no two rounds share any luck.
pub(crate) fn round_luck(seed: u64, round: u32) -> Streams {
    let mut draws = Streams::new(seed).at(purpose::TRAINING, ItemId(round), Tick(0));
    Streams::new(u64::from(draws.word()) << 32 | u64::from(draws.word()))
}

/// How much of so many rounds is over, at most all.
pub(crate) fn done(round: u32, rounds: u32) -> f64 {
    (f64::from(round) / f64::from(rounds.max(1))).min(1.0)
}

/// A learning rate that falls linearly to a tenth.
pub(crate) fn falling(rate: f64, round: u32, rounds: u32) -> f64 {
    rate * (1.0 - 0.9 * done(round, rounds))
}
