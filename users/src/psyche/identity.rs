//! Who somebody is, in three blocks, any of which can be left out.

use std::collections::BTreeMap;

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{Draws, unit};
use serde::{Deserialize, Serialize};

use super::{Habits, Level};
use crate::UserError;

/// Five traits, each in [−1, 1], 0 being average. The last is emotional stability, the opposite of neuroticism.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BigFive {
    /// Curious rather than set in one's ways.
    pub openness: f32,
    /// Careful rather than easy-going.
    pub conscientiousness: f32,
    /// Outgoing rather than reserved.
    pub extraversion: f32,
    /// Kind rather than critical.
    pub agreeableness: f32,
    /// Calm rather than nervous.
    pub stability: f32,
}

/// The social block: what others would say one is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Social {
    /// Attribute and level, such as `age = "25-34"`.
    pub groups: BTreeMap<String, String>,
}

/// The personal block: character and values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Personal {
    /// Character.
    pub traits: BigFive,
    /// What counts, in words.
    pub values: Vec<String>,
}

/// How visits spread over the day: shares of night, morning, afternoon and evening.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Routine(pub [f32; 4]);

/// The block of life context: what one does all day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Life {
    /// Topics liked, most first.
    pub likes: Vec<String>,
    /// When one has time.
    pub routine: Routine,
    /// What one's record shows, if there is one.
    pub habits: Option<Habits>,
}

/// Somebody, in three blocks; a block left out is not known to anybody who reads it.
///
/// ```
/// use recloop_users::psyche::{Blocks, Identity};
/// let people = Identity::from_toml(r#"
///     [[person]]
///     name = "Ada"
///     social = { groups = { age = "25-34" } }
///     personal = { traits = { openness = 0.8, stability = -0.5 }, values = ["curiosity"] }
///     life = { likes = ["science", "music"] }
/// "#)?;
/// assert!(people[0].persona().contains("You are curious and nervous."));
/// let ablated = people[0].clone().with(Blocks { personal: false, ..Blocks::default() });
/// assert!(!ablated.persona().contains("curious"));
/// let refused = Identity::from_toml("[[person]]\nshoe_size = 43").unwrap_err().to_string();
/// assert!(refused.contains("shoe_size"), "{refused}");
/// # Ok::<(), recloop_users::UserError>(())
/// ```
///
/// # Errors
/// Persona files with fields nobody knows, or traits outside [−1, 1].
///
/// # Source
/// Lee et al. (2025), "SPeCtrum: A Grounded Framework for Multidimensional Identity Representation in LLM-Based Agent", for the
/// blocks; what is in them is ours.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// What to call them; empty for nothing.
    pub name: String,
    /// Social block.
    pub social: Option<Social>,
    /// Personal block.
    pub personal: Option<Personal>,
    /// Life context.
    pub life: Option<Life>,
}

/// Which blocks are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blocks {
    /// Social.
    pub social: bool,
    /// Personal.
    pub personal: bool,
    /// Life context.
    pub life: bool,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { social: true, personal: true, life: true }
    }
}

/// A file of people.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct People {
    person: Vec<Identity>,
}

impl BigFive {
    /// A character for somebody of whom four things are known, in standard deviations: how easily their taste moves, how well they see
    /// through wrappings, how often they come, how much they follow others.
    ///
    /// Each of these carries its trait with a correlation of ½ (openness, conscientiousness, extraversion, agreeableness); the rest,
    /// and stability, is luck. A standard deviation is 0.4 of the scale, clipped. Chosen by us.
    #[must_use]
    pub fn drawn(known: [f32; 4], draws: &mut Draws) -> Self {
        const HALF: f32 = 0.5;
        let mut some = |known: f32, weight: f32| {
            let luck: f32 = StandardNormal.sample(draws);
            (0.4 * (weight * known + (1.0 - weight * weight).sqrt() * luck)).clamp(-1.0, 1.0)
        };
        Self {
            openness: some(known[0], HALF),
            conscientiousness: some(known[1], HALF),
            extraversion: some(known[2], HALF),
            agreeableness: some(known[3], HALF),
            stability: some(0.0, 0.0),
        }
    }

    /// In the order of the fields.
    #[must_use]
    pub fn numbers(&self) -> [f32; 5] {
        [self.openness, self.conscientiousness, self.extraversion, self.agreeableness, self.stability]
    }

    /// From numbers in the order of the fields.
    #[must_use]
    pub fn of(numbers: [f32; 5]) -> Self {
        let [openness, conscientiousness, extraversion, agreeableness, stability] = numbers;
        Self { openness, conscientiousness, extraversion, agreeableness, stability }
    }

