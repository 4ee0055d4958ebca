use std::fs::File;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::file::metadata::ParquetMetaData;

use super::*;
use crate::log::tables;

fn metadata(dir: &Path, table: &str) -> ParquetMetaData {
    let file = File::open(dir.join(format!("log/{table}/part-00000.parquet"))).unwrap();
    ParquetMetaData::clone(ParquetRecordBatchReaderBuilder::try_new(file).unwrap().metadata())
}

#[test]
fn columns_are_encoded_as_their_kind_asks() {
    let (spec, live) = Run::new(toy_world(50)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    let encodings = |table: &str, path: &str| {
        let metadata = metadata(dir.path(), table);
        let column =
            metadata.row_group(0).columns().iter().find(|column| column.column_path().string() == path);
        column.unwrap().encodings().collect::<Vec<_>>()
    };
    for column in ["tick", "user", "session", "items.list.element"] {
        assert!(encodings("slates", column).contains(&Encoding::DELTA_BINARY_PACKED), "{column}");
    }
    for column in ["known", "fate"] {
        assert!(encodings("slates", column).contains(&Encoding::RLE_DICTIONARY), "{column}");
    }
    assert!(encodings("items", "feature_topic.list.element").contains(&Encoding::RLE_DICTIONARY));
    let measured = encodings("slates", "dwell_secs.list.element");
    assert!(!measured.contains(&Encoding::RLE_DICTIONARY), "{measured:?}");
}

#[test]
fn every_column_says_its_unit_and_meaning_and_every_part_its_schema() {
    let (spec, live) = Run::new(toy_feed(5)).play();
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), &spec, &live, &LogOptions::default());
    for table in tables(&spec).unwrap() {
        let name = table.name.as_str();
        let file = File::open(dir.path().join(format!("log/{name}/part-00000.parquet"))).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        for (column, field) in table.columns.iter().zip(builder.schema().fields()) {
            assert_eq!((&column.name, &column.meaning), (field.name(), &field.metadata()["meaning"]));
            assert_eq!(column.unit, field.metadata()["unit"]);
        }
        let about = builder.metadata().file_metadata().key_value_metadata().unwrap();
        let told = |key: &str| {
            about.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone()).unwrap()
        };
        assert_eq!(
            (told("schema_version").as_str(), told("table").as_str()),
            (crate::log::SCHEMA_VERSION, name)
        );
        assert_eq!(serde_json::from_str::<EnvSpec>(&told("spec")).unwrap(), spec);
    }
}

/// Run with `RECLOOP_WRITE_DOCS=1` to print the file anew.
#[test]
fn the_documentation_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/log.md");
    let current = crate::log::document();
    if std::env::var_os("RECLOOP_WRITE_DOCS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == current, "docs/log.md is stale: run this test with RECLOOP_WRITE_DOCS=1");
}
