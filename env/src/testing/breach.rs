//! What a broken contract looks like.

use std::fmt::Debug;

use crate::{Grid, Tick};

/// A law that was broken, and the tick and row that prove it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keep the law `{law}`: tick {}{}: {found}", .tick.0, .row.map_or(String::new(), |row| format!(", row {row}")))]
pub struct ContractBreach {
    /// Which law.
    pub law: &'static str,
    /// When it was broken.
    pub tick: Tick,
    /// In which row, if it was one row's.
    pub row: Option<usize>,
    /// What was found.
    pub found: String,
}

pub(super) type Kept = Result<(), ContractBreach>;

/// A law being checked at one tick.
#[derive(Clone, Copy)]
pub(super) struct Law {
    pub(super) name: &'static str,
    pub(super) tick: Tick,
}

impl Law {
    pub(super) fn at(name: &'static str, tick: Tick) -> Self {
        Self { name, tick }
    }

    pub(super) fn breach(self, row: Option<usize>, found: &impl ToString) -> ContractBreach {
        ContractBreach { law: self.name, tick: self.tick, row, found: found.to_string() }
    }

    /// Breaks unless `kept`.
    pub(super) fn hold(self, row: Option<usize>, kept: bool, found: impl FnOnce() -> String) -> Kept {
        if kept { Ok(()) } else { Err(self.breach(row, &found())) }
    }

    /// Breaks unless both are equal.
    pub(super) fn same<T: PartialEq + Debug + ?Sized>(
        self,
        what: &str,
        row: Option<usize>,
        expected: &T,
        found: &T,
    ) -> Kept {
        self.hold(row, expected == found, || format!("{what}: expected {expected:?}, found {found:?}"))
    }

    /// Breaks at the first element that differs.
    pub(super) fn same_list<T: PartialEq + Debug>(self, what: &str, expected: &[T], found: &[T]) -> Kept {
        self.same(&format!("length of {what}"), None, &expected.len(), &found.len())?;
        let first = expected.iter().zip(found).position(|(a, b)| a != b);
        first.map_or(Ok(()), |r| self.same(what, Some(r), &expected[r], &found[r]))
    }

    /// Breaks at the first row that differs.
    pub(super) fn same_rows<T: PartialEq + Debug>(
        self,
        what: &str,
        expected: &Grid<T>,
        found: &Grid<T>,
    ) -> Kept {
        let shape = |grid: &Grid<T>| (grid.rows(), grid.width());
        self.same(&format!("shape of {what}"), None, &shape(expected), &shape(found))?;
        let first = (0..expected.rows()).find(|r| expected.row(*r) != found.row(*r));
        first.map_or(Ok(()), |r| self.same(what, Some(r), expected.row(r), found.row(r)))
    }
}
