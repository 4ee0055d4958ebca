//! One name for a log's content, whatever its files look like.

use std::path::Path;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, Float32Type, Float64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use sha2::{Digest, Sha256};

use super::manifest::Manifest;
use super::reader::TableReader;
use super::schema::{Kind, Table, TableName};
use super::tables::tables;
use crate::DataError;

/// SHA-256, in hex, of everything the log of the run in `dir` says; its truth is not part of that.
///
/// Each column is hashed value by value in the order logged, then the columns' names and hashes are hashed table by
/// table. Parts, row groups, encodings and compression leave no trace.
///
/// # Encoding
/// A value is a byte 1 and its little-endian bytes (text: its length in 4 bytes, then UTF-8; a word: as text), an absent
/// one a byte 0; a list is a byte 1, its length in 4 bytes, and its values' bytes. A column that came after schema 1.2 counts only
/// where it says something: a log keeps its name when the schema grows.
pub fn digest(dir: &Path) -> Result<String, DataError> {
    let manifest = Manifest::load(dir)?;
    let mut whole = Sha256::new();
    for table in tables(&manifest.spec)? {
        let columns = columns(&mut TableReader::new(dir, &manifest, &table)?, &table)?;
        whole.update(table.name.as_str());
        whole.update([0]);
        for (column, (hash, says)) in table.columns.iter().zip(columns) {
            if !says && LATER.contains(&(table.name, &column.name)) {
                continue;
            }
            whole.update(&column.name);
            whole.update([0]);
            whole.update(hash.finalize());
        }
    }
    Ok(hex(whole))
}

/// Columns that came after schema 1.2.
const LATER: [(TableName, &str); 1] = [(TableName::Items, "text")];

pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of each column, and whether it says anything at all.
fn columns(reader: &mut TableReader, table: &Table) -> Result<Vec<(Sha256, bool)>, DataError> {
    let mut hashes = vec![(Sha256::new(), false); table.columns.len()];
    let mut bytes = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        for ((column, array), (hash, says)) in table.columns.iter().zip(batch.columns()).zip(&mut hashes) {
            bytes.clear();
            encode(&column.kind, array, &mut bytes);
            hash.update(&bytes);
            *says |= array.null_count() < array.len();
        }
    }
    Ok(hashes)
}

pub(super) fn encode(kind: &Kind, array: &ArrayRef, to: &mut Vec<u8>) {
    let (list, values) = match array.as_list_opt::<i32>() {
        Some(list) => (Some(list), list.values()),
        None => (None, array),
    };
    let put = putter(kind, values);
    for row in 0..array.len() {
        to.push(u8::from(array.is_valid(row)));
        match list {
            _ if array.is_null(row) => {}
            None => put(row, to),
            Some(list) => {
                let (start, end) = (list.value_offsets()[row], list.value_offsets()[row + 1]);
                to.extend((end - start).to_le_bytes());
                (start..end).for_each(|i| put(i as usize, to));
            }
        }
    }
}

/// Writes the value at a place.
type Put<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

fn putter<'a>(kind: &Kind, values: &'a ArrayRef) -> Put<'a> {
    fn number<'a, T: ArrowPrimitiveType, const N: usize>(
        values: &'a ArrayRef,
        bytes: fn(T::Native) -> [u8; N],
    ) -> Put<'a> {
        let values = values.as_primitive::<T>().values();
        Box::new(move |i, to| to.extend(bytes(values[i])))
    }
    fn text(text: &str, to: &mut Vec<u8>) {
        to.extend((text.len() as u32).to_le_bytes());
        to.extend(text.as_bytes());
    }
    fn word<K: ArrowDictionaryKeyType>(values: &ArrayRef) -> Put<'_> {
        let words = values.as_dictionary::<K>();
        let (codes, words) = (words.keys(), words.values().as_string::<i32>());
        Box::new(move |i, to| text(words.value(codes.value(i).as_usize()), to))
    }
    match kind {
        Kind::U16 => number::<UInt16Type, 2>(values, u16::to_le_bytes),
        Kind::U32 => number::<UInt32Type, 4>(values, u32::to_le_bytes),
        Kind::U64 => number::<UInt64Type, 8>(values, u64::to_le_bytes),
        Kind::F32 => number::<Float32Type, 4>(values, f32::to_le_bytes),
        Kind::F64 => number::<Float64Type, 8>(values, f64::to_le_bytes),
        Kind::Bool => Box::new(|i, to| to.push(u8::from(values.as_boolean().value(i)))),
        Kind::Text => Box::new(|i, to| text(values.as_string::<i32>().value(i), to)),
        Kind::Word(_) => word::<UInt8Type>(values),
        Kind::Level(_) => word::<UInt16Type>(values),
    }
}
