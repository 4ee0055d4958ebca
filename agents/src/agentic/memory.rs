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
/// Instructions of everybody that others' are drawn from.
const POOL: usize = 64;

/// What is remembered of what was asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Memory {
    asks: BTreeMap<UserId, Vec<Ask>>,
    /// The latest of anybody, for [`Obey::Shuffled`].
    pool: VecDeque<(UserId, Instruction)>,
}

impl Memory {
    /// What is to be followed for a row: what it asked before, and what it says now.
    pub(super) fn asks(&self, seen: &Observation, row: usize, obey: Obey, topics: &[String]) -> Vec<Ask> {
        let user = seen.users[row];
        let mut asks = self.asks.get(&user).cloned().unwrap_or_default();
        for said in heard(seen, row, topics) {
            if let Some(instruction) = self.followed(obey, user, seen.tick, &said) {
                keep(&mut asks, instruction);
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
            said.extend(heard(seen, row, topics).map(|instruction| (*user, instruction)));
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

    fn followed(&self, obey: Obey, user: UserId, tick: Tick, said: &Instruction) -> Option<Instruction> {
        match obey {
            Obey::True | Obey::Opposite => Some(said.clone()),
            Obey::False => None,
            Obey::Shuffled => {
                let others: Vec<_> = self.pool.iter().filter(|(who, _)| *who != user).collect();
                // Which of them is named by user and tick, so that it is the same however often it is asked.
                let word = philox4x32([user.0, tick.0, 0, 0], [0; 2])[0];
                let at = below(word, others.len().max(1) as u32) as usize;
                others.get(at).map(|(_, instruction)| instruction.clone())
            }
        }
    }

    pub(super) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let asks = self.asks.iter().flat_map(|(user, asks)| asks.iter().map(move |ask| (*user, ask)));
        let asks = asks.map(|(user, ask)| (user, ask.slates_ago, &ask.instruction));
        put(&mut snapshot, "asked", asks);
        put(&mut snapshot, "pool", self.pool.iter().map(|(user, instruction)| (*user, 0, instruction)));
        snapshot
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let mut new = Self::default();
        for (user, slates_ago, instruction) in get(from, "asked")? {
            new.asks.entry(user).or_default().push(Ask { instruction, slates_ago });
        }
        new.pool = get(from, "pool")?.into_iter().map(|(user, _, instruction)| (user, instruction)).collect();
        *self = new;
        Ok(())
    }
}

/// The instructions that come with a row; who answers a question with a topic wants a bit more of it.
fn heard<'a>(
    seen: &'a Observation,
    row: usize,
    topics: &'a [String],
) -> impl Iterator<Item = Instruction> + 'a {
    seen.row(row).messages().filter_map(|message| match message.said {
        Said::Instruction => Some(Instruction::parse(&message.text, topics)),
        Said::Answer => {
            let wanted = Instruction::parse(&format!("a bit more {}", message.text), topics);
            (wanted.wish == Wish::MoreOf).then_some(wanted)
        }
        Said::Question | Said::Explanation | Said::Trace => None,
    })
}

/// A new wish takes the place of one about the same thing.
fn keep(asks: &mut Vec<Ask>, instruction: Instruction) {
    let about = |it: &Instruction| match it.wish {
        Wish::MoreOf | Wish::LessOf => (0, it.topic),
        Wish::SomethingNew => (1, None),
        Wish::Calmer => (2, None),
        Wish::Shorter => (3, None),
        Wish::Free => (4, None),
    };
    asks.retain(|ask| about(&ask.instruction) != about(&instruction));
    asks.push(Ask { instruction, slates_ago: 0 });
    asks.drain(..asks.len().saturating_sub(KEPT));
}

type Kept = (UserId, u32, Instruction);

fn put<'a>(snapshot: &mut Snapshot, name: &str, all: impl Iterator<Item = (UserId, u32, &'a Instruction)>) {
    let (mut words, mut texts) = (Vec::new(), Vec::new());
    for (user, age, it) in all {
        let reason = it.reason.as_deref().unwrap_or("");
        let topic = it.topic.map_or(u32::MAX, u32::from);
        let has_reason = u32::from(it.reason.is_some());
        let lengths = [it.text.len() as u32, reason.len() as u32];
        words.extend([user.0, age, it.wish as u32, topic, it.strength as u32, has_reason]);
        words.extend(lengths);
        texts.extend_from_slice(it.text.as_bytes());
        texts.extend_from_slice(reason.as_bytes());
    }
    snapshot.put_u32(name, 8, &words);
    snapshot.put_bytes(&format!("{name}.texts"), texts);
}

fn get(from: &Snapshot, name: &str) -> Result<Vec<Kept>, SnapshotError> {
    const WISHES: [Wish; 6] =
        [Wish::MoreOf, Wish::LessOf, Wish::SomethingNew, Wish::Calmer, Wish::Shorter, Wish::Free];
    const STRENGTHS: [Strength; 3] = [Strength::Slight, Strength::Plain, Strength::Strong];
    let corrupt = || SnapshotError::Corrupt { name: name.into(), reason: "it holds no instructions".into() };
    let texts = format!("{name}.texts");
    let (mut all, mut texts) = (Vec::new(), from.get_bytes(&texts)?);
    for words in from.get_u32_vec(name)?.chunks(8) {
        let [user, slates_ago, wish, topic, strength, has_reason, text, reason] = *words else {
            return Err(corrupt());
        };
        let mut take = |n: u32| {
            let (mine, others) = texts.split_at_checked(n as usize).ok_or_else(corrupt)?;
            texts = others;
            String::from_utf8(mine.to_vec()).map_err(|_| corrupt())
        };
        let (text, reason) = (take(text)?, take(reason)?);
        let instruction = Instruction {
            wish: *WISHES.get(wish as usize).ok_or_else(corrupt)?,
            topic: u16::try_from(topic).ok(),
            strength: *STRENGTHS.get(strength as usize).ok_or_else(corrupt)?,
            reason: (has_reason == 1).then_some(reason),
            text,
        };
        all.push((UserId(user), slates_ago, instruction));
    }
    Ok(all)
}
