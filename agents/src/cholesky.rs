//! Symmetric positive definite systems: `A = L Lᵀ`, lower triangles kept row-major in square slices.

/// Puts `L` in place of the lower triangle of `A`, `[n, n]`; false if `A` is not positive definite, or not finite.
pub(crate) fn factor(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, row) = a.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..][..=j];
            row[j] = (row[j] - product(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - product(&row[..i], &row[..i]);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

/// Solves `L y = b` in place of `b`.
pub(crate) fn forward(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let row = &l[i * n..][..=i];
        b[i] = (b[i] - product(&row[..i], &b[..i])) / row[i];
    }
}

/// Solves `Lᵀ x = y` in place of `y`.
pub(crate) fn backward(l: &[f64], y: &mut [f64]) {
    let n = y.len();
    for i in (0..n).rev() {
        y[i] /= l[i * n + i];
        for j in 0..i {
            y[j] -= l[i * n + j] * y[i];
        }
    }
}

/// `ln det A = 2 Σ ln L_ii`.
pub(crate) fn log_det(l: &[f64], n: usize) -> f64 {
    (0..n).map(|i| 2.0 * l[i * n + i].ln()).sum()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_and_solves_a_system_worked_out_by_hand() {
        // A = [[4, 2], [2, 5]] = L Lᵀ with L = [[2, 0], [1, 2]]; A x = (8, 12) has x = (1, 2).
        let mut a = [4.0, f64::NAN, 2.0, 5.0];
        assert!(factor(&mut a, 2));
        assert_eq!([a[0], a[2], a[3]], [2.0, 1.0, 2.0]);
        let mut x = [8.0, 12.0];
        forward(&a, &mut x);
        assert_eq!(x, [4.0, 4.0]);
        backward(&a, &mut x);
        assert_eq!(x, [1.0, 2.0]);
        assert!((log_det(&a, 2) - 16.0_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn notices_what_is_not_positive_definite() {
        assert!(!factor(&mut [1.0, 0.0, 1.0, 1.0], 2));
        assert!(!factor(&mut [f64::NAN], 1));
        assert!(!factor(&mut [-1.0], 1));
    }
}
