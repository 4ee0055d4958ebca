//! Who they are: laws of strangers, rows of a table, and tables that make no people.

use std::sync::Arc;

use recloop_env::{
    Block, Clock, Goal, Grid, Group, ItemId, Layout, Objective, Part, Sharded, Streams, Tick, Topics, UserId,
    UserModel, World,
};

use super::super::{Feed, FeedParams, FeedState, GroupShares, People, PeopleTable};
use super::{alike, assert_near, axes, begin, bound, feed, item, latent, observed, shelf, show, step, world};
use crate::UserError;

const N: usize = 20_000;

fn crowd(feed: &Feed, n: usize) -> FeedState {
    let (mut state, rng) = (feed.blank(n), Streams::new(1));
    (0..n).for_each(|at| feed.begin(&mut state, at, UserId(at as u32), Tick(0), &rng));
    state
}

fn strangers(topics: Topics) -> Feed {
    let dim = topics.centres.width();
    let items = Layout::new(vec![
        Block::category("topic", topics.len() as u16, ""),
        Block::dense("embedding", dim, (-1.0, 1.0), ""),
    ]);
    Feed::new(FeedParams::default(), People::drawn(topics.into()), &items, &latent()).unwrap()
}

/// Mean and standard deviation of a column.
fn moments(grid: &Grid<f32>) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for &x in grid.as_slice() {
        (sum, squares) = (sum + f64::from(x), squares + f64::from(x * x));
    }
    let (n, mean) = (grid.rows() as f64, sum / grid.rows() as f64);
    (mean, (squares / n - mean * mean).sqrt())
}

/// A mean of 20,000 values of standard deviation σ strays by 6σ/√20,000 = .043σ once in 5e8 (normal tail), a standard
/// deviation by less than that for laws no more peaked than the normal.
#[test]
fn strangers_have_the_stated_moments() {
    let state = crowd(&strangers(Topics::new(14, 32)), N);
    let beta = |a: f64, b: f64| (a / (a + b), (a * b / (a + b + 1.0)).sqrt() / (a + b));
    for (name, grid, (mean, sd)) in [
        ("activity", &state.activity, (0.0, 1.0)),
        ("conformity", &state.conformity, beta(2.0, 3.0)),
        ("literacy", &state.literacy, beta(2.0, 3.0)),
        ("openness", &state.openness, beta(2.0, 2.0)),
        // 1 + Gamma(mean 8, shape 4).
        ("patience", &state.patience, (9.0, 4.0)),
    ] {
        let (found_mean, found_sd) = moments(grid);
        assert!((found_mean - mean).abs() < 0.043 * sd, "{name}: mean {found_mean} for {mean}");
        assert!((found_sd - sd).abs() < 0.07 * sd, "{name}: sd {found_sd} for {sd}");
    }
}

#[test]
fn strangers_are_unit_mixtures_of_up_to_three_topics() {
    // Orthogonal centres, so that the mixture can be read off.
    let mut centres = Grid::zeros(5, 5);
    (0..5).for_each(|t| centres.row_mut(t)[t] = 1.0);
    let names = (0..5).map(|t| t.to_string()).collect();
    let state = crowd(&strangers(Topics { names, centres }), N);
    let mut counts = [0; 4];
    for at in 0..N {
        let interest = state.interest.row(at);
        let length: f32 = interest.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5 && interest.iter().all(|x| *x >= 0.0));
        counts[interest.iter().filter(|x| **x > 0.0).count()] += 1;
        assert_eq!(interest, state.initial_interest.row(at));
    }
    for count in &counts[1..] {
        let share = f64::from(*count) / N as f64;
        assert!((share - 1.0 / 3.0).abs() < bound(N), "{counts:?}");
    }
}

#[test]
fn groups_have_their_shares() {
    let feed = strangers(Topics::new(14, 32));
    let (state, spec) = (crowd(&feed, N), feed.spec());
    let names: Vec<_> = spec.groups.iter().map(|it| (it.name.as_str(), it.levels.len())).collect();
    assert_eq!(names, [("age", 6), ("gender", 3), ("region", 5)]);
    let mut levels = [0; 3];
    let mut counts = [[0_u32; 6]; 3];
    for at in 0..N {
        feed.groups(&state, at, &mut levels);
        (0..3).for_each(|g| counts[g][usize::from(levels[g])] += 1);
    }
    for (g, level, share) in [(0, 2, 0.27), (0, 5, 0.10), (1, 0, 0.49), (1, 2, 0.02), (2, 4, 0.1)] {
        let found = f64::from(counts[g][level]) / N as f64;
        assert!((found - share).abs() < bound(N), "group {g}, level {level}: {found} for {share}");
    }
}

