//! Columns of a batch as plain numbers, in buffers that are used again.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, GenericListArray, OffsetSizeTrait,
    RecordBatch,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;

use super::levels::Levels;

/// A column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Reward,
    Propensity,
    Target,
    Position,
    Logger,
    Action,
    TargetAction,
    Predicted,
    PredictedTarget,
    Ended,
    PropensityPosition,
    PropensityCascade,
    TargetPosition,
    TargetCascade,
}
const NUMBERS: usize = Number::TargetCascade as usize + 1;

/// A column of names: whole numbers as they are, words by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    User,
    Action,
    Slate,
}

/// A column of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Target,
    Logging,
    Predictions,
    Loggers,
    Context,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Number(Number),
    Id(Id),
    List(List),
    /// A variable of the reward's expression.
    Term(usize),
    /// A number of the context.
    Part(usize),
    Level,
}

/// A column and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) role: Role,
    pub(super) name: String,
}

impl Role {
    /// What it takes, if `kind` is not that.
    pub(super) fn refuses(self, kind: &DataType) -> Option<&'static str> {
        let whole = kind.is_integer();
        let (fits, wanted) = match self {
            Self::Number(Number::Position | Number::Logger) => (whole, "whole numbers"),
            Self::Number(_) | Self::Term(_) | Self::Part(_) => (is_number(kind), "numbers or truth values"),
            Self::Id(_) => (whole || is_text(kind), "whole numbers or words"),
            Self::Level => {
                (whole || *kind == DataType::Boolean || is_text(kind), "whole numbers, words or truth values")
            }
            Self::List(_) => (is_list(kind), "lists of numbers"),
        };
        (!fits).then_some(wanted)
    }
}

fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_floating() || *kind == DataType::Boolean
}

pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        kind => matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

pub(super) fn is_list(kind: &DataType) -> bool {
    match kind {
        DataType::List(of) | DataType::LargeList(of) | DataType::FixedSizeList(of, _) => {
            is_number(of.data_type())
        }
        _ => false,
    }
}

/// A list for each row.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Where each ends.
    ends: Vec<usize>,
    values: Vec<f64>,
    /// Whether the file holds single precision.
    pub(super) single: bool,
}

impl Lists {
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[f64] {
        let from = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.values[from..self.ends[row]]
    }

    /// Takes a column in; tells the rows that hold a null.
    fn fill(&mut self, array: &ArrayRef) -> Result<Vec<usize>, ArrowError> {
        self.ends.clear();
        self.values.clear();
        let values = match array.data_type() {
            DataType::LargeList(_) => self.ends_of(array.as_list::<i64>()),
            DataType::FixedSizeList(_, _) => self.ends_of_fixed(array.as_fixed_size_list()),
            _ => self.ends_of(array.as_list::<i32>()),
        };
        self.single = *values.data_type() == DataType::Float32;
        numbers(&values, &mut self.values)?;
        let row = |at: usize| self.ends.partition_point(|end| *end <= at);
        Ok(nulls(&values).into_iter().map(row).collect())
    }

    fn ends_of<O: OffsetSizeTrait>(&mut self, array: &GenericListArray<O>) -> ArrayRef {
        let offsets = array.value_offsets();
        let at = |row: usize| offsets[row].as_usize();
        let first = at(0);
        self.ends.extend((1..=array.len()).map(|row| at(row) - first));
        array.values().slice(first, at(array.len()) - first)
    }

    fn ends_of_fixed(&mut self, array: &FixedSizeListArray) -> ArrayRef {
        let width = array.value_length() as usize;
        self.ends.extend((1..=array.len()).map(|row| row * width));
        // The values of a sliced array are sliced with it.
        array.values().clone()
    }
}

