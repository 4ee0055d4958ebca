//! Learning for real, in worlds small enough to know what can be learned.

mod choosers;
mod credit;
mod play;
mod seeing;
mod values;
