//! The tools that come with the recommender. Write another by implementing [`Tool`].

use recloop_env::{BlockKind, EnvSpec, ItemId};

use super::desk::{Call, Desk};
use crate::moments::moments;

/// Something an agentic recommender can do to one row's candidates.
///
/// It must go by the row and the call alone: rows are worked on in any order and in parallel.
///
/// ```
/// use recloop_agents::agentic::{Call, Desk, Tool, Toolbox};
/// use recloop_env::EnvSpec;
///
/// /// Leans towards long titles.
/// struct Wordy;
///
/// impl Tool for Wordy {
///     fn name(&self) -> &'static str { "wordy" }
///     fn about(&self) -> &'static str { "leans towards long titles" }
///     fn fits(&self, spec: &EnvSpec) -> bool { spec.durable_items }
///     fn work(&self, desk: &mut Desk<'_>, call: &Call) -> usize {
///         let seen = desk.seen();
///         let title = |item| seen.items.catalogue().map_or(0, |all| all.title(item).len());
///         desk.lean(call.weight, |item| title(item) as f32 / 100.0)
///     }
/// }
/// let toolbox = Toolbox::standard().with(Wordy);
/// assert!(toolbox.names().any(|name| name == "wordy"));
/// ```
pub trait Tool: Send + Sync {
    /// What planners call it.
    fn name(&self) -> &'static str;

    /// What it does, in a few words.
    fn about(&self) -> &'static str;

    /// Whether it has anything to work with in a world.
    fn fits(&self, spec: &EnvSpec) -> bool;

    /// What its calls hold besides a weight; the default is nothing.
    fn takes(&self) -> Takes {
        Takes::Nothing
    }

    /// Works on a row; tells how many items it moved.
    fn work(&self, desk: &mut Desk<'_>, call: &Call) -> usize;
}

/// What a tool must be told besides how strongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Which topic.
    Topic,
    /// Some words.
    Words,
}

/// Declares a tool that is a function.
macro_rules! tools {
    ($($(#[$doc:meta])* $type:ident $name:literal $about:literal $takes:ident $fits:expr, $work:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $type;

        impl Tool for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn about(&self) -> &'static str {
                $about
            }

            fn fits(&self, spec: &EnvSpec) -> bool {
                $fits(spec)
            }

            fn takes(&self) -> Takes {
                Takes::$takes
            }

            fn work(&self, desk: &mut Desk<'_>, call: &Call) -> usize {
                $work(desk, call)
            }
        }
    )*};
}

tools! {
    /// 1 for items of the call's topic.
    OfTopic "topic" "items of a topic" Topic has_topics, of_topic;
    /// The share of recent items that had the item's topic: away from it is towards what is new.
    Familiarity "familiar" "items of topics met lately" Nothing has_topics, familiar;
    /// How loud a title is, from 0 to 1: see [`loudness`].
    Loudness "loud" "titles that shout or tease" Nothing lasts, loud;
    /// How many standard deviations an item's logarithmic length lies above the mean of the row's.
    Length "long" "items that take long" Nothing |spec: &EnvSpec| spec.item_features.find("length_secs").is_some(), long;
    /// The share of the call's words that stand in an item's title.
    Words "words" "titles with these words" Words lasts, words;
    /// The mean cosine of an item and those clicked lately, by `embedding`.
    Neighbours "neighbours" "items like those clicked lately" Nothing has_embeddings, neighbours;
    /// The share of recent clicks that were on items of the same creator.
    SameCreator "creator" "items of creators clicked lately" Nothing lasts, same_creator;
    /// How many better items of its topic stand before an item, as the scores are now: away from it spreads a slate.
    Repetition "repeat" "second and further items of a topic" Nothing has_topics, repetition;
}

fn lasts(spec: &EnvSpec) -> bool {
    spec.durable_items
}

fn has_topics(spec: &EnvSpec) -> bool {
    spec.item_features.find("topic").is_some_and(|block| matches!(block.kind, BlockKind::Category { .. }))
}

fn has_embeddings(spec: &EnvSpec) -> bool {
    spec.durable_items && spec.item_features.find("embedding").is_some()
}

fn of_topic(desk: &mut Desk<'_>, call: &Call) -> usize {
    let (Some(block), Some(topic)) = (desk.category("topic"), call.topic) else { return 0 };
    let (seen, row) = (desk.seen(), desk.row());
    desk.lean(call.weight, |item| f32::from(u8::from(seen.items.code(block, row, item) == topic)))
}

fn familiar(desk: &mut Desk<'_>, call: &Call) -> usize {
    let Some(block) = desk.category("topic") else { return 0 };
    let (seen, row) = (desk.seen(), desk.row());
    let past: Vec<u16> = desk.past().map(|(item, _)| seen.items.code(block, row, item)).collect();
    let n = past.len().max(1) as f32;
    let share = |topic: u16| past.iter().filter(|other| **other == topic).count() as f32 / n;
    desk.lean(call.weight, |item| share(seen.items.code(block, row, item)))
}

