//! One slate by hand, through a whole world.

use recloop_env::{Fate, Goal, ItemId, UserId, World};

use super::super::{Feed, FeedParams};
use super::{assert_near, begin, feed, item, show, step, world};

/// Clicks whatever is there, all of it, and goes on.
fn eager() -> FeedParams {
    FeedParams {
        click_threshold: -100.0,
        examination: 1.0,
        stay_bias: 100.0,
        patience_least: 100.0,
        ..FeedParams::default()
    }
}

/// Liking .6, quality 1, no bait; and liking .8, quality .5, all bait: e = 2.4 + 3 − 2.9 = 2.5 (σ = .924 142) and
/// e = 3.2 + 1.5 − 4.5 − 2.9 = −2.7 (σ = .062 973), gap 0 and ½.
fn meet(feed: Feed) -> (World, UserId) {
    (world(feed, 1, vec![item(0, 1.0, 0.0), item(1, 0.5, 1.0)]), UserId(0))
}

#[test]
fn a_slate_with_clicks_moves_everything_by_hand_computed_steps() {
    let (mut world, user) = meet(feed(eager()));
    let seen = begin(&mut world, 7);
    let patience = world.truth().user(user, "patience").unwrap()[0];
    world.intervene(user, "openness", &[1.0]).unwrap();
    world.intervene(user, "fatigue", &[0.0, 0.0]).unwrap();
    let slates = show(&seen, &[0, 1]);
    let step = step(&mut world, &slates);
    assert_eq!(step.responses.click.row(0), [true, true]);
    let state = |field| world.truth().user(user, field).unwrap();
    // s = (.924 142 + .062 973)/2 = .493 558.
    assert_near(state("satisfaction"), &[0.5 + 0.15 * (0.493_557_6 - 0.5)]);
    // Mean gap ¼: towards 1 − ½.
    assert_near(state("trust"), &[0.8 + 0.02 * (0.5 - 0.8)]);
    // (.6 + .02·.424 142, .8), made a unit vector.
    assert_near(state("interest"), &[0.605_387_7, 0.795_930_7]);
    assert_near(state("initial_interest"), &[0.6, 0.8]);
    assert_near(state("fatigue"), &[1.0, 1.0]);
    assert_near(state("patience"), &[patience - 1.0]);
    assert_near(state("habit"), &[0.4]);
    // Two glances and two dwells.
    let dwell: f32 = step.responses.dwell_secs.row(0).iter().sum();
    assert_eq!(step.fate[0], Fate::Stays(dwell + 2.0));
}

#[test]
fn fatigue_halves_in_eight_slates_and_enters_both_judgements() {
    let (mut world, user) = meet(feed(FeedParams { examination: 0.01, ..eager() }));
    let seen = begin(&mut world, 7);
    world.intervene(user, "fatigue", &[4.0, 2.0]).unwrap();
    let items = [0, 1].map(ItemId);
    let (mut promise, mut worth) = ([0.0; 2], [0.0; 2]);
    assert!(world.truth().appraise(0, Goal::Click, &items, &mut promise));
    assert!(world.truth().appraise(0, Goal::Utility, &items, &mut worth));
    // v = 5.4 − .48 + 100; e = 2.5 − .24, −2.7 − .12.
    assert_near(&promise[..1], &[104.92]);
    assert_near(&worth, &[2.26, -2.82]);
    // Only the top is looked at (but once in a hundred), so its topic alone gains one: 2^−⅛ = .917 004.
    let slates = show(&seen, &[0, 1]);
    let step = step(&mut world, &slates);
    assert_eq!(step.responses.click.row(0), [true, false]);
    assert_near(world.truth().user(user, "fatigue").unwrap(), &[4.0 * 0.917_004 + 1.0, 2.0 * 0.917_004]);
}

#[test]
fn a_slate_without_a_click_is_worth_little_and_costs_three() {
    let (mut world, user) = meet(feed(FeedParams { click_threshold: 100.0, ..eager() }));
    let seen = begin(&mut world, 7);
    world.intervene(user, "patience", &[50.0]).unwrap();
    world.intervene(user, "interest", &[1.0, 0.0]).unwrap();
    let slates = show(&seen, &[0, 1]);
    let step = step(&mut world, &slates);
    assert_eq!(step.responses.click.row(0), [false, false]);
    let state = |field| world.truth().user(user, field).unwrap();
    assert_near(state("satisfaction"), &[0.5 + 0.15 * (0.3 - 0.5)]);
    assert_near(state("trust"), &[0.8]);
    // 1, 1 without a click, and 1 because .3 < .42.
    assert_near(state("patience"), &[47.0]);
    // .99·(1, 0) + .01·(.6, .8) = (.996, .008), made a unit vector.
    assert_near(state("interest"), &[0.999_967_7, 0.008_031_9]);
    assert_eq!(step.fate[0], Fate::Stays(2.0));
}

#[test]
fn accounts_are_of_the_slate_before_it_moved_anything() {
    let (mut world, user) = meet(feed(eager()));
    let seen = begin(&mut world, 7);
    world.intervene(user, "interest", &[0.0, 1.0]).unwrap();
    world.intervene(user, "satisfaction", &[0.25]).unwrap();
    let slates = show(&seen, &[1, 0]);
    step(&mut world, &slates);
    // Now: .1 and −1.9. At first: 2.5 and −2.7. Drift √(.36 + .04). Entropy of (σ(4), 1 − σ(4)).
    let accounts = world.truth().accounts().row(0);
    assert_near(accounts, &[-1.8, -0.2, 0.25, 0.8, 0.4, 0.632_455_5, 0.090_094_8]);
}

#[test]
fn an_explanation_adds_up_to_what_happens() {
    // σ(v) near ½ for both, so that both fates occur.
    let params = FeedParams { click_threshold: 5.2, examination: 0.6, ..FeedParams::default() };
    let (mut world, user) = meet(feed(params));
    let (mut clicked, mut passed) = (0, 0);
    for seed in 0..200 {
        let seen = begin(&mut world, seed);
        world.intervene(user, "literacy", &[0.5]).unwrap();
        let slates = show(&seen, &[1, 0]);
        let [bait, plain] = [0, 1].map(|position| world.truth().explain(&slates, 0, position));
        let names: Vec<_> = bait.iter().map(|(name, _)| *name).collect();
        let expected = [
            "taste",
            "quality",
            "promise of the wrapping",
            "popularity",
            "fatigue",
            "threshold",
            "click chance",
            "experience",
            "examined",
            "luck",
        ];
        assert_eq!(names, expected);
        // The wrapping of a gap of ½ promises 3·.8·½·½; v = 3.2 + 1.5 + .6 − 5.2 = .1, and 2.4 + 3 − 5.2 = .2.
        let values = |terms: &[(_, f32)]| terms.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let (bait, plain) = (values(&bait), values(&plain));
        assert_near(&bait[..8], &[3.2, 1.5, 0.6, 0.0, 0.0, -5.2, 0.524_979_2, -2.7]);
        assert_near(&plain[..8], &[2.4, 3.0, 0.0, 0.0, 0.0, -5.2, 0.549_834, 2.5]);
        let step = step(&mut world, &slates);
        for (terms, &click) in [bait, plain].iter().zip(step.responses.click.row(0)) {
            assert_eq!(click, terms[8] == 1.0 && terms[9] < terms[6], "{terms:?}");
            (clicked, passed) = (clicked + u32::from(click), passed + u32::from(!click));
        }
    }
    assert!(clicked > 0 && passed > 0);
}
