//! Last.fm people and artists as a feed world takes them.

use recloop_agents::factorise::ImplicitFactors;
use recloop_data::lastfm::{Habits, Listening};
use recloop_env::{Grid, Topics};

use super::geometry::Placed;
use super::groups::{Attribute, group};
use super::listened::Artist;
use super::proxies::{bait, conformity, percentiles, standardised};
use super::{FeedData, Geometry};

/// Topics (chosen by us, near the 14 of `feed-v0`).
const N_TOPICS: usize = 16;
/// How many average listeners an artist's loyalty is shrunk by (chosen by us): a single fan proves little.
const PRIOR_LISTENERS: f64 = 5.0;

/// `[n_artists]` of [`Listening::artists`]: name, listeners, plays, loyalty and weight.
pub(super) fn artists(listening: &Listening) -> Vec<Artist> {
    let mut artists: Vec<Artist> = listening
        .artists
        .iter()
        .zip(loyalty(listening))
        .map(|(listed, loyalty)| Artist {
            original_id: listed.original_id,
            name: listed.name.clone(),
            loyalty: loyalty as f32,
            ..Artist::default()
        })
        .collect();
    for plays in &listening.plays {
        let artist = &mut artists[plays.artist as usize];
        artist.n_listeners += 1;
        artist.n_plays += u64::from(plays.count);
    }
    let root = |artist: &Artist| f64::from(artist.n_listeners).sqrt();
    let mean = artists.iter().map(root).sum::<f64>() / artists.len() as f64;
    artists.iter_mut().for_each(|artist| artist.weight = (root(artist) / mean) as f32);
    artists
}

/// `Σ_u (ln n_ui − mean_j ln n_uj) / (listeners_i + 5)`: by how much listeners prefer the artist to their others. Raw
/// plays would say who has busy listeners.
fn loyalty(listening: &Listening) -> Vec<f64> {
    let mut sums = vec![(0.0, PRIOR_LISTENERS); listening.artists.len()];
    for own in listening.plays.chunk_by(|a, b| a.user == b.user) {
        let log = |count: u32| f64::from(count).ln();
        let mean = own.iter().map(|plays| log(plays.count)).sum::<f64>() / own.len() as f64;
        for plays in own {
            let (sum, n) = &mut sums[plays.artist as usize];
            *sum += log(plays.count) - mean;
            *n += 1.0;
        }
    }
    sums.into_iter().map(|(sum, n)| sum / n).collect()
}

/// The people and artists of a fit, and how many artists have a tag for a topic.
///
/// *Activity* is the standardised log of tracks played; *conformity* follows the mean reach percentile of somebody's
/// artists. An artist's *quality* is the percentile of their loyalty, their *bait* how far the percentile of their
/// listeners exceeds it: widely tried, little replayed. These are ours: Last.fm measures neither.
///
/// *Topics* are the 16 tags that most people use. An artist's is the one with the most uses on them, over the square
/// root of its uses on anybody: by count alone everything is rock, by share the rarest tag wins. An artist without
/// any has the topic whose centre is nearest.
pub(super) fn feed(
    listening: &Listening,
    habits: &[Habits],
    artists: &[Artist],
    fit: &ImplicitFactors,
) -> (FeedData, Geometry, usize) {
    let mut placed = Placed::new(&fit.users, &fit.items);
    let towards = listeners_direction(listening, &placed.vectors.users);
    placed.fill(|artist| towards.row(artist).to_vec());
    let geometry = placed.measure();
    let (names, tagged) = tagged_topics(listening);
    let topics = placed.topics(names, &tagged);
    let topic =
        |(at, own): (usize, &Option<u16>)| own.unwrap_or_else(|| nearest(&topics, placed.vectors.item(at)));
    let topic = tagged.iter().enumerate().map(topic).collect();

    let plays: Vec<f64> = habits.iter().map(|own| own.n_plays as f64).collect();
    let (groups, levels) = group(&attributes(habits, &plays), habits.len());
    let of_artists = |value: fn(&Artist) -> f64| percentiles(&artists.iter().map(value).collect::<Vec<_>>());
    let quality = of_artists(|artist| f64::from(artist.loyalty));
    let reach = of_artists(|artist| f64::from(artist.n_listeners));
    let feed = FeedData {
        interest: placed.vectors.users,
        activity: standardised(&plays.iter().map(|n| n.ln()).collect::<Vec<_>>()),
        conformity: conformity(&habits.iter().map(|own| own.mainstream).collect::<Vec<_>>()),
        groups,
        levels,
        embedding: placed.vectors.items,
        topic,
        bait: bait(&reach, &quality),
        quality,
        topics,
    };
    (feed, geometry, tagged.iter().flatten().count())
}

