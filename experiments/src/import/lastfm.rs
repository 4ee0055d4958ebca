//! Last.fm listening counts to people and artists.

use std::path::Path;

use recloop_agents::factorise::{ImplicitAls, ImplicitFactors, RatingTriples, Ratings, Ridge, hashed_start};
use recloop_data::lastfm::{FILES, Habits, Listening, Split, habits, split_at_random};
use recloop_env::Group;

use super::artists::{artists, feed};
use super::folder::{SCHEMA, check_vacant};
use super::listened::DATASET;
use super::ranking::{Heard, Model, by_chance};
use super::{
    CountFit, FeedData, Geometry, ImportError, Listened, ListenedAbout, ListenedReport, Listener, Progress,
    RandomSplit, Ranking, Source,
};

const TRAIN_FRACTION: f64 = 0.8;
/// Of the split and of everything else that is drawn.
const SEED: u64 = 1;

/// Chosen by us on a fifth of the training counts of Last.fm 2K: recall@20 was .246 here, .225 to .244 with other
/// penalties and confidences, flat counts included, and .237 with 64 factors.
const FIT: CountFit = CountFit {
    factors: 32,
    sweeps: 10,
    ridge: 30.0,
    confidence_per_log_play: 2.0,
    seed: SEED,
    start_scale: 0.1,
};

const NOT_IN_THE_DATA: &str = "when anybody listened, what they were shown or passed over, sessions, gender, age, \
    and anything beyond each person's 50 most played artists";
const CITATION: &str = "I. Cantador, P. Brusilovsky, T. Kuflik (2011), 2nd Workshop on Information Heterogeneity and \
    Fusion in Recommender Systems (HetRec 2011), RecSys 2011; data from Last.fm, http://www.lastfm.com";
const LICENCE: &str = "HetRec 2011 and Last.fm terms: non-commercial research use with citation; no redistribution of \
    Last.fm data. This folder is derived from it: keep it private.";

/// Imports the Last.fm 2K data set in `from` into the folder `to`.
///
/// A random 80 % of each person's artists are factorised ([`ImplicitAls`] on `ln(1 + plays)`); on the rest, which have no
/// time and are therefore *missing*, not *future*, the fit is tested against popularity and chance ([`Ranking`]). What is
/// stored is the tested fit. Artists nobody listens to are left out; one whose every listener was held out stands where
/// these listeners do, and is never found by the test.
///
/// Beside the fit, `quality` is the percentile of an artist's *loyalty*: the mean over listeners of the log of their plays
/// above their own mean, shrunk by five average listeners; `bait` is what the percentile of listeners exceeds it by.
///
/// # Errors
/// [`ImportError::Data`] for a data set that cannot be read (malformed lines with file, line and reason);
/// [`ImportError::Occupied`] or [`ImportError::OtherImport`] if `to` holds something else;
/// [`ImportError::TooFewHeldOut`] for a data set too small to be tested; what the disk refuses.
///
/// # Source
/// Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets".
pub fn lastfm(
    from: &Path,
    to: &Path,
    mut on_progress: impl FnMut(Progress),
) -> Result<ListenedReport, ImportError> {
    on_progress(Progress::Reading);
    let (listening, n_unheard) = heard_only(Listening::load(from)?);
    let source = Source::read(from, (DATASET, "hetrec2011"), &FILES, Vec::new())?;
    // Refused now, not after the fit.
    check_vacant(to, &source)?;
    let split = split_at_random(&listening, TRAIN_FRACTION, SEED)?;
    on_progress(Progress::FittingCounts { n_counts: split.train.len() });
    let fit = fit(&listening, &split.train)?;
    on_progress(Progress::Comparing);
    let mut listened = listened(&listening, &split, fit, source)?;
    listened.about.n_unheard = n_unheard;
    on_progress(Progress::Writing);
    let replaced = listened.store(to)?;
    Ok(ListenedReport { about: listened.about, dir: to.to_owned(), replaced })
}

/// Leaves out the artists nobody listens to, and tells how many they are.
fn heard_only(mut listening: Listening) -> (Listening, usize) {
    let mut place = vec![None; listening.artists.len()];
    listening.plays.iter().for_each(|plays| place[plays.artist as usize] = Some(0));
    (0..).zip(place.iter_mut().flatten()).for_each(|(at, place)| *place = at);
    let n_unheard = place.iter().filter(|place| place.is_none()).count();
    let mut heard = place.iter().map(Option::is_some);
    listening.artists.retain(|_| heard.next().unwrap_or_default());
    for plays in &mut listening.plays {
        plays.artist = place[plays.artist as usize].expect("whoever is played is heard");
    }
    for tagging in &mut listening.taggings {
        tagging.artist = tagging.artist.and_then(|artist| place[artist as usize]);
    }
    (listening, n_unheard)
}

