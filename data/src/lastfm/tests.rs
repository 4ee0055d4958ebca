//! Hand-written folders for every fault, then the published counts on the real files.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::DataError;

const ARTISTS: &[u8] =
    "id\tname\turl\tpictureURL\n20\tMötley Crüe\thttp://x/20\t\n10\tDuran Duran\thttp://x/10\thttp://x/10.jpg\n\
     30\tEno\thttp://x/30\t\n40\tSilence\thttp://x/40\t\n"
        .as_bytes();
const TAGS: &[u8] = b"tagID\ttagValue\r\n2\tm\xfasica\r\n1\tpop\r\n\r\n";
const PLAYS: &[u8] = b"userID\tartistID\tweight\r\n7\t10  \t5\r\n7\t30\t3\r\n5\t20\t7\r\n5\t10\t100\r\n";
const TAGGINGS: &[u8] =
    b"userID\tartistID\ttagID\tday\tmonth\tyear\n5\t10\t1\t1\t2\t2010\n5\t99\t1\t29\t2\t2008\n\
    5\t10\t2\t1\t1\t1979\n7\t30\t1\t1\t1\t1956\n";
const FRIENDS: &[u8] = b"userID\tfriendID\n7\t5\n5\t7\n";

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in FILES.into_iter().zip([ARTISTS, TAGS, PLAYS, TAGGINGS, FRIENDS]) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// Two people, four artists, two tags.
pub(super) fn small() -> Listening {
    Listening::load(folder().path()).unwrap()
}

#[test]
fn files_are_read_in_order_of_ids_in_their_own_encodings() {
    let Listening { users, artists, tags, plays, taggings, friends } = small();
    assert_eq!(users, [5, 7]);
    let names = |named: &[Named]| named.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&artists), ["Duran Duran", "Mötley Crüe", "Eno", "Silence"]);
    assert_eq!((names(&tags), tags[1].original_id), (vec!["pop".into(), "música".into()], 2));
    let play = |user, artist, count| Plays { user, artist, count };
    assert_eq!(plays, [play(0, 0, 100), play(0, 1, 7), play(1, 0, 5), play(1, 2, 3)]);
    assert_eq!(friends, [(0, 1), (1, 0)]);
    // By date within a person; artist 99 is not listed, and keeps its tag's date.
    let told: Vec<_> = taggings.iter().map(|it| (it.user, it.on.year, it.artist, it.tag)).collect();
    assert_eq!(
        told,
        [(0, 1979, Some(0), 1), (0, 2008, None, 0), (0, 2010, Some(0), 0), (1, 1956, Some(2), 0)]
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_make_no_difference() {
    let dir = folder();
    for name in FILES.into_iter().filter(|name| *name != "tags.dat") {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text.replace('\n', "\r\n") };
        fs::write(dir.path().join(name), format!("\u{feff}{text}")).unwrap();
    }
    assert_eq!(Listening::load(dir.path()).unwrap(), small());
}

#[test]
fn every_missing_file_is_named_and_a_familiar_folder_is_recognised() {
    let dir = folder();
    fs::remove_file(dir.path().join("tags.dat")).unwrap();
    fs::remove_file(dir.path().join("user_friends.dat")).unwrap();
    let refused = Listening::load(dir.path()).unwrap_err().to_string();
    assert!(
        refused.contains("no tags.dat, no user_friends.dat; the folder looks like Last.fm 2K"),
        "{refused}"
    );

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("u.data"), "").unwrap();
    let refused = Listening::load(dir.path()).unwrap_err().to_string();
    assert!(refused.ends_with("; the folder looks like MovieLens-100K (u.data)"), "{refused}");
    let refused = crate::movielens::Ratings::load(folder().path()).unwrap_err().to_string();
    assert!(refused.ends_with("; the folder looks like Last.fm 2K (user_artists.dat)"), "{refused}");
}

/// Asserts that `name` with this line second of three is refused there, for this reason.
fn assert_refused(name: &str, line: &str, reason: &str) {
    let dir = folder();
    let path = dir.path().join(name);
    let text: Vec<char> = fs::read(&path).unwrap().into_iter().map(char::from).collect();
    let text: String = text.into_iter().filter(char::is_ascii).collect();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(2, line);
    fs::write(&path, lines.join("\r\n")).unwrap();
    match Listening::load(dir.path()) {
        Err(DataError::Line { path: at, line: 3, fault }) => {
            assert_eq!((at, fault.to_string().as_str()), (path, reason));
        }
        other => panic!("expected a fault at {name}:3 ({reason}), got {other:?}"),
    }
}

