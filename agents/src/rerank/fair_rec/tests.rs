//! What FairRec owes creators and users, on markets small enough to count.

use proptest::prelude::*;
use recloop_env::testing::{check_recommender, toy_feed};
use recloop_env::{ItemId, Recommender, TargetPolicy, Tick, unit_f32};

use super::*;
use crate::tests::scene::{Scene, scores};
use crate::{Greedy, PlackettLuce, Popularity};

/// Scores that are known: `[B][C]`, none below 0.
#[derive(Debug, Clone)]
struct Known(Vec<Vec<f32>>);

impl Scorer for Known {
    fn begin(&mut self, _spec: &EnvSpec) -> Result<(), RecommendError> {
        Ok(())
    }

    fn score(&self, _seen: &Observation, row: usize, out: &mut [f32]) {
        out.copy_from_slice(&self.0[row]);
    }
}

#[derive(Debug, Clone)]
struct Market {
    users: usize,
    creators: usize,
    /// Items of each creator.
    items: usize,
    k: usize,
    seed: u64,
}

impl Market {
    fn creator(&self, item: ItemId) -> usize {
        item.index() % self.creators
    }

    /// The market, what its users think of the items, and how many places an equal division would give a creator.
    fn open(&self) -> (Scene, Known, usize) {
        let n_items = self.creators * self.items;
        let items = vec![(0, [0.0]); n_items];
        let scene =
            Scene::of_creators(&vec![[0.0]; self.users], &items, |i| (i % self.creators) as u32, self.k);
        let rng = Streams::new(self.seed);
        let word = |row: usize, item: usize| {
            rng.item_word(purpose::CHOICE, UserId(row as u32), Tick(0), ItemId(item as u32))
        };
        // Squares, so that some items matter far more than others.
        let score = |row, item| unit_f32(word(row, item)).powi(2);
        let scores = (0..self.users).map(|row| (0..n_items).map(|item| score(row, item)).collect()).collect();
        (scene, Known(scores), self.users * self.k / self.creators)
    }
}

fn markets() -> impl Strategy<Value = Market> {
    let sizes = (1..12_usize, 1..8_usize, 1..4_usize, 1..6_usize, 0..u64::MAX);
    let market = |(users, creators, items, k, seed)| Market { users, creators, items, k, seed };
    sizes.prop_map(market).prop_filter("enough items for a slate", |m| m.creators * m.items >= m.k)
}

/// What the rows take, and what they are shown.
fn divided(scene: &Scene, seen: &Observation, known: &Known, dial: f32) -> (Vec<Vec<usize>>, Slates) {
    let fair = FairRec::new(known.clone(), dial).unwrap();
    let (mut policy, mut slates) = (Greedy::new(fair.clone()), Slates::default());
    policy.begin(&scene.spec).unwrap();
    policy.recommend(seen, &Streams::new(5), &mut slates).unwrap();
    slates.check(&seen.users, &seen.candidates, scene.spec.slate_size).unwrap();
    let mut fair = fair;
    fair.begin(&scene.spec).unwrap();
    fair.ties.prepare(seen, &Streams::new(5));
    let taken = fair.divide(seen).unwrap();
    (taken, slates)
}

/// How much more `row` would like the other's slate than its own, without what `shared` says, and without one item.
fn envy(known: &Known, slates: &Slates, [row, other]: [usize; 2], shared: impl Fn(ItemId) -> bool) -> f32 {
    let value = |item: &ItemId| known.0[row][item.index()];
    let theirs: Vec<f32> = slates.items.row(other).iter().filter(|item| !shared(**item)).map(value).collect();
    let own: f32 = slates.items.row(row).iter().map(value).sum();
    theirs.iter().sum::<f32>() - theirs.iter().fold(0.0, |best, value| f32::max(best, *value)) - own
}

fn pairs(n: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..n).flat_map(move |row| (0..n).map(move |other| [row, other]))
}

/// Sums of a few numbers below 1 are this exact.
const ROUNDING: f32 = 1e-5;

