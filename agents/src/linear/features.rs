//! What a platform observes of a user and an item, as one row of numbers.

use recloop_env::{Block, BlockAt, BlockKind, Catalogue, EnvSpec, ItemId};

/// Categories of more levels than this are left out, unless tastes are about them (chosen by us).
const MOST_LEVELS: usize = 32;
/// What tastes are about: the first of these that items have.
const TASTE_BLOCKS: [&str; 3] = ["embedding", "factor", "topic"];
/// What users are observed to like, if they are.
const INTEREST: &str = "interest";

/// Features that belong to the item but change: how fresh it is, its own smoothed reward.
pub(crate) const N_OWN: usize = 2;

/// `φ(u, i) = [x_i | fresh_i, rate_i | similarities of u and i]`.
///
/// `x_i` never changes: 1, then the item's observed blocks. Scalars are taken within their bounds, to [0, 1], or as
/// `x / (1 + |x|)` where they have none; longer blocks as they are; categories as their one-hot vectors. A similarity is
/// the dot product of numbers of the user with some columns of `x_i`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Features {
    sources: Vec<Source>,
    /// Columns of `x`.
    pub(crate) n_fixed: usize,
    /// The columns tastes are about.
    pub(crate) taste: Columns,
    /// Where the user's observed interest is, and what it is about.
    pub(crate) interest: Option<(BlockAt, Columns)>,
    days_per_tick: f64,
}

/// A run of columns of `x`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Columns {
    pub(crate) first: usize,
    pub(crate) len: usize,
}

impl Columns {
    #[inline]
    pub(crate) fn of<'a, T>(&self, x: &'a [T]) -> &'a [T] {
        &x[self.first..self.first + self.len]
    }

    #[inline]
    pub(crate) fn of_mut<'a, T>(&self, x: &'a mut [T]) -> &'a mut [T] {
        &mut x[self.first..self.first + self.len]
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Source {
    at: BlockAt,
    columns: Columns,
    /// Bounds of a scalar.
    bounds: (f32, f32),
}

impl Features {
    /// The features of this world; refuses one whose items show nothing a taste could be about.
    pub(crate) fn of(spec: &EnvSpec) -> Result<Self, String> {
        let layout = &spec.item_features;
        let taste = TASTE_BLOCKS.into_iter().find(|name| layout.find(name).is_some()).ok_or_else(|| {
            format!("items have none of the blocks `{}` a taste could be about", TASTE_BLOCKS.join("`, `"))
        })?;
        let (mut sources, mut n_fixed) = (Vec::new(), 1);
        for (block, at) in layout.places().filter(|(block, at)| block.name == taste || is_short(*at)) {
            let columns = Columns { first: n_fixed, len: at.length() };
            n_fixed += columns.len;
            sources.push((block, Source { at, columns, bounds: (block.low, block.high) }));
        }
        let columns_of = |name: &str| {
            let found = sources.iter().find(|(block, _): &&(&Block, Source)| block.name == name);
            found.map(|(_, source)| source.columns)
        };
        let interest = spec.user_features.find(INTEREST).and_then(|user| {
            let mut fits = TASTE_BLOCKS.into_iter().filter_map(columns_of);
            Some((user, fits.find(|columns| columns.len == user.length())?))
        });
        let days_per_tick =
            if spec.clock.calendar { spec.clock.tick_secs / recloop_env::Clock::DAY_SECS } else { 1.0 };
        Ok(Self {
            taste: columns_of(taste).unwrap_or_default(),
            interest,
            n_fixed,
            sources: sources.into_iter().map(|(_, source)| source).collect(),
            days_per_tick,
        })
    }

    /// Nothing but the 1.
    pub(crate) fn none() -> Self {
        Self { n_fixed: 1, ..Self::default() }
    }

    /// How many similarities there are: to the user's record, and to the observed interest.
    pub(crate) fn n_similarities(&self) -> usize {
        1 + usize::from(self.interest.is_some())
    }

    pub(crate) fn width(&self) -> usize {
        self.n_fixed + N_OWN + self.n_similarities()
    }

    /// Writes `x` of a durable item over zeros.
    pub(crate) fn write_fixed(&self, catalogue: &Catalogue, item: ItemId, out: &mut [f32]) {
        let (table, at) = catalogue.locate(item);
        out[0] = 1.0;
        for Source { at: block, columns, bounds } in &self.sources {
            let out = columns.of_mut(out);
            match block.kind {
                BlockKind::Category { .. } => out[usize::from(table.code(*block, at))] = 1.0,
                BlockKind::Dense { width: 1 } => out[0] = within(table.dense(*block, at)[0], *bounds),
                BlockKind::Dense { .. } => out.copy_from_slice(table.dense(*block, at)),
            }
        }
    }

    /// `1 / (1 + age in days)`; in a world without days, in ticks.
    pub(crate) fn freshness(&self, age_ticks: u32) -> f64 {
        (1.0 + f64::from(age_ticks) * self.days_per_tick).recip()
    }
}

fn is_short(at: BlockAt) -> bool {
    matches!(at.kind, BlockKind::Dense { .. }) || at.length() <= MOST_LEVELS
}

/// `x` within its bounds, to [0, 1]; `x / (1 + |x|)` where it has none.
pub(crate) fn within(x: f32, (low, high): (f32, f32)) -> f32 {
    let span = high - low;
    if span.is_finite() && span > 0.0 { (x - low) / span } else { x / (1.0 + x.abs()) }
}