fn fit(listening: &Listening, train: &[usize]) -> Result<ImplicitFactors, ImportError> {
    let plays = || train.iter().map(|&at| &listening.plays[at]);
    let users: Vec<u32> = plays().map(|plays| plays.user).collect();
    let items: Vec<u32> = plays().map(|plays| plays.artist).collect();
    let counts: Vec<f32> = plays().map(|plays| f64::from(plays.count).ln_1p() as f32).collect();
    let triples = RatingTriples { users: &users, items: &items, ratings: &counts };
    let als = ImplicitAls {
        factors: FIT.factors,
        sweeps: FIT.sweeps,
        ridge: Ridge::Fixed(FIT.ridge),
        confidence_per_count: FIT.confidence_per_log_play,
    };
    let matrix = Ratings::new(triples, listening.users.len(), listening.artists.len())?;
    Ok(als.fit(&matrix, hashed_start(FIT.seed, FIT.start_scale))?)
}

fn listened(
    listening: &Listening,
    split: &Split,
    fit: ImplicitFactors,
    source: Source,
) -> Result<Listened, ImportError> {
    let (habits, artists) = (habits(listening), artists(listening));
    let (feed, geometry, n_tagged) = feed(listening, &habits, &artists, &fit);
    let held_out = test(&heard(listening, split), &fit, &feed)?;
    let fitted = (feed.groups.clone(), geometry, n_tagged);
    let users = listening.users.iter().zip(&habits).map(|(&id, habits)| listener(id, habits)).collect();
    let about = about(listening, source, split, held_out, fitted);
    let ImplicitFactors { users: taste, items: factor } = fit;
    Ok(Listened { about, users, artists, taste, factor, feed })
}

fn test(heard: &Heard, fit: &ImplicitFactors, feed: &FeedData) -> Result<Ranking, ImportError> {
    let mut n_listeners = vec![0.0; heard.n_artists];
    heard.train.iter().flatten().for_each(|&artist| n_listeners[artist as usize] += 1.0);
    let world = ImplicitFactors { users: feed.interest.clone(), items: feed.embedding.clone() };
    // Artists without a training listener stand where their held-out ones do: they must not be found by that.
    let matched = |user: usize, artist: usize| {
        if n_listeners[artist] > 0.0 { world.score(user, artist) } else { f64::NEG_INFINITY }
    };
    let models: [Model<'_>; 4] = [
        ("chance", &by_chance(SEED)),
        ("popularity", &|_, artist| n_listeners[artist]),
        ("⟨x, z⟩ of the world", &matched),
        ("factorisation", &|user, artist| fit.score(user, artist)),
    ];
    Ranking::compare(heard, &models, SEED)
}

fn about(
    listening: &Listening,
    source: Source,
    split: &Split,
    held_out: Ranking,
    (groups, geometry, n_tagged): (Vec<Group>, Geometry, usize),
) -> ListenedAbout {
    let of_nobody = listening.taggings.iter().filter(|tagging| tagging.artist.is_none());
    let (n_train, n_held_out) = (split.train.len(), split.held_out.len());
    ListenedAbout {
        schema_version: SCHEMA.to_owned(),
        source,
        digest: String::new(),
        n_users: listening.users.len(),
        n_artists: listening.artists.len(),
        n_unheard: 0,
        n_taggings: listening.taggings.len(),
        n_taggings_of_nobody: of_nobody.count(),
        n_friend_links: listening.friends.len(),
        n_tagged,
        split: RandomSplit { train_fraction: TRAIN_FRACTION, n_train, n_held_out, seed: SEED },
        fit: FIT,
        held_out,
        groups,
        geometry,
        not_in_the_data: NOT_IN_THE_DATA.to_owned(),
        licence: LICENCE.to_owned(),
        citation: CITATION.to_owned(),
    }
}

fn listener(original_id: u32, habits: &Habits) -> Listener {
    Listener {
        original_id,
        n_artists: habits.n_artists as u32,
        n_plays: habits.n_plays,
        mainstream: habits.mainstream as f32,
        n_friends: habits.n_friends as u32,
        first_tag_year: habits.first_tag_year,
    }
}

fn heard(listening: &Listening, split: &Split) -> Heard {
    let by_user = |part: &[usize]| {
        let mut artists = vec![Vec::new(); listening.users.len()];
        let plays = part.iter().map(|&at| &listening.plays[at]);
        plays.for_each(|plays| artists[plays.user as usize].push(plays.artist));
        artists
    };
    Heard {
        train: by_user(&split.train),
        held_out: by_user(&split.held_out),
        n_artists: listening.artists.len(),
    }
}