proptest! {
    #[test]
    fn all_creators_but_a_few_get_their_places(market in markets(), dial in 0.0_f32..=1.0) {
        let (scene, known, part) = market.open();
        let (_, slates) = divided(&scene, &scene.seen, &known, dial);
        let guaranteed = ((dial * part as f32) as usize).min(market.users);
        prop_assume!(guaranteed > 0 && market.creators >= market.k);
        let mut places = vec![0; market.creators];
        slates.items.as_slice().iter().for_each(|item| places[market.creator(*item)] += 1);
        let short = places.iter().filter(|places| **places < guaranteed).count();
        prop_assert!(short < market.k, "{short} of {places:?} below {guaranteed}");
    }

    #[test]
    fn places_are_given_as_far_as_somebody_may_be_shown_something(market in markets(), dial in 0.0_f32..=1.0) {
        let (scene, known, _) = market.open();
        // Every user met some items before; enough for a slate are left.
        let n_items = market.creators * market.items;
        let met = |row: usize| (0..n_items as u32).filter(move |item| (row as u32 * 7 + item * 5).is_multiple_of(3));
        let barred: Vec<Vec<u32>> = (0..market.users).map(|row| met(row).take(n_items - market.k).collect()).collect();
        let seen = scene.barring(&barred);
        let (taken, _) = divided(&scene, &seen, &known, dial);
        let creator = |place: &usize| place % market.creators;
        let has = |row: usize, p: usize| taken[row].iter().any(|place| creator(place) == p);
        let may = |row: usize, p: usize| seen.candidates.row(row).iter().any(|item| market.creator(item) == p);
        let on_offer: Vec<usize> =
            (0..market.creators).filter(|p| (0..market.users).any(|row| may(row, *p))).collect();
        let part = market.users * market.k / on_offer.len();
        let guaranteed = ((dial * part as f32) as usize).min(market.users);
        let given = |p: usize| (0..market.users).filter(|row| has(*row, p)).count();
        prop_assert!(on_offer.iter().all(|p| given(*p) <= guaranteed));
        let short: Vec<usize> = on_offer.iter().copied().filter(|p| given(*p) < guaranteed).collect();
        let satisfied = (0..market.users).any(|row| short.iter().all(|p| has(row, *p)));
        for (row, p) in (0..market.users).flat_map(|row| short.iter().map(move |p| (row, *p))) {
            let no_room = taken[row].len() == market.k;
            prop_assert!(satisfied || has(row, p) || !may(row, p) || no_room, "row {row} could take of {p}");
        }
    }

    #[test]
    fn with_a_place_each_nobody_envies_by_more_than_an_item(market in markets()) {
        let (scene, known, part) = market.open();
        prop_assume!(part > 0);
        // The dial at which a part of so many places is one.
        let (_, slates) = divided(&scene, &scene.seen, &known, (1.0001 / part as f32).min(1.0));
        for pair in pairs(market.users) {
            let envy = envy(&known, &slates, pair, |_| false);
            prop_assert!(envy <= ROUNDING, "{pair:?}: {envy}");
        }
    }

    #[test]
    fn with_more_places_envy_is_for_what_both_took_of(market in markets(), dial in 0.0_f32..=1.0) {
        let (scene, known, _) = market.open();
        let (taken, slates) = divided(&scene, &scene.seen, &known, dial);
        let creator = |place: &usize| place % market.creators;
        for [row, other] in pairs(market.users) {
            let both = |item: ItemId| {
                let of = |row: usize| taken[row].iter().any(|place| creator(place) == market.creator(item));
                slates.items.row(row).contains(&item) || (of(row) && taken[other].contains(&item.index()))
            };
            let envy = envy(&known, &slates, [row, other], both);
            prop_assert!(envy <= ROUNDING, "{row} of {other}: {envy}");
        }
    }
}

/// Items are creators, by place; what is liked better comes first.
fn wishes(order: [usize; 6]) -> Vec<Wish> {
    let wish = |(i, creator): (usize, usize)| Wish { key: 10 - i as u64, creator, place: creator };
    order.into_iter().enumerate().map(wish).collect()
}

#[test]
fn with_more_places_than_one_the_source_claims_too_much() {
    // Six creators A A' B B' C D with two places each, three users, slates of four: all places are given away. User 0 likes A
    // and A' as much as B and B', and nothing else; the others take B and B' first, so that none is left for user 0, and then
    // user 1 takes A and A' as well.
    let [zero, one, two] = [[0, 1, 2, 3, 4, 5], [2, 3, 0, 1, 4, 5], [2, 3, 5, 4, 0, 1]];
    let wishes = [zero, one, two].map(wishes);
    let copies = guarantee(1.0, 4, &wishes);
    assert_eq!(copies, [2; 6]);
    let taken = divide(&[0, 1, 2], &wishes, 4, copies);
    assert_eq!(taken, [vec![0, 1, 4, 5], vec![2, 3, 0, 1], vec![2, 3, 5, 4]]);
    // To user 0 the own slate is worth two, the other's four, and three without an item.
    let liked = |slate: &[usize]| slate.iter().filter(|place| **place < 4).count();
    assert!(liked(&taken[0]) < liked(&taken[1]) - 1);
}

#[test]
fn a_guarantee_is_what_the_dial_says() {
    let all = vec![wishes([0, 1, 2, 3, 4, 5]); 10];
    assert_eq!(guarantee(0.7, 6, &all), [7; 6]);
    assert_eq!(guarantee(0.0, 6, &all), [0; 6]);
    assert_eq!(guarantee(1.0, 60, &all), [10; 6], "no creator has two of the places of a slate");
    assert_eq!(guarantee(1.0, 6, &[]), [0; 0]);
    assert_eq!(divide(&[], &[], 6, Vec::new()), Vec::<Vec<usize>>::new());
}

