//! The Open Bandit csv and the formulas of the estimators, without anything of recloop.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch, UInt8Array,
};
use arrow::datatypes::{DataType, Field};
use parquet::arrow::ArrowWriter;

/// A policy: probabilities by (position, item).
pub(crate) struct Table {
    chances: HashMap<(usize, usize), f64>,
    n_items: usize,
}

impl Table {
    pub(crate) fn read(path: &Path, campaign: &str) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let chances: HashMap<_, _> = rows
            .filter(|row| row[0] == campaign)
            .map(|row| ((row[2].parse().unwrap(), row[1].parse().unwrap()), row[3].parse().unwrap()))
            .collect();
        let n_items = chances.len() / 3;
        Self { chances, n_items }
    }

    pub(crate) fn uniform(n_items: usize) -> Self {
        let places = (0..3).flat_map(|position| (0..n_items).map(move |item| (position, item)));
        Self { chances: places.map(|place| (place, 1.0 / n_items as f64)).collect(), n_items }
    }

    pub(crate) fn write(&self, path: &Path) {
        let mut text = "item_id,position0,prob\n".to_owned();
        for ((position, item), chance) in &self.chances {
            text.push_str(&format!("{item},{position},{chance:e}\n"));
        }
        fs::write(path, text).unwrap();
    }
}

/// A log: (item, position from 0, click, propensity).
pub(crate) struct Log {
    rows: Vec<(usize, usize, f64, f64)>,
}

/// A reward model of no merit, which is all that an identity needs.
fn model(item: usize, position: usize) -> f64 {
    0.001 * ((item * 7 + position * 3) % 11) as f64
}

impl Log {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let header: Vec<_> = lines.next().unwrap().split(',').collect();
        let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
        let columns = ["item_id", "position", "click", "propensity_score"].map(at);
        let row = |line: &str| {
            let cells: Vec<_> = line.split(',').collect();
            let [item, position, click, propensity] = columns.map(|at| cells[at].parse::<f64>().unwrap());
            (item as usize, position as usize - 1, click, propensity)
        };
        Self { rows: lines.map(row).collect() }
    }

    /// An estimator's value from its formula.
    pub(crate) fn by_hand(&self, target: &Table, name: &str) -> f64 {
        let n = self.rows.len() as f64;
        let expected = |position: usize| {
            (0..target.n_items)
                .map(|item| target.chances[&(position, item)] * model(item, position))
                .sum::<f64>()
        };
        let v: Vec<_> = (0..3).map(expected).collect();
        let row = |&(item, position, r, p): &(usize, usize, f64, f64)| {
            (target.chances[&(position, item)] / p, r, model(item, position), v[position])
        };
        let sum = |of: &dyn Fn(f64, f64, f64, f64) -> f64| {
            self.rows
                .iter()
                .map(|at| {
                    let (w, r, q, v) = row(at);
                    of(w, r, q, v)
                })
                .sum::<f64>()
        };
        let dr = |of: &dyn Fn(f64) -> f64| sum(&|w, r, q, v| v + of(w) * (r - q)) / n;
        match name {
            "ips" => sum(&|w, r, _, _| w * r) / n,
            "snips" => sum(&|w, r, _, _| w * r) / sum(&|w, _, _, _| w),
            "clipped-ips(1.5)" => sum(&|w, r, _, _| if w > 1.5 { 1.5 * r } else { w * r }) / n,
            "sg-ips(0.2)" => sum(&|w, r, _, _| w * r / (0.8 + 0.2 * w)) / n,
            "dm" => sum(&|_, _, _, v| v) / n,
            "dr" => dr(&|w| w),
            "sndr" => sum(&|_, _, _, v| v) / n + sum(&|w, r, q, _| w * (r - q)) / sum(&|w, _, _, _| w),
            "switch-dr(1)" => dr(&|w| if w <= 1.0 { w } else { 0.0 }),
            "dros(2)" => dr(&|w| 2.0 * w / (w * w + 2.0)),
            "dr-shrink(0.8)" => dr(&|w| if w > 0.8 { 0.8 } else { w }),
            "sg-dr(0.4)" => dr(&|w| w / (0.6 + 0.4 * w)),
            other => panic!("no formula for {other}"),
        }
    }

    /// The same log as Parquet with lists over items, and its mapping; types as other tools write them.
    pub(crate) fn write(&self, target: &Table, path: &Path) -> PathBuf {
        let n = target.n_items;
        let list = |of: &dyn Fn(usize, usize) -> f64| {
            let values =
                self.rows.iter().flat_map(|(_, position, ..)| (0..n).map(move |item| of(item, *position)));
            let values: ArrayRef = Arc::new(Float64Array::from_iter_values(values));
            let field = Arc::new(Field::new("item", DataType::Float64, false));
            Arc::new(FixedSizeListArray::new(field, n as i32, values, None)) as ArrayRef
        };
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("item", Arc::new(Int64Array::from_iter_values(self.rows.iter().map(|row| row.0 as i64)))),
            ("slot", Arc::new(UInt8Array::from_iter_values(self.rows.iter().map(|row| row.1 as u8)))),
            ("click", Arc::new(Float32Array::from_iter_values(self.rows.iter().map(|row| row.2 as f32)))),
            ("pscore", Arc::new(Float64Array::from_iter_values(self.rows.iter().map(|row| row.3)))),
            ("pi", list(&|item, position| target.chances[&(position, item)])),
            ("q", list(&model)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mapping = path.with_extension("toml");
        let keys = "action = \"item\"\nposition = \"slot\"\nreward = \"click\"\npropensity = \"pscore\"\nreward_predictions = \"q\"\n";
        fs::write(&mapping, keys).unwrap();
        mapping
    }
}
