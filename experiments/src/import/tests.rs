//! Small handwritten folders, then the real files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// Seven people rate the same eight films, an hour apart.
const N_PEOPLE: usize = 7;
const N_FILMS: usize = 8;

fn stars(person: usize, film: usize) -> usize {
    1 + (2 * (person + film) + person * film) % 5
}

/// A folder in the csv form; ids are tenfold, in falling order, and film 20 has no year.
pub(crate) fn csv_folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut films = String::from("movieId,title,genres\n");
    let mut ratings = String::from("userId,movieId,rating,timestamp\n");
    for film in (1..=N_FILMS).rev() {
        let year = if film == 2 { String::new() } else { format!(" ({})", 1990 + film) };
        let genres = ["Comedy|Romance", "Drama", "(no genres listed)"][film % 3];
        films += &format!("{}0,Film {film}{year},{genres}\n", film);
        for person in 1..=N_PEOPLE {
            ratings += &format!("{person}0,{film}0,{}.0,{}\n", stars(person, film), 3600 * film);
        }
    }
    fs::write(dir.path().join("movies.csv"), films).unwrap();
    fs::write(dir.path().join("ratings.csv"), ratings).unwrap();
    fs::write(dir.path().join("tags.csv"), "userId,movieId,tag,timestamp\n").unwrap();
    dir
}

pub(super) fn hundred_k_folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut users, mut films, mut ratings) = (String::new(), String::new(), String::new());
    for person in 1..=N_PEOPLE {
        users += &format!("{person}|{}|{}|writer|12345\n", 20 + person, ["M", "F"][person % 2]);
        for film in 1..=N_FILMS {
            ratings += &format!("{person}\t{film}\t{}\t{}\n", stars(person, film), 3600 * film);
        }
    }
    (1..=N_FILMS).for_each(|film| films += &format!("{film}|Film {film} (1995)|01-Jan-1995||http://x|0|1\n"));
    for (name, text) in [("u.user", users), ("u.item", films), ("u.data", ratings)] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::write(dir.path().join("u.genre"), "unknown|0\nDrama|1\n").unwrap();
    dir
}

/// An import of [`csv_folder`], inside a folder of its own.
pub(crate) fn small_import() -> (TempDir, PathBuf) {
    let (from, home) = (csv_folder(), tempfile::tempdir().unwrap());
    let to = home.path().join("ml");
    movielens(from.path(), &to, |_| ()).unwrap();
    (home, to)
}

/// A published data set under `$RECLOOP_DATA`, or beside the workspace; `None`, said aloud, if it is absent.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RECLOOP_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let dir = root.join(name);
    if !dir.is_dir() {
        // Straight to the stream: the test harness hides what a passing test prints.
        writeln!(std::io::stderr(), "skipped: no real data at {}", dir.display()).unwrap();
        return None;
    }
    Some(dir)
}

/// Every file below a folder with its content.
pub(super) fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries.map(|it| (it.file_name().to_string_lossy().into(), fs::read(it.path()).unwrap())).collect()
}

