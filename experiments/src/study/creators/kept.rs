//! Keeping a study: every run as a row of Parquet, the sums as JSON, the page.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array};

use super::careers::{Career, METRICS};
use super::conditions::{Condition, Part};
use super::{CreatorStudy, PAGE, page};
use crate::RunError;
use crate::import::{Column, write_columns};
use crate::picture;

/// One row for every run, in the folder of a study.
pub const RESULTS: &str = "results.parquet";
/// The sums.
const SUMMARY: &str = "study.json";

pub(super) fn keep(
    dir: &Path,
    found: &CreatorStudy,
    conditions: &[Condition],
    careers: &[Career],
) -> Result<(), RunError> {
    fs::create_dir_all(dir).map_err(|cause| RunError::Io { action: "make", path: dir.into(), cause })?;
    let results = dir.join(RESULTS);
    write_columns(&results, columns(conditions, careers)).map_err(|error| RunError::Io {
        action: "write",
        path: results.clone(),
        cause: std::io::Error::other(error),
    })?;
    let json = serde_json::to_string_pretty(found).expect("a result is plain data");
    picture::keep(&dir.join(SUMMARY), &json)?;
    picture::keep(&dir.join(PAGE), &page::of(found)?)?;
    Ok(())
}

fn columns(conditions: &[Condition], careers: &[Career]) -> Vec<Column> {
    let words = |of: &dyn Fn(&Condition) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(conditions.iter().map(of)))
    };
    let numbers = |of: &dyn Fn(&Career) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(careers.iter().map(of)))
    };
    let part = |condition: &Condition| match condition.part {
        Part::Focal { .. } => "focal",
        Part::Everybody { .. } => "everybody",
        Part::Reranked { .. } => "reranked",
    };
    let seeds = UInt64Array::from_iter_values(conditions.iter().map(|condition| condition.seed));
    let mut columns = vec![
        Column::new("part", "which table of the study it is for", words(&|it| part(it).into())),
        Column::new("run", "kind of creator or recommender", words(&|it| it.label.clone())),
        Column::new("seed", "the seed", Arc::new(seeds)),
        Column::new("reward", "clicks per creator watched", numbers(&|it| it.reward)),
        Column::new("cost", "items per creator watched", numbers(&|it| it.items)),
        Column::new("survival", "share of the creators watched still there", numbers(&|it| it.survival)),
    ];
    for name in METRICS {
        let value = move |it: &Career| {
            it.metrics.iter().find(|(metric, _)| *metric == name).map_or(f64::NAN, |(_, value)| *value)
        };
        columns.push(Column::new(name, "a metric of the whole run", numbers(&value)));
    }
    columns
}
