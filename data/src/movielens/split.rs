//! Earlier ratings to learn from, later ones to be tested on.

use super::Ratings;
use crate::DataError;

/// Two disjoint sets of positions in a list of ratings or listening counts, each ascending, that together are all of
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Split {
    /// What is learned from.
    pub train: Vec<usize>,
    /// What tests it.
    pub held_out: Vec<usize>,
}

/// Keeps each user's earliest `⌈fraction · n⌉` of `n` ratings for training and holds out the rest.
///
/// Ratings of one second are taken in ascending film id. Whoever rated at all keeps a training rating. Time
/// is cut per user, not once for all: a global cut would hold out everything of those who came late.
///
/// # Numerics
/// A product within 1e-9 above a whole number counts as that number, so that .55 of 100 is 55 although the
/// nearest `f64` to .55 makes it 55.00000000000001.
///
/// # Errors
/// [`DataError::TrainFraction`] if `fraction` is outside (0, 1] or not a number.
pub fn split_by_time(ratings: &Ratings, fraction: f64) -> Result<Split, DataError> {
    let mut split = Split::default();
    let mut start = 0;
    for own in ratings.ratings.chunk_by(|a, b| a.user == b.user) {
        let n_train = n_train(fraction, own.len())?;
        split.train.extend(start..start + n_train);
        split.held_out.extend(start + n_train..start + own.len());
        start += own.len();
    }
    Ok(split)
}

/// `⌈fraction · n⌉`, at least 1.
pub(crate) fn n_train(fraction: f64, n: usize) -> Result<usize, DataError> {
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(DataError::TrainFraction { fraction });
    }
    Ok((fraction * n as f64 - 1e-9).ceil().max(1.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movielens::tests::csv_ratings;

    #[test]
    fn the_earliest_are_kept_and_ties_go_by_film_id() {
        // User 1: film 30 at 5 s, then 10 and 20 tied at 9 s. User 2: one rating.
        let ratings = csv_ratings("1,20,3,9\n1,10,4,9\n2,10,1,7\n1,30,5,5\n");
        let films: Vec<u32> =
            ratings.ratings.iter().map(|r| ratings.films[r.film as usize].original_id).collect();
        assert_eq!(films, [30, 10, 20, 10]);
        // ⌈.5 · 3⌉ = 2 and ⌈.5 · 1⌉ = 1.
        let split = split_by_time(&ratings, 0.5).unwrap();
        assert_eq!(split, Split { train: vec![0, 1, 3], held_out: vec![2] });
    }

    #[test]
    fn a_tiny_fraction_still_leaves_everyone_one_rating() {
        let ratings = csv_ratings("1,10,3,1\n1,20,3,2\n2,10,3,1\n");
        assert_eq!(split_by_time(&ratings, 1e-12).unwrap().train, [0, 2]);
        assert!(split_by_time(&ratings, 1.0).unwrap().held_out.is_empty());
    }

    #[test]
    fn rounding_noise_does_not_move_a_rating() {
        let lines: String = (0..100).map(|at| format!("1,{},3,{at}\n", 10 + at)).collect();
        let ratings = csv_ratings(&lines);
        assert_eq!(split_by_time(&ratings, 0.55).unwrap().train.len(), 55);
    }

    #[test]
    fn fractions_outside_the_unit_interval_are_refused() {
        let ratings = csv_ratings("1,10,3,1\n");
        for fraction in [0.0, -0.1, 1.1, f64::NAN] {
            let refused = split_by_time(&ratings, fraction);
            assert!(matches!(refused, Err(DataError::TrainFraction { .. })), "{fraction}");
        }
    }
}
