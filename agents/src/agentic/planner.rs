//! From what was asked to which tools are used.

use std::sync::Arc;

use recloop_env::{EnvSpec, Instruction, RecommendError, Snapshot, SnapshotError, Strength, Wish};

use super::desk::Call;
use super::tools::{
    Familiarity, Length, Loudness, Neighbours, OfTopic, Repetition, SameCreator, Tool, Words,
};
use crate::AgentError;
use crate::error::check_positive;

/// Tools by name.
#[derive(Clone)]
pub struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// The tools of [`agentic`](super).
    #[must_use]
    pub fn standard() -> Self {
        let tools: Vec<Arc<dyn Tool>> = vec![
            Arc::new(OfTopic),
            Arc::new(Familiarity),
            Arc::new(Loudness),
            Arc::new(Length),
            Arc::new(Words),
            Arc::new(Neighbours),
            Arc::new(SameCreator),
            Arc::new(Repetition),
        ];
        Self { tools }
    }

    /// The same with one more; it takes the place of one of the same name.
    #[must_use]
    pub fn with(mut self, tool: impl Tool + 'static) -> Self {
        self.tools.retain(|other| other.name() != tool.name());
        self.tools.push(Arc::new(tool));
        self
    }

    /// Those that have something to work with in a world.
    #[must_use]
    pub fn fitting(&self, spec: &EnvSpec) -> Self {
        Self { tools: self.tools.iter().filter(|tool| tool.fits(spec)).cloned().collect() }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tools.iter().map(|tool| tool.name())
    }

    /// What each is called and does.
    pub fn abouts(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.tools.iter().map(|tool| (tool.name(), tool.about()))
    }

    pub(super) fn tools(&self) -> impl Iterator<Item = &dyn Tool> {
        self.tools.iter().map(AsRef::as_ref)
    }

    /// The tool of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&dyn Tool> {
        self.tools.iter().find(|tool| tool.name() == name).map(AsRef::as_ref)
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What somebody asked for, and how long ago.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What, as far as it was understood.
    pub instruction: Instruction,
    /// The words it was said in; an answer to a question, in the words of an instruction.
    pub said: String,
    /// Slates shown to it since.
    pub slates_ago: u32,
}

/// Decides which tools are used for somebody who asked for this.
///
/// It goes by what was asked alone, so that a row's slate depends on nobody else. Calls of tools there are none of are left
/// out. Whatever must be found out first, [`prepare`](Planner::prepare) finds out, once a tick, for all rows together.
///
/// ```
/// use recloop_agents::agentic::{Ask, Call, Planner, Toolbox};
///
/// /// Makes everybody's feed calmer, whatever they ask for.
/// #[derive(Clone)]
/// struct Soothing;
///
/// impl Planner for Soothing {
///     fn plan(&self, _asks: &[Ask], toolbox: &Toolbox) -> Vec<Call> {
///         toolbox.find("loud").map(|tool| Call::of(tool.name(), -1.0)).into_iter().collect()
///     }
/// }
/// assert_eq!(Soothing.plan(&[], &Toolbox::standard())[0].tool, "loud");
/// ```
pub trait Planner: Copied + Send + Sync {
    /// Gets ready for a world, with nothing known: the tools that fit it, and what its topics are called.
    fn begin(&mut self, _toolbox: &Toolbox, _topics: &[String]) -> Result<(), RecommendError> {
        Ok(())
    }

    /// Gets ready for the rows of one tick, which ask for all of this.
    ///
    /// # Errors
    /// What must stop a run. Whatever concerns some asks only, a planner falls back from.
    fn prepare(&mut self, _asks: &[Ask]) -> Result<(), RecommendError> {
        Ok(())
    }

    /// The calls, in order; none leaves the slate as it was.
    fn plan(&self, asks: &[Ask], toolbox: &Toolbox) -> Vec<Call>;

    /// How these came to be planned, for the log; nothing if that goes without saying.
    fn note(&self, _asks: &[Ask]) -> String {
        String::new()
    }

    /// Everything found out so far; the default is for a planner that finds out nothing.
    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    /// Goes back to a snapshot, in the world it began in.
    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// What makes [`Advised`](super::Advised) copyable whoever plans: every planner that is [`Clone`] has it.
pub trait Copied {
    /// A copy that goes its own way.
    fn copied(&self) -> Box<dyn Planner>;
}

impl<P: Planner + Clone + 'static> Copied for P {
    fn copied(&self) -> Box<dyn Planner> {
        Box::new(self.clone())
    }
}

/// Does what it is told: one or two tools for each wish, the stronger the plainer it was said, and less as time goes by.
///
/// | wish | calls |
/// |---|---|
/// | more of t | `topic(t)` by +g |
/// | less of t | `topic(t)` by −g |
/// | something new | `familiar` by −2g |
/// | calmer | `loud` by −g |
/// | shorter | `long` by −g/2 |
/// | own words | `words` by +g |
///
/// `g = gain · strength · 2^(−slates / half-life)`, strength ½, 1 or 2.
///
/// # Units
/// - gain: standard deviations of a row's scores; half-life in slates
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Obedient {
    /// How strongly a plain wish is followed.
    pub gain: f32,
    /// Slates after which it is followed half as strongly.
    pub half_life_slates: f32,
}

impl Default for Obedient {
    /// Both chosen by us.
    fn default() -> Self {
        Self { gain: 2.0, half_life_slates: 20.0 }
    }
}

impl Obedient {
    /// Both finite and above 0.
    pub fn new(gain: f32, half_life_slates: f32) -> Result<Self, AgentError> {
        check_positive("gain", gain)?;
        check_positive("half_life_slates", half_life_slates)?;
        Ok(Self { gain, half_life_slates })
    }

    /// g.
    pub(super) fn pull(&self, strength: Strength, slates_ago: u32) -> f32 {
        let strength = match strength {
            Strength::Slight => 0.5,
            Strength::Plain => 1.0,
            Strength::Strong => 2.0,
        };
        self.gain * strength * (-(slates_ago as f32) / self.half_life_slates).exp2()
    }

    fn call(&self, ask: &Ask) -> Call {
        let g = self.pull(ask.instruction.strength, ask.slates_ago);
        let topic = ask.instruction.topic;
        match ask.instruction.wish {
            Wish::MoreOf => Call { topic, ..Call::of("topic", g) },
            Wish::LessOf => Call { topic, ..Call::of("topic", -g) },
            Wish::SomethingNew => Call::of("familiar", -2.0 * g),
            Wish::Calmer => Call::of("loud", -g),
            Wish::Shorter => Call::of("long", -0.5 * g),
            Wish::Free => Call { words: ask.instruction.text.clone(), ..Call::of("words", g) },
        }
    }
}

impl Planner for Obedient {
    fn plan(&self, asks: &[Ask], toolbox: &Toolbox) -> Vec<Call> {
        let calls = asks.iter().map(|ask| self.call(ask));
        calls.filter(|call| toolbox.find(&call.tool).is_some()).collect()
    }
}
