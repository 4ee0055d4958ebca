//! What a user wants of its feed, as something that can be said, understood and obeyed.

use serde::{Deserialize, Serialize};

/// What kind of change is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// More of a topic.
    MoreOf,
    /// Less of a topic.
    LessOf,
    /// What was not shown lately.
    SomethingNew,
    /// Wrappings that promise less.
    Calmer,
    /// Items that are over sooner.
    Shorter,
    /// Something else, in words of its own.
    Free,
}

/// How much it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// A bit.
    Slight,
    /// Plainly.
    #[default]
    Plain,
    /// Very much.
    Strong,
}

/// A reflective instruction: said before leaving, instead of leaving.
///
/// Numeric users say it by a small grammar, others in their own words; either way it travels as a
/// [`Message`](crate::Message), and whoever obeys has to [understand](Instruction::parse) it. Nothing a user does depends
/// on having been understood, but by what it is then shown.
///
/// ```
/// use recloop_env::{Instruction, Strength, Wish};
/// let topics = ["cooking".to_owned(), "music".to_owned()];
/// let said = Instruction { topic: Some(1), strength: Strength::Strong, ..Instruction::of(Wish::LessOf) };
/// assert_eq!(said.say(&topics), "Much less music, please.");
/// assert_eq!(Instruction::parse("much less music, please!", &topics), said);
/// let own = Instruction::parse("I'm tired of all this cooking", &topics);
/// assert_eq!((own.wish, own.topic), (Wish::LessOf, Some(0)));
/// ```
///
/// # Source
/// RecoWorld (2025), "Building simulated environments for agentic recommender systems", arXiv 2509.10397, for the idea; the
/// grammar is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// What is wanted.
    pub wish: Wish,
    /// Of which topic, for [`Wish::MoreOf`] and [`Wish::LessOf`].
    pub topic: Option<u16>,
    /// How much.
    pub strength: Strength,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The words of a [`Wish::Free`] one; empty otherwise.
    pub text: String,
}

/// What stands between an instruction and its reason.
const BECAUSE: &str = " Because ";

/// Words that say how much.
const SLIGHTLY: [&str; 5] = ["a bit", "a little", "slightly", "perhaps", "somewhat"];
const STRONGLY: [&str; 6] = ["much ", "a lot", "really", "no more", "stop", "way "];
/// Words that turn down a topic, that ask for one, and those of the wishes without a topic.
const AGAINST: [&str; 10] =
    ["less", "fewer", "no more", "stop", "tired of", "enough", "sick of", "too much", "too many", "without"];
const FOR: [&str; 8] = ["more", "want", "show me", "like", "love", "give me", "into", "prefer"];
const NEW: [&str; 6] = ["something new", "something else", "different", "variety", "surprise", "same thing"];
const CALM: [&str; 6] = ["calm", "quiet", "clickbait", "shouting", "loud", "less exciting"];
const SHORT: [&str; 4] = ["short", "brief", "too long", "quick"];

impl Instruction {
    /// One of this kind: plain, of no topic, without a reason.
    #[must_use]
    pub fn of(wish: Wish) -> Self {
        Self { wish, topic: None, strength: Strength::Plain, reason: None, text: String::new() }
    }

    /// The words for it, given what topics are called.
    #[must_use]
    pub fn say(&self, topics: &[String]) -> String {
        let topic = self.topic.and_then(|topic| topics.get(usize::from(topic)));
        let topic = topic.map_or("of that", String::as_str);
        let by = |slight: &str, plain: &str, strong: &str| match self.strength {
            Strength::Slight => slight.to_owned(),
            Strength::Plain => plain.to_owned(),
            Strength::Strong => strong.to_owned(),
        };
        let mut words = match self.wish {
            Wish::MoreOf => format!("{} {topic}, please.", by("A bit more", "More", "Much more")),
            Wish::LessOf => format!("{} {topic}, please.", by("A bit less", "Less", "Much less")),
            Wish::SomethingNew => {
                by("Perhaps something new.", "Show me something new.", "I really want something new.")
            }
            Wish::Calmer => by("A bit calmer, please.", "Calmer, please.", "Much calmer, please."),
            Wish::Shorter => {
                by("A bit shorter ones, please.", "Shorter ones, please.", "Much shorter ones, please.")
            }
            Wish::Free => self.text.clone(),
        };
        if let Some(reason) = &self.reason {
            words.push_str(BECAUSE);
            words.push_str(reason);
        }
        words
    }

