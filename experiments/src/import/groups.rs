//! Groups of people, from what the data records of them and nothing else.

use recloop_env::{Grid, Group};

use super::proxies::percentiles;

/// The level of those of whom the data does not tell.
const UNKNOWN: &str = "unknown";

/// One attribute: its name, its levels in order, and each person's.
pub(super) struct Attribute<'a> {
    name: &'a str,
    levels: Vec<&'a str>,
    of: Vec<Option<&'a str>>,
}

impl<'a> Attribute<'a> {
    /// An attribute whose levels have an order of their own.
    pub(super) fn ordered(name: &'a str, levels: &[&'a str], of: Vec<Option<&'a str>>) -> Self {
        Self { name, levels: levels.to_vec(), of }
    }

    /// An attribute whose levels go by the alphabet.
    pub(super) fn named(name: &'a str, of: Vec<Option<&'a str>>) -> Self {
        let mut levels: Vec<_> = of.iter().copied().flatten().collect();
        levels.sort_unstable();
        levels.dedup();
        Self { name, levels, of }
    }

    /// Thirds by rank; equal values stay together, so thirds may be uneven.
    pub(super) fn terciles(name: &'a str, values: &[f64]) -> Self {
        const LEVELS: [&str; 3] = ["low", "middle", "high"];
        let third = |percentile: f32| Some(LEVELS[((3.0 * percentile) as usize).min(2)]);
        Self::ordered(name, &LEVELS, percentiles(values).into_iter().map(third).collect())
    }
}

/// The groups and each person's levels `[n_users, G]`. A level that nobody has is left out; those of whom nothing is
/// told come last, as `unknown`.
pub(super) fn group(attributes: &[Attribute<'_>], n_users: usize) -> (Vec<Group>, Grid<u16>) {
    let mut levels = Grid::zeros(n_users, attributes.len());
    let mut groups = Vec::new();
    for (g, Attribute { name, levels: order, of }) in attributes.iter().enumerate() {
        let mut names: Vec<&str> = order.iter().copied().filter(|level| of.contains(&Some(level))).collect();
        if of.contains(&None) {
            names.push(UNKNOWN);
        }
        for (user, own) in of.iter().enumerate() {
            let level = names.iter().position(|name| *name == own.unwrap_or(UNKNOWN));
            levels.row_mut(user)[g] = level.expect("an attribute lists every level that somebody has") as u16;
        }
        groups.push(Group::new(name, &names));
    }
    (groups, levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_somebody_has_and_the_untold_come_last() {
        let sizes = Attribute::ordered("size", &["s", "m", "l"], vec![Some("l"), None, Some("s")]);
        let trades = Attribute::named("trade", vec![Some("writer"), Some("artist"), Some("writer")]);
        let (groups, levels) = group(&[sizes, trades], 3);
        assert_eq!(
            groups,
            [Group::new("size", &["s", "l", "unknown"]), Group::new("trade", &["artist", "writer"])]
        );
        assert_eq!(levels.as_slice(), [1, 1, 2, 0, 0, 1]);
    }

    #[test]
    fn terciles_keep_equal_values_together() {
        let of = |values: &[f64]| {
            Attribute::terciles("activity", values).of.into_iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(of(&[5.0, 1.0, 3.0]), ["high", "low", "middle"]);
        assert_eq!(of(&[1.0, 1.0, 1.0]), ["middle"; 3]);
    }
}
