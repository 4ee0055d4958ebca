//! Small versions of the study.

use super::*;

/// Enough readers for 300 impressions of every item, and no more.
fn small() -> ImpressionsConfig {
    let mut world = Table::new();
    put_user(&mut world, "users", 1_500);
    ImpressionsConfig {
        world,
        seeds: vec![7, 8],
        epsilons: vec![1.0, 0.003],
        ticks: 40,
        gain: 2.0,
        ..ImpressionsConfig::default()
    }
}

fn put_user(world: &mut Table, key: &str, value: i64) {
    world.insert(key.into(), value.into());
}

#[test]
#[expect(clippy::print_stdout, reason = "evidence is printed")]
fn control_closes_the_gap_at_a_small_loss_of_relevance() {
    let found = impressions(&small()).unwrap();
    assert_eq!((found.releases, found.attributes.len()), (20, 2));
    for attribute in &found.attributes {
        let way = &attribute.coverage[0];
        let mean = |of: &Option<Interval>| of.unwrap().mean;
        let (without, fair) = (mean(&way.without), mean(&way.fair));
        let (closed, lost) = (mean(&way.gap_closed), mean(&attribute.cost.relevance_lost));
        println!(
            "evidence: {}: coverage {without:.3} without control, {:.3} with, {fair:.3} fair; {closed:.3} of the gap closed, \
             {lost:.3} of relevance and {:.3} of clicks lost",
            attribute.attribute,
            mean(&way.controlled),
            mean(&attribute.cost.clicks_lost)
        );
        assert_eq!(way.not_judged, [0, 0], "every item was counted 300 times");
        assert!(without < 0.5 && fair > 0.95, "there must be a gap to close: {without} to {fair}");
        assert!(closed >= 0.8 && lost <= 0.1, "{}: {closed} closed, {lost} lost", attribute.attribute);
        // Where noise drowns the counts, control does next to nothing, and no harm.
        let [private, open] = &attribute.curve[..] else { panic!("two points: {:?}", attribute.curve) };
        assert!(private.epsilon < open.epsilon);
        assert!(mean(&private.relevance_lost).abs() < 0.02, "{private:?}");
        assert!(
            mean(&private.controlled) > without - 0.1 && mean(&private.controlled) < mean(&open.controlled)
        );
    }
}

#[test]
fn a_study_is_the_same_on_any_number_of_threads() {
    let config = ImpressionsConfig { seeds: vec![1, 2], epsilons: vec![1.0], ticks: 6, ..small() };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&impressions(&config).unwrap()).unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_study_of_nothing_says_so() {
    let mut config = ImpressionsConfig { seeds: vec![1, 2], epsilons: vec![1.0], ticks: 2, ..small() };
    put_user(&mut config.world, "users", 40);
    // Nobody clicks, and nothing is shown 300 times.
    config.world.insert("click_threshold".into(), 100.0.into());
    let found = impressions(&config).unwrap();
    let half = &found.attributes[0];
    assert!(half.coverage.iter().all(|way| way.without.is_none() && way.gap_closed.is_none()));
    assert!(half.coverage.iter().all(|way| way.not_judged == [120, 120]), "{:?}", half.coverage);
    assert_eq!(half.cost.clicks_lost, None);
    let dir = tempfile::tempdir().unwrap();
    found.keep(&dir.path().join("study")).unwrap();
    let page = std::fs::read_to_string(dir.path().join("study").join(PAGE)).unwrap();
    assert!(page.contains("five groups") && page.contains("none") && !page.contains("NaN"));
}

#[test]
fn refuses_what_is_no_study() {
    let refused = |edit: fn(&mut ImpressionsConfig)| {
        let mut config = small();
        edit(&mut config);
        impressions(&config).unwrap_err().to_string()
    };
    assert_eq!(refused(|config| config.gain = 0.0), "read `--gain`: it is 0; allowed is above 0");
    assert_eq!(refused(|config| config.epsilons[1] = -1.0), "read `--epsilon`: it is -1; allowed is above 0");
    assert_eq!(refused(|config| config.epsilons.clear()), "read `--epsilon`: there is none");
    assert_eq!(
        refused(|config| config.accuracy[0] = 2.0),
        "read `--accuracy`: it is 2; allowed is above 0 and below 1"
    );
    assert!(refused(|config| config.seeds.truncate(1)).contains("needs at least 2"));
    assert!(refused(|config| config.ticks = 0).contains("--ticks"));
    let few = refused(|config| put_user(&mut config.world, "items", 2));
    assert!(few.contains("a slate of 3"), "{few}");
    let stray = refused(|config| put_user(&mut config.world, "item", 2));
    assert!(stray.contains("did you mean `items`"), "{stray}");
}
