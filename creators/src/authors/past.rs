//! What creators remember of their own titles, and how those did.

use recloop_env::{CreatorId, ItemId, OwnFeedback, Snapshot, SnapshotError};

use crate::roster::{corrupt, row, rows};

/// Own titles a creator has in mind (chosen by us).
const IN_MIND: usize = 5;
/// Longest title kept, in characters; those of data may be any (chosen by us).
const KEPT_CHARS: usize = 80;

/// A title and what became of its item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Title {
    pub(super) topic: u16,
    pub(super) title: String,
    pub(super) impressions: u32,
    pub(super) clicks: u32,
    /// Not known before the item is told of.
    pub(super) item: Option<ItemId>,
}

/// Row by row of creators.
///
/// Ids are given in the order of publication and every item is told of once it is published, so an id above all known
/// ones is the oldest title not yet heard of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Past {
    /// The latest heard of, oldest first.
    heard: Vec<Vec<Title>>,
    unheard: Vec<Vec<Title>>,
    /// Turns to publish that were taken or let pass.
    decided: Vec<u32>,
}

impl Past {
    fn at(&mut self, creator: CreatorId) -> usize {
        let n = self.decided.len().max(creator.index() + 1);
        self.heard.resize(n, Vec::new());
        self.unheard.resize(n, Vec::new());
        self.decided.resize(n, 0);
        creator.index()
    }

    /// The titles that a creator has heard of, oldest first.
    pub(super) fn of(&self, creator: CreatorId) -> &[Title] {
        self.heard.get(creator.index()).map_or(&[], |titles| titles)
    }

    /// How often it was a creator's turn to publish.
    pub(super) fn published(&self, creator: CreatorId) -> u32 {
        self.decided.get(creator.index()).copied().unwrap_or(0)
    }

    pub(super) fn n_unheard(&self, creator: CreatorId) -> usize {
        self.unheard.get(creator.index()).map_or(0, Vec::len)
    }

    /// It was a creator's turn to publish.
    pub(super) fn decide(&mut self, creator: CreatorId) {
        let at = self.at(creator);
        self.decided[at] += 1;
    }

    pub(super) fn publish(&mut self, creator: CreatorId, topic: u16, title: &str) {
        let at = self.at(creator);
        // On one line: that is how snapshots tell titles apart.
        let line = title.chars().map(|c| if c.is_control() { ' ' } else { c });
        let title = line.take(KEPT_CHARS).collect();
        self.unheard[at].push(Title { topic, title, impressions: 0, clicks: 0, item: None });
    }

    /// Takes in what a creator is told.
    pub(super) fn hear(&mut self, own: &OwnFeedback) {
        let at = self.at(own.creator);
        let (heard, unheard) = (&mut self.heard[at], &mut self.unheard[at]);
        for news in &own.items {
            let known = heard.iter().position(|title| title.item == Some(news.item));
            let is_newest = heard.last().is_none_or(|last| last.item < Some(news.item));
            let place = match known {
                Some(place) => place,
                None if is_newest && !unheard.is_empty() => {
                    heard.push(Title { item: Some(news.item), ..unheard.remove(0) });
                    heard.len() - 1
                }
                None => continue,
            };
            heard[place].impressions += news.impressions;
            heard[place].clicks += news.clicks;
        }
        heard.drain(..heard.len().saturating_sub(IN_MIND));
    }

    pub(super) fn save(&self) -> Snapshot {
        let mut out = Snapshot::default();
        out.put_u32("decided", 1, &self.decided);
        let all = || rows(&self.heard).chain(rows(&self.unheard));
        let numbers = all().flat_map(|(at, title)| {
            let item = title.item.map_or(u32::MAX, |item| item.0);
            [at, item, title.topic.into(), title.impressions, title.clicks]
        });
        out.put_u32("titles", 5, &numbers.collect::<Vec<_>>());
        let lines: String = all().flat_map(|(_, title)| [title.title.as_str(), "\n"]).collect();
        out.put_bytes("lines", lines.into_bytes());
        out
    }

    /// As it was saved, of creators of `n_topics` topics.
    pub(super) fn load(from: &Snapshot, n_topics: usize) -> Result<Self, SnapshotError> {
        let decided = from.get_u32_vec("decided")?.to_vec();
        let mut past = Self {
            heard: vec![Vec::new(); decided.len()],
            unheard: vec![Vec::new(); decided.len()],
            decided,
        };
        let numbers = from.get_u32_vec("titles")?;
        let lines =
            std::str::from_utf8(from.get_bytes("lines")?).map_err(|_| corrupt("lines", "it is no text"))?;
        if lines.lines().count() * 5 != numbers.len() {
            return Err(corrupt(
                "lines",
                &format!("{} titles for {} numbers", lines.lines().count(), numbers.len()),
            ));
        }
        for (numbers, line) in numbers.chunks_exact(5).zip(lines.lines()) {
            let [at, item, topic, impressions, clicks] = [0, 1, 2, 3, 4].map(|i| numbers[i]);
            if topic as usize >= n_topics {
                return Err(corrupt("titles", &format!("there is no topic {topic}")));
            }
            let item = (item != u32::MAX).then_some(ItemId(item));
            let list = if item.is_some() { &mut past.heard } else { &mut past.unheard };
            let title = Title { topic: topic as u16, title: line.to_owned(), impressions, clicks, item };
            row(list, "titles", at)?.push(title);
        }
        Ok(past)
    }
}
