use super::*;

/// Quantiles of a Pareto distribution with tail index `k`, at (i + ½) / n, largest first.
fn pareto(k: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i as f64 + 0.5) / n as f64).powf(-k)).collect()
}

fn sketch(weights: &[f64]) -> WeightSketch {
    let mut sketch = WeightSketch::default();
    sketch.add(weights);
    sketch
}

#[test]
fn moments_and_shares_are_exact_by_hand() {
    let sketch = sketch(&[0.0, 1.0, 2.0, 0.5, 4.0]);
    let moments = sketch.moments();
    assert_eq!((moments.n, moments.sum, moments.squares, moments.largest), (5, 7.5, 21.25, 4.0));
    assert_eq!((moments.mean(), moments.effective_sample_size()), (1.5, 7.5 * 7.5 / 21.25));
    assert_eq!((sketch.zeros(), sketch.top_share(0.01), sketch.top_share(0.4)), (1, 4.0 / 7.5, 6.0 / 7.5));
}

#[test]
fn parts_merge_into_the_whole_to_the_byte() {
    let weights = pareto(0.4, 20_000);
    // What is added in one go sums in another order than its parts: compare sums apart, all else exactly.
    let (mut merged, whole) = (WeightSketch::default(), sketch(&weights));
    for part in weights.rchunks(3_001) {
        merged.merge(&sketch(part));
    }
    assert!((merged.moments.sum / whole.moments.sum - 1.0).abs() < 1e-12);
    assert!((merged.moments.squares / whole.moments.squares - 1.0).abs() < 1e-12);
    merged.moments = whole.moments;
    let bytes = |sketch: &WeightSketch| postcard::to_allocvec(sketch).expect("numbers");
    assert_eq!(bytes(&merged), bytes(&whole));
    let read: WeightSketch = postcard::from_bytes(&bytes(&whole)).expect("what was written");
    assert_eq!(bytes(&read), bytes(&whole));
    assert_eq!(read.large(), weights[..KEPT]);
}

#[test]
fn the_share_of_the_top_is_close_where_it_is_not_exact() {
    // The top 1 % of 1,000,000 are 10,000, more than are kept.
    let weights = pareto(0.5, 1_000_000);
    let exact = weights[..10_000].iter().sum::<f64>() / weights.iter().sum::<f64>();
    assert!((sketch(&weights).top_share(0.01) / exact - 1.0).abs() < 0.008);
}

#[test]
fn shrunk_moments_are_within_a_bin_of_exact() {
    let weights = pareto(0.4, 10_000);
    for shrink in [Shrink::Clip(3.0), Shrink::Optimistic(5.0), Shrink::SubGaussian(0.2)] {
        let moments = sketch(&weights).shrunk(shrink);
        let exact = sketch(&weights.iter().map(|w| shrink.of(*w)).collect::<Vec<_>>()).moments();
        assert!((moments.sum / exact.sum - 1.0).abs() < 0.008, "{shrink:?}");
        assert!((moments.squares / exact.squares - 1.0).abs() < 0.016, "{shrink:?}");
    }
    assert_eq!(sketch(&weights).shrunk(Shrink::Not), sketch(&weights).moments());
}

#[test]
fn the_histogram_counts_every_weight_but_zeros() {
    let sketch = sketch(&[0.0, 1e-9, 1.0, 1.4, 1.5, 2.0, 1e30]);
    let histogram = sketch.histogram();
    assert_eq!(histogram.iter().map(|bin| bin.count).sum::<u64>(), 6);
    let of = |w: f64| histogram.iter().find(|bin| bin.from <= w && w < bin.to).map(|bin| bin.count);
    assert_eq!(
        (of(1e-9), of(1.1), of(1.5), of(2.0), of(1e30)),
        (Some(1), Some(2), Some(1), Some(1), Some(1))
    );
    assert!(WeightSketch::default().histogram().is_empty());
}

#[test]
fn the_tail_of_a_pareto_sample_has_its_index() {
    // At the quantiles themselves there is no sampling error. M = 300; the prior moves k by at most 10/310 · |k − ½|; a
    // Pareto tail above any cutoff is a generalised Pareto tail of the same k.
    for k in [0.1, 0.3, 0.5, 0.7, 0.9] {
        let fitted = sketch(&pareto(k, 10_000)).tail_index().expect("a tail");
        assert!((fitted - k).abs() < 0.04, "{fitted} for {k}");
    }
    // Uniform weights end: k = −1; the prior adds 10/310 · 1.5.
    let uniform: Vec<_> = (0..10_000).map(|i| f64::from(i) / 10_000.0).collect();
    let fitted = sketch(&uniform).tail_index().expect("a tail");
    assert!((fitted + 1.0).abs() < 0.15, "{fitted}");
}

#[test]
fn few_distinct_weights_have_no_tail() {
    let of = |weight: fn(usize) -> f64| sketch(&(0..10_000).map(weight).collect::<Vec<_>>()).tail_index();
    assert_eq!(of(|i| if i % 80 == 0 { 80.0 } else { 0.0 }), None);
    assert_eq!(of(|_| 1.0), None);
    assert_eq!(of(|_| 0.0), None);
    assert_eq!(of(|i| (i % 9) as f64), None);
    assert_eq!(of(|i| if i == 0 { 5_000.0 } else { 1.0 }), None);
    assert_eq!(WeightSketch::default().tail_index(), None);
    assert_eq!(sketch(&pareto(0.5, 40)).tail_index(), None, "eight largest of forty");
}
