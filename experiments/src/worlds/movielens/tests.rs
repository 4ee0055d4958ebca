use std::path::Path;

use recloop_env::testing::check_world;
use recloop_env::{Env, Goal, ItemId, Observation, ResetOptions, UserId};

use super::*;
use crate::import::movielens;
use crate::import::tests::{real, small_import};

fn world(data: &Path, keys: &str) -> Result<World, ConfigError> {
    let mut table = defaults();
    table.extend(keys.parse::<Table>().unwrap());
    build(&table, &Given { data: Some(data), ..Given::default() })
}

fn first_sight(world: &mut World) -> Observation {
    let mut seen = Observation::default();
    world.reset(1, &ResetOptions::default(), &mut seen).unwrap();
    seen
}

#[test]
fn films_look_as_they_were_imported() {
    let (_home, data) = small_import();
    let imported = Imported::load(&data).unwrap();
    let mut world = world(&data, "slate = 2").unwrap();
    let seen = first_sight(&mut world);
    assert_eq!(
        (world.spec().n_users, &world.spec().signals[..]),
        (7, &["like".to_owned(), "hide".to_owned()][..])
    );
    let find = |name| seen.items.layout().find(name).unwrap();
    let dense = |name, item| seen.items.dense(find(name), 0, ItemId(item)).to_vec();
    // Genres in order of appearance: film 8 brings none, film 7 drama, film 6 comedy and romance.
    assert_eq!((dense("genres", 0), dense("genres", 2)), (vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 1.0]));
    assert_eq!((dense("year", 0), dense("year_known", 0)), (vec![1991.0], vec![1.0]));
    // 1991, 1993 … 1998: the fourth of seven.
    assert_eq!((dense("year", 1), dense("year_known", 1)), (vec![1995.0], vec![0.0]));
    assert_eq!(dense("embedding", 3), imported.feed.embedding.row(3));
    assert_eq!(seen.items.code(find("topic"), 0, ItemId(3)), imported.feed.topic[3]);
    let catalogue = seen.items.catalogue().unwrap();
    assert_eq!((catalogue.len(), catalogue.title(ItemId(0))), (8, "Film 1 (1991)"));
    assert_eq!(catalogue.creator(ItemId(7)), CreatorId(0));
    assert_eq!(seen.user_features.width(), 0);
}

#[test]
fn people_are_those_of_the_import_and_repeat_beyond_it() {
    let (_home, data) = small_import();
    let feed = Imported::load(&data).unwrap().feed;
    let mut world = world(&data, "users = 9\nslate = 2\nobserve_interest = true").unwrap();
    first_sight(&mut world);
    let of = |user| world.truth().user(UserId(user), "interest").unwrap().to_vec();
    // User 8 is person 1 again.
    assert_eq!(of(8), of(1));
    assert!(of(1).iter().zip(feed.interest.row(1)).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_eq!(world.facts().population.levels(UserId(8)), feed.levels.row(1));
    assert_eq!(world.truth().user(UserId(3), "activity").unwrap(), [feed.activity[3]]);
}

#[test]
fn a_promise_is_made_of_what_the_import_says() {
    let (_home, data) = small_import();
    let feed = Imported::load(&data).unwrap().feed;
    // Taste alone: no quality, no popularity, no fatigue, no threshold.
    let keys =
        "slate = 2\nquality_weight = 0\npopularity_weight = 0\nfatigue_weight = 0\nclick_threshold = 0";
    let mut world = world(&data, keys).unwrap();
    let seen = first_sight(&mut world);
    let user = seen.users[0].index();
    let mut promise = [0.0];
    assert!(world.truth().appraise(0, Goal::Click, &[ItemId(3)], &mut promise));
    let dot: f32 = feed.interest.row(user).iter().zip(feed.embedding.row(3)).map(|(x, z)| x * z).sum();
    assert!((promise[0] - 4.0 * dot).abs() < 1e-4, "{} is not {}", promise[0], 4.0 * dot);
}

#[test]
fn the_world_keeps_every_law() {
    let (_home, data) = small_import();
    check_world(|| world(&data, "users = 31\nslate = 3\nchurn_days = 1").unwrap())
        .unwrap_or_else(|breach| panic!("failed to {breach}"));
}

#[test]
fn keys_and_data_are_checked() {
    let (home, data) = small_import();
    let refused = |data: &Path, keys| world(data, keys).unwrap_err().to_string();
    assert!(refused(&data, "users = -3").contains("a number of users, or \"all\""));
    assert!(refused(&data, "users = \"most\"").contains("a number of users, or \"all\""));
    assert!(refused(&data, "userz = 3").contains("userz"));
    assert!(matches!(world(&data, "users = 0"), Err(ConfigError::World(_))));
    assert!(refused(&data, "click_threshold = nan").contains("click_threshold"));
    assert!(refused(home.path(), "").contains("recloop import movielens PATH --out DIR"));
    assert!(matches!(build(&defaults(), &Given::default()), Err(ConfigError::NoData { .. })));
    let parquet = std::fs::read(data.join("items.parquet")).unwrap();
    std::fs::write(data.join("items.parquet"), &parquet[..parquet.len() - 9]).unwrap();
    assert!(refused(&data, "").contains("items.parquet"));
}

#[test]
fn real_people_live_with_real_films() {
    let Some(from) = real("ml-100k") else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("ml");
    movielens(&from, &data, |_| ()).unwrap();
    let mut world = world(&data, "").unwrap();
    first_sight(&mut world);
    let groups: Vec<&str> = world.spec().groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!((world.spec().n_users, groups.contains(&"gender")), (943, true));
}
