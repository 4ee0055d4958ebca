//! Some of each person's artists to learn from, the others to be tested on.

use recloop_env::{ItemId, Streams, Tick, UserId, purpose};

use super::Listening;
use crate::DataError;
use crate::movielens::{Split, n_train};

/// Keeps a random `⌈fraction · n⌉` of each user's `n` artists for training and holds out the rest.
///
/// At random, because listening counts carry no time: what comes out tells how well *missing* artists are found, not
/// how well future ones are foreseen. Luck belongs to (seed, user, artist) by their ids in the files, so it does not
/// depend on who else is there ([`purpose::HELD_OUT`]).
///
/// # Errors
/// [`DataError::TrainFraction`] if `fraction` is outside (0, 1] or not a number.
pub fn split_at_random(listening: &Listening, fraction: f64, seed: u64) -> Result<Split, DataError> {
    let rng = Streams::new(seed);
    let word = |at: &usize| {
        let plays = &listening.plays[*at];
        let user = UserId(listening.users[plays.user as usize]);
        rng.item_word(
            purpose::HELD_OUT,
            user,
            Tick(0),
            ItemId(listening.artists[plays.artist as usize].original_id),
        )
    };
    let mut split = Split::default();
    let mut start = 0;
    for own in listening.plays.chunk_by(|a, b| a.user == b.user) {
        let mut drawn: Vec<usize> = (start..start + own.len()).collect();
        drawn.sort_by_cached_key(word);
        let (train, held_out) = drawn.split_at_mut(n_train(fraction, own.len())?);
        train.sort_unstable();
        held_out.sort_unstable();
        split.train.extend_from_slice(train);
        split.held_out.extend_from_slice(held_out);
        start += own.len();
    }
    Ok(split)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lastfm::Plays;
    use crate::lastfm::tests::small;

    /// `n_users` people who listen to the same 10 artists.
    fn listening(n_users: u32) -> Listening {
        let mut listening = small();
        let artist = listening.artists[0].clone();
        listening.users = (1..=n_users).collect();
        listening.artists = vec![artist; 10];
        (0..).zip(&mut listening.artists).for_each(|(id, artist)| artist.original_id = id);
        let pairs = (0..n_users).flat_map(|user| (0..10).map(move |artist| (user, artist)));
        listening.plays = pairs.map(|(user, artist)| Plays { user, artist, count: 1 }).collect();
        listening
    }

    #[test]
    fn everyone_keeps_their_share_and_nothing_is_lost() {
        let listening = listening(50);
        let split = split_at_random(&listening, 0.8, 7).unwrap();
        for user in 0..50 {
            let own = |part: &[usize]| part.iter().filter(|&&at| listening.plays[at].user == user).count();
            assert_eq!((own(&split.train), own(&split.held_out)), (8, 2));
        }
        let mut all: Vec<usize> = split.train.iter().chain(&split.held_out).copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..500));
    }

    #[test]
    fn luck_belongs_to_the_person_and_the_artist() {
        let (few, many) = (listening(3), listening(50));
        let held = |listening, seed| split_at_random(listening, 0.8, seed).unwrap().held_out;
        assert_eq!(held(&few, 7), held(&many, 7)[..6]);
        assert!(held(&many, 7) != held(&many, 8));
        // Each artist is held out by each person with chance 1/5: 10 ± 5 of 50 is 1.8 standard deviations of the
        // binomial; all ten artists stay within 4.
        for artist in 0..10 {
            let n = held(&many, 7).iter().filter(|&&at| many.plays[at].artist == artist).count();
            assert!((1..=21).contains(&n), "artist {artist} is held out {n} times");
        }
    }

    #[test]
    fn fractions_outside_the_unit_interval_are_refused() {
        for fraction in [0.0, 1.1, f64::NAN] {
            let refused = split_at_random(&small(), fraction, 1);
            assert!(matches!(refused, Err(DataError::TrainFraction { .. })), "{fraction}");
        }
    }
}