/// The topic whose centre is in the direction of `z`, of equals the first; 0 if there is no topic.
fn nearest(topics: &Topics, z: &[f32]) -> u16 {
    let near = |t: &usize| topics.centres.row(*t).iter().zip(z).map(|(c, z)| c * z).sum::<f32>();
    (0..topics.len()).max_by(|a, b| near(a).total_cmp(&near(b)).then(b.cmp(a))).unwrap_or(0) as u16
}

/// `[n_artists, D]` where an artist's listeners stand, all of them, from where everybody stands: for those whose every
/// listener was held out, whom the fit therefore knows nothing of.
fn listeners_direction(listening: &Listening, interest: &Grid<f32>) -> Grid<f32> {
    let mut towards: Grid<f32> = Grid::zeros(listening.artists.len(), interest.width());
    let mut everybody = vec![0.0; interest.width()];
    for user in 0..interest.rows() {
        let x = interest.row(user).iter();
        everybody.iter_mut().zip(x).for_each(|(sum, x)| *sum += x / interest.rows() as f32);
    }
    for plays in &listening.plays {
        let x = interest.row(plays.user as usize).iter().zip(&everybody);
        let own = towards.row_mut(plays.artist as usize);
        own.iter_mut().zip(x).for_each(|(sum, (x, mean))| *sum += x - mean);
    }
    towards
}

/// The tags most people use, and each artist's, if they have one.
fn tagged_topics(listening: &Listening) -> (Vec<String>, Vec<Option<u16>>) {
    let top = most_used(listening);
    let mut uses = vec![[0.0_f64; N_TOPICS]; listening.artists.len()];
    let mut totals = [0.0_f64; N_TOPICS];
    for tagging in &listening.taggings {
        let topic = top.iter().position(|&tag| tag == tagging.tag);
        if let (Some(artist), Some(topic)) = (tagging.artist, topic) {
            uses[artist as usize][topic] += 1.0;
            totals[topic] += 1.0;
        }
    }
    let main = |uses: &[f64; N_TOPICS]| {
        let weigh = |t: &usize| uses[*t] / totals[*t].max(1.0).sqrt();
        let used = (0..top.len()).filter(|&t| uses[t] > 0.0);
        used.max_by(|a, b| weigh(a).total_cmp(&weigh(b)).then(b.cmp(a))).map(|t| t as u16)
    };
    let names = top.iter().map(|&tag| listening.tags[tag as usize].name.clone()).collect();
    (names, uses.iter().map(main).collect())
}

