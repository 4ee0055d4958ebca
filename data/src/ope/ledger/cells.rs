//! Sketches of one kind of weight, by level and position.

use serde::{Deserialize, Serialize};

use crate::ope::WeightSketch;

/// By position, then by level; what nobody has is absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Cells {
    cells: Vec<Vec<Option<WeightSketch>>>,
    /// Weights of a batch that go to one cell.
    #[serde(skip)]
    sorted: Vec<Vec<Vec<f64>>>,
}

fn at<T: Default>(all: &mut Vec<Vec<T>>, position: usize, level: usize) -> &mut T {
    if all.len() <= position {
        all.resize_with(position + 1, Vec::new);
    }
    let row = &mut all[position];
    if row.len() <= level {
        row.resize_with(level + 1, T::default);
    }
    &mut row[level]
}

impl Cells {
    /// Takes weights in; an empty column of levels or positions means that there is only one.
    pub(super) fn add(&mut self, weights: &[f64], levels: &[u16], positions: &[u16]) {
        if levels.is_empty() && positions.is_empty() {
            return at(&mut self.cells, 0, 0).get_or_insert_default().add(weights);
        }
        let of = |column: &[u16], row: usize| column.get(row).map_or(0, |at| usize::from(*at));
        for (row, weight) in weights.iter().enumerate() {
            at(&mut self.sorted, of(positions, row), of(levels, row)).push(*weight);
        }
        for (position, row) in self.sorted.iter_mut().enumerate() {
            for (level, weights) in row.iter_mut().enumerate().filter(|(_, weights)| !weights.is_empty()) {
                at(&mut self.cells, position, level).get_or_insert_default().add(weights);
                weights.clear();
            }
        }
    }

    /// Level `l` becomes level `to[l]`.
    pub(super) fn relabel(&mut self, to: &[usize]) {
        for row in &mut self.cells {
            let mut levels = Vec::new();
            levels.resize_with(to.iter().max().map_or(0, |last| last + 1), || None);
            row.drain(..).zip(to).for_each(|(cell, to)| levels[*to] = cell);
            *row = levels;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (position, row) in other.cells.iter().enumerate() {
            for (level, theirs) in row.iter().enumerate() {
                if let Some(theirs) = theirs {
                    at(&mut self.cells, position, level).get_or_insert_default().merge(theirs);
                }
            }
        }
    }

    /// All of a level and a position together; of every one where none is named.
    pub(super) fn sketch(&self, level: Option<usize>, position: Option<usize>) -> WeightSketch {
        let mut total = WeightSketch::default();
        let fits = |wanted: Option<usize>, at: usize| wanted.is_none_or(|wanted| wanted == at);
        for (_, row) in self.cells.iter().enumerate().filter(|(at, _)| fits(position, *at)) {
            for (_, cell) in row.iter().enumerate().filter(|(at, _)| fits(level, *at)) {
                cell.iter().for_each(|cell| total.merge(cell));
            }
        }
        total
    }
}
