//! Questions and answers, whoever answers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Accounts, Choice, Letters, LlmError, Shape};

/// Something that answers: a server, a recording, a closure.
///
/// A batch goes in, a batch comes out, in the same order: request *r* is answered by reply *r*. The call returns when
/// every request is answered or given up; one that fails does not take the others with it.
pub trait ChatBackend: Send + Sync {
    /// Answers all of them.
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>>;

    /// What was asked, answered and spent so far, by payer.
    fn accounts(&self) -> Accounts {
        Accounts::default()
    }

    /// Makes sure that what is kept of the answers survives a crash. A run does so at its checkpoints.
    ///
    /// # Errors
    /// [`LlmError::Io`] if it cannot be written.
    fn flush(&self) -> Result<(), LlmError> {
        Ok(())
    }
}

impl<B: ChatBackend + ?Sized> ChatBackend for std::sync::Arc<B> {
    fn submit(&self, requests: &[ChatRequest]) -> Vec<Result<ChatReply, LlmError>> {
        (**self).submit(requests)
    }

    fn accounts(&self) -> Accounts {
        (**self).accounts()
    }

    fn flush(&self) -> Result<(), LlmError> {
        (**self).flush()
    }
}

/// On whose account a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// A user of the world.
    User,
    /// A creator.
    Creator,
    /// The recommender.
    Recommender,
}

impl Payer {
    /// All of them, in the order of [`Accounts`].
    pub const ALL: [Self; 3] = [Self::User, Self::Creator, Self::Recommender];
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Creator => "creator",
            Self::Recommender => "recommender",
        })
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The rules.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// By whom.
    pub role: Role,
    /// What.
    #[serde(rename = "content")]
    pub text: String,
}

/// Which prompt a request was made from. Change the wording, raise the version: recordings of the old one then say so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` version {}", self.name, self.version)
    }
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Any text.
    Text,
    /// A JSON object of this form.
    Json(Shape),
    /// How likely each of these letters is as the next one: the options are lettered in the prompt.
    Choice(Letters),
}

/// One question, as independent of the model as it can be.
///
/// ```
/// use recloop_llm::{ChatRequest, Letters, Payer, Wanted};
///
/// let request = ChatRequest::new("pick", 1, Payer::User, Wanted::Choice(Letters::first(2)?))
///     .system("You pick what you would rather watch.")
///     .user("A: a film, B: the news")
///     .seeded(7, 0);
/// assert_eq!(request.turns.len(), 2);
/// # Ok::<(), recloop_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChatRequest {
    /// Who pays.
    pub payer: Payer,
    /// Which prompt this is.
    pub template: Template,
    /// What was said so far. What requests share goes first, so that servers can reuse it.
    pub turns: Vec<Turn>,
    /// What is wanted.
    pub wanted: Wanted,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// Temperature, ≥ 0. Of choices: the law is that at this temperature.
    pub temperature: f32,
    /// Seed of the draw. A server need not keep to it; a recording does.
    pub seed: u64,
    /// Which of several answers to the same question.
    pub sample: u32,
}

impl ChatRequest {
    /// A request that says nothing yet: 256 tokens at temperature 1, seed 0.
    #[must_use]
    pub fn new(template: &str, version: u32, payer: Payer, wanted: Wanted) -> Self {
        let template = Template { name: template.into(), version };
        Self {
            payer,
            template,
            turns: Vec::new(),
            wanted,
            max_tokens: 256,
            temperature: 1.0,
            seed: 0,
            sample: 0,
        }
    }

    /// With the rules.
    #[must_use]
    pub fn system(self, text: impl Into<String>) -> Self {
        self.turn(Role::System, text)
    }

    /// With a question.
    #[must_use]
    pub fn user(self, text: impl Into<String>) -> Self {
        self.turn(Role::User, text)
    }

    /// With something the model said.
    #[must_use]
    pub fn assistant(self, text: impl Into<String>) -> Self {
        self.turn(Role::Assistant, text)
    }

    fn turn(mut self, role: Role, text: impl Into<String>) -> Self {
        self.turns.push(Turn { role, text: text.into() });
        self
    }

    /// Drawn with this seed, as that sample.
    #[must_use]
    pub fn seeded(mut self, seed: u64, sample: u32) -> Self {
        (self.seed, self.sample) = (seed, sample);
        self
    }

