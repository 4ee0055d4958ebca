//! What only the world knew, beside the log: written for its owner, read only by who asks for it.

use std::path::Path;

use arrow::datatypes::{Float32Type, UInt32Type};
use recloop_env::{Catalogue, EnvSpec, Facts, Grid, Hindsight, ItemId, ItemRowsMut, Layout, Transition};

use super::ledger::{features, strided};
use super::manifest::{Manifest, TruthEntry};
use super::observing::read_features;
use super::reader::{Cursor, Run, TableReader};
use super::schema::TableName;
use super::sink::LogOptions;
use super::stream::Stream;
use super::tables::truth_tables;
use crate::DataError;

/// Turns ticks into rows of the truth.
#[derive(Debug)]
pub(super) struct TruthLedger {
    spec: EnvSpec,
    item_features: Layout,
    stream: Stream,
}

impl TruthLedger {
    /// Begins, or goes on after the parts of `entry`.
    pub(super) fn begin(
        dir: &Path,
        spec: &EnvSpec,
        entry: TruthEntry,
        options: &LogOptions,
    ) -> Result<Self, DataError> {
        let TruthEntry { item_features, parts } = entry;
        let stream = Stream::begin(dir, spec, truth_tables(spec, &item_features)?, parts, options)?;
        Ok(Self { spec: spec.clone(), item_features, stream })
    }

    /// Takes in a tick before which `known` items were there.
    pub(super) fn write(
        &mut self,
        facts: &Facts<'_>,
        t: &Transition<'_>,
        known: u32,
    ) -> Result<(), DataError> {
        self.stream.check()?;
        let Some(Hindsight { accounts, items }) = facts.hindsight else { return Ok(()) };
        let (tick, width) = (t.tick().0, accounts.width());
        if width > 0 {
            let mut to = self.stream.fill(TableName::Accounts, t.seen.len());
            to.repeat("tick", tick, t.seen.len());
            to.values("user").extend(t.seen.users.iter().map(|user| user.0));
            for (a, name) in self.spec.accounts.iter().enumerate() {
                strided(to.values(&format!("account_{name}")), accounts.as_slice(), width, a, 1);
            }
            to.done();
        }
        for item in items.iter().flat_map(|items| (known..items.len() as u32).map(ItemId)) {
            let mut to = self.stream.fill(TableName::Latent, 1);
            to.values("tick").push(tick);
            to.values("item").push(item.0);
            let (table, at) = items.expect("an item is from there").locate(item);
            features(&mut to, table, at..at + 1);
            to.done();
        }
        self.stream.ship()
    }

    pub(super) fn seal(&mut self) -> Result<TruthEntry, DataError> {
        Ok(TruthEntry { item_features: self.item_features.clone(), parts: self.stream.seal()? })
    }

    pub(super) fn finish(self) -> Result<TruthEntry, DataError> {
        Ok(TruthEntry { item_features: self.item_features, parts: self.stream.finish()? })
    }
}

/// Reads the truth beside a log, tick by tick.
pub(super) struct TruthSource {
    cursors: Vec<Cursor>,
    accounts: Grid<f32>,
    items: Option<Catalogue>,
}

impl TruthSource {
    pub(super) fn open(dir: &Path, manifest: &Manifest) -> Result<Self, DataError> {
        let Some(entry) = &manifest.truth else { return Err(DataError::NoTruth { dir: dir.into() }) };
        let cursor = |table| Ok(Cursor::new(TableReader::new(dir, manifest, table)?));
        let tables = truth_tables(&manifest.spec, &entry.item_features)?;
        Ok(Self {
            cursors: tables.iter().map(cursor).collect::<Result<_, DataError>>()?,
            accounts: Grid::default(),
            items: manifest.spec.durable_items.then(|| Catalogue::new(entry.item_features.clone())),
        })
    }

    /// Goes on to `tick`, at which `n` slates were shown and after which these items were there. Says what contradicts
    /// the log.
    pub(super) fn read(
        &mut self,
        spec: &EnvSpec,
        tick: u32,
        n: usize,
        observed: Option<&Catalogue>,
    ) -> Result<Option<String>, DataError> {
        self.accounts.reset(n, spec.accounts.len());
        let mut rows = if spec.accounts.is_empty() { n } else { 0 };
        while let Some(run) = self.cursors[TableName::Accounts.place()].run(tick)? {
            if rows + run.len() <= n {
                read_accounts(spec, &run, rows, &mut self.accounts);
            }
            rows += run.len();
        }
        let mut in_order = true;
        while let Some(run) = self.cursors[TableName::Latent.place()].run(tick)? {
            if let (Some(items), Some(observed)) = (&mut self.items, observed) {
                in_order &= read_latent(&run, items, observed);
            }
        }
        let expected = observed.map_or(0, Catalogue::len);
        let found = self.items.as_ref().map_or(0, Catalogue::len);
        Ok(match () {
            () if rows != n => Some(format!("{rows} of {n} slates have accounts")),
            () if !in_order || found != expected => Some("an item has no latent features".into()),
            () => None,
        })
    }

    pub(super) fn hindsight(&self) -> Hindsight<'_> {
        Hindsight { accounts: &self.accounts, items: self.items.as_ref() }
    }
}

fn read_accounts(spec: &EnvSpec, run: &Run<'_>, at: usize, to: &mut Grid<f32>) {
    for (a, name) in spec.accounts.iter().enumerate() {
        let values = run.values::<Float32Type>(&format!("account_{name}"));
        values.iter().enumerate().for_each(|(i, value)| to.row_mut(at + i)[a] = *value);
    }
}

/// Adds a run of items, whose makers and dates are those observed; `false` if ids do not follow on.
fn read_latent(run: &Run<'_>, items: &mut Catalogue, observed: &Catalogue) -> bool {
    let (w, q) = (items.layout().dense_width(), items.layout().code_width());
    let (mut dense, mut codes) = (vec![0.0; run.len() * w], vec![0; run.len() * q]);
    let mut rows = ItemRowsMut { dense: &mut dense, codes: &mut codes };
    read_features(items.layout(), run, 1, 0, &mut rows);
    for (i, item) in run.values::<UInt32Type>("item").iter().copied().map(ItemId).enumerate() {
        if item.index() != items.len() || item.index() >= observed.len() {
            return false;
        }
        let (dense, codes) = (&dense[i * w..(i + 1) * w], &codes[i * q..(i + 1) * q]);
        let dates = (observed.published(item), observed.until(item));
        items.push(observed.creator(item), dates, "", dense, codes);
    }
    true
}
