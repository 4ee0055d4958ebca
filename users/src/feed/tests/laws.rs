//! Frequencies against the equations, and numbers at the ends of every range.

use recloop_env::{Fate, Goal, ItemId, Objective, Part, Sharded, UserId, UserModel, World};

use super::super::impression::sigmoid;
use super::super::params::ALL;
use super::super::{Feed, FeedParams};
use super::{assert_near, begin, bound, feed, item, shelf, show, step, world};

#[test]
fn clicks_are_as_frequent_as_promise_and_position_say() {
    let n = 50_000;
    let mut world = world(
        feed(FeedParams { examination: 0.7, ..FeedParams::default() }),
        n,
        vec![item(0, 0.6, 0.0), item(1, 0.9, 0.0), item(1, 0.1, 0.0)],
    );
    let seen = begin(&mut world, 3);
    assert_eq!(seen.len(), n);
    let order = [2, 0, 1];
    let mut promise = [0.0; 3];
    assert!(world.truth().appraise(0, Goal::Click, &order.map(ItemId), &mut promise));
    // 4·.8 + 3·.1 − 4, 4·.6 + 3·.6 − 4, 4·.8 + 3·.9 − 4.
    assert_near(&promise, &[-0.5, 0.2, 1.9]);
    let step = step(&mut world, &show(&seen, &order));
    let told = step.responses.choice_probs.as_ref().unwrap();
    for (position, reach) in [1.0, 0.7, 0.49].into_iter().enumerate() {
        let law = reach * sigmoid(promise[position]);
        assert_near(&[told.row(17)[position]], &[law]);
        let clicks = (0..n).filter(|r| step.responses.click.row(*r)[position]).count();
        let share = clicks as f64 / n as f64;
        assert!((share - f64::from(law)).abs() < bound(n), "{share} for {law}");
    }
}

/// A dwell oracle's mean is the mean of what users do: dwell is in [0, 60] s, so Hoeffding's bound scales by 60.
#[test]
fn expected_dwell_is_what_is_dwelt() {
    let n = 50_000;
    let mut world = world(feed(FeedParams::default()), n, vec![item(1, 0.8, 0.3)]);
    let seen = begin(&mut world, 4);
    let mut expected = vec![0.0; n];
    for (r, expected) in expected.iter_mut().enumerate() {
        assert!(world.truth().appraise(r, Goal::Dwell, &[ItemId(0)], std::slice::from_mut(expected)));
    }
    let step = step(&mut world, &show(&seen, &[0]));
    let mean = |values: &[f32]| values.iter().map(|x| f64::from(*x)).sum::<f64>() / n as f64;
    let (found, expected) = (mean(step.responses.dwell_secs.as_slice()), mean(&expected));
    assert!((found - expected).abs() < 60.0 * bound(n), "{found} for {expected}");
    assert!(expected > 4.0, "a test of seconds needs some: {expected}");
}

#[test]
fn reranking_reshuffles_no_luck() {
    let params = FeedParams { examination: 1.0, ..FeedParams::default() };
    let items = || vec![item(0, 0.6, 0.5), item(1, 0.9, 0.9), item(1, 0.1, 0.2)];
    let of = |order: &[u32]| {
        let mut world = world(feed(params), 500, items());
        let seen = begin(&mut world, 5);
        (step(&mut world, &show(&seen, order)), world)
    };
    let ((a, before), (b, after)) = (of(&[0, 1, 2]), of(&[2, 0, 1]));
    for r in 0..500 {
        for (was, is) in [(0, 1), (1, 2), (2, 0)] {
            assert_eq!(a.responses.click.row(r)[was], b.responses.click.row(r)[is]);
            assert_eq!(a.responses.dwell_secs.row(r)[was], b.responses.dwell_secs.row(r)[is]);
            for s in 0..2 {
                assert_eq!(a.responses.signal(s, r)[was], b.responses.signal(s, r)[is]);
            }
        }
        let y = |world: &World| world.truth().user(UserId(r as u32), "satisfaction").unwrap().to_vec();
        assert_near(&y(&before), &y(&after));
    }
}

