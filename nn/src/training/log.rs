//! `metrics.csv`: a row for each round, on disk before the checkpoint that counts it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::NnError;

/// Columns before the measures of the learner.
const OWN: [&str; 3] = ["step", "round", "wall_secs"];

/// The state of a training that is not the learner's: its last round.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    pub(super) step: u64,
    pub(super) round: u64,
    pub(super) wall_secs: f64,
    pub(super) values: Vec<f64>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    writer: csv::Writer<File>,
    /// Names of the measures; empty before the first row.
    names: Vec<String>,
}

impl Log {
    /// Opens the file at `path`, keeping the rows up to `step`, which are returned too. It may lack at step 0 only.
    pub(super) fn open(path: &Path, step: u64) -> Result<(Self, Vec<Row>), NnError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(step == 0).truncate(false).open(path);
        let mut file = file.map_err(NnError::io("open", path))?;
        let (names, rows, end) = if step == 0 { Default::default() } else { read(&mut file, path, step)? };
        file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).map_err(NnError::io("cut", path))?;
        Ok((Self { path: path.into(), writer: csv::Writer::from_writer(file), names }, rows))
    }

    /// Appends a row, under a header if it is the first.
    pub(super) fn write(&mut self, row: &Row, names: &[&str]) -> Result<(), NnError> {
        if self.names.is_empty() {
            self.names = names.iter().map(|name| (*name).to_owned()).collect();
            self.record(OWN.iter().chain(names))?;
        } else if self.names != names {
            let reason = format!("the columns are {:?}; this round measured {names:?}", self.names);
            return Err(refused(&self.path, reason));
        }
        let own = [row.step.to_string(), row.round.to_string(), format!("{:.3}", row.wall_secs)];
        self.record(own.into_iter().chain(row.values.iter().map(ToString::to_string)))?;
        self.writer.flush().map_err(NnError::io("write", &self.path))
    }

    /// Waits until the disk has it all.
    pub(super) fn sync(&self) -> Result<(), NnError> {
        self.writer.get_ref().sync_all().map_err(NnError::io("write", &self.path))
    }

    fn record(&mut self, fields: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<(), NnError> {
        self.writer.write_record(fields).map_err(|error| NnError::io("write", &self.path)(error.into()))
    }

    /// The names of the measures.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// Names, rows up to the one of `step`, and where that ends.
fn read(file: &mut File, path: &Path, step: u64) -> Result<(Vec<String>, Vec<Row>, u64), NnError> {
    let damaged = |error: csv::Error| refused(path, error.to_string());
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(NnError::io("read", path))?;
    // Flexible: the last row may have been cut by a kill, and is beyond the checkpoint then.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_slice());
    let header: Vec<_> = reader.headers().map_err(damaged)?.iter().map(str::to_owned).collect();
    let Some(names) = header.strip_prefix(&OWN.map(str::to_owned)) else {
        return Err(refused(path, format!("its columns do not begin with {}", OWN.join(", "))));
    };
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(damaged)? {
        let end = reader.position().byte();
        let row = parse(&record, names.len()).filter(|row| row.round == rows.len() as u64 + 1);
        // A number that was cut may still be one.
        let row = row.filter(|_| text[..end as usize].ends_with(b"\n"));
        let Some(row) = row else {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(refused(path, format!("its line {line} is damaged")));
        };
        let found = row.step;
        rows.push(row);
        if found == step {
            return Ok((names.to_vec(), rows, end));
        }
    }
    Err(refused(path, format!("it has no row of step {step}, where the checkpoint is")))
}

fn parse(record: &csv::StringRecord, n_values: usize) -> Option<Row> {
    let [step, round, wall_secs] = [record.get(0)?, record.get(1)?, record.get(2)?];
    let number = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
    let values: Vec<f64> = record.iter().skip(OWN.len()).map_while(number).collect();
    let whole = record.len() == OWN.len() + n_values && values.len() == n_values;
    whole.then_some(Row {
        step: step.parse().ok()?,
        round: round.parse().ok()?,
        wall_secs: wall_secs.parse().ok()?,
        values,
    })
}

fn refused(path: &Path, reason: String) -> NnError {
    NnError::Checkpoint { path: path.into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(round: u64, loss: f64) -> Row {
        Row { step: 10 * round, round, wall_secs: 0.25, values: vec![loss] }
    }

    fn written(dir: &Path, tail: &str) -> PathBuf {
        let path = dir.join("metrics.csv");
        let (mut log, _) = Log::open(&path, 0).unwrap();
        for round in 1..=3 {
            log.write(&row(round, 1.0 / round as f64), &["loss"]).unwrap();
        }
        drop(log);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text + tail).unwrap();
        path
    }

    #[test]
    fn rows_behind_the_checkpoint_are_cut_and_the_rest_read_back_exactly() {
        let here = tempfile::tempdir().unwrap();
        let path = written(here.path(), "40,4,0.2");
        let (mut log, rows) = Log::open(&path, 20).unwrap();
        assert_eq!(rows, [row(1, 1.0), row(2, 0.5)]);
        log.write(&row(3, 0.125), &["loss"]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "step,round,wall_secs,loss\n10,1,0.250,1\n20,2,0.250,0.5\n30,3,0.250,0.125\n");
        drop(log);
        assert_eq!(Log::open(&written(here.path(), ""), 30).unwrap().1[2].values, [1.0 / 3.0]);
    }

    #[test]
    fn a_log_that_does_not_fit_is_refused() {
        let here = tempfile::tempdir().unwrap();
        let path = written(here.path(), "40,4,0.2");
        let said = |step| Log::open(&path, step).unwrap_err().to_string();
        assert!(said(40).ends_with("its line 5 is damaged"), "{}", said(40));
        assert!(said(25).ends_with("its line 5 is damaged"), "{}", said(25));
        std::fs::write(&path, "step,round,wall_secs,loss\n10,1,0.2,NaN\n").unwrap();
        assert!(said(10).ends_with("its line 2 is damaged"), "{}", said(10));
        std::fs::write(&path, "step,loss\n").unwrap();
        assert!(said(10).ends_with("do not begin with step, round, wall_secs"), "{}", said(10));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Log::open(&path, 10), Err(NnError::Io { .. })));
    }

    #[test]
    fn columns_stay() {
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("metrics.csv");
        let (mut log, _) = Log::open(&path, 0).unwrap();
        log.write(&row(1, 1.0), &["loss"]).unwrap();
        assert!(matches!(log.write(&row(2, 1.0), &["reward"]), Err(NnError::Checkpoint { .. })));
    }
}