/// The tags with the most people who gave them to a listed artist, most first, of equals the earlier listed.
fn most_used(listening: &Listening) -> Vec<u32> {
    let listed = listening.taggings.iter().filter(|tagging| tagging.artist.is_some());
    let mut pairs: Vec<(u32, u32)> = listed.map(|tagging| (tagging.tag, tagging.user)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut users: Vec<(u32, usize)> =
        pairs.chunk_by(|a, b| a.0 == b.0).map(|own| (own[0].0, own.len())).collect();
    users.sort_by_key(|&(tag, n_users)| (std::cmp::Reverse(n_users), tag));
    users.into_iter().take(N_TOPICS).map(|(tag, _)| tag).collect()
}

/// What the data tells of people; it has neither gender nor age. Bands are ours.
fn attributes(habits: &[Habits], plays: &[f64]) -> Vec<Attribute<'static>> {
    const YEARS: [(usize, &str); 4] =
        [(0, "2005-2007"), (2008, "2008"), (2009, "2009"), (2010, "2010 or later")];
    const FRIENDS: [(usize, &str); 3] = [(0, "0-2"), (3, "3-9"), (10, "10 or more")];
    let band = |bands: &[(usize, &'static str)], value: usize| {
        bands.iter().rev().find(|(from, _)| *from <= value).map(|(_, name)| *name)
    };
    let years = habits.iter().map(|own| own.first_tag_year.and_then(|year| band(&YEARS, year.into())));
    let friends = habits.iter().map(|own| band(&FRIENDS, own.n_friends));
    vec![
        Attribute::terciles("activity", plays),
        Attribute::ordered("first_tag", &YEARS.map(|(_, name)| name), years.collect()),
        Attribute::ordered("friends", &FRIENDS.map(|(_, name)| name), friends.collect()),
    ]
}

#[cfg(test)]
mod tests {
    use recloop_data::lastfm::{Date, Named, Plays, Tagging};

    use super::*;

    fn named(names: &[&str]) -> Vec<Named> {
        let named = |(id, name): (u32, &&str)| Named { original_id: id, name: (*name).to_owned() };
        (1..).zip(names).map(named).collect()
    }

    /// Two people and three artists; nobody listens to the last.
    fn listening(taggings: &[(u32, Option<u32>, u32)]) -> Listening {
        let on = Date { year: 2009, month: 1, day: 1 };
        let tagging = |&(user, artist, tag): &(u32, Option<u32>, u32)| Tagging { user, on, artist, tag };
        Listening {
            users: vec![4, 9],
            artists: named(&["Abba", "Blur", "Can"]),
            tags: named(&["pop", "rock", "swedish"]),
            plays: [(0, 0, 100), (0, 1, 1), (1, 0, 7)]
                .map(|(user, artist, count)| Plays { user, artist, count })
                .to_vec(),
            taggings: taggings.iter().map(tagging).collect(),
            friends: vec![],
        }
    }

    #[test]
    fn loyalty_is_relative_to_what_each_listener_plays() {
        let artists = artists(&listening(&[]));
        // User 0 plays Abba ln 100 − ½ ln 100 above their mean, Blur as much below; user 1 plays Abba alone.
        let half = 100_f64.ln() / 2.0;
        assert!((f64::from(artists[0].loyalty) - half / 7.0).abs() < 1e-6);
        assert!((f64::from(artists[1].loyalty) + half / 6.0).abs() < 1e-6);
        assert_eq!((artists[0].n_listeners, artists[0].n_plays, artists[2].weight), (2, 107, 0.0));
        let weights: f32 = artists.iter().map(|artist| artist.weight).sum();
        assert!((weights - 3.0).abs() < 1e-6);
    }

    #[test]
    fn topics_are_what_most_people_say_and_an_artist_has_the_most_telling() {
        // Rock: two people; pop and swedish one each. Abba is rock twice and pop once; rock has four uses, pop one.
        let taggings = [
            (0, Some(0), 1),
            (1, Some(0), 1),
            (0, Some(0), 0),
            (0, Some(1), 1),
            (1, Some(1), 1),
            (0, None, 2),
        ];
        let (names, topics) = tagged_topics(&listening(&taggings));
        assert_eq!(names, ["rock", "pop"]);
        // 2/√4 = 1/√1: a tie, which the more used tag wins.
        assert_eq!(topics, [Some(0), Some(0), None]);
        let more = [taggings.as_slice(), &[(1, None, 1), (1, Some(2), 1)]].concat();
        // Now rock has five uses: 2/√5 < 1.
        assert_eq!(tagged_topics(&listening(&more)).1[0], Some(1));
    }

    #[test]
    fn people_are_grouped_by_what_they_did() {
        let habits = [
            Habits { n_plays: 5, n_friends: 0, first_tag_year: Some(2007), ..Habits::default() },
            Habits { n_plays: 50, n_friends: 3, first_tag_year: None, ..Habits::default() },
            Habits { n_plays: 500, n_friends: 10, first_tag_year: Some(2011), ..Habits::default() },
        ];
        let (groups, levels) = group(&attributes(&habits, &[5.0, 50.0, 500.0]), 3);
        assert_eq!(groups[1].levels, ["2005-2007", "2010 or later", "unknown"]);
        assert_eq!(levels.as_slice(), [0, 0, 0, 1, 2, 1, 2, 1, 2]);
    }
}
