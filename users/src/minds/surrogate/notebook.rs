//! Somebody who writes down what a mind decides.

use std::sync::{Mutex, PoisonError};

use recloop_env::{CohortError, Streams};

use super::super::{Facing, Law, Mind, Thought};
use super::Lesson;

/// A mind whose decisions are written down; it decides as the mind within does. Decisions that failed teach nothing and are left out.
///
/// ```
/// use recloop_env::{CohortError, Streams};
/// use recloop_users::minds::surrogate::Notebook;
/// use recloop_users::minds::{Facing, Mind, Thought};
///
/// struct Asleep;
/// impl Mind for Asleep {
///     fn name(&self) -> &str { "asleep" }
///     fn decide(&self, faced: &[Facing<'_>], _: &Streams) -> Result<Vec<Thought>, CohortError> {
///         Ok(faced.iter().map(|_| Thought { decision: None, tokens: Default::default() }).collect())
///     }
/// }
/// let notebook = Notebook::new(Asleep);
/// assert_eq!(notebook.name(), "asleep");
/// notebook.decide(&[], &Streams::new(1))?;
/// assert!(notebook.lessons().is_empty());
/// # Ok::<(), CohortError>(())
/// ```
#[derive(Debug)]
pub struct Notebook<M> {
    mind: M,
    lessons: Mutex<Vec<Lesson>>,
}

impl<M: Mind> Notebook<M> {
    /// An empty one for this mind.
    #[must_use]
    pub fn new(mind: M) -> Self {
        Self { mind, lessons: Mutex::default() }
    }

    /// The mind within.
    #[must_use]
    pub fn mind(&self) -> &M {
        &self.mind
    }

    /// What was written down so far, by tick and user: in the same order whichever thread asked first.
    #[must_use]
    pub fn lessons(&self) -> Vec<Lesson> {
        let mut lessons = self.lessons.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lessons.sort_by_key(|lesson| (lesson.tick, lesson.user));
        lessons
    }
}

impl<M: Mind> Mind for Notebook<M> {
    fn name(&self) -> &str {
        self.mind.name()
    }

    fn decide(&self, faced: &[Facing<'_>], rng: &Streams) -> Result<Vec<Thought>, CohortError> {
        let thoughts = self.mind.decide(faced, rng)?;
        let decided = faced.iter().zip(&thoughts);
        let lessons = decided.filter_map(|(faced, it)| Some(Lesson::of(faced, it.decision.as_ref()?)));
        let lessons: Vec<_> = lessons.collect();
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner).extend(lessons);
        Ok(thoughts)
    }

    fn laws(&self, faced: &[Facing<'_>]) -> Option<Vec<Law>> {
        self.mind.laws(faced)
    }
}
