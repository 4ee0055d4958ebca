use recloop_env::{Draws, Grid, Streams, Tick, UserId, below, purpose};

use super::*;

fn draws(replicate: u32) -> Draws {
    Streams::new(11).at(purpose::USER_INIT, UserId(replicate), Tick(0))
}

/// A sum of twelve uniforms less 6: near enough a standard normal.
fn normal(draws: &mut Draws) -> f64 {
    (0..12).map(|_| f64::from(draws.unit())).sum::<f64>() - 6.0
}

/// Users who choose among `k`, `each` times, each time what they chose first with chance `habit`.
fn choosers(n: usize, k: u32, each: u32, habit: f32, draws: &mut Draws) -> Counts {
    let mut counts = Counts::new(k as usize);
    for _ in 0..n {
        let (mut row, first) = (vec![0; k as usize], below(draws.word(), k));
        for _ in 0..each {
            let chosen = if draws.unit() < habit { first } else { below(draws.word(), k) };
            row[chosen as usize] += 1;
        }
        counts.push(&row);
    }
    counts
}

/// Mean and standard error over replicates.
fn over(n: u32, of: impl FnMut(u32) -> f64) -> (f64, f64) {
    let values: Vec<f64> = (0..n).map(of).collect();
    let found = crate::metrics::Estimate::mean(values.into_iter());
    (found.mean, found.se)
}

#[test]
fn divergence_by_hand() {
    let of = |rows: &[[u32; 2]]| {
        let mut counts = Counts::new(2);
        rows.iter().for_each(|row| counts.push(row));
        counts
    };
    // p = (¾, ¼), q = (½, ½), m = (⅝, ⅜): ½(.75 log₂ 1.2 + .25 log₂ ⅔) + ½(.5 log₂ .8 + .5 log₂ 1⅓).
    let (p, q) = (of(&[[1, 0], [1, 0], [1, 0], [0, 1]]), of(&[[1, 0], [0, 1]]));
    let found = jensen_shannon(&p, &q).unwrap();
    let expected = 0.5 * (0.75 * 1.2_f64.log2() + 0.25 * (2.0 / 3.0_f64).log2())
        + 0.5 * (0.5 * 0.8_f64.log2() + 0.5 * (4.0 / 3.0_f64).log2());
    assert!((found.plug_in - expected).abs() < 1e-12);
    // V of p is .1875/3 of either share, of q .25/1: ¼ Σ V(1/share − 1/2m).
    let (one, other) = (0.1875 / 3.0, 0.25);
    let bias = 0.25 * (one * (1.0 / 0.75 - 0.8 + 4.0 - 4.0 / 3.0) + other * (2.0 - 0.8 + 2.0 - 4.0 / 3.0));
    assert!((found.corrected - (expected - bias / std::f64::consts::LN_2)).abs() < 1e-12);
    let few = jensen_shannon(&of(&[[1, 0]]), &q).unwrap_err().to_string();
    assert_eq!(few, "compare what was chosen: 1 users who chose, it takes 2 at least");
    assert!(jensen_shannon(&Counts::new(3), &q).is_err());
}

#[test]
fn equals_differ_by_nothing_on_average_whether_users_have_habits_or_not() {
    for habit in [0.0, 0.8] {
        let pair = |replicate| {
            let mut draws = draws(replicate);
            let one = choosers(120, 6, 10, habit, &mut draws);
            jensen_shannon(&one, &choosers(80, 6, 10, habit, &mut draws)).unwrap()
        };
        let (plug_in, _) = over(400, |replicate| pair(replicate).plug_in);
        let (corrected, se) = over(400, |replicate| pair(replicate).corrected);
        // 5(1/1200 + 1/800)/8 nats are .0019 bits without habits, and several times that with; 4 se is 6e-5 false alarms, and a
        // twentieth of the bias is of third order.
        assert!(plug_in > 0.0015, "{habit}: {plug_in}");
        assert!(corrected.abs() < 4.0 * se + 0.05 * plug_in, "{habit}: {corrected} ± {se} of {plug_in}");
        assert!(habit == 0.0 || plug_in > 0.008, "habits add to chance: {plug_in}");
    }
}

#[test]
fn a_difference_keeps_its_size_when_corrected() {
    // (¾, ¼) against (½, ½), from few.
    let pair = |replicate| {
        let mut draws = draws(replicate);
        let (mut one, mut other) = (Counts::new(2), Counts::new(2));
        for _ in 0..60 {
            let (a, b) = (draws.unit() < 0.75, draws.unit() < 0.5);
            one.push(&[u32::from(a), u32::from(!a)]);
            other.push(&[u32::from(b), u32::from(!b)]);
        }
        jensen_shannon(&one, &other).unwrap().corrected
    };
    let truth = 0.5 * (0.75 * 1.2_f64.log2() + 0.25 * (2.0 / 3.0_f64).log2())
        + 0.5 * (0.5 * 0.8_f64.log2() + 0.5 * (4.0 / 3.0_f64).log2());
    let (mean, se) = over(1_000, pair);
    assert!((mean - truth).abs() < 4.0 * se, "{mean} ± {se} for {truth}");
}

