//! Ratings by user and by item, and how far predictions are from them.

use crate::AgentError;

/// Ratings as three columns of equal length: `users[e]` gave `items[e]` the rating `ratings[e]`.
#[derive(Clone, Copy, Debug)]
pub struct RatingTriples<'a> {
    /// Rows of the rating matrix.
    pub users: &'a [u32],
    /// Columns of the rating matrix.
    pub items: &'a [u32],
    /// Ratings on any scale, or counts.
    pub ratings: &'a [f32],
}

impl RatingTriples<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, usize, f32)> + Clone {
        let pairs = self.users.iter().zip(self.items);
        pairs.zip(self.ratings).map(|((&user, &item), &rating)| (user as usize, item as usize, rating))
    }

    fn check(&self, n_users: usize, n_items: usize) -> Result<(), AgentError> {
        let lengths = (self.users.len(), self.items.len(), self.ratings.len());
        if lengths.0 != lengths.1 || lengths.0 != lengths.2 {
            let (n_users, n_items, n_ratings) = lengths;
            return Err(AgentError::RaggedTriples { n_users, n_items, n_ratings });
        }
        for (entry, (user, item, rating)) in self.iter().enumerate() {
            if user >= n_users || item >= n_items {
                let (user, item) = (self.users[entry], self.items[entry]);
                return Err(AgentError::OutsideMatrix { entry, user, item, n_users, n_items });
            }
            if !rating.is_finite() {
                return Err(AgentError::RatingNotFinite { entry, rating });
            }
        }
        Ok(())
    }
}

/// Checked ratings, sorted by user and by item, so that the order of the triples does not matter.
///
/// A pair may occur more than once: ratings then count as separate observations, counts add up.
#[derive(Clone, Debug)]
pub struct Ratings {
    pub(super) by_user: Rows,
    pub(super) by_item: Rows,
}

impl Ratings {
    /// Sorts `triples` into a matrix of `n_users × n_items`.
    ///
    /// # Errors
    /// Columns of different lengths, an index outside the matrix, a rating that is not finite.
    pub fn new(triples: RatingTriples<'_>, n_users: usize, n_items: usize) -> Result<Self, AgentError> {
        triples.check(n_users, n_items)?;
        let unsorted = Rows::gather(n_items, triples.iter().map(|(user, item, rating)| (item, user, rating)));
        let by_user = unsorted.transpose(n_users);
        Ok(Ratings { by_item: by_user.transpose(n_items), by_user })
    }

    /// Average of all ratings.
    ///
    /// # Errors
    /// No ratings.
    pub fn mean(&self) -> Result<f64, AgentError> {
        let ratings = &self.by_user.values;
        if ratings.is_empty() {
            return Err(AgentError::NoRatings);
        }
        Ok(ratings.iter().copied().map(f64::from).sum::<f64>() / ratings.len() as f64)
    }
}

/// A sparse matrix by rows; a row lists its columns in ascending order.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    /// Counting sort by row: entries of one row keep their order.
    fn gather(n_rows: usize, entries: impl Iterator<Item = (usize, usize, f32)> + Clone) -> Self {
        let mut starts = vec![0; n_rows + 1];
        entries.clone().for_each(|(row, _, _)| starts[row + 1] += 1);
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; starts[n_rows]], vec![0.0; starts[n_rows]]);
        for (row, column, value) in entries {
            columns[next[row]] = column as u32;
            values[next[row]] = value;
            next[row] += 1;
        }
        Rows { starts, columns, values }
    }

    fn transpose(&self, n_columns: usize) -> Self {
        Rows::gather(n_columns, self.entries().map(|(row, column, value)| (column, row, value)))
    }

    pub(super) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn n_entries(&self) -> usize {
        self.values.len()
    }

    /// `(row, column, value)`, row by row.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, usize, f32)> + Clone {
        (0..self.n_rows()).flat_map(|row| self.row(row).map(move |(column, value)| (row, column, value)))
    }

    /// `(column, value)` pairs of one row.
    pub(super) fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (usize, f32)> + Clone {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()]
            .iter()
            .map(|&column| column as usize)
            .zip(self.values[range].iter().copied())
    }
}