/// The columns of some rows of a file.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// `[n]` which row of the file.
    pub(super) rows: Vec<u64>,
    numbers: [Vec<f64>; NUMBERS],
    ids: [Vec<u64>; 3],
    lists: [Lists; 5],
    /// The variables of the reward's expression.
    pub(super) terms: Vec<Vec<f64>>,
    parts: Vec<Vec<f64>>,
    pub(super) levels: Vec<u16>,
    /// *(row, column)* of what is missing.
    pub(super) nulls: Vec<(usize, usize)>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    pub(super) fn number(&self, which: Number) -> &[f64] {
        &self.numbers[which as usize]
    }

    pub(super) fn number_mut(&mut self, which: Number) -> &mut Vec<f64> {
        &mut self.numbers[which as usize]
    }

    #[inline]
    pub(super) fn id(&self, which: Id) -> &[u64] {
        &self.ids[which as usize]
    }

    pub(super) fn id_mut(&mut self, which: Id) -> &mut Vec<u64> {
        &mut self.ids[which as usize]
    }

    #[inline]
    pub(super) fn list(&self, which: List) -> &Lists {
        &self.lists[which as usize]
    }

    /// The numbers that stand for `role`, if it has one per row.
    pub(super) fn values(&self, role: Role) -> Option<&[f64]> {
        match role {
            Role::Number(which) => Some(self.number(which)),
            Role::Term(at) => Some(&self.terms[at]),
            Role::Part(at) => Some(&self.parts[at]),
            _ => None,
        }
    }

    /// `[C]` the context of a row, after the lists' part its numbers.
    pub(super) fn context(&self, row: usize) -> impl Iterator<Item = f64> + '_ {
        let list = &self.lists[List::Context as usize];
        let listed = if list.ends.is_empty() { &[][..] } else { list.row(row) };
        listed.iter().copied().chain(self.parts.iter().map(move |part| part[row]))
    }

    /// Takes the columns of a batch in.
    pub(super) fn fill(
        &mut self,
        batch: &RecordBatch,
        columns: &[Column],
        levels: Option<&Levels>,
    ) -> Result<(), ArrowError> {
        self.nulls.clear();
        for (at, column) in columns.iter().enumerate() {
            let Some(array) = batch.column_by_name(&column.name) else { continue };
            self.nulls.extend(nulls(array).into_iter().map(|row| (row, at)));
            match column.role {
                Role::Number(which) => numbers(array, cleared(&mut self.numbers[which as usize]))?,
                Role::Term(at) => numbers(array, cleared(slot(&mut self.terms, at)))?,
                Role::Part(at) => numbers(array, cleared(slot(&mut self.parts, at)))?,
                Role::Id(which) => ids(array, cleared(&mut self.ids[which as usize]))?,
                Role::Level => {
                    levels.map_or(Ok(()), |levels| levels.code(array, cleared(&mut self.levels)))?;
                }
                Role::List(which) => {
                    let holes = self.lists[which as usize].fill(array)?;
                    self.nulls.extend(holes.into_iter().map(|row| (row, at)));
                }
            }
        }
        Ok(())
    }
}

fn cleared<T>(lane: &mut Vec<T>) -> &mut Vec<T> {
    lane.clear();
    lane
}

fn slot(lanes: &mut Vec<Vec<f64>>, at: usize) -> &mut Vec<f64> {
    if lanes.len() <= at {
        lanes.resize_with(at + 1, Vec::new);
    }
    &mut lanes[at]
}

/// The rows that are null.
fn nulls(array: &ArrayRef) -> Vec<usize> {
    match array.nulls() {
        Some(valid) if valid.null_count() > 0 => (0..array.len()).filter(|row| valid.is_null(*row)).collect(),
        _ => Vec::new(),
    }
}

/// Adds a column of numbers.
pub(super) fn numbers(array: &ArrayRef, out: &mut Vec<f64>) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Float64 => out.extend_from_slice(array.as_primitive::<Float64Type>().values()),
        DataType::Float32 => {
            out.extend(array.as_primitive::<Float32Type>().values().iter().map(|value| f64::from(*value)));
        }
        DataType::Boolean => {
            let flags: &BooleanArray = array.as_boolean();
            out.extend(flags.values().iter().map(|flag| f64::from(u8::from(flag))));
        }
        _ => out.extend_from_slice(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().values()),
    }
    Ok(())
}

/// Adds a column of names.
pub(super) fn ids(array: &ArrayRef, out: &mut Vec<u64>) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::UInt64 => out.extend_from_slice(array.as_primitive::<UInt64Type>().values()),
        kind if is_text(kind) => {
            let words = cast(array, &DataType::Utf8)?;
            let words = words.as_string::<i32>();
            out.extend((0..words.len()).map(|row| hash(words.value(row).as_bytes())));
        }
        _ => out.extend(whole(array)?.as_primitive::<Int64Type>().values().iter().map(|id| *id as u64)),
    }
    Ok(())
}

/// Whole numbers in 64 bits.
pub(super) fn whole(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    cast(array, &DataType::Int64)
}

/// FNV-1a (Fowler, Noll & Vo), then the [mixing](mix) that it lacks. Part of the results: it must never change.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    mix(bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood, 2014, "Fast splittable pseudorandom number generators"): a bijection.
#[inline]
pub(super) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
