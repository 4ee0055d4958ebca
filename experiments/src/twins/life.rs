//! One person's life under one recommender, as it can be told.

use serde::{Deserialize, Serialize};

/// What one person met under one recommender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Life {
    /// The recommender.
    pub recommender: String,
    /// Every session, in order.
    pub sessions: Vec<SessionTold>,
    /// Whether the person left for good before the run ended.
    pub left: bool,
    /// Latent numbers of the person after the last slate, by name.
    pub state: Vec<(String, f32)>,
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionTold {
    /// Which visit of this person, from 0.
    pub visit: u32,
    /// Its slates, in order.
    pub slates: Vec<SlateTold>,
}

/// One slate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlateTold {
    /// In which tick.
    pub tick: u32,
    /// The person's own clock: seconds since the world began.
    pub time_secs: f64,
    /// Its items, the top one first.
    pub items: Vec<ItemTold>,
}

/// One impression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemTold {
    /// The item's id; in worlds whose items last one tick, its place among the candidates.
    pub item: u32,
    /// What people read, or what else is known to tell it by.
    pub title: String,
    /// What the person did, and why.
    pub outcome: Outcome,
    /// Seconds spent on it.
    pub dwell_secs: f32,
    /// Signals that are not zero, by name.
    pub signals: Vec<(String, f32)>,
    /// Why, in the user model's own terms; empty where it tells none.
    pub terms: Vec<(String, f32)>,
}

/// What came of an impression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was clicked.
    Clicked,
    /// It stood further down than the person looked.
    NotReached,
    /// It was seen and declined; the term named fell furthest behind what this person clicks.
    Declined(String),
    /// It was seen and declined although nothing speaks against it.
    Unlucky,
    /// It was not clicked, and the user model does not say why.
    PassedOver,
}

/// Terms that user models share, by name.
const EXAMINED: &str = "examined";
const CHANCE: &str = "click chance";
/// Terms that are no reason to decline one item rather than another.
const NO_REASON: &[&str] = &[EXAMINED, CHANCE, "luck", "threshold", "experience"];

impl ItemTold {
    /// A term by its name.
    #[must_use]
    pub fn term(&self, name: &str) -> Option<f32> {
        self.terms.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Whether the person looked at it, as far as the user model says.
    #[must_use]
    pub fn is_examined(&self) -> bool {
        self.term(EXAMINED).is_none_or(|examined| examined > 0.0)
    }

    /// How likely a click was once it was looked at.
    #[must_use]
    pub fn chance(&self) -> Option<f32> {
        self.term(CHANCE)
    }

    fn reasons(&self) -> impl Iterator<Item = &(String, f32)> {
        self.terms.iter().filter(|(name, _)| !NO_REASON.contains(&name.as_str()))
    }

    fn judge(&mut self, usual: &[(String, f32)]) {
        if self.outcome == Outcome::Clicked {
            return;
        }
        let behind = |(name, value): &(String, f32)| {
            let (_, usual) = usual.iter().find(|(known, _)| known == name)?;
            Some((name.clone(), usual - value)).filter(|(_, behind)| *behind > 0.0)
        };
        let worst = self.reasons().filter_map(behind).max_by(|a, b| a.1.total_cmp(&b.1));
        self.outcome = match (worst, self.chance()) {
            _ if self.terms.is_empty() => Outcome::PassedOver,
            _ if !self.is_examined() => Outcome::NotReached,
            (_, Some(chance)) if chance >= 0.5 => Outcome::Unlucky,
            (Some((name, _)), _) => Outcome::Declined(name),
            (None, _) => Outcome::Unlucky,
        };
    }
}

/// Mean terms of the items this person clicked in any of `lives`, or of all they looked at if they clicked none: what
/// a declined item is held against.
pub(super) fn usual(lives: &[Life]) -> Vec<(String, f32)> {
    let items = || lives.iter().flat_map(Life::slates).flat_map(|slate| &slate.items);
    let clicked = || items().filter(|item| item.outcome == Outcome::Clicked);
    let mean = |items: &mut dyn Iterator<Item = &ItemTold>| {
        let mut sums: Vec<(String, f64, f64)> = Vec::new();
        for (name, value) in items.flat_map(ItemTold::reasons) {
            let at = sums.iter().position(|(known, ..)| known == name);
            let at = at.unwrap_or_else(|| {
                sums.push((name.clone(), 0.0, 0.0));
                sums.len() - 1
            });
            let (_, sum, n) = &mut sums[at];
            (*sum, *n) = (*sum + f64::from(*value), *n + 1.0);
        }
        sums.into_iter().map(|(name, sum, n)| (name, (sum / n) as f32)).collect()
    };
    match clicked().next() {
        Some(_) => mean(&mut clicked()),
        None => mean(&mut items().filter(|item| item.is_examined())),
    }
}

impl Life {
    /// Every slate, in order.
    pub fn slates(&self) -> impl Iterator<Item = &SlateTold> {
        self.sessions.iter().flat_map(|session| &session.slates)
    }

