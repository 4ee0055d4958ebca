//! What networks see of items and users.

use recloop_env::{BlockKind, Catalogue, EnvSpec, ItemId};

use super::Widths;
use crate::linear::{Features, within};

/// Observed features as numbers near 1: items as for [`LinUcb`](crate::LinUcb), users' scalars within their bounds, their
/// longer blocks as they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Looks {
    items: Features,
    /// `[F]` bounds of the user columns that are scalars.
    users: Vec<Option<(f32, f32)>>,
}

impl Looks {
    pub(super) fn of(spec: &EnvSpec) -> Self {
        let columns = spec.user_features.blocks().iter().flat_map(|block| match block.kind {
            BlockKind::Dense { width: 1 } => vec![Some((block.low, block.high))],
            BlockKind::Dense { width } => vec![None; width],
            BlockKind::Category { .. } => vec![],
        });
        Self { items: Features::of(spec).unwrap_or_else(|_| Features::none()), users: columns.collect() }
    }

    pub(super) fn widths(&self) -> Widths {
        Widths { item: self.items.n_fixed, user: self.users.len() }
    }

    /// Writes `[F]` over zeros.
    pub(super) fn write_item(&self, catalogue: &Catalogue, item: ItemId, out: &mut [f32]) {
        self.items.write_fixed(catalogue, item, out);
    }

    /// `[F]` of a user, from what is observed.
    pub(super) fn user<'a>(&'a self, observed: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        observed.iter().zip(&self.users).map(|(x, bounds)| bounds.map_or(*x, |bounds| within(*x, bounds)))
    }
}