#[test]
fn what_is_taken_stands_above_all_else_in_the_order_of_the_scores() {
    let market = Market { users: 6, creators: 3, items: 4, k: 3, seed: 1 };
    let (scene, known, _) = market.open();
    let (taken, slates) = divided(&scene, &scene.seen, &known, 1.0);
    for (row, taken) in taken.iter().enumerate() {
        let mut best = taken.clone();
        best.sort_by(|a, b| known.0[row][*b].total_cmp(&known.0[row][*a]));
        let shown: Vec<usize> = slates.items.row(row).iter().map(|item| item.index()).collect();
        assert_eq!(shown[..best.len()], best);
    }
    // Even where all scores are one number, and a large one.
    let equal = Known(vec![vec![1e10; 12]; 6]);
    let (taken, slates) = divided(&scene, &scene.seen, &equal, 1.0);
    for (row, taken) in taken.iter().enumerate() {
        assert!(taken.iter().all(|place| slates.items.row(row).contains(&ItemId(*place as u32))));
    }
}

#[test]
fn a_question_outside_a_tick_is_answered_as_in_it() {
    let market = Market { users: 7, creators: 4, items: 3, k: 3, seed: 3 };
    let (scene, known, _) = market.open();
    let make = || FairRec::new(known.clone(), 1.0).unwrap();
    let (mut policy, mut slates) = (Greedy::new(make()), Slates::default());
    policy.begin(&scene.spec).unwrap();
    policy.recommend(&scene.seen, &Streams::new(9), &mut slates).unwrap();
    let mut frozen = Greedy::new(make());
    frozen.begin(&scene.spec).unwrap();
    frozen.load(&policy.save().unwrap()).unwrap();
    for (row, shown) in (0..7).map(|row| (row, slates.items.row(row))) {
        let mut next = vec![0.0; 12];
        frozen.distribution(&scene.seen, row, &shown[..1], &mut next).unwrap();
        assert_eq!(next[shown[1].index()], 1.0);
    }
    // What was prepared is not taken for another batch's, nor for another tick's.
    let mut prepared = make();
    prepared.begin(&scene.spec).unwrap();
    prepared.prepare(&scene.seen, &Streams::new(9)).unwrap();
    let mut fresh = make();
    fresh.begin(&scene.spec).unwrap();
    fresh.load(&prepared.save().unwrap()).unwrap();
    let fewer = Observation { users: [0, 2, 3].map(|i| scene.seen.users[i]).to_vec(), ..scene.seen.clone() };
    for seen in [fewer, scene.at(8)] {
        (0..3).for_each(|row| assert_eq!(scores(&prepared, &seen, row), scores(&fresh, &seen, row)));
    }
}

#[test]
fn it_keeps_the_contract_but_for_the_one_law_it_must_break() {
    let make = |dial| FairRec::new(Popularity::default(), dial).unwrap();
    check_recommender(|| Greedy::new(make(0.0)), || toy_feed(9)).unwrap();
    for breach in [
        check_recommender(|| Greedy::new(make(1.0)), || toy_feed(9)).unwrap_err(),
        check_recommender(|| PlackettLuce::new(make(1.0), 0.1).unwrap(), || toy_feed(9)).unwrap_err(),
    ] {
        assert_eq!(breach.law, "a row's slate does not depend on who else is in the batch");
    }
}

#[test]
fn a_score_that_is_no_number_is_refused_by_its_row() {
    let market = Market { users: 3, creators: 2, items: 2, k: 2, seed: 1 };
    let (scene, mut known, _) = market.open();
    (known.0[1][2], known.0[2][0]) = (f32::NAN, f32::INFINITY);
    let mut policy = Greedy::new(FairRec::new(known, 0.5).unwrap());
    policy.begin(&scene.spec).unwrap();
    let error = policy.recommend(&scene.seen, &Streams::new(1), &mut Slates::default()).unwrap_err();
    assert!(matches!(error, RecommendError::Score { row: 1, item: ItemId(2), .. }), "{error}");
}

#[test]
fn the_least_exposure_rises_with_the_dial() {
    // Items everybody likes the better the lower the creator.
    let market = Market { users: 20, creators: 5, items: 4, k: 4, seed: 2 };
    let (scene, mut known, _) = market.open();
    known.0.iter_mut().for_each(|row| {
        row.iter_mut().enumerate().for_each(|(item, score)| *score += 3.0 - 0.5 * (item % 5) as f32);
    });
    let least = [0.0, 0.25, 0.5, 0.75, 1.0].map(|dial| {
        let (_, slates) = divided(&scene, &scene.seen, &known, dial);
        let places =
            |p: usize| slates.items.as_slice().iter().filter(|item| market.creator(**item) == p).count();
        (0..5).map(places).min().unwrap()
    });
    // 80 places, 16 each if divided equally; nothing here is noise. With all of them given away, somebody may have all the
    // creators that have some left, and one then stays a place short.
    assert_eq!(least[..4], [0, 4, 8, 12]);
    assert!([15, 16].contains(&least[4]), "{least:?}");
}
