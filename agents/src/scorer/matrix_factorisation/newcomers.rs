//! Vectors of items that few have met yet, from what they look like.

use recloop_env::{Catalogue, Grid, ItemId, Snapshot, SnapshotError};

use crate::linear::Features;
use crate::{AgentError, cholesky};

/// Impressions at which an item's own vector and that of its looks count the same (chosen by us).
const PRIOR_IMPRESSIONS: f32 = 20.0;
/// Penalty on the map (chosen by us).
const RIDGE: f64 = 1.0;

/// A linear map from an item's features to its vector, `ẑ_i = M φ_i`, by weighted ridge regression on the vectors fitted:
/// `min_M Σ_i w_i |z_i − M φ_i|² + |M|²` with `w_i = n_i / (n_i + 20)` for an item shown `n_i` times.
///
/// # Source
/// Gantner, Drumond, Freudenthaler, Rendle, Schmidt-Thieme (2010), "Learning attribute-to-feature mappings for
/// cold-start recommendations". The blend with the item's own vector is ours.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Newcomers {
    /// `[D, F]`; no rows before the first fit.
    map: Grid<f32>,
    /// `[I]` how often each item had been shown by the fit.
    impressions: Vec<u32>,
}

impl Newcomers {
    /// Learns the map from fitted vectors.
    pub(super) fn fit(
        vectors: &Grid<f32>,
        impressions: &[u32],
        features: &Features,
        catalogue: &Catalogue,
    ) -> Result<Self, AgentError> {
        let (width, n_factors) = (features.n_fixed, vectors.width());
        let (mut gram, mut pull) = (vec![0.0; width * width], vec![0.0; n_factors * width]);
        (0..width).for_each(|i| gram[i * width + i] = RIDGE);
        let (mut x, mut phi) = (vec![0.0; width], vec![0.0; width]);
        for (item, &shown) in impressions.iter().enumerate().filter(|(_, shown)| **shown > 0) {
            x.fill(0.0);
            features.write_fixed(catalogue, ItemId(item as u32), &mut x);
            phi.iter_mut().zip(&x).for_each(|(phi, x)| *phi = f64::from(*x));
            let weight = f64::from(own_weight(shown));
            for (i, fi) in phi.iter().enumerate().filter(|(_, fi)| **fi != 0.0) {
                let row = &mut gram[i * width..][..=i];
                row.iter_mut().zip(&phi).for_each(|(cell, fj)| *cell += weight * fi * fj);
            }
            for (sums, z) in pull.chunks_exact_mut(width).zip(vectors.row(item)) {
                sums.iter_mut().zip(&phi).for_each(|(sum, f)| *sum += weight * f64::from(*z) * f);
            }
        }
        if !cholesky::factor(&mut gram, width) {
            return Err(AgentError::Singular { row: 0 });
        }
        let mut map = Grid::zeros(n_factors, width);
        for (factor, row) in pull.chunks_exact_mut(width).enumerate() {
            cholesky::forward(&gram, row);
            cholesky::backward(&gram, row);
            map.row_mut(factor).iter_mut().zip(row).for_each(|(to, from)| *to = *from as f32);
        }
        Ok(Self { map, impressions: impressions.to_vec() })
    }

    /// The vector of an item: its own, if it has one, and that of its looks, by how often it had been shown.
    pub(super) fn vector(
        &self,
        own: &Grid<f32>,
        features: &Features,
        catalogue: &Catalogue,
        item: ItemId,
        out: &mut [f32],
    ) {
        let mut x = vec![0.0; features.n_fixed];
        features.write_fixed(catalogue, item, &mut x);
        let weight = own_weight(self.impressions.get(item.index()).copied().unwrap_or(0));
        for (factor, z) in out.iter_mut().enumerate() {
            let looks: f32 = self.map.row(factor).iter().zip(&x).map(|(m, x)| m * x).sum();
            let own = if item.index() < own.rows() { own.row(item.index())[factor] } else { 0.0 };
            *z = weight * own + (1.0 - weight) * looks;
        }
    }

    pub(super) fn save(&self, into: &mut Snapshot) {
        into.put_f32("map", self.map.width(), self.map.as_slice());
        into.put_u32("impressions_at_fit", 1, &self.impressions);
    }

    pub(super) fn load(from: &Snapshot, width: usize) -> Result<Self, SnapshotError> {
        let map = super::rows_of(from, "map", width)?;
        Ok(Self { map, impressions: from.get_u32_vec("impressions_at_fit")?.to_vec() })
    }
}

fn own_weight(impressions: u32) -> f32 {
    impressions as f32 / (impressions as f32 + PRIOR_IMPRESSIONS)
}
