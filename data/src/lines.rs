//! One text file as numbered lines, and everything that can be wrong with a line.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::DataError;
use crate::movielens::Scale;

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
    /// An id that the file which should define it does not.
    #[error("{what} {id} is not listed in {file}")]
    Unlisted {
        /// What has the id, such as `user`.
        what: &'static str,
        /// Id in the line.
        id: u32,
        /// The file that should list it.
        file: &'static str,
    },
    /// An id that an earlier line of the file defined.
    #[error("{what} {id} is listed twice")]
    Relisted {
        /// What has the id, such as `user`.
        what: &'static str,
        /// Id in the line.
        id: u32,
    },
    /// A record that an earlier line of the file holds.
    #[error("{record} a second time")]
    Repeated {
        /// Who does what to whom.
        record: String,
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

/// The encodings that published data sets have used over the years.
#[derive(Clone, Copy)]
pub(crate) enum Encoding {
    Latin1,
    Utf8,
}

/// A text file that has at least one line.
pub(crate) struct Table {
    path: PathBuf,
    text: String,
}

impl Table {
    pub(crate) fn read(path: PathBuf, encoding: Encoding) -> Result<Self, DataError> {
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
    pub(crate) fn each_line(&self, row: impl FnMut(&str) -> Result<(), LineFault>) -> Result<(), DataError> {
        self.each_from(1, row)
    }

    /// The same, after checking that the first line is `header` and that others follow.
    pub(crate) fn each_line_below(
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
pub(crate) fn exactly<const N: usize, T>(fields: Vec<T>) -> Result<[T; N], LineFault> {
    fields.try_into().map_err(|fields: Vec<T>| LineFault::FieldCount { expected: N, found: fields.len() })
}

/// Parses an id of the files' own.
pub(crate) fn parse_id(field: &'static str, text: &str) -> Result<u32, LineFault> {
    parse(field, text, "a whole number")
}

/// Parses one field, or says what it should have been.
pub(crate) fn parse<T: FromStr>(
    field: &'static str,
    text: &str,
    wanted: &'static str,
) -> Result<T, LineFault> {
    text.parse().map_err(|_| misread(field, text, wanted))
}

/// Passes on text that is there.
pub(crate) fn present<'a>(field: &'static str, text: &'a str) -> Result<&'a str, LineFault> {
    if text.trim().is_empty() { Err(misread(field, text, "present")) } else { Ok(text) }
}

pub(crate) fn misread(field: &'static str, text: &str, wanted: &'static str) -> LineFault {
    LineFault::Field { field, text: text.to_owned(), wanted }
}

/// The known data set one of whose files `dir` holds, to tell somebody who gave the wrong folder.
pub(crate) fn resembled(dir: &Path) -> Option<&'static str> {
    const TELLTALES: [(&str, &str); 4] = [
        ("u.data", "MovieLens-100K (u.data)"),
        ("ratings.csv", "MovieLens in csv form (ratings.csv)"),
        ("user_artists.dat", "Last.fm 2K (user_artists.dat)"),
        ("import.json", "an import, not a data set (import.json)"),
    ];
    TELLTALES.into_iter().find(|(file, _)| dir.join(file).is_file()).map(|(_, dataset)| dataset)
}
