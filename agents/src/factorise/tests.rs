use super::*;

/// Owned triples: every pair for which `rating` has an answer.
struct Table {
    users: Vec<u32>,
    items: Vec<u32>,
    ratings: Vec<f32>,
}

impl Table {
    fn new(n_users: u32, n_items: u32, rating: impl Fn(usize, usize) -> Option<f32>) -> Self {
        let mut table = Table { users: Vec::new(), items: Vec::new(), ratings: Vec::new() };
        for (user, item) in (0..n_users).flat_map(|user| (0..n_items).map(move |item| (user, item))) {
            if let Some(rating) = rating(user as usize, item as usize) {
                table.users.push(user);
                table.items.push(item);
                table.ratings.push(rating);
            }
        }
        table
    }

    fn triples(&self) -> RatingTriples<'_> {
        RatingTriples { users: &self.users, items: &self.items, ratings: &self.ratings }
    }
}

/// Rank 2 plus biases; no noise.
fn planted(user: usize, item: usize) -> f32 {
    let (x, z) = (hashed_start(1, 1.0), hashed_start(2, 1.0));
    3.0 + x(user, 9) + z(item, 9) + 2.0 * (x(user, 0) * z(item, 0) + x(user, 1) * z(item, 1))
}

fn is_shown(user: usize, item: usize) -> bool {
    word(&Streams::new(5), user, item) % 10 < 6
}

fn in_pool<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap().install(work)
}

#[test]
fn a_planted_low_rank_matrix_is_recovered() {
    let shown = Table::new(80, 60, |u, i| is_shown(u, i).then(|| planted(u, i)));
    let hidden = Table::new(80, 60, |u, i| (!is_shown(u, i)).then(|| planted(u, i)));
    let ratings = Ratings::new(shown.triples(), 80, 60).unwrap();
    let config =
        ExplicitAls { factors: 2, sweeps: 60, ridge: Ridge::Fixed(1e-4), bias_ridge: Ridge::Fixed(1e-4) };
    let mut train_rmse = Vec::new();
    let model = config.fit(&ratings, hashed_start(3, 0.1), |_, rmse| train_rmse.push(rmse)).unwrap();
    let held_out = rmse(hidden.triples(), |u, i| model.predict(u, i)).unwrap();
    assert!(held_out < 1e-3, "{held_out}");
    assert_eq!(train_rmse.len(), 60);
    let refitted = rmse(shown.triples(), |u, i| model.predict(u, i)).unwrap();
    assert!((train_rmse[59] - refitted).abs() < 1e-12);

    let biases = BiasedFactors::user_and_item_bias(&ratings, 1.0, 10).unwrap();
    assert!(rmse(hidden.triples(), |u, i| biases.predict(u, i)).unwrap() > 0.5);
}

#[test]
fn threads_and_the_order_of_the_triples_change_no_bit() {
    let table = Table::new(120, 70, |u, i| is_shown(u, i).then(|| 1.0 + planted(u, i).abs()));
    let mut reversed =
        Table { users: table.users.clone(), items: table.items.clone(), ratings: table.ratings.clone() };
    reversed.users.reverse();
    reversed.items.reverse();
    reversed.ratings.reverse();
    let fit = |table: &Table| {
        let ratings = Ratings::new(table.triples(), 120, 70).unwrap();
        let mut last = 0.0;
        let explicit =
            ExplicitAls::default().fit(&ratings, hashed_start(1, 0.1), |_, rmse| last = rmse).unwrap();
        (explicit, last, ImplicitAls::default().fit(&ratings, hashed_start(1, 0.1)).unwrap())
    };
    let alone = in_pool(1, || fit(&table));
    assert!(alone == in_pool(3, || fit(&table)));
    assert!(alone == in_pool(3, || fit(&reversed)));
}

#[test]
fn threads_change_no_bit_of_a_gram_matrix_of_several_blocks() {
    let clicks = Table::new(6, 9000, |u, i| is_shown(u, i).then_some(1.0));
    let counts = Ratings::new(clicks.triples(), 6, 9000).unwrap();
    let config = ImplicitAls { factors: 4, sweeps: 2, ..ImplicitAls::default() };
    let fit = || config.fit(&counts, hashed_start(1, 0.1)).unwrap();
    assert!(in_pool(1, fit) == in_pool(3, fit));
}

#[test]
fn who_rated_nothing_keeps_the_mean() {
    let table = Table::new(10, 8, |u, i| (u < 9 && i < 7).then(|| planted(u, i)));
    let ratings = Ratings::new(table.triples(), 10, 8).unwrap();
    let model = ExplicitAls::default().fit(&ratings, hashed_start(1, 0.1), |_, _| ()).unwrap();
    assert_eq!(model.predict(9, 7), ratings.mean().unwrap());
    assert_eq!(model.predict(9, 0), model.mean() + f64::from(model.item(0).1));
    assert_eq!(model.user(9), ([0.0; 16].as_slice(), 0.0));

    let counts = Table::new(10, 8, |u, i| (u < 9 && i < 7).then_some(1.0));
    let model = ImplicitAls::default();
    let model = model.fit(&Ratings::new(counts.triples(), 10, 8).unwrap(), hashed_start(1, 0.1)).unwrap();
    assert!((0..8).all(|item| model.score(9, item) == 0.0));
}

