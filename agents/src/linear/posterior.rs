//! What is believed of the weights of a linear reward.

use recloop_env::{Snapshot, SnapshotError};

use crate::cholesky;

/// The estimate is renewed once `ln det A` has grown by this much since: a run then renews it `O(d log n)` times instead
/// of at every tick (chosen by us: with fifty features, half a percent more evidence on each).
///
/// Source: Abbasi-Yadkori, Pál, Szepesvári (2011), "Improved algorithms for linear stochastic bandits", section 5.1.
const GROWTH: f64 = 0.25;

/// What was observed: `Σ φ φᵀ` (lower triangle) and `Σ r φ`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    precision: Vec<f64>,
    pull: Vec<f64>,
}

impl Evidence {
    pub(crate) fn new(width: usize) -> Self {
        Self { precision: vec![0.0; width * width], pull: vec![0.0; width] }
    }

    /// Adds a reward of `reward` for features `phi`.
    pub(crate) fn observe(&mut self, phi: &[f64], reward: f64) {
        let width = phi.len();
        for (i, &fi) in phi.iter().enumerate().filter(|(_, fi)| **fi != 0.0) {
            self.pull[i] += reward * fi;
            let row = &mut self.precision[i * width..][..=i];
            row.iter_mut().zip(phi).for_each(|(cell, fj)| *cell += fi * fj);
        }
    }

    fn add(&mut self, other: &Self) {
        self.precision.iter_mut().zip(&other.precision).for_each(|(sum, more)| *sum += more);
        self.pull.iter_mut().zip(&other.pull).for_each(|(sum, more)| *sum += more);
    }
}

/// `θ ~ N(A⁻¹ b, A⁻¹)` with `A = λ I + Σ φ φᵀ`, `b = Σ r φ`: ridge regression, read as a belief.
///
/// What is read is the estimate of the latest renewal; the evidence since is only kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Posterior {
    all: Evidence,
    /// `L` of `A = L Lᵀ` at the latest renewal.
    root: Vec<f64>,
    /// `W = L⁻¹`, column after column: `|W φ|² = φᵀ A⁻¹ φ`.
    whitening: Vec<f64>,
    /// `A⁻¹ b` at the latest renewal.
    pub(crate) mean: Vec<f64>,
}

impl Posterior {
    /// Nothing observed yet, of `width` weights with the prior `N(0, I / λ)`.
    pub(crate) fn new(width: usize, ridge: f32) -> Self {
        let mut all = Evidence::new(width);
        (0..width).for_each(|i| all.precision[i * width + i] = f64::from(ridge));
        let mut posterior = Self { root: vec![], whitening: vec![], mean: vec![], all };
        let root = posterior.factor();
        posterior.publish(root);
        posterior
    }

    pub(crate) fn width(&self) -> usize {
        self.mean.len()
    }

    /// Adds evidence, and renews the estimate if it is worth it. True if it was.
    pub(crate) fn absorb(&mut self, evidence: &[Evidence]) -> bool {
        evidence.iter().for_each(|more| self.all.add(more));
        let root = self.factor();
        let grown = cholesky::log_det(&root, self.width()) - cholesky::log_det(&self.root, self.width());
        // False where rounding has spoilt the factor: then the estimate before stands.
        let enough = grown > GROWTH;
        if enough {
            self.publish(root);
        }
        enough
    }

    /// Turns standard normal numbers into a draw of `N(mean, scale² A⁻¹)`, in place.
    pub(crate) fn draw(&self, scale: f64, normal: &mut [f64]) {
        cholesky::backward(&self.root, normal);
        for (weight, mean) in normal.iter_mut().zip(&self.mean) {
            *weight = mean + scale * *weight;
        }
    }

    fn factor(&self) -> Vec<f64> {
        let mut root = self.all.precision.clone();
        if !cholesky::factor(&mut root, self.all.pull.len()) {
            root.fill(f64::NAN);
        }
        root
    }

    fn publish(&mut self, root: Vec<f64>) {
        self.mean.clone_from(&self.all.pull);
        cholesky::forward(&root, &mut self.mean);
        cholesky::backward(&root, &mut self.mean);
        self.root = root;
        self.whiten();
    }

