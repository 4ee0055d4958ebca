//! Hand-written folders for every fault, then the published counts on the real files.

use std::fs;
use std::io::{ErrorKind, Write};

use tempfile::TempDir;

use super::*;

const U_USER: &str = "1|24|M|technician|85711\n2|53|F|other|T8H1N\n";
const U_GENRE: &str = "unknown|0\nAction|1\nDrama|2\n\n";
const U_ITEM: &[u8] =
    b"2|Mis\xe9rables, Les (1995) (V)|04-Feb-1994|||0|1|1\n1|Heat (1995)|01-Jan-1996||http://x|0|1|0\n";
const U_DATA: &str = "2\t1\t5\t30\n1\t2\t3\t20\n1\t1\t4\t20\n";
const MOVIES: &str =
    "movieId,title,genres\n10,\"Net, The (1995)\",Crime|Action\n20,Cosmos,(no genres listed)\n";
const RATINGS: &str = "userId,movieId,rating,timestamp\n9,10,0.5,7\n3,20,4.5,8\n";

/// A folder with `files`, gone at the end of the test.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// A good folder of the 100K form in which `name` holds `bytes` instead.
fn hundred_k_with(name: &str, bytes: &[u8]) -> TempDir {
    let dir = folder(&[
        ("u.user", U_USER.as_bytes()),
        ("u.genre", U_GENRE.as_bytes()),
        ("u.item", U_ITEM),
        ("u.data", U_DATA.as_bytes()),
    ]);
    fs::write(dir.path().join(name), bytes).unwrap();
    dir
}

/// A good folder of the csv form in which `name` holds `bytes` instead.
fn csv_with(name: &str, bytes: &[u8]) -> TempDir {
    let dir = folder(&[("movies.csv", MOVIES.as_bytes()), ("ratings.csv", RATINGS.as_bytes())]);
    fs::write(dir.path().join(name), bytes).unwrap();
    dir
}

/// Loads csv rating lines over the films 1 to 199.
pub(super) fn csv_ratings(lines: &str) -> Ratings {
    let movies: String = (1..200).map(|id| format!("{id},Film {id},Drama\n")).collect();
    let dir = folder(&[
        ("movies.csv", format!("movieId,title,genres\n{movies}").as_bytes()),
        ("ratings.csv", format!("userId,movieId,rating,timestamp\n{lines}").as_bytes()),
    ]);
    Ratings::load(dir.path()).unwrap()
}

/// Loads `u.data` lines over users 1 and 2 and films 1 and 2.
pub(super) fn hundred_k_ratings(lines: &str) -> Ratings {
    Ratings::load(hundred_k_with("u.data", lines.as_bytes()).path()).unwrap()
}

/// Asserts that the folder fails at `name`, `line`, with this reason.
fn assert_line_fault(dir: &TempDir, name: &str, at_line: u64, reason: &str) {
    match Ratings::load(dir.path()) {
        Err(DataError::Line { path, line, fault }) => {
            assert_eq!((path, line), (dir.path().join(name), at_line), "{fault}");
            assert_eq!(fault.to_string(), reason);
        }
        other => panic!("expected a fault at {name}:{at_line} ({reason}), got {other:?}"),
    }
}

#[test]
fn the_100k_form_is_read_in_order_of_ids_and_time() {
    let ratings = Ratings::load(hundred_k_with("u.info", b"2 users").path()).unwrap();
    assert_eq!(
        ratings.users[1],
        Person {
            original_id: 2,
            age: Some(53),
            gender: Some(Gender::Female),
            occupation: Some("other".into())
        }
    );
    assert_eq!(ratings.genre_names, ["unknown", "Action", "Drama"]);
    let film = |id, title: &str, year, genres: &[usize]| Film {
        original_id: id,
        title: title.into(),
        year: Some(year),
        genres: genres.into(),
    };
    assert_eq!(
        ratings.films,
        [film(1, "Heat (1995)", 1995, &[1]), film(2, "Misérables, Les (1995) (V)", 1994, &[1, 2])]
    );
    let rating = |user, film, stars, at_secs| Rating { user, film, stars, at_secs };
    // User 1 rated both films in one second: the lower film id is first.
    assert_eq!(ratings.ratings, [rating(0, 0, 4.0, 20), rating(0, 1, 3.0, 20), rating(1, 0, 5.0, 30)]);
    assert!(ratings.unread[0].ends_with("u.info"));
}