    /// What somebody may have meant: what [`say`](Instruction::say) says comes back as it was; of other words the topic named,
    /// and what is wanted of it, as far as a few words tell; else [`Wish::Free`].
    #[must_use]
    pub fn parse(words: &str, topics: &[String]) -> Self {
        let (asked, reason) = words.split_once(BECAUSE).unwrap_or((words, ""));
        let heard = asked.to_lowercase();
        let any = |all: &[&str]| all.iter().any(|word| heard.contains(word));
        let topic = named(&heard, topics);
        let wish = match topic {
            Some(_) if any(&AGAINST) => Wish::LessOf,
            Some(_) if any(&FOR) => Wish::MoreOf,
            _ if any(&NEW) => Wish::SomethingNew,
            _ if any(&CALM) => Wish::Calmer,
            _ if any(&SHORT) => Wish::Shorter,
            _ => Wish::Free,
        };
        let strength = match () {
            () if wish == Wish::Free => Strength::Plain,
            () if any(&SLIGHTLY) => Strength::Slight,
            () if any(&STRONGLY) => Strength::Strong,
            () => Strength::Plain,
        };
        Self {
            wish,
            topic: topic.filter(|_| matches!(wish, Wish::MoreOf | Wish::LessOf)),
            strength,
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            text: if wish == Wish::Free { asked.to_owned() } else { String::new() },
        }
    }
}

/// The topic whose name stands in some words, as words of its own; the longest of several.
fn named(heard: &str, topics: &[String]) -> Option<u16> {
    let stands = |name: &str| {
        let around = |at: usize| {
            let (before, after) = (&heard[..at], &heard[at + name.len()..]);
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        };
        !name.is_empty() && heard.match_indices(name).any(|(at, _)| around(at))
    };
    let found = (0..).zip(topics).filter(|(_, name)| stands(&name.to_lowercase()));
    found.max_by_key(|(at, name)| (name.len(), std::cmp::Reverse(*at))).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Topics;

    const WISHES: [Wish; 5] = [Wish::MoreOf, Wish::LessOf, Wish::SomethingNew, Wish::Calmer, Wish::Shorter];
    const STRENGTHS: [Strength; 3] = [Strength::Slight, Strength::Plain, Strength::Strong];

    #[test]
    fn what_is_said_is_understood() {
        let topics = Topics::new(20, 2).names;
        for (wish, strength) in WISHES.into_iter().flat_map(|wish| STRENGTHS.map(|strength| (wish, strength)))
        {
            let of_topic = matches!(wish, Wish::MoreOf | Wish::LessOf);
            for topic in (0..20).map(|topic| of_topic.then_some(topic)) {
                for reason in [None, Some("the last ones had less music than said".to_owned())] {
                    let said = Instruction { topic, strength, reason, ..Instruction::of(wish) };
                    assert_eq!(Instruction::parse(&said.say(&topics), &topics), said);
                }
            }
        }
    }

    #[test]
    fn own_words_are_understood_as_far_as_they_tell() {
        let topics: Vec<String> = ["car", "cars and bikes", "music"].map(Into::into).into();
        let of = |words: &str| {
            let heard = Instruction::parse(words, &topics);
            (heard.wish, heard.topic, heard.strength)
        };
        assert_eq!(of("I really love music"), (Wish::MoreOf, Some(2), Strength::Strong));
        assert_eq!(of("ENOUGH cars and bikes"), (Wish::LessOf, Some(1), Strength::Plain));
        assert_eq!(of("scarves, more scarves"), (Wish::Free, None, Strength::Plain));
        assert_eq!(of("always the same thing here"), (Wish::SomethingNew, None, Strength::Plain));
        assert_eq!(of("a bit less clickbait"), (Wish::Calmer, None, Strength::Slight));
        assert_eq!(Instruction::parse("why?", &topics).text, "why?");
        assert_eq!(of("\u{202e}ÄÖ İ more"), (Wish::Free, None, Strength::Plain));
        assert_eq!(Instruction::parse("", &[String::new()]).wish, Wish::Free);
    }
}