fn loud(desk: &mut Desk<'_>, call: &Call) -> usize {
    let catalogue = desk.seen().items.catalogue();
    desk.lean(call.weight, |item| catalogue.map_or(0.0, |all| loudness(all.title(item))))
}

fn long(desk: &mut Desk<'_>, call: &Call) -> usize {
    let Some(block) = desk.numbers("length_secs") else { return 0 };
    let (seen, row) = (desk.seen(), desk.row());
    let log = |item: ItemId| seen.items.dense(block, row, item)[0].max(1e-3).ln();
    let logs: Vec<f32> = desk.items().map(|(item, _)| log(item)).collect();
    let (mean, sd) = moments(logs.iter().copied());
    let sd = if sd > 0.0 { sd as f32 } else { return 0 };
    desk.lean(call.weight, |item| (log(item) - mean as f32) / sd)
}

fn words(desk: &mut Desk<'_>, call: &Call) -> usize {
    let wanted: Vec<String> = in_words(&call.words).filter(|word| word.chars().count() > 3).collect();
    let (catalogue, n) = (desk.seen().items.catalogue(), wanted.len().max(1) as f32);
    let share = |title: &str| {
        let found: Vec<String> = in_words(title).collect();
        wanted.iter().filter(|word| found.contains(word)).count() as f32 / n
    };
    desk.lean(call.weight, |item| catalogue.map_or(0.0, |all| share(all.title(item))))
}

fn neighbours(desk: &mut Desk<'_>, call: &Call) -> usize {
    let Some(block) = desk.numbers("embedding") else { return 0 };
    let (seen, row) = (desk.seen(), desk.row());
    let vector = |item: ItemId| seen.items.dense(block, row, item);
    let liked: Vec<ItemId> = desk.past().filter(|(_, clicked)| *clicked).map(|(item, _)| item).collect();
    let mut sum = vec![0.0; block.length()];
    for (x, y) in liked.iter().flat_map(|item| vector(*item).iter().enumerate()) {
        sum[x] += y / liked.len() as f32;
    }
    desk.lean(call.weight, |item| vector(item).iter().zip(&sum).map(|(a, b)| a * b).sum())
}

fn same_creator(desk: &mut Desk<'_>, call: &Call) -> usize {
    let Some(catalogue) = desk.seen().items.catalogue() else { return 0 };
    let clicked = desk.past().filter(|(_, clicked)| *clicked);
    let made: Vec<_> = clicked.map(|(item, _)| catalogue.creator(item)).collect();
    let n = made.len().max(1) as f32;
    let share = |item| made.iter().filter(|who| **who == catalogue.creator(item)).count() as f32 / n;
    desk.lean(call.weight, share)
}

fn repetition(desk: &mut Desk<'_>, call: &Call) -> usize {
    let Some(block) = desk.category("topic") else { return 0 };
    let mut order: Vec<(ItemId, f32)> = desk.items().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut before = std::collections::BTreeMap::new();
    let mut ranks: Vec<(ItemId, f32)> = Vec::with_capacity(order.len());
    for (item, _) in order {
        let n: &mut u16 = before.entry(desk.code(block, item)).or_default();
        ranks.push((item, f32::from(*n)));
        *n = n.saturating_add(1);
    }
    ranks.sort_by_key(|(item, _)| *item);
    desk.lean(call.weight, |item| {
        ranks.binary_search_by_key(&item, |(item, _)| *item).map_or(0.0, |at| ranks[at].1)
    })
}

/// Words of titles that promise more than they tell (chosen by us).
const TEASES: [&str; 16] = [
    "believe",
    "wait for",
    "secret",
    "shocking",
    "nobody",
    "everybody",
    "weird",
    "trick",
    "hate",
    "hide",
    "the truth",
    "what happened",
    "mistake",
    "gone wrong",
    "the end of",
    "for a week",
];

/// How loud a title is, from 0 to 1: a half for an exclamation mark, a half for a word in capitals, a half for a phrase that
/// teases, never more than 1.
///
/// It reads what everybody sees. Titles of bait are written loud; quality it cannot tell.
#[must_use]
pub fn loudness(title: &str) -> f32 {
    let lower = title.to_lowercase();
    let shouts =
        |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 2 && word.to_uppercase() == word;
    let signs = [
        title.contains('!'),
        title.split_whitespace().any(shouts),
        TEASES.iter().any(|phrase| lower.contains(phrase)),
    ];
    (signs.iter().filter(|sign| **sign).count() as f32 / 2.0).min(1.0)
}

fn in_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}