#[test]
fn given_people_are_their_rows_again_and_again() {
    let table = PeopleTable {
        interest: Grid::from_vec(vec![3.0, 0.0, 3.0, 4.0], 2, 2).unwrap(),
        activity: vec![-1.0, 2.0],
        conformity: vec![0.25, 0.75],
        levels: Grid::from_vec(vec![0, 1], 2, 1).unwrap(),
        ..alike()
    };
    let params = FeedParams { observe_interest: true, observe_groups: true, ..FeedParams::default() };
    let known = Feed::new(params, People::Given(table.into()), &observed(), &latent()).unwrap();
    let state = crowd(&known, 5);
    for at in 0..5 {
        let (interest, activity, conformity) =
            if at % 2 == 0 { ([1.0, 0.0], -1.0, 0.25) } else { ([0.6, 0.8], 2.0, 0.75) };
        assert_eq!(state.interest.row(at), interest);
        assert_eq!((state.activity.row(at)[0], state.conformity.row(at)[0]), (activity, conformity));
        assert_eq!(state.groups.row(at), [(at % 2) as f32]);
    }
    assert_ne!(state.literacy.row(0), state.literacy.row(2));
    // What recommenders see: the interest, then the group one-hot.
    let mut open = world(known, 5, vec![item(0, 0.5, 0.5)]);
    let seen = begin(&mut open, 1);
    assert_eq!(seen.user_features.row(1), [0.6, 0.8, 0.0, 1.0]);
    assert_eq!(open.facts().population.level(UserId(3), 0), 1);
    let mut hidden = world(feed(FeedParams::default()), 1, vec![item(0, 0.5, 0.5)]);
    assert_eq!(begin(&mut hidden, 1).user_features.width(), 0);
}

#[test]
fn what_makes_no_people_is_refused() {
    let build = |people, observed: &Layout| {
        Feed::new(FeedParams::default(), people, observed, &latent()).map(|_| ()).unwrap_err()
    };
    let given = |edit: fn(&mut PeopleTable)| {
        let mut table = alike();
        edit(&mut table);
        build(People::Given(Arc::new(table)), &observed()).to_string()
    };
    for (refused, says) in [
        (given(|it| it.interest = Grid::new(2)), "people: expected 1"),
        (given(|it| it.interest = Grid::zeros(1, 3)), "interests of people: expected 2 values, found 3"),
        (given(|it| it.interest = Grid::zeros(1, 2)), "squared length of an interest` to 0"),
        (given(|it| it.activity.clear()), "activities of people"),
        (given(|it| it.activity[0] = f32::NAN), "`activity` to NaN"),
        (given(|it| it.conformity[0] = 1.5), "`conformity` to 1.5: allowed is [0, 1]"),
        (given(|it| it.levels.row_mut(0)[0] = 2), "`group level` to 2"),
        (given(|it| it.groups.clear()), "group levels of a person"),
    ] {
        assert!(refused.contains(says), "`{refused}` does not say `{says}`");
    }
    let shares = |shares: &[f32]| {
        let group = GroupShares { group: Group::new("kind", &["one", "other"]), shares: shares.to_vec() };
        build(People::Drawn { topics: axes(), groups: vec![group] }, &observed()).to_string()
    };
    assert!(shares(&[1.0]).contains("shares of group levels: expected 2 values, found 1"));
    assert!(shares(&[0.0, 0.0]).contains("`sum of group shares` to 0"));
    assert!(shares(&[2.0, -1.0]).contains("`group shares` to -1: allowed is 0 or more"));
    let flat = build(People::drawn(axes()), &Layout::default());
    assert!(matches!(flat, UserError::Block { name: "topic", .. }));
    let wide = build(People::drawn(Arc::new(Topics::new(2, 3))), &observed());
    assert!(matches!(wide, UserError::Shape { what: "topic centres", expected: 2, found: 3 }));
}

#[test]
fn what_others_click_draws_conformists_only() {
    let table = PeopleTable {
        interest: Grid::from_vec(vec![0.6, 0.8, 0.6, 0.8], 2, 2).unwrap(),
        activity: vec![0.0; 2],
        conformity: vec![0.0, 1.0],
        levels: Grid::zeros(2, 1),
        ..alike()
    };
    let eager = FeedParams {
        popularity_weight: 2.0,
        click_threshold: -100.0,
        stay_bias: 100.0,
        patience_least: 100.0,
        ..FeedParams::default()
    };
    let feed = Feed::new(eager, People::Given(table.into()), &observed(), &latent()).unwrap();
    let mut world = World::builder("fashion")
        .cohort(Sharded::new(feed, 2))
        .slate_size(1)
        .supply(shelf(vec![item(0, 0.5, 0.0), item(0, 0.5, 0.0)]))
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .clock(Clock { tick_secs: Clock::DAY_SECS, calendar: true })
        .popularity(0.9)
        .build()
        .unwrap();
    let seen = begin(&mut world, 1);
    // Both click item 1 and stay, and then see that it was clicked: it is one standard deviation up, the other down.
    step(&mut world, &show(&seen, &[1]));
    for (r, expected) in [(0, 0.0), (1, 2.0 * 2.0)] {
        let mut promise = [0.0; 2];
        assert!(world.truth().appraise(r, Goal::Click, &[0, 1].map(ItemId), &mut promise));
        assert_near(&[promise[1] - promise[0]], &[expected]);
    }
}
