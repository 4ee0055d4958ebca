//! What a person's own history says about how they behave.

use super::{Rating, Ratings};

/// A gap longer than this starts a new visit: the usual half hour of web analytics, also in our metrics.
const VISIT_GAP_SECS: i64 = 30 * 60;
const DAY_SECS: i64 = 24 * 60 * 60;

/// One person's habits, from all of their ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Habits {
    /// Activity: how many films they rated.
    pub n_ratings: usize,
    /// `mean_i (r_ui − r̄_i)²` in squared stars, over the films `i` that user `u` rated, with `r̄_i` the mean
    /// of everyone's ratings of `i`, theirs included; `None` for someone who rated nothing.
    ///
    /// Known as *conformity* in the source; named for what it measures, since it is 0 for someone who always
    /// agrees with the crowd.
    pub disagreement: Option<f64>,
    /// Maximal runs of ratings at most 30 minutes apart.
    pub n_visits: usize,
    /// Calendar days (UTC) with a rating.
    pub n_active_days: usize,
}

/// The habits of everyone in [`Ratings::users`], in that order.
///
/// A film that one person alone rated tells nothing of disagreement, yet counts as full agreement, as in the
/// source. Visits are bouts of rating, not of watching.
///
/// # Numerics
/// Sums in `f64`, in the order of [`Ratings::ratings`].
///
/// # Source
/// Zhang, Chen, Sheng, Wang, Chua (2024), "On Generative Agents in Recommendation": activity and conformity.
#[must_use]
pub fn habits(ratings: &Ratings) -> Vec<Habits> {
    let mean_stars = film_means(ratings);
    let nothing = Habits { n_ratings: 0, disagreement: None, n_visits: 0, n_active_days: 0 };
    let mut habits = vec![nothing; ratings.users.len()];
    for own in ratings.ratings.chunk_by(|a, b| a.user == b.user) {
        habits[own[0].user as usize] = Habits {
            n_ratings: own.len(),
            disagreement: Some(disagreement(own, &mean_stars)),
            n_visits: n_runs(own, |earlier, later| later - earlier <= VISIT_GAP_SECS),
            n_active_days: n_runs(own, |earlier, later| later / DAY_SECS == earlier / DAY_SECS),
        };
    }
    habits
}

/// `[n_films]` mean stars; NaN for a film nobody rated, which nobody's ratings refer to.
fn film_means(ratings: &Ratings) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); ratings.films.len()];
    for rating in &ratings.ratings {
        let (stars, count) = &mut sums[rating.film as usize];
        *stars += f64::from(rating.stars);
        *count += 1.0;
    }
    sums.into_iter().map(|(stars, count)| stars / count).collect()
}

fn disagreement(own: &[Rating], mean_stars: &[f64]) -> f64 {
    let gap = |rating: &Rating| f64::from(rating.stars) - mean_stars[rating.film as usize];
    own.iter().map(|rating| gap(rating).powi(2)).sum::<f64>() / own.len() as f64
}

/// How many runs there are of ratings whose neighbouring times are `together`.
fn n_runs(own: &[Rating], together: impl Fn(i64, i64) -> bool) -> usize {
    own.chunk_by(|a, b| together(a.at_secs, b.at_secs)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movielens::tests::{csv_ratings, hundred_k_ratings};

    #[test]
    fn disagreement_is_the_mean_squared_gap_to_the_film_mean() {
        // Film 10: 1 and 4, mean 2.5; film 20: 5 alone. User 1: (1.5² + 0²) / 2; user 2: 1.5².
        let habits = habits(&csv_ratings("1,10,1,0\n1,20,5,0\n2,10,4,0\n"));
        assert_eq!(habits.iter().map(|h| h.disagreement).collect::<Vec<_>>(), [Some(1.125), Some(2.25)]);
        assert_eq!(habits.iter().map(|h| h.n_ratings).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn half_an_hour_is_one_visit_and_a_second_more_is_two() {
        assert_eq!(habits(&csv_ratings("1,10,3,0\n1,20,3,1800\n"))[0].n_visits, 1);
        assert_eq!(habits(&csv_ratings("1,10,3,0\n1,20,3,1801\n"))[0].n_visits, 2);
    }

    #[test]
    fn midnight_starts_a_day_but_not_a_visit() {
        let habits = habits(&csv_ratings("1,10,3,86399\n1,20,3,86400\n"))[0];
        assert_eq!((habits.n_visits, habits.n_active_days), (1, 2));
    }

    #[test]
    fn someone_who_rated_nothing_has_no_habits() {
        let habits = habits(&hundred_k_ratings("2\t1\t3\t5\n"));
        assert_eq!((habits[0].n_ratings, habits[0].disagreement), (0, None));
        assert_eq!(habits[1].n_ratings, 1);
    }
}