    /// With an answer of at most so many tokens, at this temperature.
    #[must_use]
    pub fn drawn(mut self, max_tokens: u32, temperature: f32) -> Self {
        (self.max_tokens, self.temperature) = (max_tokens, temperature);
        self
    }

    /// The first words of what was said last, for messages.
    #[must_use]
    pub fn words(&self) -> String {
        let last = self.turns.last().map_or("", |turn| turn.text.as_str());
        let words: String = last.split_whitespace().take(8).collect::<Vec<_>>().join(" ");
        words.chars().filter(|c| !c.is_control()).take(60).collect()
    }
}

/// Tokens of a request, as the server counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read, cached ones included.
    pub prompt: u64,
    /// Of these, reused from an earlier request.
    pub cached: u64,
    /// Written.
    pub completion: u64,
}

impl Tokens {
    /// Read and written.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt + self.completion
    }
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.prompt += other.prompt;
        self.cached += other.cached;
        self.completion += other.completion;
    }
}

/// How the form of an answer was brought about: the first of these that the server can do and that gave a valid answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The server was given a JSON schema and kept to it.
    Schema,
    /// The server was given a grammar, in llama.cpp's notation.
    Grammar,
    /// The form was described in the prompt.
    Asked,
    /// It was described, and what came first was sent back with what was wrong.
    Repaired,
    /// Letters under a grammar: the law is exact.
    ExactLetters,
    /// Letters among the likeliest tokens.
    LikelyLetters,
    /// Nothing to keep to.
    Free,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// What the model said, the repaired version if there are two.
    pub text: String,
    /// The object, where one was wanted: it is of the form that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The law over the letters, where one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What it cost, all tries together.
    pub tokens: Tokens,
    /// From the first try to the answer, without waiting for our own limits.
    pub latency: Duration,
    /// How its form came about.
    pub rung: Rung,
    /// How often the server was asked.
    pub tries: u32,
    /// Whether this was asked before, and read from a recording now.
    #[serde(skip)]
    pub replayed: bool,
}

impl ChatReply {
    /// The answer `text` to `request`, as if a model had said it: for scripts and tests.
    ///
    /// # Errors
    /// [`LlmError::Unusable`] if an object was wanted and this is none of its form, or a letter and it is none of them.
    pub fn said(request: &ChatRequest, text: impl Into<String>) -> Result<Self, LlmError> {
        let text = text.into();
        let unusable =
            |reason| LlmError::Unusable { template: request.template.to_string(), tries: 1, reason };
        let mut reply = Self::bare(text, Rung::Free);
        match &request.wanted {
            Wanted::Text => {}
            Wanted::Json(shape) => {
                reply.rung = Rung::Asked;
                reply.value = Some(shape.read(&reply.text).map_err(unusable)?);
            }
            Wanted::Choice(letters) => {
                reply.rung = Rung::ExactLetters;
                let certain = [(reply.text.as_str(), 1.0)];
                reply.choice = Some(Choice::of(*letters, certain, 1.0).map_err(unusable)?);
            }
        }
        Ok(reply)
    }

    /// The law `probabilities` as an answer to `request`, as if a model had it: for scripts and tests.
    ///
    /// # Errors
    /// [`LlmError::Unusable`] if no letters were wanted, or the probabilities are none.
    pub fn likely(request: &ChatRequest, probabilities: &[f64]) -> Result<Self, LlmError> {
        let unusable =
            |reason| LlmError::Unusable { template: request.template.to_string(), tries: 1, reason };
        let Wanted::Choice(letters) = &request.wanted else {
            return Err(unusable("no letters were wanted".into()));
        };
        let names: Vec<String> = letters.iter().map(String::from).collect();
        let pairs = names.iter().map(String::as_str).zip(probabilities.iter().copied());
        let choice = Choice::of(*letters, pairs, f64::from(request.temperature)).map_err(unusable)?;
        let mut reply = Self::bare(choice.likeliest().to_string(), Rung::ExactLetters);
        reply.choice = Some(choice);
        Ok(reply)
    }

    pub(crate) fn bare(text: String, rung: Rung) -> Self {
        let (tokens, latency) = (Tokens::default(), Duration::ZERO);
        Self { text, value: None, choice: None, tokens, latency, rung, tries: 1, replayed: false }
    }
}
