//! Titles and tags: a small grammar per topic, so that a reader of a log sees what an item promises.
//!
//! An item's title tells its tag and its bait, never its quality: that is for people to find out. Titles are drawn with
//! one word each, so that no draw of an item moves when the grammar grows. All phrases are ours.

use std::borrow::Cow;

use recloop_env::below;

/// Tags each topic has.
pub(crate) const TAGS: usize = 8;

/// How the items of one topic are tagged and titled; `{}` stands for the tag.
struct Theme {
    topic: &'static str,
    tags: [&'static str; TAGS],
    titles: [&'static str; 4],
}

/// For the topics of [`recloop_env::Topics::new`], by name.
const THEMES: [Theme; 14] = [
    Theme {
        topic: "cooking",
        tags: ["pasta", "sourdough", "curry", "soup", "grilling", "dumplings", "desserts", "leftovers"],
        titles: ["{} step by step", "A weeknight guide to {}", "{} for two", "What I learned making {}"],
    },
    Theme {
        topic: "football",
        tags: [
            "penalties",
            "free kicks",
            "pressing",
            "goalkeeping",
            "youth teams",
            "derby day",
            "transfers",
            "tactics",
        ],
        titles: ["{} explained", "The week in {}", "{}: the numbers", "A coach talks {}"],
    },
    Theme {
        topic: "music",
        tags: [
            "jazz piano",
            "guitar riffs",
            "drumming",
            "choirs",
            "synths",
            "vinyl",
            "songwriting",
            "live sets",
        ],
        titles: ["An evening of {}", "{} for beginners", "{} up close", "Notes on {}"],
    },
    Theme {
        topic: "travel",
        tags: [
            "night trains",
            "islands",
            "street food",
            "hiking huts",
            "old towns",
            "border crossings",
            "deserts",
            "ferries",
        ],
        titles: ["Three days of {}", "{} on a budget", "A slow look at {}", "{}: what to pack"],
    },
    Theme {
        topic: "comedy",
        tags: [
            "sketches",
            "stand-up",
            "puns",
            "office humour",
            "impressions",
            "slapstick",
            "parody",
            "dad jokes",
        ],
        titles: ["Two minutes of {}", "{}, unscripted", "New {} from the back room", "{}: the outtakes"],
    },
    Theme {
        topic: "science",
        tags: [
            "black holes",
            "fungi",
            "volcanoes",
            "batteries",
            "vaccines",
            "deep sea",
            "prime numbers",
            "sleep",
        ],
        titles: ["The science of {}", "{} in plain words", "What we know about {}", "{}: a new result"],
    },
    Theme {
        topic: "fashion",
        tags: [
            "denim",
            "thrift finds",
            "sneakers",
            "knitwear",
            "tailoring",
            "raincoats",
            "jewellery",
            "hats",
        ],
        titles: ["{} that last", "How to wear {}", "{} under the microscope", "Mending and {}"],
    },
    Theme {
        topic: "gaming",
        tags: ["speedruns", "strategy", "retro", "co-op", "level design", "roguelikes", "racing", "puzzles"],
        titles: ["A first look at {}", "{}: one full round", "Getting better at {}", "{} with commentary"],
    },
    Theme {
        topic: "news",
        tags: ["elections", "housing", "climate", "trade", "courts", "health", "railways", "schools"],
        titles: ["{}: today in brief", "{}, with sources", "What changed in {}", "{}: both sides"],
    },
    Theme {
        topic: "fitness",
        tags: ["running", "mobility", "kettlebells", "yoga", "swimming", "cycling", "climbing", "rowing"],
        titles: ["{} in twenty minutes", "A plan for {}", "{} without injuries", "{}: form check"],
    },
    Theme {
        topic: "pets",
        tags: [
            "kittens",
            "puppies",
            "parrots",
            "rabbits",
            "aquariums",
            "old dogs",
            "tortoises",
            "rescue cats",
        ],
        titles: ["A morning with {}", "Caring for {}", "{} meet the vacuum", "Training {}"],
    },
    Theme {
        topic: "crafts",
        tags: [
            "woodwork",
            "pottery",
            "origami",
            "quilting",
            "soldering",
            "bookbinding",
            "weaving",
            "leather",
        ],
        titles: ["{} from scratch", "{}: tools you need", "Fixing a mistake in {}", "One weekend of {}"],
    },
    Theme {
        topic: "cars",
        tags: [
            "hatchbacks",
            "oil changes",
            "classics",
            "electric range",
            "rally",
            "tyres",
            "road trips",
            "wagons",
        ],
        titles: ["{}: a long test", "{} without a garage", "Driving home with {}", "{} compared"],
    },
    Theme {
        topic: "film",
        tags: [
            "film noir",
            "animation",
            "documentaries",
            "soundtracks",
            "stunts",
            "westerns",
            "short films",
            "editing",
        ],
        titles: ["{}: where to begin", "One scene of {}", "{}, frame by frame", "A defence of {}"],
    },
];

/// For any other topic: tags are the topic's name and one of these.
const ANY_TAGS: [&str; TAGS] =
    ["basics", "classics", "news", "stories", "highlights", "questions", "favourites", "deep cuts"];
const ANY_TITLES: [&str; 4] = ["{} in brief", "A look at {}", "More {}", "{}, the long version"];

/// Bait from which a title teases, and from which it shouts (chosen by us).
const TEASES_FROM: f32 = 0.4;
const SHOUTS_FROM: f32 = 0.7;

/// How much a title promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Teasing,
    Loud,
}

impl Tone {
    /// That of an item with this bait.
    pub(crate) fn of(bait: f32) -> Self {
        match bait {
            bait if bait >= SHOUTS_FROM => Self::Loud,
            bait if bait >= TEASES_FROM => Self::Teasing,
            _ => Self::Plain,
        }
    }
}

const TEASES: [&str; 6] = [
    "The truth about {}",
    "{}: what nobody tells you",
    "I tried {} for a week",
    "Is this the end of {}?",
    "The one {} mistake everybody makes",
    "{}: wait for the ending",
];
const SHOUTS: [&str; 6] = [
    "You won't believe this {} secret!!",
    "{} GONE WRONG (not clickbait)",
    "They tried to hide this about {}",
    "SHOCKING: {} will never be the same",
    "One weird {} trick experts hate",
    "I can't believe I'm showing you this... {}!",
];

/// The `nth` tag of a topic.
pub(crate) fn tag(topic: &str, nth: usize) -> Cow<'static, str> {
    theme(topic).map_or_else(|| format!("{topic} {}", ANY_TAGS[nth]).into(), |theme| theme.tags[nth].into())
}