pub(super) fn edit(dir: &Path, from: &str, to: &str) {
    let path = dir.join("import.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in import.json");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Makes edits look as if they had been there when the import was written.
fn reseal(dir: &Path) {
    let old = Label::load(dir).unwrap().digest;
    let text = fs::read_to_string(dir.join("import.json")).unwrap();
    edit(dir, &old, &super::folder::digest(dir, &text, &old).unwrap());
}

#[test]
fn both_forms_come_back_as_they_were_written() {
    for (from, form, n_files) in [(csv_folder(), "csv", 2), (hundred_k_folder(), "100k", 4)] {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("deep/ml");
        let mut steps = Vec::new();
        let report = movielens(from.path(), &to, |step| steps.push(step)).unwrap();
        assert_eq!((steps[0], steps[steps.len() - 1]), (Progress::Reading, Progress::Writing));
        assert_eq!(steps.len(), 1 + 20 + 2);
        let Imported { about, users, films, feed } = Imported::load(&to).unwrap();
        assert_eq!(about, report.about);
        assert_eq!((feed.interest.rows(), feed.embedding.rows()), (N_PEOPLE, N_FILMS));
        assert_eq!(feed.groups, about.groups);
        assert_eq!((about.source.form.as_str(), about.source.files.len()), (form, n_files));
        assert_eq!((users.len(), films.len()), (N_PEOPLE, N_FILMS));
        // ⌈.8 · 8⌉ = 7 of each person's 8 ratings are fitted.
        assert_eq!((about.split.n_train, about.split.n_held_out), (49, 7));
        assert!(
            users.iter().all(|user| user.n_ratings == 8 && user.n_visits == 8 && user.n_active_days == 1)
        );
        assert!(users.iter().any(|user| user.taste.iter().any(|x| *x != 0.0)));
        let names: Vec<_> = content(&to).into_keys().collect();
        assert_eq!(names, ["import.json", "items.parquet", "topics.parquet", "users.parquet"]);
    }
}

#[test]
fn what_the_data_tells_is_kept_and_what_it_does_not_tell_is_absent() {
    let (_home, to) = small_import();
    let Imported { about, users, films, .. } = Imported::load(&to).unwrap();
    assert_eq!(users.iter().map(|user| user.original_id).collect::<Vec<_>>(), [10, 20, 30, 40, 50, 60, 70]);
    assert_eq!((users[0].age, &users[0].gender), (None, &None));
    assert_eq!(
        (films[0].original_id, films[0].title.as_str(), films[0].year),
        (10, "Film 1 (1991)", Some(1991))
    );
    assert_eq!((films[1].year, films[1].genres.len()), (None, 0));
    assert_eq!(films[2].genres, ["Comedy", "Romance"]);
    assert_eq!(about.source.unread, ["tags.csv"]);

    let (from, home) = (hundred_k_folder(), tempfile::tempdir().unwrap());
    movielens(from.path(), home.path(), |_| ()).unwrap();
    let users = Imported::load(home.path()).unwrap().users;
    assert_eq!((users[1].age, users[1].gender.as_deref()), (Some(22), Some("M")));
    assert_eq!(users[1].occupation.as_deref(), Some("writer"));
}

#[test]
fn importing_again_replaces_and_changes_no_byte() {
    let (from, home) = (csv_folder(), tempfile::tempdir().unwrap());
    let to = home.path().join("ml");
    assert!(!movielens(from.path(), &to, |_| ()).unwrap().replaced);
    let first = content(&to);
    let report = movielens(from.path(), &to, |_| ()).unwrap();
    assert!(report.replaced && report.to_string().starts_with("imported again"));
    assert!(content(&to) == first);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "something was left beside the import");
}

