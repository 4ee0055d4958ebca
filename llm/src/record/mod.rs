//! What was answered once need not be asked again.
//!
//! A [`Recorder`] stands before a backend and keeps what it says; a [`Replay`] answers from what was kept, and from
//! nothing else. A replayed run is the run: servers do not repeat themselves, recordings do. What failed when it was
//! recorded fails again.

mod key;
mod tape;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

pub(crate) use key::Key;
use tape::{Outcome, Tape};

use crate::accounts::Ledger;
use crate::{Accounts, ChatBackend, ChatReply, ChatRequest, LlmError, Tokens, lock};

/// Answers from a recording what it has, asks for the rest, and adds that to the recording.
///
/// Requests that failed are in the recording as well, for [`Replay`]; a recorder asks them again. Of equal requests in one
/// batch one is asked. What a batch brought is in the file when `submit` returns, and on the disk after `flush`.
///
/// ```
/// use recloop_llm::{ChatBackend, ChatReply, ChatRequest, Payer, Recorder, Replay, Scripted, Wanted};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("answers.jsonl");
/// let request = ChatRequest::new("greet", 1, Payer::User, Wanted::Text).user("Hello?");
/// let script = Scripted::new(|request| ChatReply::said(request, "Hello."));
/// let first = Recorder::open(script, "scripted", &path)?.submit(&[request.clone()]);
/// let again = Replay::open("scripted", &path)?.submit(&[request]);
/// assert_eq!(first[0].as_ref().unwrap().text, again[0].as_ref().unwrap().text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder<B> {
    asked: B,
    model: String,
    tape: Mutex<Tape>,
    /// Of what was not asked.
    ledger: Ledger,
}

impl<B: ChatBackend> Recorder<B> {
    /// Before `backend`, which answers as `model`, with the recording at `path`: a new one if there is none.
    ///
    /// # Errors
    /// [`LlmError::Io`], [`LlmError::Recording`] if what is there is damaged, no recording, or in use.
    pub fn open(backend: B, model: &str, path: &Path) -> Result<Self, LlmError> {
        let tape = Mutex::new(Tape::append(path)?);
        Ok(Self { asked: backend, model: model.into(), tape, ledger: Ledger::default() })
    }

    /// The backend behind it.
    pub fn backend(&self) -> &B {
        &self.asked
    }

    /// Adds what came of asking; a file that cannot be written fails the request, for it could not be replayed.
    fn keep(
        &self,
        key: Key,
        request: &ChatRequest,
        outcome: Result<ChatReply, LlmError>,
    ) -> Result<ChatReply, LlmError> {
        let mut tape = lock(&self.tape);
        match outcome {
            Ok(reply) => match tape.add(key, &self.model, request, Outcome::Answered(reply))? {
                Some(Outcome::Answered(reply)) => Ok(reply.clone()),
                _ => Err(tape.miss(&self.model, request)),
            },
            Err(error) => {
                if error.is_of_one_request() {
                    tape.add(key, &self.model, request, Outcome::Failed(error.to_string()))?;
                }
                Err(error)
            }
        }
    }

    fn again(&self, key: &Key, request: &ChatRequest) -> Result<ChatReply, LlmError> {
        let outcome = answered(&lock(&self.tape), key, &self.model, request);
        self.ledger.enter(request.payer, &outcome, 0, Tokens::default());
        outcome
    }
}

impl<B: ChatBackend> ChatBackend for Recorder<B> {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        let keys: Vec<Key> = requests.iter().map(|request| Key::of(&self.model, request)).collect();
        // Which request is the first of its kind, of those that have no answer yet.
        let mut first: HashMap<Key, usize> = HashMap::new();
        {
            let tape = lock(&self.tape);
            for (i, key) in keys.iter().enumerate() {
                if !matches!(tape.get(key), Some(Outcome::Answered(_))) {
                    first.entry(*key).or_insert(i);
                }
            }
        }
        let is_new = |i: usize| first.get(&keys[i]) == Some(&i);
        let new: Vec<ChatRequest> =
            requests.iter().enumerate().filter(|(i, _)| is_new(*i)).map(|(_, r)| r.clone()).collect();
        let mut asked = if new.is_empty() { Vec::new() } else { self.asked.submit(&new) }.into_iter();
        let mut answer = |(i, request): (usize, &ChatRequest)| match is_new(i).then(|| asked.next()).flatten()
        {
            Some(outcome) => self.keep(keys[i], request, outcome),
            None => self.again(&keys[i], request),
        };
        requests.iter().enumerate().map(&mut answer).collect()
    }

    fn accounts(&self) -> Accounts {
        self.ledger.beside(self.asked.accounts())
    }

    fn flush(&self) -> Result<(), LlmError> {
        lock(&self.tape).sync()?;
        self.asked.flush()
    }
}

/// Answers from a recording alone: free, fast, and the same every time.
#[derive(Debug)]
pub struct Replay {
    model: String,
    tape: Tape,
    ledger: Ledger,
}

impl Replay {
    /// What `model` said in the recording at `path`.
    ///
    /// # Errors
    /// [`LlmError::Io`], [`LlmError::Recording`] if it is damaged or no recording.
    pub fn open(model: &str, path: &Path) -> Result<Self, LlmError> {
        Ok(Self { model: model.into(), tape: Tape::read(path)?, ledger: Ledger::default() })
    }

    /// The recording.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.tape.path()
    }
}

impl ChatBackend for Replay {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        let answer = |request: &ChatRequest| {
            let outcome = answered(&self.tape, &Key::of(&self.model, request), &self.model, request);
            self.ledger.enter(request.payer, &outcome, 0, Tokens::default());
            outcome
        };
        requests.iter().map(answer).collect()
    }

    fn accounts(&self) -> Accounts {
        self.ledger.read()
    }
}

fn answered(tape: &Tape, key: &Key, model: &str, request: &ChatRequest) -> Result<ChatReply, LlmError> {
    match tape.get(key) {
        Some(Outcome::Answered(reply)) => Ok(ChatReply { replayed: true, ..reply.clone() }),
        Some(Outcome::Failed(message)) => Err(LlmError::AsRecorded { message: message.clone() }),
        None => Err(tape.miss(model, request)),
    }
}

#[cfg(test)]
mod tests;