#[test]
fn the_csv_form_is_read_with_crlf_and_byte_order_mark() {
    let movies = format!("\u{feff}{}\r\n\r\n", MOVIES.replace('\n', "\r\n"));
    let dir = csv_with("movies.csv", movies.as_bytes());
    fs::write(dir.path().join("tags.csv"), "userId,movieId,tag,timestamp").unwrap();
    let ratings = Ratings::load(dir.path()).unwrap();
    assert_eq!(ratings.films[0].title, "Net, The (1995)");
    assert_eq!((ratings.films[0].year, ratings.films[1].year), (Some(1995), None));
    assert_eq!(ratings.genre_names, ["Crime", "Action"]);
    assert_eq!((ratings.films[0].genres.as_slice(), ratings.films[1].genres.len()), (&[0, 1][..], 0));
    assert_eq!(ratings.users.iter().map(|user| user.original_id).collect::<Vec<_>>(), [3, 9]);
    assert_eq!(ratings.ratings[0], Rating { user: 0, film: 1, stars: 4.5, at_secs: 8 });
    assert_eq!(ratings.unread, [dir.path().join("tags.csv")]);
}

#[test]
fn without_u_genre_the_nineteen_published_genres_hold() {
    let dir = hundred_k_with("u.item", b"1|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1\n");
    fs::remove_file(dir.path().join("u.genre")).unwrap();
    fs::write(dir.path().join("u.data"), "1\t1\t3\t4\r\n\r\n").unwrap();
    let ratings = Ratings::load(dir.path()).unwrap();
    assert_eq!(ratings.genre_names.len(), 19);
    assert_eq!((ratings.films[0].year, ratings.films[0].genres.as_slice()), (None, &[0, 18][..]));
    assert_eq!(ratings.genre_names[18], "Western");
}

#[test]
fn a_folder_must_hold_exactly_one_form() {
    let none = Ratings::load(folder(&[("u.item", U_ITEM)]).path()).unwrap_err();
    assert!(matches!(none, DataError::NotMovieLens { .. }));
    assert!(none.to_string().contains("u.data") && none.to_string().contains("ratings.csv"), "{none}");

    let both = Ratings::load(hundred_k_with("ratings.csv", RATINGS.as_bytes()).path()).unwrap_err();
    assert!(matches!(both, DataError::BothMovieLensForms { .. }), "{both}");
}

#[test]
fn missing_empty_and_unreadable_files_are_named() {
    for name in ["u.user", "u.item"] {
        let dir = hundred_k_with(name, b"");
        let empty = Ratings::load(dir.path()).unwrap_err();
        assert!(matches!(&empty, DataError::Empty { path } if path.ends_with(name)), "{empty}");

        fs::remove_file(dir.path().join(name)).unwrap();
        let missing = Ratings::load(dir.path()).unwrap_err();
        assert!(matches!(&missing, DataError::Missing { path } if path.ends_with(name)), "{missing}");

        fs::create_dir(dir.path().join(name)).unwrap();
        let folder = Ratings::load(dir.path()).unwrap_err();
        assert!(
            matches!(&folder, DataError::Read { path, cause }
            if path.ends_with(name) && cause.kind() == ErrorKind::IsADirectory),
            "{folder}"
        );
    }
    let dir = csv_with("movies.csv", b"movieId,title,genres\r\n\r\n");
    assert!(matches!(Ratings::load(dir.path()), Err(DataError::Empty { .. })));
    for name in ["u.data", "u.genre"] {
        let empty = Ratings::load(hundred_k_with(name, b"\n\n").path()).unwrap_err();
        assert!(matches!(&empty, DataError::Empty { path } if path.ends_with(name)), "{empty}");
    }
}

