//! All metrics in one fold.

use recloop_env::{Facts, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::diversity::DiversityTable;
use super::market::MarketTable;
use super::people::PeopleTable;
use super::ranking::Judged;
use super::{Diversity, Market, Named, People, Ranking, Section};

/// Every metric the world has the facts for: what a run folds.
///
/// # Shards
/// Keyed by user: cut a log by users, fold the pieces anywhere, merge; counts are those of the whole exactly, values within
/// 1e-9. The provider side would merge however rows are cut ([`Market`]); no metric here needs its creators whole.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Everything {
    /// How user-side metrics are taken.
    pub people: People,
}

/// The records all metrics are read from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Records {
    /// Of users: also [`PeopleTable::measure`], one number per user for paired comparisons.
    pub people: PeopleTable,
    /// Of items and creators.
    pub market: MarketTable,
    /// Of slates.
    pub diversity: DiversityTable,
    judged: Vec<Judged>,
}

impl Metric for Everything {
    const KEY: Key = Key::User;
    type Partial = Records;
    type Value = Vec<Section>;

    fn start(&self) -> Records {
        Records::default()
    }

    fn fold(&self, into: &mut Records, facts: &Facts<'_>, t: &Transition<'_>) {
        self.people.fold(&mut into.people, facts, t);
        Market.fold(&mut into.market, facts, t);
        Diversity.fold(&mut into.diversity, facts, t);
        Ranking.fold(&mut into.judged, facts, t);
    }

    fn merge(&self, left: Records, right: Records) -> Records {
        Records {
            people: self.people.merge(left.people, right.people),
            market: Market.merge(left.market, right.market),
            diversity: Diversity.merge(left.diversity, right.diversity),
            judged: Ranking.merge(left.judged, right.judged),
        }
    }

    fn value(&self, total: Records) -> Vec<Section> {
        let sections = [
            self.people.value(total.people),
            Market.value(total.market),
            Diversity.value(total.diversity),
            Ranking.value(total.judged),
        ];
        sections.concat()
    }
}

/// The metrics of all sections, one after another.
#[must_use]
pub fn flat(sections: &[Section]) -> Vec<Named> {
    sections.iter().flat_map(|section| section.metrics.iter().cloned()).collect()
}