/// A title for an item of a topic with this tag and bait.
pub(crate) fn title(topic: &str, tag: &str, bait: f32, word: u32) -> String {
    let phrases: &[&str] = match Tone::of(bait) {
        Tone::Loud => &SHOUTS,
        Tone::Teasing => &TEASES,
        Tone::Plain => theme(topic).map_or(&ANY_TITLES, |theme| &theme.titles),
    };
    let phrase = phrases[below(word, phrases.len() as u32) as usize];
    capitalised(phrase.replace("{}", tag))
}

fn theme(topic: &str) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.topic == topic)
}

fn capitalised(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase(); // most begin so, and then nothing is copied
        return text;
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const FIRST_NAMES: [&str; 32] = [
    "Ada", "Ben", "Chidi", "Dana", "Emre", "Fatima", "Greta", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Malik",
    "Nora", "Omar", "Priya", "Quentin", "Rosa", "Sami", "Tove", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf",
    "Zoe", "Arjun", "Bo", "Carla", "Dmitri", "Elif", "Freya",
];

/// What a creator of a topic is called; the number makes it unique.
pub(crate) fn creator(topic: &str, word: u32, number: u32) -> String {
    let first = FIRST_NAMES[below(word, FIRST_NAMES.len() as u32) as usize];
    format!("{first} on {topic} #{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::Topics;

    #[test]
    fn every_named_topic_has_a_theme_of_its_own() {
        let topics = Topics::new(15, 2);
        for name in &topics.names[..14] {
            assert!(theme(name).is_some(), "{name}");
        }
        assert!(theme(&topics.names[14]).is_none());
        let tags: std::collections::BTreeSet<_> = THEMES.iter().flat_map(|theme| theme.tags).collect();
        assert_eq!(tags.len(), 14 * TAGS);
    }

    #[test]
    fn a_title_shows_bait() {
        assert_eq!(title("cooking", "pasta", 0.1, 0), "Pasta step by step");
        assert_eq!(title("cooking", "pasta", 0.4, u32::MAX), "Pasta: wait for the ending");
        assert_eq!(title("cooking", "pasta", 0.9, 0), "You won't believe this pasta secret!!");
        let tag = tag("polka", 2);
        assert_eq!(title("polka", &tag, 0.0, u32::MAX / 2 + 1), "More polka news");
        assert_eq!(creator("polka", 0, 7), "Ada on polka #7");
    }
}