    /// Which session and which slate in it is the `at`-th of all slates.
    #[must_use]
    pub fn place(&self, at: usize) -> Option<(usize, usize)> {
        let places = self.sessions.iter().enumerate();
        places.flat_map(|(session, told)| (0..told.slates.len()).map(move |slate| (session, slate))).nth(at)
    }

    /// Says why what was declined was declined.
    pub(super) fn judge(&mut self, usual: &[(String, f32)]) {
        let slates = self.sessions.iter_mut().flat_map(|session| &mut session.slates);
        slates.flat_map(|slate| &mut slate.items).for_each(|item| item.judge(usual));
    }

    /// Minutes spent on what was clicked.
    #[must_use]
    pub fn minutes(&self) -> f64 {
        self.slates().map(SlateTold::minutes).sum()
    }

    /// Items clicked.
    #[must_use]
    pub fn clicks(&self) -> usize {
        self.slates().map(SlateTold::clicks).sum()
    }
}

impl SlateTold {
    /// Minutes spent on what was clicked.
    #[must_use]
    pub fn minutes(&self) -> f64 {
        self.items.iter().map(|item| f64::from(item.dwell_secs)).sum::<f64>() / 60.0
    }

    /// Items clicked.
    #[must_use]
    pub fn clicks(&self) -> usize {
        self.items.iter().filter(|item| item.outcome == Outcome::Clicked).count()
    }

    /// Whether it shows the same items in the same order.
    #[must_use]
    pub fn shows_same(&self, other: &Self) -> bool {
        let shown = |slate: &'_ Self| {
            slate.items.iter().map(|item| (item.item, item.title.clone())).collect::<Vec<_>>()
        };
        shown(self) == shown(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(outcome: Outcome, terms: &[(&str, f32)]) -> ItemTold {
        let terms = terms.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        ItemTold { item: 0, title: String::new(), outcome, dwell_secs: 30.0, signals: vec![], terms }
    }

    fn life(items: Vec<ItemTold>) -> Life {
        let slate = SlateTold { tick: 0, time_secs: 0.0, items };
        let sessions = vec![SessionTold { visit: 0, slates: vec![slate.clone(), slate] }];
        Life { recommender: "mf".into(), sessions, left: false, state: vec![] }
    }

    #[test]
    fn the_reason_is_what_falls_furthest_behind_what_is_clicked() {
        let clicked = item(Outcome::Clicked, &[("taste", 2.0), ("quality", 1.0), ("click chance", 0.6)]);
        let of = |taste, quality, chance, examined| {
            let terms =
                [("taste", taste), ("quality", quality), ("click chance", chance), ("examined", examined)];
            item(Outcome::PassedOver, &terms)
        };
        let mut life = life(vec![
            clicked,
            of(1.5, -1.0, 0.1, 1.0),
            of(0.0, 1.5, 0.1, 1.0),
            of(0.0, 1.5, 0.1, 0.0),
            of(1.9, 1.0, 0.7, 1.0),
            of(3.0, 3.0, 0.4, 1.0),
            item(Outcome::PassedOver, &[]),
        ]);
        let usual = usual(std::slice::from_ref(&life));
        assert_eq!(usual, [("taste".to_owned(), 2.0), ("quality".to_owned(), 1.0)]);
        life.judge(&usual);
        let outcomes: Vec<_> =
            life.sessions[0].slates[1].items.iter().map(|item| item.outcome.clone()).collect();
        assert_eq!(
            outcomes,
            [
                Outcome::Clicked,
                Outcome::Declined("quality".into()),
                Outcome::Declined("taste".into()),
                Outcome::NotReached,
                Outcome::Unlucky,
                Outcome::Unlucky,
                Outcome::PassedOver,
            ]
        );
    }

    #[test]
    fn whoever_clicks_nothing_is_judged_by_what_they_looked_at() {
        let looked = item(Outcome::PassedOver, &[("taste", 1.0), ("examined", 1.0)]);
        let missed = item(Outcome::PassedOver, &[("taste", 9.0), ("examined", 0.0)]);
        assert_eq!(usual(&[life(vec![looked, missed])]), [("taste".to_owned(), 1.0)]);
    }

    #[test]
    fn slates_are_counted_across_sessions() {
        let mut life = life(vec![item(Outcome::Clicked, &[])]);
        life.sessions.push(SessionTold { visit: 1, slates: vec![life.sessions[0].slates[0].clone()] });
        assert_eq!([life.place(1), life.place(2), life.place(3)], [Some((0, 1)), Some((1, 0)), None]);
        assert_eq!((life.clicks(), life.minutes()), (3, 1.5));
    }
}
