//! What can go wrong between a question and its answer.

use std::path::PathBuf;

use crate::Payer;

/// Why there is no answer. Messages read after "failed to".
///
/// No variant ever holds a key: what servers say is cleaned of it before it gets here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// A setting that cannot be.
    #[error("use `{key}`: {reason}")]
    Setting {
        /// Which setting.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A form of answer that cannot be asked for.
    #[error("ask for answers of the form `{name}`: {reason}")]
    Shape {
        /// Name of the form.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is not where it should be.
    #[error("find a key in the environment variable `{variable}`: {reason}")]
    Key {
        /// The environment variable.
        variable: String,
        /// What is there instead.
        reason: &'static str,
    },
    /// The server wants a key, or another one.
    #[error("be let in by {server}: it answers {status}, and {key}")]
    Unauthorised {
        /// Its address.
        server: String,
        /// 401 or 403.
        status: u16,
        /// Where the key came from; never the key.
        key: String,
    },
    /// A model that the server does not serve.
    #[error("find the model `{model}` at {server}: it serves {}", list(.known))]
    UnknownModel {
        /// Its address.
        server: String,
        /// What was asked for.
        model: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Something answers, but not as an OpenAI-compatible server does.
    #[error("understand {server}: {reason}")]
    NotCompatible {
        /// Its address.
        server: String,
        /// What it said instead.
        reason: String,
    },
    /// Nobody answers in time, or not to the end.
    #[error("get an answer of {server} in {tries} tries: {reason}")]
    Unanswered {
        /// Its address.
        server: String,
        /// How often it was asked.
        tries: u32,
        /// What went wrong the last time.
        reason: String,
    },
    /// The server is too busy or broken, again and again.
    #[error("get an answer of {server} in {tries} tries: it answers {status}: {message}")]
    Failing {
        /// Its address.
        server: String,
        /// How often it was asked.
        tries: u32,
        /// The last status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The server failed so often in a row that it is left alone for a while.
    #[error("ask {server}: it failed {failures} times in a row and is left alone for {secs:.1} s more")]
    LeftAlone {
        /// Its address.
        server: String,
        /// Failures in a row.
        failures: u32,
        /// Until it is asked again.
        secs: f64,
    },
    /// The server refuses this request; asking again would not help.
    #[error("get this answered by {server}: it answers {status}: {message}")]
    Refused {
        /// Its address.
        server: String,
        /// Status, 4xx.
        status: u16,
        /// What it said.
        message: String,
    },
    /// More text than the model can read.
    #[error("fit {template} into what the model can read: {message}")]
    Overflow {
        /// Template of the request, with its version.
        template: String,
        /// What the server said.
        message: String,
    },
    /// Something this server cannot do.
    #[error("get {what} of {server}: it cannot give them")]
    Unsupported {
        /// Its address.
        server: String,
        /// What was wanted.
        what: &'static str,
    },
    /// The model answered, but never as it was asked to.
    #[error("use what the model says to {template} after {tries} tries: {reason}")]
    Unusable {
        /// Template of the request, with its version.
        template: String,
        /// How often it was asked.
        tries: u32,
        /// What is wrong with the last answer.
        reason: String,
    },
    /// The budget is used up: nothing more is sent.
    #[error("stay within the budget of {limit}: {spent} are spent, and the next request may need {next}")]
    Budget {
        /// The limit, with its unit.
        limit: String,
        /// What is gone.
        spent: String,
        /// What the next request may cost at most.
        next: String,
    },
    /// A recording without an answer to this.
    #[error("find an answer in {}: nobody asked {template} for a {payer} that begins with \"{words}\"", .path.display())]
    Miss {
        /// The recording.
        path: PathBuf,
        /// Template of the request, with its version.
        template: String,
        /// Who would pay.
        payer: Payer,
        /// The first words of its last turn.
        words: String,
    },
    /// A recording made with another version of a template.
    #[error("replay {}: it was made with {recorded}, this program asks {asked}", .path.display())]
    OtherTemplate {
        /// The recording.
        path: PathBuf,
        /// Template and versions in the recording.
        recorded: String,
        /// Template and version of the request.
        asked: String,
    },
    /// A recording made with another model.
    #[error("replay {}: it was made with the model {recorded}, not with `{asked}`", .path.display())]
    OtherModel {
        /// The recording.
        path: PathBuf,
        /// Models in the recording.
        recorded: String,
        /// The model asked.
        asked: String,
    },
    /// There was no answer when this was recorded, either.
    #[error("get an answer when this was recorded: {message}")]
    AsRecorded {
        /// What went wrong then.
        message: String,
    },
    /// A recording that is damaged, or of another form.
    #[error("use {}: {reason}", .path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl LlmError {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether a run can go on without this answer, and ask the next. What is not of one request concerns the run as a
    /// whole: the budget, the key, the recording, the disk.
    #[must_use]
    pub fn is_of_one_request(&self) -> bool {
        matches!(
            self,
            Self::Unanswered { .. }
                | Self::Failing { .. }
                | Self::LeftAlone { .. }
                | Self::Refused { .. }
                | Self::NotCompatible { .. }
                | Self::Overflow { .. }
                | Self::Unusable { .. }
                | Self::AsRecorded { .. }
        )
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".into(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
