//! `dialogue-feed-v0`: the feed, with users who may say what they want before they leave.

use std::path::Path;
use std::sync::Arc;

use recloop_env::{Sharded, World, WorldBuilder};
use recloop_users::minds::surrogate::Surrogate;
use recloop_users::minds::{ChatMind, Mind, Minded};
use recloop_users::psyche::Identity;
use recloop_users::{Dialogue, DialogueParams};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::keys::{Keys, merged};
use super::marketplace::Writer;
use super::{Given, feed, part, table_of};
use crate::ConfigError;
use crate::config::bad;

/// Who of the users is asked rather than computed: keys of `dialogue-feed-v0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MindsConfig {
    /// Users a language model decides for, of all users the last ones: people are drawn by their number, so these are a random sample.
    pub llm_users: usize,
    /// Temperature of their answers, in [0, 2].
    pub llm_temperature: f32,
    /// Who they are: `"drawn"` as all others, or a file of people, TOML or JSON.
    pub personas: String,
    /// Who decides for the others: `"none"` but themselves, or the folder of a surrogate, as `recloop distil` leaves it.
    pub surrogate: String,
    /// What a language model does for creators: nothing, their words, or their slow decisions, too.
    pub llm_creators: Authorship,
}

/// What a language model does for creators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authorship {
    /// Nothing.
    Off,
    /// It writes titles and texts.
    Words,
    /// It has the last word on every eighth publication, too.
    Decides,
}

/// People who are drawn.
const DRAWN: &str = "drawn";
/// Nobody but themselves.
const NONE: &str = "none";

impl Default for MindsConfig {
    /// Nobody is asked; at temperature 1 people are as various as a model holds them to be.
    fn default() -> Self {
        Self {
            llm_users: 0,
            llm_temperature: 1.0,
            personas: DRAWN.into(),
            surrogate: NONE.into(),
            llm_creators: Authorship::Off,
        }
    }
}

pub(super) fn defaults() -> Table {
    merged([feed::defaults(), table_of::<DialogueParams>(), table_of::<MindsConfig>()])
}

pub(super) fn build(table: &Table, given: &Given<'_>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let psyche: DialogueParams = keys.take(table_of::<DialogueParams>())?;
    let minds: MindsConfig = keys.take(table_of::<MindsConfig>())?;
    let writer = minds.writer(given)?;
    feed::assemble("dialogue-feed-v0", keys, writer, |world, users, n| {
        let users = Dialogue::new(psyche, users).map_err(part("the users"))?;
        minds.settle(world, users, n, given)
    })
}

impl MindsConfig {
    /// Who writes for creators.
    fn writer(&self, given: &Given<'_>) -> Result<Option<Writer>, ConfigError> {
        let decides = match self.llm_creators {
            Authorship::Off => return Ok(None),
            Authorship::Words => false,
            Authorship::Decides => true,
        };
        Ok(Some(Writer { backend: given.models.backend("the creators")?, decides }))
    }

    /// Puts `n` users into the world, the last of them with minds.
    fn settle(
        &self,
        world: WorldBuilder,
        body: Dialogue,
        n: usize,
        given: &Given<'_>,
    ) -> Result<WorldBuilder, ConfigError> {
        self.check(n)?;
        if self.llm_users == 0 && self.surrogate == NONE {
            return Ok(world.cohort(Sharded::new(body, n)));
        }
        let (mut others, mut asked) = (Minded::new(body.clone()), Minded::new(body));
        if self.surrogate != NONE {
            let surrogate = Surrogate::load(Path::new(&self.surrogate)).map_err(part("the surrogate"))?;
            let surrogate: Arc<dyn Mind> = Arc::new(surrogate);
            others = others.guided_by(Arc::clone(&surrogate)).shadowed_by(Arc::clone(&surrogate));
            asked = asked.shadowed_by(surrogate);
        }
        let n_others = n - self.llm_users;
        let world = if n_others > 0 { world.cohort(Sharded::new(others, n_others)) } else { world };
        if self.llm_users == 0 {
            return Ok(world);
        }
        let mind = ChatMind::new(given.models.backend("the users")?).at_temperature(self.llm_temperature);
        let mind: Arc<dyn Mind> = Arc::new(mind);
        asked = asked.guided_by(given.guide.map_or(Arc::clone(&mind), |guide| guide.guide(mind)));
        if self.personas != DRAWN {
            asked = asked.being(people(Path::new(&self.personas))?).map_err(part("the users"))?;
        }
        Ok(world.cohort(Sharded::new(asked, self.llm_users)))
    }

    /// Refuses numbers that cannot be, of `n` users.
    fn check(&self, n: usize) -> Result<(), ConfigError> {
        if self.llm_users == 0 && self.personas != DRAWN {
            return Err(bad("world.personas", "they are people a model speaks for: set llm_users".into()));
        }
        if self.llm_users > n {
            let reason = format!("it is {}, and there are {n} users", self.llm_users);
            return Err(bad("world.llm_users", reason));
        }
        if !(0.0..=2.0).contains(&self.llm_temperature) {
            let reason = format!("it is {}; allowed is [0, 2]", self.llm_temperature);
            return Err(bad("world.llm_temperature", reason));
        }
        Ok(())
    }
}

/// The people in a file.
fn people(path: &Path) -> Result<Vec<Identity>, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ConfigError::Read { path: path.into(), cause })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let read = if is_json { Identity::from_json(&text) } else { Identity::from_toml(&text) };
    read.map_err(part(&format!("the people of {}", path.display())))
}
