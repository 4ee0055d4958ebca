//! Rows on their way to a file: columns that are filled by one thread, written by another and filled again.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, ListArray, PrimitiveArray,
    RecordBatch, StringArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowDictionaryKeyType, Schema};
use arrow::error::ArrowError;

use super::schema::{Column, Kind, Shape, Table};

/// The values of a column, whatever rows they belong to.
#[derive(Debug)]
enum Values {
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Word(Vec<u8>),
    Text(Vec<String>),
}

/// A type that columns hold.
pub(super) trait Value: Sized {
    /// The buffer, if it is of this type; asking for another type is our bug.
    fn buffer(values: &mut ColumnBuffer) -> &mut Vec<Self>;
}

macro_rules! value {
    ($($type:ty: $kind:ident),+) => {
        $(impl Value for $type {
            fn buffer(column: &mut ColumnBuffer) -> &mut Vec<Self> {
                let Values::$kind(values) = &mut column.values else {
                    panic!("column `{}` holds {:?}", column.about.name, column.about.kind)
                };
                values
            }
        })+
    };
}

value!(u16: U16, u32: U32, u64: U64, f32: F32, f64: F64, bool: Bool, u8: Word, String: Text);

/// One column of a block.
#[derive(Debug)]
pub(super) struct ColumnBuffer {
    about: Column,
    values: Values,
    /// `[rows + 1]` where each row's list starts; empty unless lists differ in length.
    starts: Vec<i32>,
    /// `[rows]` whether the row has a value; empty unless the column is nullable.
    valid: Vec<bool>,
}

/// Some rows of one table.
#[derive(Debug)]
pub(super) struct Block {
    schema: Arc<Schema>,
    columns: Vec<ColumnBuffer>,
    pub(super) rows: usize,
}

/// Walks a block's columns in file order, so that filling reads like the schema.
pub(super) struct Fill<'a>(std::slice::IterMut<'a, ColumnBuffer>);

impl<'a> Fill<'a> {
    fn next(&mut self, name: &str) -> &'a mut ColumnBuffer {
        let column = self.0.next().expect("a row fills no more columns than its table has");
        debug_assert_eq!(column.about.name, name, "columns are filled in file order");
        column
    }

    /// The next column, to be extended by a value (or a whole fixed list) per row.
    pub(super) fn values<T: Value>(&mut self, name: &str) -> &'a mut Vec<T> {
        T::buffer(self.next(name))
    }

    /// The next column, with one value in `n` rows.
    pub(super) fn repeat<T: Value + Clone + 'a>(&mut self, name: &str, value: T, n: usize) {
        self.values(name).extend(std::iter::repeat_n(value, n));
    }

    /// The next column, whose rows may have no value.
    pub(super) fn optional<T: Value + Default>(&mut self, name: &str, rows: impl Iterator<Item = Option<T>>) {
        let column = self.next(name);
        for row in rows {
            column.valid.push(row.is_some());
            T::buffer(column).push(row.unwrap_or_default());
        }
    }

    /// The next column, whose rows are lists of any length, or none.
    pub(super) fn lists<T: Value>(
        &mut self,
        name: &str,
        rows: impl Iterator<Item = Option<impl IntoIterator<Item = T>>>,
    ) {
        let column = self.next(name);
        for row in rows {
            if column.about.nullable {
                column.valid.push(row.is_some());
            }
            let values = T::buffer(column);
            values.extend(row.into_iter().flatten());
            let end = values.len() as i32;
            column.starts.push(end);
        }
    }

    /// The next column in `n` rows that have none.
    pub(super) fn absent(&mut self, name: &str, n: usize) {
        let column = self.next(name);
        column.valid.resize(column.valid.len() + n, false);
        match column.about.shape {
            Shape::One => column.skip(n),
            Shape::Fixed(_) | Shape::List => {
                let end = *column.starts.last().expect("starts begin with 0");
                column.starts.resize(column.starts.len() + n, end);
            }
        }
    }

    /// Panics if a column was left out: that is our bug.
    pub(super) fn done(mut self) {
        debug_assert!(self.0.next().is_none(), "every column is filled");
    }
}

impl Block {
    pub(super) fn new(table: &Table) -> Self {
        let columns = table.columns.iter().cloned().map(ColumnBuffer::new).collect();
        Self { schema: table.arrow(), columns, rows: 0 }
    }