    /// Words for what is not average (beyond 0.25; chosen by us).
    fn words(&self) -> Vec<&'static str> {
        let pairs = [
            ("curious", "set in your ways"),
            ("careful", "easy-going"),
            ("outgoing", "reserved"),
            ("kind", "critical"),
            ("calm", "nervous"),
        ];
        let word = |(x, (much, little)): (f32, (&'static str, &'static str))| match x {
            x if x > 0.25 => Some(much),
            x if x < -0.25 => Some(little),
            _ => None,
        };
        self.numbers().into_iter().zip(pairs).filter_map(word).collect()
    }

    /// What counts for such a person, in words (after Schwartz's values, assigned by us).
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        let all = ["discovery", "achievement", "fun", "helping others", "peace of mind"];
        let held = self.numbers().into_iter().zip(all).filter(|(x, _)| *x > 0.25);
        held.map(|(_, value)| value.to_owned()).collect()
    }
}

impl Default for Routine {
    /// As often at any time of day.
    fn default() -> Self {
        Self([0.25; 4])
    }
}

impl Routine {
    /// A routine of one's own: the feed's hours (0.4, 1, 1.2, 1.4), each times an exponential.
    #[must_use]
    pub fn drawn(draws: &mut Draws) -> Self {
        let weights = [0.4, 1.0, 1.2, 1.4].map(|hours: f32| hours * -(unit(draws.word()).ln() as f32));
        let sum: f32 = weights.iter().sum();
        Self(weights.map(|weight| weight / sum))
    }

    /// The part of the day with the largest share.
    fn mostly(&self) -> Option<&'static str> {
        let parts = ["at night", "in the morning", "in the afternoon", "in the evening"];
        let most = (0..4).max_by(|&a, &b| self.0[a].total_cmp(&self.0[b]))?;
        (self.0[most] > 0.3).then_some(parts[most])
    }
}

impl Identity {
    /// Without the blocks that are switched off.
    #[must_use]
    pub fn with(self, blocks: Blocks) -> Self {
        Self {
            name: self.name,
            social: self.social.filter(|_| blocks.social),
            personal: self.personal.filter(|_| blocks.personal),
            life: self.life.filter(|_| blocks.life),
        }
    }

    /// Who they are, in the second person and in a few short sentences.
    #[must_use]
    pub fn persona(&self) -> String {
        let mut said = Vec::new();
        if !self.name.is_empty() {
            said.push(format!("Your name is {}.", self.name));
        }
        if let Some(social) = self.social.as_ref().filter(|social| !social.groups.is_empty()) {
            let groups = social.groups.iter().map(|(group, level)| format!("{group}: {level}"));
            said.push(format!("About you: {}.", groups.collect::<Vec<_>>().join("; ")));
        }
        if let Some(personal) = &self.personal {
            let words = personal.traits.words();
            said.push(match words.is_empty() {
                true => "You are like most people.".into(),
                false => format!("You are {}.", listed(&words)),
            });
            if !personal.values.is_empty() {
                said.push(format!("What counts for you: {}.", listed(&personal.values)));
            }
        }
        if let Some(life) = &self.life {
            said.extend(life.sentences());
        }
        said.join(" ")
    }

    /// People written down in TOML, as `[[person]]` tables.
    pub fn from_toml(text: &str) -> Result<Vec<Self>, UserError> {
        let people: People = toml::from_str(text).map_err(|error| UserError::Persona(error.to_string()))?;
        checked(people)
    }

    /// People written down in JSON, as `{"person": [...]}`.
    pub fn from_json(text: &str) -> Result<Vec<Self>, UserError> {
        let people: People =
            serde_json::from_str(text).map_err(|error| UserError::Persona(error.to_string()))?;
        checked(people)
    }
}

fn checked(people: People) -> Result<Vec<Identity>, UserError> {
    for personal in people.person.iter().filter_map(|it| it.personal.as_ref()) {
        if let Some(&value) = personal.traits.numbers().iter().find(|x| !(-1.0..=1.0).contains(*x)) {
            return Err(UserError::Parameter { name: "trait", value, allowed: "[-1, 1]" });
        }
    }
    Ok(people.person)
}

impl Life {
    fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        if !self.likes.is_empty() {
            said.push(format!("You like {}.", listed(&self.likes)));
        }
        if let Some(when) = self.routine.mostly() {
            said.push(format!("You mostly look at your feed {when}."));
        }
        if let Some(habits) = self.habits {
            let word = |level, [low, middle, high]: [&'static str; 3]| match level {
                Level::Low => low,
                Level::Middle => middle,
                Level::High => high,
            };
            said.push(format!(
                "You {}, {} and {}.",
                word(habits.activity, ["rarely use it", "use it now and then", "use it a lot"]),
                word(
                    habits.diversity,
                    ["keep to few topics", "look at several topics", "look at all kinds of things"]
                ),
                word(
                    habits.conformity,
                    [
                        "judge as most people do",
                        "sometimes judge otherwise than most",
                        "judge quite otherwise than most"
                    ]
                ),
            ));
        }
        said
    }
}

/// "a, b and c".
fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