#[test]
fn nothing_else_is_overwritten() {
    let (_home, to) = small_import();
    let before = content(&to);
    let other = hundred_k_folder();
    let refused = movielens(other.path(), &to, |_| ());
    assert!(matches!(refused, Err(ImportError::OtherImport { .. })));
    assert!(content(&to) == before);

    fs::write(to.join("notes.txt"), "mine").unwrap();
    let refused = movielens(csv_folder().path(), &to, |_| ()).unwrap_err();
    assert!(matches!(&refused, ImportError::Occupied { found, .. } if found == "notes.txt"));

    // Onto the data set itself, and onto a file.
    let refused = movielens(other.path(), other.path(), |_| ());
    assert!(matches!(refused, Err(ImportError::Occupied { .. })));
    let refused = movielens(other.path(), &to.join("notes.txt"), |_| ());
    assert!(matches!(refused, Err(ImportError::Io { .. })));
    assert_eq!(fs::read_to_string(to.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn bad_data_is_refused_before_anything_is_written() {
    let (from, home) = (csv_folder(), tempfile::tempdir().unwrap());
    let to = home.path().join("ml");
    let ratings = from.path().join("ratings.csv");
    fs::write(&ratings, "userId,movieId,rating,timestamp\n10,10,4.0,1\n10,20,nine,2\n").unwrap();
    let refused = movielens(from.path(), &to, |_| ()).unwrap_err().to_string();
    assert!(refused.contains("ratings.csv, line 3: rating is \"nine\""), "{refused}");
    // Two ratings: both are needed for the fit.
    fs::write(&ratings, "userId,movieId,rating,timestamp\n10,10,4.0,1\n10,20,3.0,2\n").unwrap();
    let refused = movielens(from.path(), &to, |_| ());
    assert!(matches!(refused, Err(ImportError::TooFewHeldOut { n_users: 0 })));
    assert!(matches!(movielens(home.path(), &to, |_| ()), Err(ImportError::Data(_))));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn damaged_imports_are_told_apart() {
    let (_home, to) = small_import();
    let empty = tempfile::tempdir().unwrap();
    let refused = Imported::load(empty.path()).unwrap_err();
    assert!(matches!(refused, ImportError::NotAnImport { .. }));
    assert!(refused.to_string().contains("recloop import movielens PATH --out DIR"));

    let users = fs::read(to.join("users.parquet")).unwrap();
    fs::write(to.join("users.parquet"), &users[..users.len() / 2]).unwrap();
    assert!(matches!(Imported::load(&to), Err(ImportError::Damaged { .. })));
    // A foreign table: the films' where the people's should be.
    fs::copy(to.join("items.parquet"), to.join("users.parquet")).unwrap();
    let refused = Imported::load(&to).unwrap_err().to_string();
    assert!(refused.ends_with("users.parquet: it has no column `user`"), "{refused}");
    fs::remove_file(to.join("users.parquet")).unwrap();
    assert!(
        matches!(Imported::load(&to), Err(ImportError::Missing { path }) if path.ends_with("users.parquet"))
    );
    fs::write(to.join("users.parquet"), &users).unwrap();

    edit(&to, "\"n_users\": 7", "\"n_users\": 8");
    assert!(matches!(Imported::load(&to), Err(ImportError::Damaged { .. })));
    edit(&to, "\"n_users\": 8", "\"n_users\": 7");
    edit(&to, "\"factors\": 16", "\"factors\": 15");
    let refused = Imported::load(&to).unwrap_err().to_string();
    assert!(refused.contains("column `taste`, row 0: 16 numbers, expected 15"), "{refused}");
    edit(&to, "\"factors\": 15", "\"factors\": 16");
    edit(&to, "\"Drama\"", "\"Dramma\"");
    let refused = Imported::load(&to).unwrap_err().to_string();
    assert!(refused.contains("genre `Drama`"), "{refused}");
}

#[test]
fn other_minors_are_read_and_other_majors_are_not() {
    let (_home, to) = small_import();
    edit(&to, "\"schema_version\": \"2.0\"", "\"schema_version\": \"2.7\", \"later\": true");
    reseal(&to);
    assert!(Imported::load(&to).is_ok());
    // Another major is named even if nothing else of it can be understood.
    fs::write(to.join("import.json"), r#"{"schema_version": "1.0"}"#).unwrap();
    let refused = Imported::load(&to).unwrap_err();
    assert!(matches!(&refused, ImportError::Schema { found, .. } if found == "1.0"));
    assert!(
        refused
            .to_string()
            .ends_with("its schema version is 1.0, this program reads 2.0; import the data again")
    );
    fs::write(to.join("import.json"), "{").unwrap();
    assert!(matches!(Imported::load(&to), Err(ImportError::Damaged { .. })));
}

#[test]
fn an_import_of_an_older_schema_is_replaced_by_one_of_the_same_files() {
    let (from, home) = (csv_folder(), tempfile::tempdir().unwrap());
    let to = home.path().join("ml");
    movielens(from.path(), &to, |_| ()).unwrap();
    let fresh = content(&to);
    edit(&to, "\"schema_version\": \"2.0\"", "\"schema_version\": \"1.0\"");
    fs::remove_file(to.join("topics.parquet")).unwrap();
    assert!(movielens(from.path(), &to, |_| ()).unwrap().replaced);
    assert!(content(&to) == fresh);
}

#[test]
fn the_digest_changes_with_anything_in_the_folder() {
    let (_home, to) = small_import();
    let digest = Label::load(&to).unwrap().digest;
    assert_eq!((digest.len(), &Imported::load(&to).unwrap().about.digest), (64, &digest));
    edit(&to, "\"residual_sd\": ", "\"residual_sd\": 1");
    let refused = Imported::load(&to).unwrap_err().to_string();
    assert!(refused.contains("something was edited"), "{refused}");
    reseal(&to);
    assert!(Imported::load(&to).is_ok() && Label::load(&to).unwrap().digest != digest);

    // Another import's table where one belongs that is read just as well: only the digest tells.
    let (_home, to) = small_import();
    let (from, other) = (csv_folder(), tempfile::tempdir().unwrap());
    let ratings = from.path().join("ratings.csv");
    let text = fs::read_to_string(&ratings).unwrap();
    fs::write(&ratings, text.replacen(",5.0,", ",1.0,", 1)).unwrap();
    movielens(from.path(), other.path(), |_| ()).unwrap();
    fs::copy(other.path().join("users.parquet"), to.join("users.parquet")).unwrap();
    let refused = Imported::load(&to).unwrap_err().to_string();
    assert!(refused.contains("something was edited"), "{refused}");
}

/// What a feed world is promised of real data.
pub(super) fn check_feed(name: &str, feed: &FeedData, geometry: &Geometry) {
    let Geometry { pair_mean, pair_sd, best_percent, .. } = *geometry;
    let mean =
        |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
    let (conformity, bait) = (mean(&feed.conformity), mean(&feed.bait));
    writeln!(
        std::io::stderr(),
        "evidence: {name}: ⟨x, z⟩ {pair_mean:.4} ± {pair_sd:.4}, best 1 % {best_percent:.3}; mean conformity \
         {conformity:.3}, bait {bait:.3}; {geometry:?}; topics {:?}",
        feed.topics.names
    )
    .unwrap();
    assert!(pair_mean.abs() < 0.02 && (pair_sd - 0.2).abs() < 0.01 && (0.7..0.9).contains(&best_percent));
    assert!((0.35..0.45).contains(&conformity) && mean(&feed.activity).abs() < 0.1);
    assert!((mean(&feed.quality) - 0.5).abs() < 1e-3);
    let length = |grid: &recloop_env::Grid<f32>, at| super::geometry::length(grid.row(at));
    assert!((0..feed.interest.rows()).all(|user| (length(&feed.interest, user) - 1.0).abs() < 1e-5));
    let longest = (0..feed.embedding.rows()).map(|item| length(&feed.embedding, item)).fold(0.0, f64::max);
    assert!((1.4..1.7).contains(&longest), "{longest}");
    assert!((0..feed.topics.len()).all(|topic| feed.topic.contains(&(topic as u16))));
}

/// Held-out RMSE by model, and whether each was told apart from the last.
fn compared(name: &str) -> Option<Vec<(f64, bool)>> {
    let from = real(name)?;
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("ml");
    let report = movielens(&from, &to, |_| ()).unwrap();
    assert_eq!(report.rows().len(), 4);
    let Imported { users, films, about, feed } = Imported::load(&to).unwrap();
    assert_eq!((users.len(), films.len()), (about.n_users, about.n_films));
    check_feed(name, &feed, &about.geometry);
    let told = |gap: Option<Interval>| gap.is_some_and(|gap| gap.low > 0.0);
    Some(about.held_out.models.iter().map(|model| (model.rmse, told(model.excess))).collect())
}

#[test]
fn real_100k_people_are_foreseen_better_with_every_term() {
    let Some(models) = compared("ml-100k") else { return };
    assert!(models.windows(2).all(|pair| pair[1].0 < pair[0].0), "{models:?}");
    assert!(models[..3].iter().all(|(_, told_apart)| *told_apart), "{models:?}");
}

#[test]
fn real_csv_people_are_foreseen_better_than_by_means() {
    let Some(models) = compared("ml-latest-small") else { return };
    assert!(models[3].0 < models[1].0 && models[3].0 < models[0].0, "{models:?}");
}
