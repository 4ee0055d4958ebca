//! The same numbers of many items side by side, so that one weight meets many items at once.

/// Items in a panel: as many sums as fit the vector registers of the smallest target (chosen by us).
const LANES: usize = 32;

/// `[C, D]` numbers, kept as panels `[C / 32, D, 32]`: a dot product with every item then needs no sum across lanes.
///
/// The answer for an item is the sum over `0..D` in order, so it does not depend on the others: [`in_order`] gives the
/// same bits.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SideBySide {
    len: usize,
    width: usize,
    numbers: Vec<f32>,
}

impl SideBySide {
    /// Becomes `len` items of `width` numbers; `write(c, numbers)` writes item c's over zeros.
    pub(crate) fn gather(&mut self, len: usize, width: usize, mut write: impl FnMut(usize, &mut [f32])) {
        (self.len, self.width) = (len, width);
        self.numbers.clear();
        self.numbers.resize(len.div_ceil(LANES) * LANES * width, 0.0);
        let mut item = vec![0.0; width];
        for place in 0..len {
            item.fill(0.0);
            write(place, &mut item);
            let panel = &mut self.numbers[place / LANES * LANES * width..];
            for (d, number) in item.iter().enumerate() {
                panel[d * LANES + place % LANES] = *number;
            }
        }
    }

    /// `out[c] = weights · item c`.
    ///
    /// # Shapes
    /// - `weights`: `[D]`; `out`: `[C]`
    #[inline]
    pub(crate) fn dot(&self, weights: &[f32], out: &mut [f32]) {
        debug_assert_eq!((weights.len(), out.len()), (self.width, self.len));
        if self.width == 0 {
            return out.fill(0.0);
        }
        let panels = self.numbers.chunks_exact(self.width * LANES);
        for (panel, out) in panels.zip(out.chunks_mut(LANES)) {
            let sums = panel_dot(panel, weights);
            out.copy_from_slice(&sums[..out.len()]);
        }
    }

    /// `weights · item c`.
    #[inline]
    pub(crate) fn dot_at(&self, weights: &[f32], place: usize) -> f32 {
        let panel = &self.numbers[place / LANES * LANES * self.width..];
        let numbers = panel.iter().skip(place % LANES).step_by(LANES);
        numbers.zip(weights).fold(0.0, |sum, (number, weight)| sum + number * weight)
    }
}

#[inline]
fn panel_dot(panel: &[f32], weights: &[f32]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (numbers, weight) in panel.as_chunks::<LANES>().0.iter().zip(weights) {
        for lane in 0..LANES {
            sums[lane] += numbers[lane] * weight;
        }
    }
    sums
}

/// `a · b`, summed in order.
#[inline]
pub(crate) fn in_order(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_gets_the_dot_product_of_its_own_numbers_to_the_bit() {
        let number = |place: usize, d: usize| ((place * 31 + d * 17) % 101) as f32 / 37.0 - 1.2;
        for (len, width) in [(1, 1), (31, 5), (32, 5), (33, 8), (100, 32), (7, 0), (0, 4)] {
            let item = |place: usize| (0..width).map(|d| number(place, d)).collect::<Vec<_>>();
            let weights: Vec<f32> = (0..width).map(|d| number(d, 3)).collect();
            let mut items = SideBySide::default();
            items.gather(len, width, |place, out| out.copy_from_slice(&item(place)));
            let mut out = vec![f32::NAN; len];
            items.dot(&weights, &mut out);
            let expected: Vec<f32> = (0..len).map(|place| in_order(&item(place), &weights)).collect();
            assert_eq!(out, expected, "{len} × {width}");
            assert!((0..len).all(|place| items.dot_at(&weights, place) == expected[place]));
        }
        assert_eq!(in_order(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
    }
}