    /// `W = L⁻¹` from `L`.
    fn whiten(&mut self) {
        let n = self.width();
        self.whitening = vec![0.0; n * n];
        for (j, column) in self.whitening.chunks_exact_mut(n).enumerate() {
            column[j] = 1.0;
            cholesky::forward(&self.root, column);
        }
    }

    /// `W φ`, of which `φ` may be only the first numbers, the others being zero.
    pub(crate) fn whiten_into(&self, phi: &[f64], out: &mut [f64]) {
        let n = self.width();
        out.fill(0.0);
        let columns = phi.iter().zip(self.whitening.chunks_exact(n)).enumerate();
        for (j, (x, column)) in columns.filter(|(_, (x, _))| **x != 0.0) {
            out[j..].iter_mut().zip(&column[j..]).for_each(|(sum, w)| *sum += w * x);
        }
    }

    /// `W_ij`.
    pub(crate) fn whitening_at(&self, i: usize, j: usize) -> f64 {
        self.whitening[j * self.width() + i]
    }

    pub(crate) fn save(&self, into: &mut Snapshot) {
        let n = self.width();
        into.put_f64("precision", n, &self.all.precision);
        into.put_f64("pull", 1, &self.all.pull);
        into.put_f64("root", n, &self.root);
        into.put_f64("mean", 1, &self.mean);
    }

    pub(crate) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        from.get_f64("precision", &mut self.all.precision)?;
        from.get_f64("pull", &mut self.all.pull)?;
        from.get_f64("root", &mut self.root)?;
        from.get_f64("mean", &mut self.mean)?;
        self.whiten();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two updates, worked out by hand: A = I + (1,0)(1,0)ᵀ + (1,1)(1,1)ᵀ = [[3, 1], [1, 2]], b = 1·(1,0) + 0·(1,1).
    fn after_two() -> Posterior {
        let mut posterior = Posterior::new(2, 1.0);
        for (phi, reward) in [([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)] {
            let mut evidence = Evidence::new(2);
            evidence.observe(&phi, reward);
            assert!(posterior.absorb(&[evidence]));
        }
        posterior
    }

    #[test]
    fn mean_and_variance_are_those_worked_out_by_hand() {
        let posterior = after_two();
        // A⁻¹ = [[2, −1], [−1, 3]] / 5.
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} for {b}");
        close(posterior.mean[0], 0.4);
        close(posterior.mean[1], -0.2);
        for (phi, variance) in [([1.0, 0.0], 0.4), ([0.0, 1.0], 0.6), ([1.0, 1.0], 0.6), ([2.0, -1.0], 3.0)] {
            let mut white = [0.0; 2];
            posterior.whiten_into(&phi, &mut white);
            close(white[0] * white[0] + white[1] * white[1], variance);
        }
    }

    #[test]
    fn a_draw_is_the_mean_and_a_root_of_the_covariance_times_the_normals() {
        let posterior = after_two();
        let mut still = [0.0; 2];
        posterior.draw(3.0, &mut still);
        assert_eq!(still.as_slice(), posterior.mean);
        // The columns m_j of the root have Σ_j m_j m_jᵀ = A⁻¹.
        let mut covariance = [0.0; 4];
        for j in 0..2 {
            let mut normal = [0.0; 2];
            normal[j] = 1.0;
            posterior.draw(1.0, &mut normal);
            let m = [normal[0] - posterior.mean[0], normal[1] - posterior.mean[1]];
            (0..4).for_each(|cell| covariance[cell] += m[cell / 2] * m[cell % 2]);
        }
        for (found, expected) in covariance.iter().zip([0.4, -0.2, -0.2, 0.6]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn the_estimate_waits_until_there_is_enough_to_learn() {
        let mut posterior = after_two();
        let before = posterior.clone();
        let mut little = Evidence::new(2);
        little.observe(&[0.1, 0.0], 1.0);
        assert!(!posterior.absorb(&[little.clone()]));
        assert_eq!((&posterior.mean, &posterior.root), (&before.mean, &before.root));
        let waited = (0..100).position(|_| posterior.absorb(&[little.clone()])).unwrap();
        // det A = 5, and each observation adds 0.01 · 2: e^¼ · 5 is passed with the 72nd of them.
        assert_eq!(waited, 70);
        let mut restored = Posterior::new(2, 1.0);
        let mut snapshot = Snapshot::default();
        posterior.save(&mut snapshot);
        restored.load(&snapshot).unwrap();
        assert_eq!(restored, posterior);
    }
}
