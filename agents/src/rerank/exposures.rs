//! What creators were shown so far, and for how long they could have been.

use recloop_env::{ItemId, Observation, Slates, Snapshot, SnapshotError};

/// What every creator was shown. Position k, from 0, is worth `1 / log₂(2 + k)`.
///
/// Creators appear as time goes by: one who is not in the arrays never had an item on offer.
#[derive(Debug, Clone, Default)]
pub(super) struct Exposures {
    /// `[P]` E: the positions a creator was shown at, by worth.
    shown: Vec<f64>,
    /// `[P]` A: ticks at which the creator had an item on offer.
    ticks: Vec<u32>,
    /// `[P]` whether it had one at the last of them. Who has none can be shown no more and sets no standard.
    on_offer: Vec<bool>,
    /// Whether the tick at hand is counted among the ticks.
    is_open: bool,
}

impl Exposures {
    /// Counts a tick for all who have an item on offer.
    pub(super) fn open(&mut self, seen: &Observation) {
        self.offer(seen, &[]);
        self.is_open = true;
    }

    fn offer(&mut self, seen: &Observation, shown: &[ItemId]) {
        let Some(catalogue) = seen.items.catalogue() else { return };
        self.on_offer.fill(false);
        for item in on_offer(seen).chain(shown) {
            let creator = catalogue.creator(*item).index();
            if creator >= self.on_offer.len() {
                self.resize(creator + 1);
            }
            self.on_offer[creator] = true;
        }
        self.ticks.iter_mut().zip(&self.on_offer).for_each(|(sum, here)| *sum += u32::from(*here));
    }

    /// Counts the slates of a tick.
    ///
    /// # Shapes
    /// - returns: `[P]` what each creator was shown at this tick
    pub(super) fn learn(&mut self, seen: &Observation, shown: &Slates) -> Vec<f64> {
        let Some(catalogue) = seen.items.catalogue() else { return Vec::new() };
        self.offer(seen, shown.items.as_slice());
        let mut tick = vec![0.0; self.on_offer.len()];
        let worths = position_worths(shown.items.width());
        for slate in shown.items.as_slice().chunks_exact(worths.len().max(1)) {
            let creators = slate.iter().map(|item| catalogue.creator(*item).index());
            creators.zip(&worths).for_each(|(creator, worth)| tick[creator] += worth);
        }
        self.add(&tick);
        tick
    }

    /// Adds what creators were shown, `[P]`.
    pub(super) fn add(&mut self, shown: &[f64]) {
        self.shown.iter_mut().zip(shown).for_each(|(sum, shown)| *sum += shown);
    }

    fn resize(&mut self, n_creators: usize) {
        self.shown.resize(n_creators, 0.0);
        self.ticks.resize(n_creators, 0);
        self.on_offer.resize(n_creators, false);
    }

    /// Number of creators ever met.
    pub(super) fn len(&self) -> usize {
        self.shown.len()
    }

    /// E of a creator.
    pub(super) fn shown(&self, creator: usize) -> f64 {
        self.shown.get(creator).copied().unwrap_or(0.0)
    }

    /// A of a creator.
    pub(super) fn ticks(&self, creator: usize) -> f64 {
        self.ticks.get(creator).copied().map_or(0.0, f64::from)
    }

    /// A of a creator with the tick at hand.
    pub(super) fn ticks_with_this(&self, creator: usize) -> f64 {
        self.ticks(creator) + f64::from(u8::from(!self.is_open))
    }

    /// `e = E / A`: exposure per tick of being on offer, 0 for who never was.
    pub(super) fn rate(&self, creator: usize) -> f64 {
        self.shown(creator) / self.ticks(creator).max(1.0)
    }

    /// Who had an item on offer at the last tick, ascending.
    pub(super) fn present(&self) -> impl Iterator<Item = usize> + Clone {
        (0..self.len()).filter(|creator| self.on_offer[*creator])
    }

    pub(super) fn save(&self, into: &mut Snapshot) {
        into.put_f64("shown", 1, &self.shown);
        into.put_u32("ticks", 1, &self.ticks);
        into.put_u32("on_offer", 1, &self.on_offer.iter().map(|here| u32::from(*here)).collect::<Vec<_>>());
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.resize(0);
        self.shown = from.get_f64_vec("shown")?.to_vec();
        self.resize(self.shown.len());
        from.get_u32("ticks", &mut self.ticks)?;
        let mut on_offer = vec![0; self.shown.len()];
        from.get_u32("on_offer", &mut on_offer)?;
        self.on_offer = on_offer.into_iter().map(|here| here != 0).collect();
        Ok(())
    }
}

/// What is listed for anybody; of one list for everybody, once.
fn on_offer(seen: &Observation) -> impl Iterator<Item = &ItemId> {
    let lists = if seen.candidates.common().is_some() { seen.len().min(1) } else { seen.len() };
    (0..lists).flat_map(|row| seen.candidates.listed(row))
}

/// `[K]` what a position is worth, the top one 1: the discount of DCG, the convention where the world's own examination is
/// not known.
pub(super) fn position_worths(k: usize) -> Vec<f64> {
    (0..k).map(|position| ((position + 2) as f64).log2().recip()).collect()
}
