//! What an import of Last.fm has to say for itself.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::report::write_feed;
use super::{Interval, ListenedAbout, Ranked};

/// What was imported, and how well it was understood; `Display` is the text for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListenedReport {
    /// Also in `import.json`.
    pub about: ListenedAbout,
    /// Where the import now is.
    pub dir: PathBuf,
    /// Whether it took the place of an earlier import of the same files.
    pub replaced: bool,
}

impl ListenedReport {
    /// One row per model: its name, recall@20, NDCG@20, and the factorisation's recall above its own.
    #[must_use]
    pub fn rows(&self) -> Vec<[String; 4]> {
        let spread = |it: &Interval| format!("{:.4} [{:.4}, {:.4}]", it.estimate, it.low, it.high);
        let row = |ranked: &Ranked| {
            let behind = ranked.recall_behind.map_or_else(String::new, |gap| {
                format!("{:+.4} [{:+.4}, {:+.4}]", gap.estimate, gap.low, gap.high)
            });
            [ranked.model.clone(), spread(&ranked.recall), spread(&ranked.ndcg), behind]
        };
        self.about.held_out.models.iter().map(row).collect()
    }
}

impl fmt::Display for ListenedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenedAbout { source, split, held_out, .. } = &self.about;
        let verb = if self.replaced { "imported again" } else { "imported" };
        writeln!(f, "{verb} {} into {}", source.dataset, self.dir.display())?;
        let (n_users, n_artists) = (self.about.n_users, self.about.n_artists);
        let (n_counts, n_tags) = (split.n_train + split.n_held_out, self.about.n_taggings);
        writeln!(
            f,
            "{n_users} people, {n_artists} artists, {n_counts} listening counts, {n_tags} dated tags"
        )?;
        if self.about.n_unheard > 0 {
            writeln!(f, "left out: {} artists nobody listens to", self.about.n_unheard)?;
        }
        if self.about.n_taggings_of_nobody > 0 {
            let n_strays = self.about.n_taggings_of_nobody;
            writeln!(f, "not used for topics: {n_strays} tags of artists whom the data does not list")?;
        }
        writeln!(f, "not in the data: {}", self.about.not_in_the_data)?;
        let percent = 100.0 * split.train_fraction;
        writeln!(
            f,
            "fitted to a random {percent:.0} % of each person's artists ({} counts), tested on the rest:",
            split.n_train
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<20}{:<26}{:<26}the factorisation's recall above",
            "ranks by", "recall@20", "NDCG@20"
        )?;
        for [model, recall, ndcg, behind] in self.rows() {
            writeln!(f, "{}", format!("{model:<20}{recall:<26}{ndcg:<26}{behind}").trim_end())?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{} held-out artists of {} people among {} artists; 95 % intervals over people, differences paired",
            held_out.n_held_out, held_out.n_users, held_out.n_ranked
        )?;
        write_feed(f, &self.about.geometry, &self.about.groups, &self.about.digest)?;
        write!(f, "{}", self.about.licence)
    }
}