#[test]
fn right_probabilities_are_calibrated_and_shifted_ones_are_not() {
    let told = |replicate, shift: f64| -> Vec<(f64, bool)> {
        let mut draws = draws(replicate);
        let pair = |_| {
            let p = 0.1 + 0.5 * f64::from(draws.unit());
            (p + shift, f64::from(draws.unit()) < p)
        };
        (0..3_000).map(pair).collect()
    };
    let right = |replicate| calibration(&told(replicate, 0.0), 20).unwrap();
    let (plug_in, _) = over(60, |replicate| right(replicate).plug_in);
    let (excess, se) = over(60, |replicate| right(replicate).debiased - right(replicate).floor);
    // 15 bins of 200: s = .034, of which .80 is chance.
    assert!((0.022..0.032).contains(&plug_in), "{plug_in}");
    assert!(excess.abs() < 4.0 * se, "{excess} ± {se}");
    let (shifted, _) = over(60, |replicate| calibration(&told(replicate, 0.08), 1).unwrap().debiased);
    assert!((shifted - 0.08).abs() < 0.005, "{shifted}");
    let bad = calibration(&vec![(1.5, true); 60], 1).unwrap_err().to_string();
    assert_eq!(bad, "use the probability of row 0: it is 1.5, allowed is [0, 1]");
}

#[test]
fn distances_of_lengths_by_hand() {
    assert_eq!(kolmogorov_smirnov(&[3.0, 1.0], &[1.0, 3.0]), 0.0);
    assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0]), 1.0);
    assert!(kolmogorov_smirnov(&[], &[1.0]).is_nan());
}

