//! What a mind decided, as something to learn from.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use recloop_env::{Tick, UserId, Wish};
use recloop_nn::NnError;
use serde::{Deserialize, Serialize};

use super::super::{Act, Decision, Facing, Next};
use super::features::{N_OFFER, N_PERSON, Seen};

/// What somebody did after a slate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// Wanted another.
    Stayed,
    /// Closed the app.
    Left,
    /// Asked for something, of which the kind is learned.
    Asked(Wish),
}

/// One decision of a mind, with what it was told as numbers.
///
/// ```
/// use recloop_users::minds::surrogate::{Lesson, read_lessons, write_lessons};
/// let file = tempfile::NamedTempFile::new()?;
/// write_lessons(&[], file.path())?;
/// assert_eq!(read_lessons(file.path())?, Vec::<Lesson>::new());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Who decided.
    pub user: UserId,
    /// When.
    pub tick: Tick,
    /// As [`PERSON`](super::PERSON) names them.
    pub person: [f32; N_PERSON],
    /// `[K]`, each as [`OFFER`](super::OFFER) names them.
    pub offers: Vec<[f32; N_OFFER]>,
    /// `[K]` what was done.
    pub acts: Vec<Act>,
    /// How worthwhile the feed was then, in [0, 1].
    pub satisfaction: f32,
    /// How it felt, in [−1, 1].
    pub feeling: f32,
    /// And then.
    pub after: After,
}

impl Lesson {
    /// What is learned from a decision.
    #[must_use]
    pub fn of(faced: &Facing<'_>, decision: &Decision) -> Self {
        let Seen { person, offers } = Seen::of(faced);
        let after = match &decision.next {
            Next::Stays => After::Stayed,
            Next::Leaves => After::Left,
            Next::Asks(instruction) => After::Asked(instruction.wish),
        };
        let Decision { acts, satisfaction, feeling, .. } = decision;
        let (acts, satisfaction, feeling) = (acts.clone(), *satisfaction, *feeling);
        Self { user: faced.user, tick: faced.tick, person, offers, acts, satisfaction, feeling, after }
    }

    pub(super) fn seen(&self) -> Seen {
        Seen { person: self.person, offers: self.offers.clone() }
    }

    /// What is wrong with it, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        let (offers, acts) = (self.offers.len(), self.acts.len());
        if offers != acts {
            return Some(format!("it has {acts} acts for {offers} offers"));
        }
        let told = self.person.iter().chain(self.offers.as_flattened());
        let secs = self.acts.iter().filter_map(|act| act.watches_secs.as_ref());
        let decided = [&self.satisfaction, &self.feeling];
        match told.chain(secs.clone()).chain(decided).find(|number| !number.is_finite()) {
            Some(number) => Some(format!("one of its numbers is {number}")),
            None => {
                secs.into_iter().any(|secs| *secs < 0.0).then(|| "it watches for less than nothing".into())
            }
        }
    }
}

/// Writes lessons, one line of JSON each.
///
/// # Errors
/// [`NnError::Io`] if the file cannot be written.
pub fn write_lessons(lessons: &[Lesson], path: &Path) -> Result<(), NnError> {
    let io = |source| NnError::Io { doing: "write", path: path.into(), source };
    let mut file = BufWriter::new(File::create(path).map_err(io)?);
    for lesson in lessons {
        serde_json::to_writer(&mut file, lesson).map_err(|error| io(error.into()))?;
        file.write_all(b"\n").map_err(io)?;
    }
    file.flush().map_err(io)
}

/// Reads what [`write_lessons`] wrote.
///
/// # Errors
/// [`NnError::Io`] if the file cannot be read, [`NnError::Checkpoint`] if a line of it is no lesson of this program's features.
pub fn read_lessons(path: &Path) -> Result<Vec<Lesson>, NnError> {
    let io = |source| NnError::Io { doing: "read", path: path.into(), source };
    let lines = BufReader::new(File::open(path).map_err(io)?).lines();
    let lesson = |(line, text): (usize, Result<String, _>)| {
        serde_json::from_str(&text.map_err(io)?).map_err(|error| NnError::Checkpoint {
            path: path.into(),
            reason: format!("its line {} is no lesson: {error}", line + 1),
        })
    };
    lines.enumerate().map(lesson).collect()
}
