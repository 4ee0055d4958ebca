//! A row of the design matrix.

use super::Sparse;

/// Positions with an offset of their own; those further down share that of the last one. Chosen by us: what position
/// does to a reward flattens, and further down there are few rows.
pub(super) const POSITIONS: usize = 16;

/// Where features begin: behind the intercept and the offsets of positions.
pub(super) const FEATURES: usize = 1 + POSITIONS;

/// More features than this are refused (chosen by us: their normal equations take 4 MB for each group of users, and their
/// solution a second).
const MAX_WIDTH: usize = 1024;

fn offset_of(position: u16) -> usize {
    1 + usize::from(position).min(POSITIONS - 1)
}

/// Coefficients times a row: the intercept, the position's offset, the features. What has no coefficient counts nothing.
#[inline]
pub(super) fn score(coefficients: &[f64], position: u16, x: &Sparse) -> f64 {
    let of = |at: usize| coefficients.get(at).copied().unwrap_or(0.0);
    let features = x.iter().map(|(at, value)| of(FEATURES + at as usize) * value).sum::<f64>();
    of(0) + of(offset_of(position)) + features
}

/// A row, zeros left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Columns of the design.
    pub(super) dims: usize,
    /// Column and value; columns ascend.
    pub(super) entries: Vec<(u32, f64)>,
}

impl Row {
    /// Becomes the row of what is described by `x`, with `marks` columns behind the features of which `mark` is set.
    pub(super) fn fill(
        &mut self,
        position: u16,
        x: &Sparse,
        width: usize,
        (mark, marks): (Option<usize>, usize),
    ) -> Result<(), String> {
        if width > MAX_WIDTH {
            return Err(format!("{width} features are more than the {MAX_WIDTH} that can be fitted"));
        }
        let end = FEATURES + width;
        self.dims = end + marks;
        self.entries.clear();
        self.entries.extend([(0, 1.0), (offset_of(position) as u32, 1.0)]);
        for (at, value) in x.iter() {
            if at as usize >= width {
                return Err(format!("feature {at} is beyond the {width} that were announced"));
            }
            if !value.is_finite() {
                return Err(format!("feature {at} is {value}"));
            }
            self.entries.push((FEATURES as u32 + at, value));
        }
        if !self.entries.is_sorted_by(|left, right| left.0 < right.0) {
            self.entries.sort_unstable_by_key(|(at, _)| *at);
            self.entries.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
        }
        self.entries.extend(mark.map(|mark| ((end + mark) as u32, 1.0)));
        Ok(())
    }

    /// Coefficients times the row.
    #[inline]
    pub(super) fn score(&self, coefficients: &[f64]) -> f64 {
        self.entries.iter().map(|(at, value)| coefficients[*at as usize] * value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_named_twice_add_up_in_any_order() {
        let x = Sparse { at: vec![2, 0, 2], values: vec![1.0, 5.0, 0.5] };
        let mut row = Row::default();
        row.fill(40, &x, 3, (Some(1), 2)).unwrap();
        let expected = [(0, 1.0), (16, 1.0), (17, 5.0), (19, 1.5), (21, 1.0)];
        assert_eq!((row.entries.as_slice(), row.dims), (expected.as_slice(), 22));
        let coefficients: Vec<f64> = (0..22).map(f64::from).collect();
        assert_eq!(row.score(&coefficients), 16.0 + 85.0 + 28.5 + 21.0);
        assert_eq!(score(&coefficients, 40, &x), row.score(&coefficients) - 21.0);
    }

    #[test]
    fn what_is_no_feature_is_refused() {
        let mut row = Row::default();
        let mut refused = |at, value| {
            let x = Sparse { at: vec![at], values: vec![value] };
            row.fill(0, &x, 3, (None, 0)).unwrap_err()
        };
        assert!(refused(3, 1.0).contains("beyond the 3"));
        assert!(refused(0, f64::NAN).contains("NaN"));
    }
}
