use super::*;
use crate::ope::Disagreement;

fn healthy() -> Diagnostics {
    Diagnostics {
        n: 10_000,
        users: 1_000,
        effective_sample_size: 5_000.0,
        mean_weight: 1.01,
        mean_weight_se: 0.01,
        largest_weight: 10.0,
        largest_weight_share: 0.001,
        largest_weight_share_of_squares: 0.005,
        top_1_percent_share: 0.05,
        tail_index: Some(0.2),
        target_mass_outside_support: Some(0.0),
        ..Diagnostics::default()
    }
}

fn judged(diagnostics: &Diagnostics) -> String {
    Verdict::of(diagnostics, Rests::OnWeights).to_string()
}

#[test]
fn a_healthy_log_is_reliable() {
    assert_eq!(judged(&healthy()), "reliable");
    let without = Diagnostics { tail_index: None, target_mass_outside_support: None, ..healthy() };
    assert_eq!(
        serde_json::to_string(&Verdict::of(&without, Rests::OnWeights)).expect("text"),
        "\"reliable\""
    );
}

#[test]
fn every_fault_has_its_own_reason() {
    let only = |diagnostics: Diagnostics, beginning: &str, word: &str| {
        let said = judged(&diagnostics);
        assert!(said.starts_with(beginning) && said.contains(word), "{said}");
        let found = Verdict::of(&diagnostics, Rests::OnWeights);
        assert!(matches!(found, Verdict::Caution(one) | Verdict::Unreliable(one) if one.len() == 1));
    };
    let h = healthy;
    only(
        Diagnostics { mean_weight: 1.05, ..h() },
        "unreliable: the mean weight is 1.0500 ± 0.0100",
        "propensities",
    );
    only(
        Diagnostics { target_mass_outside_support: Some(0.2), mean_weight: 0.8, ..h() },
        "unreliable: 20.0 %",
        "choices",
    );
    only(Diagnostics { target_mass_outside_support: Some(0.005), ..h() }, "caution: 0.5 %", "choices");
    only(Diagnostics { tail_index: Some(0.75), ..h() }, "unreliable: ", "index 0.75");
    only(Diagnostics { tail_index: Some(0.6), ..h() }, "caution: ", "index 0.60");
    only(
        Diagnostics { largest_weight_share: 0.2, ..h() },
        "unreliable: one weight of 10.000 has 20.0 %",
        "row",
    );
    only(Diagnostics { largest_weight_share_of_squares: 0.6, ..h() }, "unreliable: one weight", "squares");
    only(Diagnostics { effective_sample_size: 50.0, ..h() }, "caution: ", "size is 50");
    only(Diagnostics { effective_sample_size: f64::NAN, ..h() }, "unreliable: ", "size is 0");
    only(Diagnostics { users: 10, ..h() }, "unreliable: only 10 users", "log more");
    only(Diagnostics { zero_propensity_rows: 3, ..h() }, "caution: 3 rows (0.03 %)", "zero");
    let apart = Disagreement { ips_dr: Some(-5.0), ..Disagreement::default() };
    only(Diagnostics { disagreement: Some(apart), ..h() }, "unreliable: ips and dr are 5.0", "propensities");
}

#[test]
fn what_the_log_merely_lacks_is_told_from_what_it_cannot_have() {
    let outside = |mass, mean_weight| {
        let outside = Some(mass);
        judged(&Diagnostics { target_mass_outside_support: outside, mean_weight, ..healthy() })
    };
    // Ten of a hundred choices, and the mean weight at .9, at 1 and where neither explains it: errors are .01.
    assert!(outside(0.1, 0.91).starts_with("unreliable: 10.0 % of the target's choices"));
    assert!(outside(0.1, 0.99).starts_with("caution: 10.0 % of the target's choices"));
    assert!(outside(0.1, 0.8).contains("; the mean weight is 0.8000"));
    assert_eq!(outside(1e-4, 1.0), "reliable");
    // A tail that settles no mean is all that can be said.
    let heavy = Diagnostics { tail_index: Some(0.9), mean_weight: 0.5, ..healthy() };
    assert!(!judged(&heavy).contains("propensities"));
}

#[test]
fn a_model_is_judged_by_what_it_uses() {
    let bad = Diagnostics { tail_index: Some(0.9), mean_weight: 2.0, largest_weight_share: 0.5, ..healthy() };
    assert_eq!(Verdict::of(&bad, Rests::OnModel), Verdict::Reliable);
    let apart = |dm_dr| Disagreement { dm_dr: Some(dm_dr), ..Disagreement::default() };
    let said =
        |dm_dr| Verdict::of(&Diagnostics { disagreement: Some(apart(dm_dr)), ..healthy() }, Rests::OnModel);
    assert_eq!(said(2.0), Verdict::Reliable);
    assert!(said(-3.5).to_string().starts_with("caution: dm and dr are 3.5"));
    assert!(said(4.5).to_string().starts_with("unreliable: dm and dr are 4.5"));
}

#[test]
fn shrunk_weights_are_judged_by_what_is_left_of_them() {
    let mut sketch = WeightSketch::default();
    // One weight of 9,000 among 9,000 of 1: clipped at 10 nothing dominates, but half of the weight is gone.
    sketch.add(&vec![1.0; 9_000]);
    sketch.add(&[9_000.0]);
    let heavy = Diagnostics { mean_weight_se: 1.0, ..Diagnostics::of(&sketch, 500, 1.0, None) };
    let of = |name: &str| {
        let estimator: crate::ope::Estimator = name.parse().expect("a name");
        Verdict::of(&heavy, Rests::of(estimator.form(), &sketch)).to_string()
    };
    assert!(
        of("ips").starts_with("unreliable: one weight of 9000.000 has 50.0 % of all weight"),
        "{}",
        of("ips")
    );
    assert!(of("clipped-ips(10)").starts_with("unreliable: shrinking moves the mean weight by 49."));
    assert!(of("dr-shrink(10)").starts_with("caution: shrinking moves the mean weight by 49."));
    assert_eq!(of("dm"), "reliable");
    assert!(of("clipped-ips(20000)").starts_with("unreliable: one weight"));
}