#[test]
fn malformed_ratings_are_refused_with_their_line() {
    const SECONDS: &str = "not a whole number of seconds since 1970";
    let cases = [
        ("1\t1\t4", "expected 4 fields, found 3"),
        ("1\t1\t4\t5\t6", "expected 4 fields, found 5"),
        ("", "expected 4 fields, found 1"),
        ("one\t1\t4\t5", "user id is \"one\", not a whole number"),
        ("-1\t1\t4\t5", "user id is \"-1\", not a whole number"),
        ("1\t1.5\t4\t5", "film id is \"1.5\", not a whole number"),
        ("1\t1\tgood\t5", "rating is \"good\", not a number"),
        ("1\t1\t6\t5", "rating 6 is not on the scale 1, 2, …, 5"),
        ("1\t1\t0\t5", "rating 0 is not on the scale 1, 2, …, 5"),
        ("1\t1\t3.5\t5", "rating 3.5 is not on the scale 1, 2, …, 5"),
        ("1\t1\tNaN\t5", "rating NaN is not on the scale 1, 2, …, 5"),
        ("1\t1\t4\t-5", &format!("timestamp is \"-5\", {SECONDS}")),
        ("1\t1\t4\t5.5", &format!("timestamp is \"5.5\", {SECONDS}")),
        ("7\t1\t4\t5", "user 7 is not listed in the user file"),
        ("1\t7\t4\t5", "film 7 is not listed in the film file"),
        ("2\t2\t4\t5", "user 2 rates film 2 a second time"),
    ];
    for (line, reason) in cases {
        let dir = hundred_k_with("u.data", format!("2\t2\t4\t5\n{line}\n1\t1\t4\t5\n").as_bytes());
        assert_line_fault(&dir, "u.data", 2, reason);
    }
}

#[test]
fn malformed_users_are_refused_with_their_line() {
    let cases = [
        ("2|53|F|other", "expected 5 fields, found 4"),
        ("x|53|F|other|1", "user id is \"x\", not a whole number"),
        ("2|300|F|other|1", "age is \"300\", not a whole number of years below 256"),
        ("2|53|f|other|1", "gender is \"f\", not F or M"),
        ("2|53|F||1", "occupation is \"\", not present"),
        ("2|53|F|other|", "zip code is \"\", not present"),
        ("1|53|F|other|1", "user 1 is listed twice"),
    ];
    for (line, reason) in cases {
        let dir = hundred_k_with("u.user", format!("1|24|M|artist|1\r\n{line}\r\n").as_bytes());
        assert_line_fault(&dir, "u.user", 2, reason);
    }
}

#[test]
fn malformed_films_and_genres_are_refused_with_their_line() {
    let films = [
        ("1|A", "expected 8 fields, found 2"),
        ("1|A||||0|1", "expected 8 fields, found 7"),
        ("1|A||||0|1|2", "genre flag is \"2\", not 0 or 1"),
        ("1|||||0|1|0", "title is \"\", not present"),
        ("1|A|1995|||0|1|0", "release date is \"1995\", not of the form 01-Jan-1995"),
        ("x|A||||0|1|0", "film id is \"x\", not a whole number"),
        ("2|A||||0|1|0", "film 2 is listed twice"),
    ];
    for (line, reason) in films {
        let dir = hundred_k_with("u.item", format!("2|B||||0|1|0\n{line}\n").as_bytes());
        assert_line_fault(&dir, "u.item", 2, reason);
    }
    let genres = [
        ("Action|2", "genre position is \"2\", not the next one, counting from 0"),
        ("Action|x", "genre position is \"x\", not the next one, counting from 0"),
        ("unknown|1", "genre is \"unknown\", not a new name"),
        ("|1", "genre is \"\", not present"),
        ("Action", "expected 2 fields, found 1"),
    ];
    for (line, reason) in genres {
        let dir = hundred_k_with("u.genre", format!("unknown|0\n{line}\n").as_bytes());
        assert_line_fault(&dir, "u.genre", 2, reason);
    }
}

