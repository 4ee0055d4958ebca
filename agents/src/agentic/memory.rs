//! What everybody asked for, and whose wishes are followed.

use std::collections::{BTreeMap, VecDeque};

use recloop_env::{
    Event, Instruction, Observation, Said, Snapshot, SnapshotError, Step, Strength, Tick, UserId, Wish,
    below, philox4x32,
};
use serde::{Deserialize, Serialize};

use super::planner::Ask;

/// Whose instructions are followed: the last two are controls that show whether being heard is what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Obey {
    /// Each user's own.
    #[default]
    True,
    /// Nobody's: the scorer alone.
    False,
    /// For each user who asks, what some other user asked before.
    Shuffled,
    /// Each user's own, the wrong way round.
    Opposite,
}

/// Wishes of one user that are kept; the oldest goes.
const KEPT: usize = 4;
/// Characters of what was said that are kept: nobody needs more to say what it wants.
const LONGEST: usize = 2_000;
/// Instructions of everybody that others' are drawn from.
const POOL: usize = 64;

/// What is remembered of what was asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Memory {
    asks: BTreeMap<UserId, Vec<Ask>>,
    /// The latest of anybody, for [`Obey::Shuffled`].
    pool: VecDeque<(UserId, Ask)>,
}

impl Memory {
    /// What is to be followed for a row: what it asked before, and what it says now.
    pub(super) fn asks(&self, seen: &Observation, row: usize, obey: Obey, topics: &[String]) -> Vec<Ask> {
        let user = seen.users[row];
        let mut asks = self.asks.get(&user).cloned().unwrap_or_default();
        for said in heard(seen, row, topics) {
            if let Some(ask) = self.followed(obey, user, seen.tick, said) {
                keep(&mut asks, ask);
            }
        }
        asks
    }

    /// Takes in what was said before these slates, and that slates were shown.
    pub(super) fn learn(&mut self, seen: &Observation, step: &Step, obey: Obey, topics: &[String]) {
        if obey == Obey::False {
            return;
        }
        let mut said = Vec::new();
        for (row, user) in seen.users.iter().enumerate() {
            let asks = self.asks(seen, row, obey, topics);
            said.extend(heard(seen, row, topics).map(|ask| (*user, ask)));
            if !asks.is_empty() {
                let older = |ask: Ask| Ask { slates_ago: ask.slates_ago + 1, ..ask };
                self.asks.insert(*user, asks.into_iter().map(older).collect());
            }
        }
        self.pool.extend(said);
        self.pool.drain(..self.pool.len().saturating_sub(POOL));
        for event in &step.events {
            if let Event::Renew { user } = event {
                self.asks.remove(user);
            }
        }
    }

    fn followed(&self, obey: Obey, user: UserId, tick: Tick, said: Ask) -> Option<Ask> {
        match obey {
            Obey::True | Obey::Opposite => Some(said),
            Obey::False => None,
            Obey::Shuffled => {
                let others: Vec<_> = self.pool.iter().filter(|(who, _)| *who != user).collect();
                // Which of them is named by user and tick, so that it is the same however often it is asked.
                let word = philox4x32([user.0, tick.0, 0, 0], [0; 2])[0];
                let at = below(word, others.len().max(1) as u32) as usize;
                others.get(at).map(|(_, ask)| ask.clone())
            }
        }
    }

    pub(super) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let asks = self.asks.iter().flat_map(|(user, asks)| asks.iter().map(move |ask| (*user, ask)));
        put(&mut snapshot, "asks", asks);
        put(&mut snapshot, "pool", self.pool.iter().map(|(user, ask)| (*user, ask)));
        snapshot
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut new = Self::default();
        for (user, ask) in get(from, "asks")? {
            new.asks.entry(user).or_default().push(ask);
        }
        new.pool = get(from, "pool")?.into();
        *self = new;
        Ok(())
    }
}