/// Lives a few users through many slates, and asserts that nothing ever is NaN or infinite.
fn live(params: FeedParams, what: &str) {
    let mut world = small_world(feed(params));
    let mut seen = begin(&mut world, 11);
    for _ in 0..60 {
        if seen.is_empty() {
            break;
        }
        let mut dwell = [0.0; 4];
        assert!(world.truth().appraise(0, Goal::Dwell, &[0, 1, 2, 3].map(ItemId), &mut dwell));
        let step = step(&mut world, &show(&seen, &[3, 1, 0]));
        let (did, accounts) = (&step.responses, world.truth().accounts());
        let numbers = did.dwell_secs.as_slice().iter().chain(accounts.as_slice()).chain(&dwell);
        assert!(numbers.copied().all(f32::is_finite), "{what}: {did:?} {accounts:?} {dwell:?}");
        for &user in &seen.users {
            for field in world.truth().fields(user) {
                let values = world.truth().user(user, &field).unwrap();
                assert!(values.iter().all(|x| x.is_finite()), "{what}: {field} is {values:?}");
            }
        }
        seen = step.next;
    }
}

fn small_world(feed: Feed) -> World {
    let items = vec![item(0, 0.0, 1.0), item(1, 1.0, 0.0), item(1, 0.5, 0.5), item(0, 0.9, 0.9)];
    World::builder("extremes")
        .cohort(Sharded::new(feed, 5))
        .slate_size(3)
        .supply(shelf(items))
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .popularity(0.9)
        .build()
        .unwrap()
}

#[test]
fn nothing_is_nan_at_the_ends_of_any_range() {
    let (mut lows, mut highs) = (FeedParams::default(), FeedParams::default());
    for &(name, low, high, field) in ALL {
        for end in [low, high] {
            let mut params = FeedParams::default();
            *field(&mut params) = end;
            live(params, &format!("{name} = {end}"));
        }
        (*field(&mut lows), *field(&mut highs)) = (low, high);
    }
    live(lows, "everything lowest");
    live(highs, "everything highest");
}

#[test]
fn time_fades_fatigue_by_the_window_and_habit_by_the_day() {
    let feed = feed(FeedParams::default());
    let mut state = feed.blank(1);
    let hour = 3600.0;
    let mut after = |from_hours: f64, to_hours: f64| {
        state.fatigue.row_mut(0).copy_from_slice(&[2.0, 0.0]);
        state.habit.row_mut(0)[0] = 0.4;
        feed.pass_time(&mut state, 0, from_hours * hour, to_hours * hour);
        [state.fatigue.row(0)[0], state.habit.row(0)[0]]
    };
    assert_near(&after(0.0, 5.9), &[2.0, 0.4]);
    assert_near(&after(5.9, 6.1), &[2.0 * 0.71, 0.4]);
    // Past midnight: the day was a visited one, .4 + .1·.6.
    assert_near(&after(23.0, 25.0), &[2.0 * 0.71, 0.46]);
    // Two nights on: two windows a quarter of a day each, and one day without a visit, .9·.46.
    assert_near(&after(23.0, 49.0), &[2.0 * 0.71_f32.powi(5), 0.414]);
}

/// Whoever always leaves after one slate lives through returns alone: with r₁ = 0 satisfaction decides none of them.
#[test]
fn without_r1_satisfaction_brings_nobody_back() {
    let fates = |return_satisfaction, satisfaction| {
        let params = FeedParams { return_satisfaction, stay_bias: -100.0, ..FeedParams::default() };
        let mut world = world(feed(params), 300, vec![item(0, 0.5, 0.5)]);
        let seen = begin(&mut world, 9);
        for &user in &seen.users {
            world.intervene(user, "satisfaction", &[satisfaction]).unwrap();
        }
        step(&mut world, &show(&seen, &[0])).fate
    };
    assert_eq!(fates(0.0, 0.1), fates(0.0, 0.9));
    let (sad, glad) = (fates(9.0, 0.1), fates(9.0, 0.9));
    let away = |fate: &Fate| if let Fate::Returns(secs) = fate { *secs } else { f32::INFINITY };
    let sooner = sad.iter().zip(&glad).filter(|(sad, glad)| away(glad) < away(sad)).count();
    let later = sad.iter().zip(&glad).filter(|(sad, glad)| away(glad) > away(sad)).count();
    assert!(sooner > 200 && later == 0, "{sooner} came back sooner, {later} later");
}
