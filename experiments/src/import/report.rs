//! What an import has to say for itself.

use std::fmt;
use std::path::PathBuf;

use recloop_env::Group;
use serde::Serialize;

use super::{About, Compared, Geometry};

/// What was imported, and how well it was understood; `Display` is the text for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportReport {
    /// Also in `import.json`.
    pub about: About,
    /// Where the import now is.
    pub dir: PathBuf,
    /// Whether it took the place of an earlier import of the same files.
    pub replaced: bool,
}

impl ImportReport {
    /// One row per model: its name, its held-out RMSE, and by how much that exceeds the factorisation's.
    #[must_use]
    pub fn rows(&self) -> Vec<[String; 3]> {
        let row = |compared: &Compared| {
            let excess = compared.excess.map_or_else(String::new, |excess| {
                format!("{:+.4} [{:+.4}, {:+.4}]", excess.estimate, excess.low, excess.high)
            });
            [compared.model.clone(), format!("{:.4}", compared.rmse), excess]
        };
        self.about.held_out.models.iter().map(row).collect()
    }

    /// What the comparison comes to, in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let models = &self.about.held_out.models;
        let tied =
            models.iter().filter(|model| model.excess.is_some_and(|gap| gap.low <= 0.0 && gap.high >= 0.0));
        let tied: Vec<_> = tied.map(|model| model.model.as_str()).collect();
        let best = &self.about.held_out.best().model;
        match tied.as_slice() {
            [] => format!("best on held-out ratings: {best}"),
            tied => {
                format!("best on held-out ratings: {best}; not told apart from the fit: {}", tied.join(", "))
            }
        }
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About { source, scale, split, held_out, .. } = &self.about;
        let verb = if self.replaced { "imported again" } else { "imported" };
        writeln!(f, "{verb} {} ({} form) into {}", source.dataset, source.form, self.dir.display())?;
        let n_ratings = split.n_train + split.n_held_out;
        let (n_users, n_films) = (self.about.n_users, self.about.n_films);
        writeln!(
            f,
            "{n_users} people, {n_films} films, {n_ratings} ratings from {} to {}",
            scale.low, scale.high
        )?;
        if !source.unread.is_empty() {
            writeln!(f, "not used: {}", source.unread.join(", "))?;
        }
        let percent = 100.0 * split.train_fraction;
        writeln!(
            f,
            "fitted to each person's earliest {percent:.0} % ({} ratings), tested on the rest:",
            split.n_train
        )?;
        writeln!(f)?;
        writeln!(f, "{:<18}{:>8}  above the factorisation (95 % interval)", "predicts by", "RMSE")?;
        for [model, rmse, excess] in self.rows() {
            writeln!(f, "{}", format!("{model:<18}{rmse:>8}  {excess}").trim_end())?;
        }
        writeln!(f)?;
        writeln!(f, "{}", self.verdict())?;
        writeln!(
            f,
            "{} held-out ratings by {} people, intervals clustered by person; {:.3} stars (sd) stay unexplained",
            held_out.n_ratings, held_out.n_users, held_out.residual_sd
        )?;
        write_feed(f, &self.about.geometry, &self.about.groups, &self.about.digest)?;
        write!(f, "{}", self.about.licence)
    }
}

/// What a feed world gets.
pub(super) fn write_feed(
    f: &mut fmt::Formatter<'_>,
    geometry: &Geometry,
    groups: &[Group],
    digest: &str,
) -> fmt::Result {
    let Geometry { pair_mean, pair_sd, best_percent, .. } = geometry;
    let groups: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    writeln!(
        f,
        "match ⟨x, z⟩ of a person and any item: {pair_mean:.3} ± {pair_sd:.3}, with their best 1 %: {best_percent:.2}"
    )?;
    writeln!(f, "people are grouped by {}; digest {}", groups.join(", "), &digest[..digest.len().min(12)])
}