/// The instructions that come with a row; who answers a question with a topic wants a bit more of it.
fn heard<'a>(seen: &'a Observation, row: usize, topics: &'a [String]) -> impl Iterator<Item = Ask> + 'a {
    seen.row(row).messages().filter_map(|message| match message.said {
        Said::Instruction => {
            let said = message.text.chars().take(LONGEST).collect();
            Some(Ask { instruction: Instruction::parse(&message.text, topics), said, slates_ago: 0 })
        }
        Said::Answer => {
            let wanted = Instruction::parse(&format!("a bit more {}", message.text), topics);
            let said = wanted.say(topics);
            (wanted.wish == Wish::MoreOf).then_some(Ask { instruction: wanted, said, slates_ago: 0 })
        }
        Said::Question | Said::Explanation | Said::Trace => None,
    })
}

/// A new wish takes the place of one about the same thing.
fn keep(asks: &mut Vec<Ask>, new: Ask) {
    let about = |ask: &Ask| match ask.instruction.wish {
        Wish::MoreOf | Wish::LessOf => (0, ask.instruction.topic),
        Wish::SomethingNew => (1, None),
        Wish::Calmer => (2, None),
        Wish::Shorter => (3, None),
        Wish::Free => (4, None),
    };
    asks.retain(|ask| about(ask) != about(&new));
    asks.push(new);
    asks.drain(..asks.len().saturating_sub(KEPT));
}

fn put<'a>(snapshot: &mut Snapshot, name: &str, all: impl Iterator<Item = (UserId, &'a Ask)>) {
    let (mut words, mut texts) = (Vec::new(), Vec::new());
    for (user, Ask { instruction: it, said, slates_ago }) in all {
        let reason = it.reason.as_deref().unwrap_or("");
        let topic = it.topic.map_or(u32::MAX, u32::from);
        let has_reason = u32::from(it.reason.is_some());
        words.extend([user.0, *slates_ago, it.wish as u32, topic, it.strength as u32, has_reason]);
        for text in [it.text.as_str(), reason, said] {
            words.push(text.len() as u32);
            texts.extend_from_slice(text.as_bytes());
        }
    }
    snapshot.put_u32(name, 9, &words);
    snapshot.put_bytes(&format!("{name}.texts"), texts);
}

/// The next `n` bytes of a snapshot's texts, if they are text.
pub(super) fn take_text(texts: &mut &[u8], n: u32) -> Option<String> {
    let (mine, others) = texts.split_at_checked(n as usize)?;
    *texts = others;
    String::from_utf8(mine.to_vec()).ok()
}

fn get(from: &Snapshot, name: &str) -> Result<Vec<(UserId, Ask)>, SnapshotError> {
    const WISHES: [Wish; 6] =
        [Wish::MoreOf, Wish::LessOf, Wish::SomethingNew, Wish::Calmer, Wish::Shorter, Wish::Free];
    const STRENGTHS: [Strength; 3] = [Strength::Slight, Strength::Plain, Strength::Strong];
    let corrupt = || SnapshotError::Corrupt { name: name.into(), reason: "it holds no instructions".into() };
    let texts = format!("{name}.texts");
    let (mut all, mut texts) = (Vec::new(), from.get_bytes(&texts)?);
    for words in from.get_u32_vec(name)?.chunks(9) {
        let [user, slates_ago, wish, topic, strength, has_reason, text, reason, said] = *words else {
            return Err(corrupt());
        };
        let mut take = |n: u32| take_text(&mut texts, n).ok_or_else(corrupt);
        let (text, reason, said) = (take(text)?, take(reason)?, take(said)?);
        let instruction = Instruction {
            wish: *WISHES.get(wish as usize).ok_or_else(corrupt)?,
            topic: u16::try_from(topic).ok(),
            strength: *STRENGTHS.get(strength as usize).ok_or_else(corrupt)?,
            reason: (has_reason == 1).then_some(reason),
            text,
        };
        all.push((UserId(user), Ask { instruction, said, slates_ago }));
    }
    Ok(all)
}