#[test]
fn malformed_lines_are_refused_with_file_line_and_reason() {
    const COUNT: &str = "not a whole number above zero";
    const DAY: &str = "not a day of the calendar";
    for (name, line, reason) in [
        ("artists.dat", "11\tAbba\thttp://x", "expected 4 fields, found 3"),
        ("artists.dat", "x\tAbba\thttp://x\t", "artist id is \"x\", not a whole number"),
        ("artists.dat", "11\t \thttp://x\t", "name is \"\", not present"),
        ("artists.dat", "11\tAbba\t\t", "url is \"\", not present"),
        ("artists.dat", "20\tAbba\thttp://x\t", "artist 20 is listed twice"),
        ("tags.dat", "3", "expected 2 fields, found 1"),
        ("tags.dat", "-3\tsad", "tag id is \"-3\", not a whole number"),
        ("tags.dat", "2\tsad", "tag 2 is listed twice"),
        ("user_artists.dat", "7\t20", "expected 3 fields, found 2"),
        ("user_artists.dat", "7\t20\t0", &format!("weight is \"0\", {COUNT}")),
        ("user_artists.dat", "7\t20\t1.5", &format!("weight is \"1.5\", {COUNT}")),
        ("user_artists.dat", "7\t21\t1", "artist 21 is not listed in artists.dat"),
        ("user_artists.dat", "7\t10\t9", "user 7 listens to artist 10 a second time"),
        ("user_taggedartists.dat", "5\t10\t1\t1\t2", "expected 6 fields, found 5"),
        (
            "user_taggedartists.dat",
            "5\t20\t1\t29\t2\t2010",
            &format!("day, month and year is \"29 2 2010\", {DAY}"),
        ),
        (
            "user_taggedartists.dat",
            "5\t20\t1\t1\t13\t2010",
            &format!("day, month and year is \"1 13 2010\", {DAY}"),
        ),
        ("user_taggedartists.dat", "6\t20\t1\t1\t1\t2010", "user 6 is not listed in user_artists.dat"),
        ("user_taggedartists.dat", "5\t20\t3\t1\t1\t2010", "tag 3 is not listed in tags.dat"),
        ("user_taggedartists.dat", "5\t10\t1\t1\t1\t2011", "user 5 tags artist 10 with tag 1 a second time"),
        ("user_friends.dat", "5\t7\t1", "expected 2 fields, found 3"),
        ("user_friends.dat", "5\t6", "friend 6 is not listed in user_artists.dat"),
        ("user_friends.dat", "5\t5", "friend id is \"5\", not somebody else"),
        ("user_friends.dat", "7\t5", "user 7 befriends user 5 a second time"),
    ] {
        assert_refused(name, line, reason);
    }
}

#[test]
fn files_that_are_no_table_are_refused() {
    for name in FILES {
        let dir = folder();
        fs::write(dir.path().join(name), "who\twhat\n1\t2\n").unwrap();
        let refused = Listening::load(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains("line 1: header is \"who\\twhat\""), "{refused}");
        fs::write(dir.path().join(name), "").unwrap();
        assert!(
            matches!(Listening::load(dir.path()), Err(DataError::Empty { path }) if path.ends_with(name))
        );
    }
    let dir = folder();
    fs::write(dir.path().join("artists.dat"), b"id\tname\turl\tpictureURL\n20\tM\xf6tley\thttp://x\t\n")
        .unwrap();
    let refused = Listening::load(dir.path()).unwrap_err().to_string();
    assert!(refused.ends_with("artists.dat, line 2: not valid UTF-8"), "{refused}");
}

#[test]
fn the_real_set_has_its_published_counts() {
    let root = std::env::var_os("RECLOOP_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let dir = root.join("lastfm-2k");
    if !dir.is_dir() {
        // Straight to the stream: the test harness hides what a passing test prints.
        writeln!(std::io::stderr(), "skipped: no real data at {}", dir.display()).unwrap();
        return;
    }
    let listening = Listening::load(&dir).unwrap();
    assert_eq!(
        (listening.users.len(), listening.artists.len(), listening.tags.len()),
        (1_892, 17_632, 11_946)
    );
    assert_eq!((listening.plays.len(), listening.friends.len()), (92_834, 25_434));
    // One of the published 186,479 was lost where our copy's source had split the file.
    assert!((186_478..=186_479).contains(&listening.taggings.len()), "{}", listening.taggings.len());
    // The rest was counted by a separate script.
    assert_eq!(listening.taggings.iter().filter(|tagging| tagging.artist.is_none()).count(), 1_538);
    assert_eq!(listening.plays.iter().map(|plays| plays.count).max(), Some(352_698));
    let links = |&(from, to): &(u32, u32)| listening.friends.binary_search(&(to, from)).is_ok();
    assert!(listening.friends.iter().all(links), "both directions are listed");
    let habits = habits(&listening);
    assert_eq!(habits.iter().filter(|own| own.n_artists == 50).count(), 1_829);
    assert_eq!(habits.iter().map(|own| own.n_friends).sum::<usize>(), 25_434);
    assert!(habits.iter().all(|own| own.mainstream > 0.0 && own.mainstream < 1.0));
    let before_2009 = habits.iter().filter(|own| own.first_tag_year.is_some_and(|year| year < 2009)).count();
    assert!((914..=920).contains(&before_2009), "{before_2009}");
}
