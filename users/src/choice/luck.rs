//! What one 32-bit word of luck means: a uniform, an exponential or a Gumbel number.

use std::f64::consts::LN_2;

/// The luck one user has with one slate.
///
/// In an **exponential race** the alternative with weight `w` arrives at time `E/w`, `E ~ Exp(1)` drawn from its
/// own word, and the first to arrive is chosen. Alternative `i` is first with probability `w_i / Σ_j w_j`, and
/// whoever leaves, joins or moves inside the slate, everyone else's arrival time stays what it was.
///
/// # Shapes and units
/// - `items`: `[K]` uniform 32-bit words, one per item in slate order, named by *(user, item, tick)*
/// - `none`: the word of clicking nothing, named by *(user, tick)*
///
/// # Source
/// Luce (1959), "Individual Choice Behavior"; Yellott (1977), "The relationship between Luce's choice axiom,
/// Thurstone's theory of comparative judgment, and the double exponential distribution".
#[derive(Debug, Clone, Copy)]
pub struct Luck<'a> {
    /// One word per item, in slate order.
    pub items: &'a [u32],
    /// The word of the no-click alternative; not read when the choice is forced.
    pub none: u32,
}

/// The midpoint of the word's cell: `(word + ½) / 2³²`, never 0 and never 1.
#[inline]
pub(super) fn uniform(word: u32) -> f64 {
    const CELL: f64 = 1.0 / 4_294_967_296.0;
    (f64::from(word) + 0.5) * CELL
}

/// A unit-rate exponential, `−ln(uniform)`, between 2⁻³³ and 22.9.
#[inline]
pub(super) fn exponential(word: u32) -> f64 {
    -ln(uniform(word))
}

/// A standard Gumbel, `−ln(exponential)`: the exponential race in log space, where no weight overflows.
#[inline]
pub(super) fn gumbel(word: u32) -> f64 {
    -ln(exponential(word))
}

/// One of 128 cells of an octave, around its centre `c`.
struct Cell {
    inverse: f64,
    ln_centre: f64,
}

/// A cell is a range of bit patterns that share all but their lowest 45 bits, counted from [`ORIGIN`].
const CELL_BITS: u32 = 45;

/// Near √½, and placed so that 1 is the centre of cell 75: logarithms near 1 keep their relative precision.
const ORIGIN: u64 = 1.0_f64.to_bits() - (75 << CELL_BITS) - (1 << (CELL_BITS - 1));

static CELLS: [Cell; 128] = {
    let mut cells = [const { Cell { inverse: 1.0, ln_centre: 0.0 } }; 128];
    let mut index = 0;
    while index < 128 {
        let centre = f64::from_bits(ORIGIN + ((index as u64) << CELL_BITS) + (1 << (CELL_BITS - 1)));
        let inverse = 1.0 / centre;
        // −ln(inverse) = 2 atanh(t), |t| < 0.18: 25 terms of its series end below the last bit.
        let t = (1.0 - inverse) / (1.0 + inverse);
        let (mut power, mut sum, mut odd) = (t, 0.0, 1.0);
        while odd < 50.0 {
            sum += power / odd;
            (power, odd) = (power * t * t, odd + 2.0);
        }
        cells[index] = Cell { inverse, ln_centre: 2.0 * sum };
        index += 1;
    }
    cells
};

/// Natural logarithm of a positive normal number, the same bits on every IEEE 754 target.
///
/// `x = 2^e·c·(1 + r)` with `c` the centre of its cell and `|r| < 2⁻⁸`; then `ln x = e·ln 2 + ln c + ln(1 + r)`, the
/// last by four terms of its series. What is cut off is below 5e-11 of the result: finer than a word.
#[inline]
pub(super) fn ln(x: f64) -> f64 {
    let offset = x.to_bits().wrapping_sub(ORIGIN);
    let exponent = (offset as i64) >> 52;
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub((exponent as u64) << 52));
    let cell = &CELLS[(offset >> CELL_BITS) as usize % 128];
    let r = mantissa * cell.inverse - 1.0;
    exponent as f64 * LN_2 + cell.ln_centre + (r + r * r * (r * (1.0 / 3.0 - r * 0.25) - 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(x: f64) {
        let (ours, theirs) = (ln(x), x.ln());
        assert!((ours - theirs).abs() <= 5e-11 * theirs.abs(), "ln {x}: {ours} against {theirs}");
    }

    #[test]
    fn the_logarithm_holds_its_bound_over_all_words() {
        // A prime stride visits every exponent and every pattern of low bits.
        for word in (0..=u32::MAX).step_by(4099) {
            assert_close(uniform(word));
            assert_close(exponential(word));
        }
        for offset in 0..4096 {
            for word in [offset, u32::MAX - offset] {
                assert_close(uniform(word));
                assert_close(exponential(word));
            }
        }
        for x in [f64::MIN_POSITIVE, 0.5_f64.sqrt(), 2.0_f64.sqrt(), 1.0 + f64::EPSILON, 1e300] {
            assert_close(x);
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn luck_never_decreases_along_the_words() {
        for offset in 1..100_000 {
            for word in [offset, u32::MAX - offset, offset << 15] {
                assert!(gumbel(word) >= gumbel(word - 1), "at {word}");
            }
        }
    }

    #[test]
    fn a_word_is_the_middle_of_its_cell() {
        assert_eq!(uniform(0), 0.5 / 4_294_967_296.0);
        assert_eq!(uniform(u32::MAX), 1.0 - 0.5 / 4_294_967_296.0);
        // −ln(2⁻³³) and −ln(1 − 2⁻³³) by hand.
        assert!((exponential(0) - 33.0 * LN_2).abs() < 1e-9);
        assert!((exponential(u32::MAX) / (0.5 / 4_294_967_296.0) - 1.0).abs() < 1e-9);
    }

    /// These bits are part of every golden run: a change here is result-changing.
    #[test]
    fn the_bits_are_pinned() {
        let bits = [0, 1, 0x8000_0000, 0xdead_beef, u32::MAX].map(|word| gumbel(word).to_bits());
        let pinned = [
            0xc009_0a3a_a15a_0b5d,
            0xc008_a56c_b668_69f2,
            0x3fd7_74f2_9c39_c227,
            0x3fff_8564_bfa1_e580,
            0x4036_dfb5_16f1_cbbe,
        ];
        assert_eq!(bits, pinned);
    }
}
