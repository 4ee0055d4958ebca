//! Every estimator once more, from its formula in the field's books, row by row.

use recloop_env::Grid;

use super::{estimate, estimate_slates, some_decisions};
use crate::ope::{Decisions, SlateRows};

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// `(w, r, q̂, v)` of every row.
fn rows(batch: &Decisions) -> Vec<[f64; 4]> {
    let model = &batch.models[0];
    (0..batch.len())
        .map(|i| [batch.weights[0][i], batch.rewards[i], model.logged[i], model.expected[i]])
        .collect()
}

#[test]
fn estimates_are_what_their_formulas_say() {
    let batch = some_decisions(5_000, 700);
    let rows = rows(&batch);
    let dr = |of: &dyn Fn(f64) -> f64| mean(rows.iter().map(|[w, r, q, v]| v + of(*w) * (r - q)));
    let ips = |of: &dyn Fn(f64) -> f64| mean(rows.iter().map(|[w, r, ..]| of(*w) * r));
    let total = |of: &dyn Fn(&[f64; 4]) -> f64| rows.iter().map(of).sum::<f64>();
    let expected = [
        ("ips", ips(&|w| w)),
        ("clipped-ips(2)", ips(&|w| if w > 2.0 { 2.0 } else { w })),
        ("snips", total(&|[w, r, ..]| w * r) / total(&|[w, ..]| *w)),
        ("dm", mean(rows.iter().map(|[.., v]| *v))),
        ("dr", dr(&|w| w)),
        (
            "sndr",
            mean(rows.iter().map(|[.., v]| *v)) + total(&|[w, r, q, _]| w * (r - q)) / total(&|[w, ..]| *w),
        ),
        ("switch-dr(1)", dr(&|w| if w <= 1.0 { w } else { 0.0 })),
        ("dros(3)", dr(&|w| 3.0 * w / (w * w + 3.0))),
        ("dr-shrink(0.5)", dr(&|w| w.min(0.5))),
        ("sg-ips(0.3)", ips(&|w| w / (0.7 + 0.3 * w))),
        ("sg-dr(0.3)", dr(&|w| w / (0.7 + 0.3 * w))),
        (
            "replay",
            total(&|[w, r, ..]| if *w > 0.0 { *r } else { 0.0 })
                / total(&|[w, ..]| if *w > 0.0 { 1.0 } else { 0.0 }),
        ),
    ];
    let found = estimate(&expected.map(|(name, _)| name), &batch);
    for (name, value) in expected {
        assert!(
            (found[name] - value).abs() < 1e-12 * value.abs().max(1.0),
            "{name}: {} is not {value}",
            found[name]
        );
    }
}

#[test]
fn shrinking_reduces_to_its_limits() {
    let found = estimate(
        &[
            "ips",
            "dm",
            "dr",
            "dros(0)",
            "dros(inf)",
            "switch-dr(0)",
            "switch-dr(inf)",
            "dr-shrink(inf)",
            "dr-shrink(0)",
            "sg-dr(0)",
            "sg-ips(0)",
            "clipped-ips(inf)",
        ],
        &some_decisions(400, 50),
    );
    for (limit, of) in [
        ("dros(inf)", "dr"),
        ("switch-dr(inf)", "dr"),
        ("dr-shrink(inf)", "dr"),
        ("sg-dr(0)", "dr"),
        ("sg-ips(0)", "ips"),
        ("clipped-ips(inf)", "ips"),
        ("dros(0)", "dm"),
        ("dr-shrink(0)", "dm"),
    ] {
        assert!((found[limit] - found[of]).abs() < 1e-12, "{limit}");
    }
    // Rows of weight 0 are kept by w ≤ 0, and add nothing.
    assert!((found["switch-dr(0)"] - found["dm"]).abs() < 1e-12);
}

#[test]
fn slate_estimates_are_what_their_formulas_say() {
    let (n, k) = (300, 3);
    let numbers = some_decisions(n * k * 4, 9);
    let grid = |from: usize| {
        Grid::from_vec(numbers.rewards[from * n * k..(from + 1) * n * k].to_vec(), n, k).unwrap()
    };
    let weights = &numbers.weights[0];
    let cascade = Grid::from_vec(weights[..n * k].to_vec(), n, k).unwrap();
    let batch = SlateRows {
        users: (0..n as u64).map(|row| row / 4).collect(),
        rewards: grid(0),
        slate: weights[n * k..n * (k + 1)].to_vec(),
        marginal: Grid::from_vec(weights[n * k..2 * n * k].to_vec(), n, k).unwrap(),
        cascade,
        logged: grid(1),
        expected: grid(2),
        pseudo: weights[..n].to_vec(),
        ..SlateRows::default()
    };
    let slates = || 0..n;
    let sum = |of: &dyn Fn(usize, usize) -> f64| {
        slates().map(|i| (0..k).map(|j| of(i, j)).sum::<f64>()).sum::<f64>() / n as f64
    };
    let at = |grid: &Grid<f64>, i: usize, j: usize| grid.row(i)[j];
    let mean_at = |grid: &Grid<f64>, j: usize| mean(slates().map(|i| at(grid, i, j)));
    let (r, m, c) = (&batch.rewards, &batch.marginal, &batch.cascade);
    let above = |i: usize, j: usize| if j == 0 { 1.0 } else { at(c, i, j - 1) };
    let mean_above = |j: usize| if j == 0 { 1.0 } else { mean_at(c, j - 1) };
    let expected = [
        ("sips", sum(&|i, j| batch.slate[i] * at(r, i, j))),
        ("iips", sum(&|i, j| at(m, i, j) * at(r, i, j))),
        ("rips", sum(&|i, j| at(c, i, j) * at(r, i, j))),
        ("pseudo-inverse", sum(&|i, j| batch.pseudo[i] * at(r, i, j))),
        (
            "cascade-dr",
            sum(&|i, j| {
                at(c, i, j) * (at(r, i, j) - at(&batch.logged, i, j))
                    + above(i, j) * at(&batch.expected, i, j)
            }),
        ),
        ("snsips", sum(&|i, j| batch.slate[i] * at(r, i, j)) / mean(batch.slate.iter().copied())),
        ("sniips", sum(&|i, j| at(m, i, j) * at(r, i, j) / mean_at(m, j))),
        ("snrips", sum(&|i, j| at(c, i, j) * at(r, i, j) / mean_at(c, j))),
        ("snpseudo-inverse", sum(&|i, j| batch.pseudo[i] * at(r, i, j)) / mean(batch.pseudo.iter().copied())),
        (
            "sncascade-dr",
            sum(&|i, j| {
                at(c, i, j) * (at(r, i, j) - at(&batch.logged, i, j)) / mean_at(c, j)
                    + above(i, j) * at(&batch.expected, i, j) / mean_above(j)
            }),
        ),
    ];
    let found = estimate_slates(&expected.map(|(name, _)| name), &batch);
    for (name, value) in expected {
        assert!(
            (found[name] - value).abs() < 1e-12 * value.abs().max(1.0),
            "{name}: {} is not {value}",
            found[name]
        );
    }
}
