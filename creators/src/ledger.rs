//! What a market writes down about creators.

use recloop_env::{CreatorId, ItemId, OwnFeedback, Snapshot, SnapshotError, Tick};

use crate::roster::{corrupt, row, rows};

/// Items whose silence is counted.
const LATEST: usize = 5;

/// The standing of all creators there ever were, in order of arrival.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ledger {
    /// Days that have ended.
    day: u32,
    /// `[n]` tick of arrival.
    entered: Vec<u32>,
    /// `[n]` clicks so far, fading overnight.
    clicks: Vec<f64>,
    /// `[n]` bad days in a row.
    bad_days: Vec<u32>,
    /// `[n]` each one's latest items, ascending, and whether they were ever clicked.
    latest: Vec<Vec<(ItemId, bool)>>,
}

impl Ledger {
    /// Opens an account for `n` creators.
    pub(crate) fn enter(&mut self, n: usize, tick: Tick) {
        let n = self.entered.len() + n;
        self.entered.resize(n, tick.0);
        self.clicks.resize(n, 0.0);
        self.bad_days.resize(n, 0);
        self.latest.resize(n, Vec::new());
    }

    pub(crate) fn knows(&self, creator: CreatorId) -> bool {
        creator.index() < self.entered.len()
    }

    pub(crate) fn entered(&self, creator: CreatorId) -> Tick {
        Tick(self.entered[creator.index()])
    }

    pub(crate) fn bad_days(&self, creator: CreatorId) -> u32 {
        self.bad_days[creator.index()]
    }

    /// Whether the latest five items were never clicked.
    pub(crate) fn is_silent(&self, creator: CreatorId) -> bool {
        let latest = &self.latest[creator.index()];
        latest.len() == LATEST && latest.iter().all(|(_, clicked)| !clicked)
    }

    /// Books what happened to everybody's items.
    pub(crate) fn note(&mut self, own: &[OwnFeedback]) {
        for own in own {
            let at = own.creator.index();
            for item in &own.items {
                self.clicks[at] += f64::from(item.clicks);
                self.note_latest(at, item.item, item.clicks > 0);
            }
        }
    }

    fn note_latest(&mut self, at: usize, item: ItemId, clicked: bool) {
        let latest = &mut self.latest[at];
        if let Some(known) = latest.iter_mut().find(|(id, _)| *id == item) {
            known.1 |= clicked;
        } else if latest.last().is_none_or(|(last, _)| *last < item) {
            if latest.len() == LATEST {
                latest.remove(0);
            }
            latest.push((item, clicked));
        }
    }

    /// Ends every day before `day`: compares those who are `here` with their mean and lets clicks fade. False if no day
    /// ended.
    pub(crate) fn end_days(&mut self, day: u32, here: &[OwnFeedback], share: f64, keep: f64) -> bool {
        let has_ended = day > self.day && !here.is_empty();
        while self.day < day {
            self.day += 1;
            let sum: f64 = here.iter().map(|own| self.clicks[own.creator.index()]).sum();
            let bar = share * sum / here.len().max(1) as f64;
            for at in here.iter().map(|own| own.creator.index()) {
                self.bad_days[at] = if self.clicks[at] < bar { self.bad_days[at] + 1 } else { 0 };
                self.clicks[at] *= keep;
            }
        }
        has_ended
    }

    pub(crate) fn save(&self) -> Snapshot {
        let mut out = Snapshot::default();
        out.put_u32("market.day", 1, &[self.day]);
        out.put_u32("market.entered", 1, &self.entered);
        out.put_f64("market.clicks", 1, &self.clicks);
        out.put_u32("market.bad_days", 1, &self.bad_days);
        let latest = rows(&self.latest).flat_map(|(at, (item, clicked))| [at, item.0, u32::from(*clicked)]);
        out.put_u32("market.latest", 3, &latest.collect::<Vec<_>>());
        out
    }

    pub(crate) fn load(from: &Snapshot) -> Result<Self, SnapshotError> {
        let entered = from.get_u32_vec("market.entered")?.to_vec();
        let n = entered.len();
        let (mut day, mut clicks, mut bad_days) = ([0], vec![0.0; n], vec![0; n]);
        let mut latest = vec![Vec::new(); n];
        from.get_u32("market.day", &mut day)?;
        from.get_f64("market.clicks", &mut clicks)?;
        from.get_u32("market.bad_days", &mut bad_days)?;
        for entry in from.get_u32_vec("market.latest")?.chunks(3) {
            let [at, item, clicked] = *entry else { return Err(corrupt("market.latest", "it is cut off")) };
            row(&mut latest, "market.latest", at)?.push((ItemId(item), clicked == 1));
        }
        Ok(Self { day: day[0], entered, clicks, bad_days, latest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::ItemFeedback;

    fn told(creator: u32, items: &[(u32, u32)]) -> OwnFeedback {
        let item =
            |&(id, clicks): &(u32, u32)| ItemFeedback { item: ItemId(id), clicks, ..ItemFeedback::default() };
        OwnFeedback { creator: CreatorId(creator), items: items.iter().map(item).collect() }
    }

    #[test]
    fn a_day_is_bad_under_a_share_of_the_mean_and_clicks_fade() {
        let mut ledger = Ledger::default();
        ledger.enter(3, Tick(0));
        // Mean (1 + 3 + 8) / 3 = 4; a quarter of it is 1, and 1 is not under 1.
        let day = [told(0, &[(0, 1)]), told(1, &[(1, 3)]), told(2, &[(2, 8)])];
        ledger.note(&day);
        assert!(!ledger.end_days(0, &day, 0.25, 0.9) && ledger.end_days(1, &day, 0.25, 0.9));
        assert_eq!((ledger.bad_days.as_slice(), ledger.day), ([0, 0, 0].as_slice(), 1));
        assert!((ledger.clicks[2] - 7.2).abs() < 1e-9);
        // 0.9, 2.7 and 7.2 + 2: mean 12.8/3, a quarter of it 1.07.
        let day = [told(0, &[]), told(1, &[]), told(2, &[(2, 2)])];
        ledger.note(&day);
        ledger.end_days(2, &day, 0.25, 0.9);
        assert_eq!(ledger.bad_days, [1, 0, 0]);
        // Creator 2 left: among 0.81 and 2.43 nobody is under a quarter of the mean.
        ledger.end_days(3, &day[..2], 0.25, 0.9);
        assert_eq!(ledger.bad_days, [0, 0, 0]);
    }

    #[test]
    fn silence_is_five_items_that_were_never_clicked() {
        let mut ledger = Ledger::default();
        ledger.enter(1, Tick(0));
        let silent = |ledger: &mut Ledger, items: &[(u32, u32)]| {
            ledger.note(&[told(0, items)]);
            ledger.is_silent(CreatorId(0))
        };
        assert!(!silent(&mut ledger, &[(1, 0), (2, 0), (3, 1), (4, 0)]));
        assert!(!silent(&mut ledger, &[(5, 0), (6, 0), (7, 0)])); // 3 is still among the latest five
        assert!(silent(&mut ledger, &[(8, 0)]));
        assert!(silent(&mut ledger, &[(3, 9)])); // too old to count
        assert!(!silent(&mut ledger, &[(6, 1)]));
    }
}
