//! What rerankers owe: by hand, by contract, in a market.

mod dials;
mod diversity;
mod laws;
mod ledgers;

use crate::Rerank;

/// All but FairRec.
const ALL: [Rerank; 6] =
    [Rerank::Mmr, Rerank::Dpp, Rerank::FairCo, Rerank::Tfrom, Rerank::PMmf, Rerank::CpFair];
/// Those that remember what creators were shown.
const FAIR: [Rerank; 4] = [Rerank::FairCo, Rerank::Tfrom, Rerank::PMmf, Rerank::CpFair];

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let near = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-5;
    assert!(found.iter().zip(expected).all(near), "{found:?} for {expected:?}");
}
