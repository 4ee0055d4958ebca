//! One text file as numbered lines, and everything that can be wrong with a line.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Scale;
use crate::DataError;

/// What is wrong with one line of a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// Too few or too many fields.
    #[error("expected {expected} fields, found {found}")]
    FieldCount {
        /// Fields in a well-formed line.
        expected: usize,
        /// Fields in this one.
        found: usize,
    },
    /// A field that does not read as what it should be.
    #[error("{field} is {text:?}, not {wanted}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        text: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A rating that the scale does not have.
    #[error("rating {stars} is not on the scale {}, {}, …, {}", scale.low, scale.low + scale.step, scale.high)]
    OffScale {
        /// The rating.
        stars: f32,
        /// The scale of the data set.
        scale: Scale,
    },
    /// A rating by someone whom the user file does not list.
    #[error("user {id} is not listed in the user file")]
    UnknownUser {
        /// Id in the line.
        id: u32,
    },
    /// A rating of a film that the film file does not list.
    #[error("film {id} is not listed in the film file")]
    UnknownFilm {
        /// Id in the line.
        id: u32,
    },
    /// An id that an earlier line of the file defined.
    #[error("{what} {id} is listed twice")]
    Relisted {
        /// `user` or `film`.
        what: &'static str,
        /// Id in the line.
        id: u32,
    },
    /// A second rating of one film by one user.
    #[error("user {user} rates film {film} a second time")]
    Rerated {
        /// Id of the user.
        user: u32,
        /// Id of the film.
        film: u32,
    },
    /// A first line other than the one that the format prescribes.
    #[error("header is {found:?}, not {expected:?}")]
    Header {
        /// The prescribed header.
        expected: &'static str,
        /// The first line.
        found: String,
    },
    /// A quote that never closes, or that stands where none may.
    #[error("a quote is unbalanced or misplaced")]
    Quote,
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
}

/// The encodings that MovieLens has used over the years.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Latin1,
    Utf8,
}

/// A text file that has at least one line.
pub(super) struct Table {
    path: PathBuf,
    text: String,
}

impl Table {
    pub(super) fn read(path: PathBuf, encoding: Encoding) -> Result<Self, DataError> {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(DataError::Missing { path }),
            Err(cause) => return Err(DataError::Read { path, cause }),
        };
        let text = match encoding {
            // ISO-8859-1 is the first 256 code points, so every byte decodes.
            Encoding::Latin1 => bytes.into_iter().map(char::from).collect(),
            Encoding::Utf8 => from_utf8(&path, &bytes)?,
        };
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() { Err(DataError::Empty { path }) } else { Ok(Self { path, text }) }
    }

    /// Feeds every line to `row` and says where the first fault is.
    pub(super) fn each_line(&self, row: impl FnMut(&str) -> Result<(), LineFault>) -> Result<(), DataError> {
        self.each_from(1, row)
    }

    /// The same, after checking that the first line is `header` and that others follow.
    pub(super) fn each_line_below(
        &self,
        header: &'static str,
        row: impl FnMut(&str) -> Result<(), LineFault>,
    ) -> Result<(), DataError> {
        let mut lines = self.text.lines();
        match lines.next() {
            Some(first) if first == header => {}
            first => {
                let found = first.unwrap_or_default().to_owned();
                return Err(line_error(&self.path, 1, LineFault::Header { expected: header, found }));
            }
        }
        if lines.next().is_none() {
            return Err(DataError::Empty { path: self.path.clone() });
        }
        self.each_from(2, row)
    }

    fn each_from(
        &self,
        first: u64,
        mut row: impl FnMut(&str) -> Result<(), LineFault>,
    ) -> Result<(), DataError> {
        (1..)
            .zip(self.text.lines())
            .filter(|(number, _)| *number >= first)
            .try_for_each(|(number, line)| row(line).map_err(|fault| line_error(&self.path, number, fault)))
    }
}

fn line_error(path: &Path, line: u64, fault: LineFault) -> DataError {
    DataError::Line { path: path.to_owned(), line, fault }
}

/// Decodes a whole file, so that a bad byte is blamed on its line.
fn from_utf8(path: &Path, bytes: &[u8]) -> Result<String, DataError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let newlines = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            Err(line_error(path, newlines as u64 + 1, LineFault::NotUtf8))
        }
    }
}

/// Checks that a line was cut into exactly `N` fields.
pub(super) fn exactly<const N: usize, T>(fields: Vec<T>) -> Result<[T; N], LineFault> {
    fields.try_into().map_err(|fields: Vec<T>| LineFault::FieldCount { expected: N, found: fields.len() })
}

/// Parses one field, or says what it should have been.
pub(super) fn parse<T: FromStr>(
    field: &'static str,
    text: &str,
    wanted: &'static str,
) -> Result<T, LineFault> {
    text.parse().map_err(|_| misread(field, text, wanted))
}

/// Passes on text that is there.
pub(super) fn present<'a>(field: &'static str, text: &'a str) -> Result<&'a str, LineFault> {
    if text.trim().is_empty() { Err(misread(field, text, "present")) } else { Ok(text) }
}

pub(super) fn misread(field: &'static str, text: &str, wanted: &'static str) -> LineFault {
    LineFault::Field { field, text: text.to_owned(), wanted }
}
