//! How fast, how often and whether at all a server is asked.

mod backoff;
mod breaker;
mod bucket;

pub use backoff::Retry;
pub(crate) use backoff::retry_after;
pub(crate) use breaker::Breaker;
pub use breaker::Patience;
pub use bucket::Limits;
pub(crate) use bucket::Pace;

/// A number in [0, 1) that hangs on nothing but these: jitter that a rerun repeats.
pub(crate) fn unit(hash: u64, n: u32) -> f64 {
    (mix(hash, u64::from(n)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Mixes two numbers into one, by the finaliser of SplitMix64 (Steele, Lea & Flood, 2014, "Fast splittable pseudorandom
/// number generators").
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