    /// Begins to fill `rows` more rows.
    pub(super) fn fill(&mut self, rows: usize) -> Fill<'_> {
        self.rows += rows;
        Fill(self.columns.iter_mut())
    }

    pub(super) fn clear(&mut self) {
        self.rows = 0;
        self.columns.iter_mut().for_each(ColumnBuffer::clear);
    }

    /// The rows as Arrow arrays. Copies: the block keeps its memory for the next rows.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let arrays = self.columns.iter().map(|column| column.array(self.rows));
        RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect::<Result<_, _>>()?)
    }
}

impl ColumnBuffer {
    fn new(about: Column) -> Self {
        let values = match &about.kind {
            Kind::U16 | Kind::Level(_) => Values::U16(Vec::new()),
            Kind::U32 => Values::U32(Vec::new()),
            Kind::U64 => Values::U64(Vec::new()),
            Kind::F32 => Values::F32(Vec::new()),
            Kind::F64 => Values::F64(Vec::new()),
            Kind::Bool => Values::Bool(Vec::new()),
            Kind::Word(_) => Values::Word(Vec::new()),
            Kind::Text => Values::Text(Vec::new()),
        };
        let mut column = Self { about, values, starts: Vec::new(), valid: Vec::new() };
        column.clear();
        column
    }

    /// Puts the default under `n` rows that have no value.
    fn skip(&mut self, n: usize) {
        fn more<T: Clone + Default>(values: &mut Vec<T>, n: usize) {
            values.resize(values.len() + n, T::default());
        }
        match &mut self.values {
            Values::U16(values) => more(values, n),
            Values::U32(values) => more(values, n),
            Values::U64(values) => more(values, n),
            Values::F32(values) => more(values, n),
            Values::F64(values) => more(values, n),
            Values::Bool(values) => more(values, n),
            Values::Word(values) => more(values, n),
            Values::Text(values) => more(values, n),
        }
    }

    fn clear(&mut self) {
        match &mut self.values {
            Values::U16(values) => values.clear(),
            Values::U32(values) => values.clear(),
            Values::U64(values) => values.clear(),
            Values::F32(values) => values.clear(),
            Values::F64(values) => values.clear(),
            Values::Bool(values) => values.clear(),
            Values::Word(values) => values.clear(),
            Values::Text(values) => values.clear(),
        }
        self.valid.clear();
        self.starts.clear();
        if self.about.shape == Shape::List {
            self.starts.push(0);
        }
    }

    fn array(&self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let nulls = self.about.nullable.then(|| NullBuffer::from(self.valid.as_slice()));
        let offsets = match self.about.shape {
            Shape::One => return self.flat(nulls),
            Shape::Fixed(n) => OffsetBuffer::from_repeated_length(n, rows),
            Shape::List => OffsetBuffer::new(ScalarBuffer::from(self.starts.clone())),
        };
        let list = ListArray::try_new(self.about.element(), offsets, self.flat(None)?, nulls)?;
        Ok(Arc::new(list))
    }

    fn flat(&self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
        Ok(match &self.values {
            Values::U16(values) => {
                let numbers = UInt16Array::try_new(values.clone().into(), nulls)?;
                match &self.about.kind {
                    Kind::Level(levels) => words(numbers, StringArray::from_iter_values(levels.iter()))?,
                    _ => Arc::new(numbers),
                }
            }
            Values::U32(values) => Arc::new(UInt32Array::try_new(values.clone().into(), nulls)?),
            Values::U64(values) => Arc::new(UInt64Array::try_new(values.clone().into(), nulls)?),
            Values::F32(values) => Arc::new(Float32Array::try_new(values.clone().into(), nulls)?),
            Values::F64(values) => Arc::new(Float64Array::try_new(values.clone().into(), nulls)?),
            Values::Bool(values) => Arc::new(BooleanArray::new(values.as_slice().into(), nulls)),
            Values::Word(codes) => {
                let Kind::Word(known) = self.about.kind else { unreachable!("codes stand for words") };
                let codes = UInt8Array::try_new(codes.clone().into(), nulls)?;
                words(codes, StringArray::from(known.to_vec()))?
            }
            Values::Text(values) => {
                let told = |i: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(i));
                Arc::new(StringArray::from_iter(
                    values.iter().enumerate().map(|(i, text)| told(i).then_some(text)),
                ))
            }
        })
    }
}

fn words<K: ArrowDictionaryKeyType>(
    codes: PrimitiveArray<K>,
    words: StringArray,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::try_new(codes, Arc::new(words))?))
}
