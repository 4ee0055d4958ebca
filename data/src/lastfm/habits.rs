//! What a person's own history says about how they behave.

use super::Listening;

/// Last.fm has had tags since 2005: an earlier date is a clock that was wrong.
const FIRST_YEAR_OF_TAGS: u16 = 2005;

/// One person's habits, from all that the data tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Habits {
    /// Artists they listen to, 50 at most in the published files.
    pub n_artists: usize,
    /// Tracks they played, of these artists.
    pub n_plays: u64,
    /// Mean over their artists of the artist's reach: the share of artists with fewer listeners, counting half of
    /// those with as many. 1 for someone who listens to nobody but the best known, near 0 for the opposite.
    pub mainstream: f64,
    /// People they link to.
    pub n_friends: usize,
    /// Year of the first tag they gave from 2005 on, the year Last.fm got tags; `None` if there is no such tag. The
    /// published files date five assignments to 1956, 1957 and 1979.
    pub first_tag_year: Option<u16>,
}

/// The habits of everyone in [`Listening::users`], in that order.
///
/// # Numerics
/// Sums in `f64`, in the order of [`Listening::plays`].
#[must_use]
pub fn habits(listening: &Listening) -> Vec<Habits> {
    let mut habits = vec![Habits::default(); listening.users.len()];
    let reach = reach(listening);
    for plays in &listening.plays {
        let own = &mut habits[plays.user as usize];
        own.n_artists += 1;
        own.n_plays += u64::from(plays.count);
        own.mainstream += reach[plays.artist as usize];
    }
    // Everybody listed listens.
    habits.iter_mut().for_each(|own| own.mainstream /= own.n_artists as f64);
    for &(from, _) in &listening.friends {
        habits[from as usize].n_friends += 1;
    }
    for tagging in listening.taggings.iter().filter(|tagging| tagging.on.year >= FIRST_YEAR_OF_TAGS) {
        // Taggings of one person go by date.
        habits[tagging.user as usize].first_tag_year.get_or_insert(tagging.on.year);
    }
    habits
}

/// `[n_artists]` the share of artists with fewer listeners, counting half of those with as many.
fn reach(listening: &Listening) -> Vec<f64> {
    let mut n_listeners = vec![0_u32; listening.artists.len()];
    listening.plays.iter().for_each(|plays| n_listeners[plays.artist as usize] += 1);
    let mut sorted = n_listeners.clone();
    sorted.sort_unstable();
    let share = |own: u32| {
        let below = sorted.partition_point(|&other| other < own);
        let to = sorted.partition_point(|&other| other <= own);
        (below + to) as f64 / (2 * sorted.len()) as f64
    };
    n_listeners.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lastfm::tests::small;

    #[test]
    fn habits_are_those_counted_by_hand() {
        // Listeners: artist 10 has 2, 20 and 30 have one, 40 none. Reach: 3.5/4, 2/4, 2/4, .5/4.
        let habits = habits(&small());
        let first = Habits {
            n_artists: 2,
            n_plays: 107,
            mainstream: (0.875 + 0.5) / 2.0,
            n_friends: 1,
            first_tag_year: Some(2008),
        };
        assert_eq!(habits[0], first);
        // Their only tag is dated 1956.
        assert_eq!((habits[1].n_plays, habits[1].n_friends, habits[1].first_tag_year), (8, 1, None));
        assert_eq!(habits[1].mainstream, (0.875 + 0.5) / 2.0);
    }
}