#[test]
fn malformed_csv_is_refused_with_its_line() {
    let films = [
        ("10,B", "expected 3 fields, found 2"),
        ("10,\"B,Drama", "a quote is unbalanced or misplaced"),
        ("10,B,", "genre is \"\", not present"),
        ("10,B,Drama|Drama", "genre is \"Drama\", not new to this film"),
        ("20,B,Drama", "film 20 is listed twice"),
    ];
    for (line, reason) in films {
        let movies = format!("movieId,title,genres\r\n20,A,Drama\r\n{line}\r\n");
        assert_line_fault(&csv_with("movies.csv", movies.as_bytes()), "movies.csv", 3, reason);
    }
    let ratings = [
        ("3,10,4", "expected 4 fields, found 3"),
        ("", "expected 4 fields, found 1"),
        ("3,10,0.7,1", "rating 0.7 is not on the scale 0.5, 1, …, 5"),
        ("3,11,4,1", "film 11 is not listed in the film file"),
        ("9,10,4,1", "user 9 rates film 10 a second time"),
    ];
    for (line, reason) in ratings {
        let ratings = format!("userId,movieId,rating,timestamp\n9,10,1,1\n{line}\n9,20,1,1\n");
        assert_line_fault(&csv_with("ratings.csv", ratings.as_bytes()), "ratings.csv", 3, reason);
    }
    let header = "header is \"user,item\", not \"userId,movieId,rating,timestamp\"";
    assert_line_fault(&csv_with("ratings.csv", b"user,item\n1,2"), "ratings.csv", 1, header);
    let latin = b"movieId,title,genres\n10,A,Drama\n20,Mis\xe9rables,Drama\n";
    assert_line_fault(&csv_with("movies.csv", latin), "movies.csv", 3, "not valid UTF-8");
}

#[test]
fn an_error_reads_as_one_sentence() {
    let dir = hundred_k_with("u.data", b"1\t1\t6\t5");
    let message = format!("failed to {}", Ratings::load(dir.path()).unwrap_err());
    let path = dir.path().join("u.data");
    let expected =
        format!("failed to read {}, line 1: rating 6 is not on the scale 1, 2, …, 5", path.display());
    assert_eq!(message, expected);
}

/// A published data set under `$RECLOOP_DATA`, or beside the workspace; `None`, said aloud, if it is absent.
fn real(name: &str) -> Option<Ratings> {
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
    Some(Ratings::load(&dir).unwrap())
}

fn n_rated_films(ratings: &Ratings) -> usize {
    let mut rated = vec![false; ratings.films.len()];
    ratings.ratings.iter().for_each(|rating| rated[rating.film as usize] = true);
    rated.into_iter().filter(|&rated| rated).count()
}

#[test]
fn the_real_100k_set_has_its_published_counts() {
    let Some(ratings) = real("ml-100k") else { return };
    assert_eq!((ratings.ratings.len(), ratings.users.len(), ratings.films.len()), (100_000, 943, 1_682));
    let mut histogram = [0; 5];
    ratings.ratings.iter().for_each(|rating| histogram[rating.stars as usize - 1] += 1);
    assert_eq!(histogram, [6_110, 11_370, 27_145, 34_174, 21_201]);
    let n_women = ratings.users.iter().filter(|user| user.gender == Some(Gender::Female)).count();
    assert_eq!(n_women, 273);
    assert_eq!(n_rated_films(&ratings), 1_682);
    assert_eq!(ratings.films.iter().filter(|film| film.year.is_none()).count(), 1);
    let habits = habits(&ratings);
    assert!(habits.iter().all(|habits| habits.n_ratings >= 20));
    // The rest was computed from `u.data` by a separate script.
    let total = |count: fn(&Habits) -> usize| habits.iter().map(count).sum::<usize>();
    assert_eq!((total(|h| h.n_visits), total(|h| h.n_active_days)), (2_793, 2_515));
    let disagreement: f64 = habits.iter().filter_map(|habits| habits.disagreement).sum();
    assert!((disagreement / 943.0 - 1.043_572_079_091_945_4).abs() < 1e-12, "{disagreement}");
    let split = split_by_time(&ratings, 0.8).unwrap();
    assert_eq!((split.train.len(), split.held_out.len()), (80_367, 19_633));
}

#[test]
fn the_real_csv_set_has_its_published_counts() {
    let Some(ratings) = real("ml-latest-small") else { return };
    assert_eq!((ratings.ratings.len(), ratings.users.len(), ratings.films.len()), (100_836, 610, 9_742));
    assert_eq!(n_rated_films(&ratings), 9_724);
    assert_eq!(ratings.genre_names.len(), 19);
    assert_eq!(ratings.films.iter().filter(|film| film.year.is_none()).count(), 13);
    assert!(ratings.unread[0].ends_with("tags.csv"));
}
