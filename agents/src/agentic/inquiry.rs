//! Whether to ask somebody something, and what.

use std::collections::BTreeMap;

use recloop_env::{
    BlockAt, Event, Observation, Said, SessionId, Slates, Snapshot, SnapshotError, Step, UserId,
};

use super::belief::{Belief, Question};

/// Topics that a question names.
const OPTIONS: usize = 3;
/// Topics, the likeliest first, that options are taken from: beyond them a question tells little more.
const LIKELIEST: usize = 8;
/// How often an answer is taken to be wrong (chosen by us).
const NOISE: f64 = 0.1;
/// Bits that an answer must be expected to tell (chosen by us).
const LEAST_GAIN: f64 = 0.5;

/// What everybody likes most, as far as clicks and answers tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Inquiry {
    /// Per user: a weight for every topic, and the last session in which something was asked.
    known: BTreeMap<UserId, (Vec<f64>, Option<SessionId>)>,
}

impl Inquiry {
    /// What to ask a row, given what topics are called.
    pub(super) fn question(&self, seen: &Observation, row: usize, topics: &[String]) -> Option<String> {
        let options = self.options(seen, row, topics.len())?;
        let named: Vec<&str> = options.iter().map(|topic| topics[*topic].as_str()).collect();
        let (last, others) = named.split_last()?;
        Some(format!("Which of {} or {last} do you like most, or none of these?", others.join(", ")))
    }

    /// The topics whose question is expected to tell most, if that is enough and nothing was asked in this session.
    fn options(&self, seen: &Observation, row: usize, n_topics: usize) -> Option<Vec<usize>> {
        let (user, none) = (seen.users[row], vec![1.0; n_topics]);
        let known = self.known.get(&user);
        let asked = known.and_then(|known| known.1);
        if n_topics <= OPTIONS || asked == Some(seen.sessions[row]) {
            return None;
        }
        let weights = known.map_or(&none, |known| &known.0);
        let belief = Belief::new(weights).ok()?;
        let mut likely: Vec<usize> = (0..n_topics).collect();
        likely.sort_by(|a, b| belief.of(*b).total_cmp(&belief.of(*a)).then(a.cmp(b)));
        likely.truncate(LIKELIEST);
        let sets: Vec<Vec<usize>> = triples(&likely).collect();
        let questions: Vec<Question> =
            sets.iter().filter_map(|set| Question::which(n_topics, set, NOISE).ok()).collect();
        let best = belief.best_question(&questions)?;
        (belief.gain(&questions[best]) >= LEAST_GAIN).then(|| sets[best].clone())
    }

    /// Takes in what was asked, answered and clicked.
    pub(super) fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        let Some(block) = seen.items.layout().find("topic") else { return };
        let n_topics = block.length();
        for asked in shown.messages.iter().filter(|message| message.said == Said::Question) {
            let Some(options) = self.options(seen, asked.row, n_topics) else { continue };
            let mut replies = step.responses.replies.iter();
            let answer =
                replies.find(|reply| reply.row == asked.row && reply.said == Said::Answer).map(|it| &it.text);
            let named = answer.map(|text| answered(text, &asked.text));
            let known = self.of(seen.users[asked.row], n_topics);
            known.1 = Some(seen.sessions[asked.row]);
            if let (Some(named), Ok(question), Ok(mut belief)) =
                (named, Question::which(n_topics, &options, NOISE), Belief::new(&known.0))
            {
                let sum: f64 = known.0.iter().sum();
                belief.hear(&question, named.min(options.len()));
                known.0.iter_mut().enumerate().for_each(|(topic, weight)| *weight = sum * belief.of(topic));
            }
        }
        self.count(seen, shown, step, block);
        for event in &step.events {
            if let Event::Renew { user } = event {
                self.known.remove(user);
            }
        }
    }

    /// A click is worth a count of one.
    fn count(&mut self, seen: &Observation, shown: &Slates, step: &Step, block: BlockAt) {
        for (row, user) in seen.users.iter().enumerate() {
            let answers = shown.items.row(row).iter().zip(step.responses.click.row(row));
            for (item, _) in answers.filter(|(_, clicked)| **clicked) {
                let topic = usize::from(seen.items.code(block, row, *item));
                self.of(*user, block.length()).0[topic] += 1.0;
            }
        }
    }

    fn of(&mut self, user: UserId, n_topics: usize) -> &mut (Vec<f64>, Option<SessionId>) {
        self.known.entry(user).or_insert_with(|| (vec![1.0; n_topics], None))
    }

    pub(super) fn save(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let n_topics = self.known.values().next().map_or(1, |known| known.0.len());
        let words = self.known.iter().flat_map(|(user, (_, asked))| {
            let asked = asked.map_or(u64::MAX, |session| session.0);
            [user.0, asked as u32, (asked >> 32) as u32]
        });
        snapshot.put_u32("asked", 3, &words.collect::<Vec<_>>());
        let weights: Vec<f64> = self.known.values().flat_map(|known| known.0.iter().copied()).collect();
        snapshot.put_f64("weights", n_topics, &weights);
        snapshot
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        let (words, weights) = (from.get_u32_vec("asked")?, from.get_f64_vec("weights")?);
        let n_topics = weights.len() / (words.len() / 3).max(1);
        let rows = words.chunks_exact(3).zip(weights.chunks(n_topics.max(1)));
        let known = rows.map(|(words, weights)| {
            let asked = u64::from(words[1]) | u64::from(words[2]) << 32;
            (UserId(words[0]), (weights.to_vec(), (asked != u64::MAX).then_some(SessionId(asked))))
        });
        self.known = known.collect();
        Ok(())
    }
}

/// Which of the options of a question an answer names; one beyond them if none.
fn answered(answer: &str, question: &str) -> usize {
    let list = question.strip_prefix("Which of ").and_then(|rest| rest.split_once(" do you like"));
    let options = list.map_or("", |(list, _)| list).split(", ").flat_map(|part| part.split(" or "));
    let heard = answer.to_lowercase();
    let named = options.clone().position(|option| heard.contains(&option.to_lowercase()));
    named.unwrap_or(options.count())
}

/// All sets of three of some topics.
fn triples(of: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let pairs = (0..of.len()).flat_map(move |a| (a + 1..of.len()).map(move |b| (a, b)));
    pairs.flat_map(move |(a, b)| (b + 1..of.len()).map(move |c| vec![of[a], of[b], of[c]]))
}
