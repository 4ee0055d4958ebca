//! Which actions there are, and what describes them.

use std::collections::{BTreeSet, HashMap};

use super::sheet::{Sheet, name_of};
use crate::ope::OpeError;
use crate::ope::model::Sparse;

/// With more actions than this, none has a feature of its own (chosen by us: normal equations are cubic in them).
const OWN_FEATURE: usize = 512;

/// The actions there are, and their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Actions {
    /// Nobody said: only the logged one of each row is known.
    Unknown,
    /// Numbered by their place in lists.
    Counted(usize),
    /// By name.
    Named {
        names: Vec<u64>,
        index: HashMap<u64, usize>,
        /// Whether there can be no others.
        closed: bool,
    },
}

impl Actions {
    pub(super) fn named(names: Vec<u64>, closed: bool) -> Self {
        let index = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        Self::Named { names, index, closed }
    }

    pub(super) fn sorted(names: impl Iterator<Item = u64>) -> Self {
        Self::named(names.collect::<BTreeSet<_>>().into_iter().collect(), false)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Unknown => 0,
            Self::Counted(n) => *n,
            Self::Named { names, .. } => names.len(),
        }
    }

    #[inline]
    pub(super) fn index(&self, name: u64) -> Option<usize> {
        match self {
            Self::Unknown => None,
            Self::Counted(n) => usize::try_from(name).ok().filter(|at| at < n),
            Self::Named { index, .. } => index.get(&name).copied(),
        }
    }

    pub(super) fn name(&self, at: usize) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Counted(n) => (at < *n).then_some(at as u64),
            Self::Named { names, .. } => names.get(at).copied(),
        }
    }

    /// Whether a logged action has to be among them.
    pub(super) fn closed(&self) -> bool {
        matches!(self, Self::Counted(_) | Self::Named { closed: true, .. })
    }
}

/// What describes actions.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Items {
    /// `[A]` features.
    features: Vec<Sparse>,
    /// Dimensions of the features.
    pub(super) width: usize,
    /// By column, `[A]` the level of each action.
    levels: Vec<(String, Vec<usize>)>,
}

/// The actions of an item table, in its order.
pub(super) fn listed(sheet: &Sheet, key: &str, worded: bool) -> Result<Vec<u64>, OpeError> {
    let at = sheet.column(&[key, "action", "item_id"])?;
    let mut seen = BTreeSet::new();
    let name = |(row, cells): (usize, &Vec<String>)| {
        let name = name_of(&cells[at], worded).ok_or_else(|| {
            sheet.at(row, format!("action {:?} is no whole number, as in the log", cells[at]))
        })?;
        let fresh = seen.insert(name);
        fresh.then_some(name).ok_or_else(|| sheet.at(row, "the same action a second time".into()))
    };
    sheet.rows().iter().enumerate().map(name).collect()
}

impl Items {
    /// A column of numbers is a feature, any other one for each of its values. Levels are values as written.
    pub(super) fn new(sheet: &Sheet, key: &str, names: &[u64], actions: &Actions) -> Result<Self, OpeError> {
        let key = sheet.column(&[key, "action", "item_id"])?;
        let row_of: HashMap<u64, usize> = names.iter().enumerate().map(|(row, name)| (*name, row)).collect();
        let row = |at: usize| {
            let name = actions.name(at).unwrap_or_default();
            row_of.get(&name).copied().ok_or_else(|| sheet.refused(format!("it does not list action {name}")))
        };
        let rows = (0..actions.len()).map(row).collect::<Result<Vec<_>, _>>()?;
        let mut items = Self { features: vec![Sparse::default(); rows.len()], ..Self::default() };
        for (at, name) in sheet.header().iter().enumerate() {
            // A nameless column is an index that some writers add.
            if at != key && !name.is_empty() {
                let values: Vec<&str> = rows.iter().map(|row| sheet.rows()[*row][at].as_str()).collect();
                items.add(name, &values);
            }
        }
        Ok(items)
    }

    fn add(&mut self, column: &str, values: &[&str]) {
        let distinct: Vec<&str> = values.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let levels: Vec<usize> =
            values.iter().map(|value| distinct.binary_search(value).unwrap_or(0)).collect();
        let numbers: Option<Vec<f64>> = values.iter().map(|value| value.trim().parse().ok()).collect();
        match numbers.filter(|numbers| numbers.iter().all(|x: &f64| x.is_finite())) {
            Some(numbers) => {
                let own = self.features.iter_mut().zip(numbers).filter(|(_, x)| *x != 0.0);
                own.for_each(|(features, x)| features.push(self.width as u32, x));
                self.width += 1;
            }
            None => {
                let own = self.features.iter_mut().zip(&levels);
                own.for_each(|(features, level)| features.push((self.width + level) as u32, 1.0));
                self.width += distinct.len();
            }
        }
        self.levels.push((column.to_owned(), levels));
    }

    /// `[A]` the level of each action in a column.
    pub(super) fn levels(&self, column: &str) -> Option<&[usize]> {
        self.levels.iter().find(|(name, _)| name == column).map(|(_, levels)| levels.as_slice())
    }

    /// The columns there are.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.levels.iter().map(|(name, _)| name.as_str())
    }
}

/// How an action in its situation becomes numbers: the context, the action itself, what describes it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Features {
    pub(super) context: usize,
    /// One for each action, and one for all that are not known; none if there are too many.
    own: usize,
    pub(super) items: Items,
}

impl Features {
    pub(super) fn new(context: usize, actions: usize, items: Items) -> Self {
        Self { context, own: if actions <= OWN_FEATURE { actions + 1 } else { 0 }, items }
    }

    pub(super) fn width(&self) -> usize {
        self.context + self.own + self.items.width
    }

    /// The features of the action at place `at`.
    pub(super) fn fill(&self, context: impl Iterator<Item = f64>, at: usize, out: &mut Sparse) {
        out.clear();
        for (feature, value) in context.enumerate().filter(|(_, value)| *value != 0.0) {
            out.push(feature as u32, value);
        }
        if self.own > 0 {
            out.push((self.context + at.min(self.own - 1)) as u32, 1.0);
        }
        if let Some(described) = self.items.features.get(at) {
            let from = (self.context + self.own) as u32;
            described.iter().for_each(|(feature, value)| out.push(from + feature, value));
        }
    }
}