#[test]
fn noise_widens_the_interval_of_an_order_and_lowers_its_floor() {
    let panel = |noise: f64, which| {
        let mut draws = draws(which);
        let outcome = |cell: u32| f64::from(cell % 6) + noise * normal(&mut draws);
        Grid::from_vec((0..600).map(outcome).collect::<Vec<_>>(), 100, 6).unwrap()
    };
    let sharp = agreement(&panel(0.5, 0), &panel(0.5, 1), 100).unwrap();
    assert_eq!((sharp.tau, sharp.interval, sharp.floor), (1.0, (1.0, 1.0), 1.0));
    let blurred = agreement(&panel(20.0, 0), &panel(20.0, 1), 100).unwrap();
    assert!(blurred.interval.0 < blurred.interval.1 && blurred.floor < 0.8, "{blurred:?}");
    assert!(tau_b(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    let differ = agreement(&panel(1.0, 0), &Grid::zeros(100, 5), 10).unwrap_err();
    assert_eq!(differ.to_string(), "compare recommenders: there are 6 and 5");
}

/// Outcomes y with mean 5 and a surrogate that adds `bias` and noise; every tenth is audited, the keen twice as often.
fn audited(replicate: u32, bias: f64) -> Vec<Audited> {
    let mut draws = draws(replicate);
    let user = |_| {
        let keen = draws.unit() < 0.5;
        let y = 5.0 + if keen { 1.0 } else { -1.0 } + normal(&mut draws);
        let guess = y + bias + 0.5 * normal(&mut draws);
        let pi = if keen { 0.2 } else { 0.1 };
        Audited { guess, pi, told: (f64::from(draws.unit()) < pi).then_some(y) }
    };
    (0..1_500).map(user).collect()
}

#[test]
fn a_biased_surrogate_costs_width_and_no_truth() {
    let n = 1_000;
    let covers = |of: &dyn Fn(&[Audited]) -> crate::metrics::Estimate, bias| {
        let covered = (0..n).filter(|replicate| {
            let (low, high) = of(&audited(*replicate, bias)).interval();
            low <= 5.0 && 5.0 <= high
        });
        covered.count() as f64 / f64::from(n)
    };
    // 1,000 intervals of 95 %: a standard deviation of .7 %.
    for bias in [0.0, 2.0] {
        let share = covers(&|users| corrected(users).unwrap().estimate, bias);
        assert!((0.93..=0.97).contains(&share), "{bias}: {share}");
    }
    assert!(covers(&uncorrected, 2.0) < 0.01);
    let width = |bias| corrected(&audited(0, bias)).unwrap().estimate.se;
    assert!(width(2.0) > 1.5 * width(0.0));
    // Conditional on the users, the audit's own error is what is left of the whole.
    let found = corrected(&audited(0, 2.0)).unwrap();
    assert!(found.audit_se < found.estimate.se && (found.rectifier.mean + 2.0).abs() < 0.5);
}

#[test]
fn the_error_over_audits_of_the_same_users_is_what_other_audits_show() {
    let users = audited(3, 1.0);
    let again = |replicate: u32| {
        let mut draws = draws(5_000 + replicate);
        let users: Vec<Audited> = (users.iter())
            .map(|user| {
                let y = user.guess - 1.0;
                Audited { told: (f64::from(draws.unit()) < user.pi).then_some(y), ..*user }
            })
            .collect();
        corrected(&users).unwrap()
    };
    let found: Vec<f64> = (0..400).map(|replicate| again(replicate).estimate.mean).collect();
    let spread = crate::metrics::Estimate::mean(found.iter().copied()).se * 20.0;
    // The spread of 400 is known to 3.5 %, the estimate of one audit to about 4 %.
    assert!((again(0).audit_se / spread - 1.0).abs() < 0.2, "{} for {spread}", again(0).audit_se);
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let user = |guess, pi, told| Audited { guess, pi, told };
    let refused = |users: &[Audited]| corrected(users).unwrap_err().to_string();
    let few = refused(&[user(1.0, 0.5, Some(1.0)), user(1.0, 0.5, None)]);
    assert_eq!(few, "compare a panel with its surrogate: 1 audited users, it takes 2 at least");
    assert!(refused(&[user(1.0, 0.0, None)]).contains("allowed is (0, 1]"));
    assert!(refused(&[user(f64::NAN, 0.5, None)]).contains("outcome of row 0"));
    assert!(refused(&[user(1.0, 0.5, Some(f64::INFINITY))]).contains("outcome of row 0"));
}

fn lives(n: usize, shift: f32, from: u32) -> Vec<Lived> {
    let life = |user: usize| {
        let mut draws = draws(from + user as u32);
        let mut choices = vec![0; 3];
        (0..30).for_each(|_| {
            choices[usize::from(draws.unit() < 0.4 + shift) + usize::from(draws.unit() < 0.2)] += 1;
        });
        let session = |_| (1..40).find(|_| draws.unit() < 0.3 - 0.5 * shift).map_or(40.0, f64::from);
        Lived { cell: user % 2, choices, sessions: (0..3).map(session).collect() }
    };
    (0..n).map(life).collect()
}

#[test]
fn gates_pass_the_like_fail_the_unlike_and_do_not_judge_the_few() {
    let cells = ["calm", "nervous"].map(String::from);
    let judge = |n: usize, shift: f32| {
        let (panel, surrogate) = (lives(n, 0.0, 0), lives(n, shift, 50_000));
        let mut draws = draws(9);
        let mut pair = |_| {
            let p = draws.unit();
            (f64::from(p), draws.unit() < p)
        };
        let leaving: Vec<_> = (0..4_000).map(&mut pair).collect();
        let outcome = |cell: u32| f64::from(cell % 5) + f64::from(cell % 3);
        let order = Grid::from_vec((0..500).map(outcome).collect::<Vec<_>>(), 100, 5).unwrap();
        let (panel, surrogate) = (&panel[..], &surrogate[..]);
        let recommenders = Some((&order, &order));
        let evidence =
            Evidence { cells: &cells, panel, surrogate, leaving: &leaving, recommenders, draws: 30 };
        evidence.judge(&Gates::default()).unwrap()
    };
    let of = |fidelity: &Fidelity| fidelity.verdicts.iter().map(|it| it.ruling).collect::<Vec<_>>();
    let like = judge(800, 0.0);
    assert_eq!(of(&like), [Ruling::Passed; 6], "{like}");
    assert_eq!(like.ruling(), Ruling::Passed);
    let unlike = judge(800, 0.25);
    use Ruling::{Failed, NotJudged, Passed};
    assert_eq!(of(&unlike), [Failed, Passed, Passed, Passed, Failed, Passed], "{unlike}");
    assert!(
        unlike
            .to_string()
            .ends_with("The surrogate FAILED: what it lived through is not what the panel would have.")
    );
    let few = judge(40, 0.0);
    assert_eq!(of(&few), [Passed, NotJudged, NotJudged, Passed, NotJudged, Passed], "{few}");
    assert_eq!(few.ruling(), NotJudged);
    let json = serde_json::to_string(&few).unwrap();
    assert_eq!(serde_json::from_str::<Fidelity>(&json).unwrap().ruling(), few.ruling());
    assert!(json.contains(r#""ruling":"not-judged""#), "{json}");
}
