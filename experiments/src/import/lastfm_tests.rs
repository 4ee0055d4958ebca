//! A small handwritten folder, then the real files.

use std::fs;
use std::io::Write as _;

use tempfile::TempDir;

use super::tests::{check_feed, content, csv_folder, edit, real};
use super::*;

const N_PEOPLE: usize = 6;
const N_ARTISTS: usize = 9;

/// Six people in two camps; each listens to five artists. Artist 90 is heard by nobody.
fn folder() -> TempDir {
    let mut artists = String::from("id\tname\turl\tpictureURL\n");
    (1..=N_ARTISTS).for_each(|id| artists += &format!("{id}0\tArtist {id}\thttp://x/{id}\t\n"));
    let mut plays = String::from("userID\tartistID\tweight\n");
    let mut tags = String::from("userID\tartistID\ttagID\tday\tmonth\tyear\n");
    let mut friends = String::from("userID\tfriendID\n");
    for person in 1..=N_PEOPLE {
        for step in 0..5 {
            let artist = 1 + (4 * (person % 2) + step) % 8;
            plays += &format!("{person}\t{artist}0\t{}\n", 10 * person * (step + 1));
            if step == 0 {
                tags += &format!("{person}\t{artist}0\t{}\t1\t5\t{}\n", 1 + person % 2, 2005 + person);
            }
        }
        friends += &format!("{person}\t{}\n", 1 + person % N_PEOPLE);
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("artists.dat", artists.into_bytes()),
        ("tags.dat", b"tagID\ttagValue\n1\tjazz\n2\tm\xe9tal\n3\tunused\n".to_vec()),
        ("user_artists.dat", plays.into_bytes()),
        ("user_taggedartists.dat", tags.into_bytes()),
        ("user_friends.dat", friends.into_bytes()),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

#[test]
fn an_import_comes_back_as_it_was_written() {
    let (from, home) = (folder(), tempfile::tempdir().unwrap());
    let to = home.path().join("lastfm");
    let mut steps = Vec::new();
    let report = lastfm(from.path(), &to, |step| steps.push(step)).unwrap();
    let fitting = Progress::FittingCounts { n_counts: 24 };
    assert_eq!(steps, [Progress::Reading, fitting, Progress::Comparing, Progress::Writing]);
    let Listened { about, users, artists, feed, .. } = Listened::load(&to).unwrap();
    assert_eq!(about, report.about);
    assert_eq!((users.len(), artists.len(), about.n_unheard), (N_PEOPLE, N_ARTISTS - 1, 1));
    assert_eq!((about.split.n_train, about.split.n_held_out, about.held_out.n_held_out), (24, 6, 6));
    assert_eq!((users[1].n_artists, users[1].n_plays, users[1].n_friends), (5, 300, 1));
    assert_eq!((users[1].first_tag_year, artists[0].name.as_str()), (Some(2007), "Artist 1"));
    assert_eq!(feed.topics.names, ["jazz", "métal"]);
    let groups: Vec<_> = feed.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["activity", "first_tag", "friends"]);
    let names: Vec<_> = content(&to).into_keys().collect();
    assert_eq!(names, ["import.json", "items.parquet", "topics.parquet", "users.parquet"]);

    let first = content(&to);
    assert!(lastfm(from.path(), &to, |_| ()).unwrap().replaced);
    assert!(content(&to) == first, "importing again changes no byte");
}

#[test]
fn the_report_says_what_was_measured_and_what_is_not_in_the_data() {
    let (from, home) = (folder(), tempfile::tempdir().unwrap());
    let report = lastfm(from.path(), &home.path().join("lastfm"), |_| ()).unwrap();
    let names: Vec<_> = report.rows().into_iter().map(|[model, ..]| model).collect();
    assert_eq!(names, ["chance", "popularity", "⟨x, z⟩ of the world", "factorisation"]);
    let text = report.to_string();
    let left_out = "left out: 1 artists nobody listens to";
    for told in [left_out, "not in the data: when anybody listened", &report.about.digest[..12]] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
}

#[test]
fn imports_of_different_data_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let (ml, fm) = (home.path().join("ml"), home.path().join("fm"));
    movielens(csv_folder().path(), &ml, |_| ()).unwrap();
    lastfm(folder().path(), &fm, |_| ()).unwrap();
    let refused = Listened::load(&ml).unwrap_err().to_string();
    assert!(refused.starts_with("find Last.fm 2K in "), "{refused}");
    assert!(refused.ends_with("it holds an import of MovieLens"), "{refused}");
    assert!(matches!(Imported::load(&fm), Err(ImportError::OtherDataset { .. })));
    assert_eq!(Label::load(&fm).unwrap().source.dataset, "Last.fm 2K");
    assert!(Label::load(&fm).unwrap().digest != Label::load(&ml).unwrap().digest);
    // Neither is written over the other, nor is one read as the other's data.
    assert!(matches!(lastfm(folder().path(), &ml, |_| ()), Err(ImportError::OtherImport { .. })));
    let refused = movielens(folder().path(), &ml, |_| ()).unwrap_err().to_string();
    assert!(refused.ends_with("the folder looks like Last.fm 2K (user_artists.dat)"), "{refused}");
}

#[test]
fn damage_is_found() {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("fm");
    lastfm(folder().path(), &to, |_| ()).unwrap();
    edit(&to, "\"n_artists\": 8", "\"n_artists\": 9");
    let refused = Listened::load(&to).unwrap_err().to_string();
    assert!(refused.ends_with("items.parquet: it has 8 rows, import.json says 9"), "{refused}");
    edit(&to, "\"n_artists\": 9", "\"n_artists\": 8");
    assert!(Listened::load(&to).is_ok());
    edit(&to, "\"low\",", "\"lower\",");
    let refused = Listened::load(&to).unwrap_err().to_string();
    assert!(
        refused.contains("column `group_activity`") && refused.contains("`low` is no level"),
        "{refused}"
    );
    edit(&to, "\"lower\",", "\"low\",");
    edit(&to, "\"n_friend_links\": 6", "\"n_friend_links\": 7");
    let refused = Listened::load(&to).unwrap_err().to_string();
    assert!(refused.contains("something was edited"), "{refused}");
}

#[test]
fn real_listeners_lost_artists_are_found_better_than_by_popularity() {
    let Some(from) = real("lastfm-2k") else { return };
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("lastfm");
    let report = lastfm(&from, &to, |_| ()).unwrap();
    let Listened { about, users, artists, feed, .. } = Listened::load(&to).unwrap();
    writeln!(std::io::stderr(), "evidence: {report}").unwrap();
    assert_eq!((users.len(), artists.len(), about.n_unheard), (1_892, 17_632, 0));
    assert_eq!(about.split.n_train + about.split.n_held_out, 92_834);
    assert!((186_478..=186_479).contains(&about.n_taggings) && about.n_friend_links == 25_434);
    check_feed("lastfm-2k", &feed, &about.geometry);
    let models = &about.held_out.models;
    let told_apart = |model: &Ranked| model.recall_behind.is_some_and(|gap| gap.low > 0.0);
    assert!(models[..3].iter().all(told_apart), "{models:?}");
    assert!(models[3].ndcg.low > models[1].ndcg.high && models[1].recall.low > models[0].recall.high);
    // The artist most people listen to.
    let best = artists.iter().max_by_key(|artist| artist.n_listeners).unwrap();
    assert_eq!((best.name.as_str(), best.n_listeners), ("Lady Gaga", 611));
}