#[test]
fn baselines_match_hand_computed_biases() {
    // μ = 3. Item 0: residuals +2, +1 → 3/(2+1) = 1; item 1: −1, −2 → −1.
    let triples =
        RatingTriples { users: &[0, 1, 0, 1], items: &[0, 0, 1, 1], ratings: &[5.0, 4.0, 2.0, 1.0] };
    let ratings = Ratings::new(triples, 2, 2).unwrap();
    let mean = BiasedFactors::global_mean(&ratings).unwrap();
    assert_eq!(mean.predict(1, 1), 3.0);
    assert_eq!(rmse(triples, |u, i| mean.predict(u, i)).unwrap(), (10.0_f64 / 4.0).sqrt());

    let items = BiasedFactors::item_mean(&ratings, 1.0).unwrap();
    assert_eq!([items.predict(0, 0), items.predict(0, 1)], [4.0, 2.0]);

    // Users first: 0 has +2, −1 → 1/3; 1 has +1, −2 → −1/3. They cancel within each item, whose biases stay
    // ±1.
    let both = BiasedFactors::user_and_item_bias(&ratings, 1.0, 1).unwrap();
    assert!((both.predict(0, 0) - (3.0 + 1.0 / 3.0 + 1.0)).abs() < 1e-6);
    assert!((both.predict(1, 1) - (3.0 - 1.0 / 3.0 - 1.0)).abs() < 1e-6);
}

#[test]
fn a_penalty_per_rating_grows_with_the_ratings() {
    // One user, three ratings of +1 around a mean shared with user 1's −1: b_0 = 3/(3 + 3λ).
    let triples = RatingTriples {
        users: &[0, 0, 0, 1, 1, 1],
        items: &[0, 1, 2, 0, 1, 2],
        ratings: &[2.0, 2.0, 2.0, 0.0, 0.0, 0.0],
    };
    let ratings = Ratings::new(triples, 2, 3).unwrap();
    let bias = |bias_ridge| {
        let config = ExplicitAls { factors: 0, sweeps: 1, bias_ridge, ..ExplicitAls::default() };
        config.fit(&ratings, |_, _| 0.0, |_, _| ()).unwrap().user(0).1
    };
    assert_eq!(bias(Ridge::Fixed(1.0)), 0.75);
    assert_eq!(bias(Ridge::PerRating(1.0)), 0.5);
}

#[test]
fn implicit_items_solve_the_dense_problem() {
    // After the last half sweep the items are optimal given the users, so the gradient of the objective,
    // written over every pair and without the Gram matrix, vanishes. Counts of 2 are given as two triples.
    let count = |u: usize, i: usize| word(&Streams::new(8), u, i) % 3;
    let mut table = Table::new(12, 9, |u, i| (count(u, i) > 0).then_some(1.0));
    let again = Table::new(12, 9, |u, i| (count(u, i) > 1).then_some(1.0));
    table.users.extend(again.users);
    table.items.extend(again.items);
    table.ratings.extend(again.ratings);
    let config = ImplicitAls { factors: 3, sweeps: 3, ridge: Ridge::Fixed(0.5), confidence_per_count: 4.0 };
    let ratings = Ratings::new(table.triples(), 12, 9).unwrap();
    let model = config.fit(&ratings, hashed_start(1, 0.5)).unwrap();
    for (item, factor) in (0..9).flat_map(|item| (0..3).map(move |factor| (item, factor))) {
        let mut gradient = 0.5 * f64::from(model.item(item)[factor]);
        for user in 0..12 {
            let preference = f64::from(u8::from(count(user, item) > 0));
            let error = model.score(user, item) - preference;
            gradient += (1.0 + 4.0 * count(user, item) as f64) * error * f64::from(model.user(user)[factor]);
        }
        assert!(gradient.abs() < 1e-5, "item {item}, factor {factor}: {gradient}");
    }
}

#[test]
fn refuses_what_is_not_a_rating() {
    let refuse = |users: &[u32], ratings: &[f32]| {
        Ratings::new(RatingTriples { users, items: &[0, 1], ratings }, 2, 2).unwrap_err()
    };
    assert_eq!(refuse(&[0], &[1.0, 1.0]), AgentError::RaggedTriples { n_users: 1, n_items: 2, n_ratings: 2 });
    assert!(matches!(refuse(&[0, 2], &[1.0, 1.0]), AgentError::OutsideMatrix { entry: 1, user: 2, .. }));
    assert!(matches!(refuse(&[0, 1], &[1.0, f32::NAN]), AgentError::RatingNotFinite { entry: 1, .. }));

    let none = Ratings::new(RatingTriples { users: &[], items: &[], ratings: &[] }, 2, 2).unwrap();
    assert_eq!(BiasedFactors::global_mean(&none), Err(AgentError::NoRatings));
    assert!(
        ImplicitAls::default().fit(&none, hashed_start(1, 0.1)).unwrap().item(1).iter().all(|&z| z == 0.0)
    );
}

#[test]
fn refuses_settings_that_cannot_be_solved() {
    let triples = RatingTriples { users: &[0, 0], items: &[0, 1], ratings: &[1.0, -1.0] };
    let ratings = Ratings::new(triples, 1, 2).unwrap();
    let bad = ExplicitAls { ridge: Ridge::Fixed(0.0), ..ExplicitAls::default() };
    let error = bad.fit(&ratings, |_, _| 0.1, |_, _| ()).unwrap_err();
    assert_eq!(error, AgentError::Setting { name: "ridge", value: 0.0 });
    let error = ImplicitAls::default().fit(&ratings, |_, _| 0.1).unwrap_err();
    assert_eq!(error, AgentError::NotACount { user: 0, item: 1, count: -1.0 });
    let bad = ImplicitAls { factors: 0, ..ImplicitAls::default() };
    let error = bad.fit(&ratings, |_, _| 0.1).unwrap_err();
    assert_eq!(error, AgentError::Setting { name: "factors", value: 0.0 });
    let faint = ExplicitAls { ridge: Ridge::Fixed(1e-30), ..ExplicitAls::default() };
    let error = faint.fit(&ratings, |_, _| 1.0, |_, _| ()).unwrap_err();
    assert_eq!(error, AgentError::Singular { row: 0 });
}
