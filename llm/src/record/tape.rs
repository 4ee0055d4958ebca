//! The file of a recording.
//!
//! Lines of JSON: a first one that says what this is, then one for each request that was answered or given up, as they
//! happened. A line is written at once and whole; a crash can tear the last one, which is then dropped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Key;
use crate::{ChatReply, ChatRequest, LlmError, Payer, Template};

/// Form of the lines.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    recording: u32,
}

/// One line. Prompts are not kept, only their digest and first words: they are most of the bytes, and the log has them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    model: String,
    template: Template,
    payer: Payer,
    about: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<ChatReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Answered(ChatReply),
    Failed(String),
}

/// A recording in memory, and the file it goes to if it goes on.
#[derive(Debug)]
pub(super) struct Tape {
    path: PathBuf,
    found: HashMap<Key, Outcome>,
    templates: BTreeMap<String, BTreeSet<u32>>,
    models: BTreeSet<String>,
    file: Option<File>,
}

impl Tape {
    /// One to look things up in.
    pub(super) fn read(path: &Path) -> Result<Self, LlmError> {
        let file = File::open(path).map_err(LlmError::io("open", path))?;
        let mut tape = Self::empty(path);
        tape.load(&file)?;
        Ok(tape)
    }

    /// One to add to: new, or what is there without its torn end.
    pub(super) fn append(path: &Path) -> Result<Self, LlmError> {
        let mut open = OpenOptions::new();
        let file =
            open.read(true).append(true).create(true).open(path).map_err(LlmError::io("open", path))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let reason = "another process is recording into it".into();
            return Err(LlmError::Recording { path: path.into(), reason });
        }
        let mut tape = Self::empty(path);
        let whole = tape.load(&file)?;
        file.set_len(whole).map_err(LlmError::io("mend", path))?;
        tape.file = Some(file);
        if whole == 0 {
            tape.write(&Head { recording: FORM })?;
        }
        Ok(tape)
    }

    fn empty(path: &Path) -> Self {
        Self {
            path: path.into(),
            found: HashMap::new(),
            templates: BTreeMap::new(),
            models: BTreeSet::new(),
            file: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all lines; how many bytes are whole ones.
    fn load(&mut self, file: &File) -> Result<u64, LlmError> {
        let (mut reader, mut bytes, mut whole) = (BufReader::new(file), Vec::new(), 0);
        for number in 1_u64.. {
            bytes.clear();
            let n = reader.read_until(b'\n', &mut bytes).map_err(LlmError::io("read", &self.path))?;
            // What has no end was being written when somebody pulled the plug.
            if bytes.pop() != Some(b'\n') {
                break;
            }
            let taken = if number == 1 { head(&bytes) } else { self.take(&bytes) };
            taken.map_err(|reason| {
                let reason = format!("line {number}: {reason}");
                LlmError::Recording { path: self.path.clone(), reason }
            })?;
            whole += n as u64;
        }
        Ok(whole)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let line: Line = serde_json::from_slice(bytes).map_err(|error| format!("it is damaged: {error}"))?;
        let key = Key::parse(&line.key).ok_or("its key is none")?;
        let outcome = match (line.reply, line.failed) {
            (Some(reply), None) => Outcome::Answered(reply),
            (None, Some(message)) => Outcome::Failed(message),
            _ => return Err("it must have a reply or have failed".into()),
        };
        self.templates.entry(line.template.name).or_default().insert(line.template.version);
        self.models.insert(line.model);
        // An answer stands: what was given up may be asked again, what was answered is not.
        if !matches!(self.found.get(&key), Some(Outcome::Answered(_))) {
            self.found.insert(key, outcome);
        }
        Ok(())
    }

    /// Adds what came of a request, and tells it as a replay will: numbers went through text.
    pub(super) fn add(
        &mut self,
        key: Key,
        model: &str,
        request: &ChatRequest,
        outcome: Outcome,
    ) -> Result<Option<&Outcome>, LlmError> {
        let (reply, failed) = match outcome {
            Outcome::Answered(reply) => (Some(reply), None),
            Outcome::Failed(message) => (None, Some(message)),
        };
        let (template, payer, about) = (request.template.clone(), request.payer, request.words());
        let line = Line { key: key.to_string(), model: model.into(), template, payer, about, reply, failed };
        let written = self.write(&line)?;
        self.take(&written).map_err(|reason| LlmError::Recording { path: self.path.clone(), reason })?;
        Ok(self.found.get(&key))
    }

    fn write(&mut self, line: &impl Serialize) -> Result<Vec<u8>, LlmError> {
        let mut bytes = serde_json::to_vec(line).expect("a line is plain data");
        bytes.push(b'\n');
        if let Some(file) = &mut self.file {
            file.write_all(&bytes).map_err(LlmError::io("write", &self.path))?;
        }
        bytes.pop();
        Ok(bytes)
    }

    pub(super) fn sync(&self) -> Result<(), LlmError> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        synced.map_err(LlmError::io("sync", &self.path))
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Outcome> {
        self.found.get(key)
    }

    /// Why there is nothing for a request.
    pub(super) fn miss(&self, model: &str, request: &ChatRequest) -> LlmError {
        let path = self.path.clone();
        if !self.models.is_empty() && !self.models.contains(model) {
            let recorded =
                self.models.iter().map(|model| format!("`{model}`")).collect::<Vec<_>>().join(", ");
            return LlmError::OtherModel { path, recorded, asked: model.into() };
        }
        let Template { name, version } = &request.template;
        match self.templates.get(name) {
            Some(versions) if !versions.contains(version) => {
                let versions = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let recorded = format!("`{name}` version {versions}");
                LlmError::OtherTemplate { path, recorded, asked: request.template.to_string() }
            }
            _ => {
                let (template, payer) = (request.template.to_string(), request.payer);
                LlmError::Miss { path, template, payer, words: request.words() }
            }
        }
    }
}

fn head(bytes: &[u8]) -> Result<(), String> {
    match serde_json::from_slice::<Head>(bytes) {
        Ok(Head { recording: FORM }) => Ok(()),
        Ok(Head { recording }) => Err(format!("it is of form {recording}, this program reads {FORM}")),
        Err(_) => Err("this is no recording".into()),
    }
}
