//! What it was really worth: numbers only the truth knows, there where a run's owner hands it over.

use recloop_env::{Facts, Transition};
use serde::{Deserialize, Serialize};

use super::people::PeopleTable;
use super::{Estimate, Named, Section};

/// One user's books, from the accounts a world keeps.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Account {
    /// Slates accounted for.
    pub slates: u32,
    /// Sum of `utility_now`: what was consumed, judged by the interests of that moment.
    pub utility_now: f64,
    /// Sum of `utility_initial`: the same, judged by the interests the user came with.
    pub utility_initial: f64,
    /// `drift` at the latest slate: how far interests have moved from the initial ones.
    pub drift: f32,
    /// `entropy` of interests at the first slate.
    pub entropy_first: f32,
    /// `entropy` of interests at the latest slate.
    pub entropy_last: f32,
    /// Which of these the world keeps: bits in the order of [`NAMES`].
    kept: u8,
}

/// The accounts read here.
const NAMES: [&str; 4] = ["utility_now", "utility_initial", "drift", "entropy"];
const NOW: usize = 0;
const INITIAL: usize = 1;
const DRIFT: usize = 2;
const ENTROPY: usize = 3;

impl Account {
    fn has(&self, account: usize) -> bool {
        self.kept & 1 << account != 0
    }
}

/// Books a tick; does nothing without hindsight.
pub(super) fn fold(accounts: &mut Vec<Account>, facts: &Facts<'_>, t: &Transition<'_>) {
    let Some(hindsight) = facts.hindsight else { return };
    let columns = NAMES.map(|name| facts.spec.accounts.iter().position(|account| account == name));
    let kept =
        (0..NAMES.len()).filter(|account| columns[*account].is_some()).map(|account| 1 << account).sum();
    if kept == 0 {
        return;
    }
    for (r, user) in t.seen.users.iter().enumerate() {
        if user.index() >= accounts.len() {
            accounts.resize(user.index() + 1, Account::default());
        }
        let (into, row) = (&mut accounts[user.index()], hindsight.accounts.row(r));
        let [now, initial, drift, entropy] = columns.map(|column| column.map_or(0.0, |column| row[column]));
        if into.slates == 0 {
            into.entropy_first = entropy;
        }
        into.slates += 1;
        into.utility_now += f64::from(now);
        into.utility_initial += f64::from(initial);
        (into.drift, into.entropy_last, into.kept) = (drift, entropy, kept);
    }
}

/// Welfare and interests, as far as the world keeps accounts.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `welfare_now` | mean over users of what they consumed was worth to them, by the interests they had then | users |
/// | `welfare_initial` | the same by the interests they came with: a policy may have shifted the taste it is judged by | users |
/// | `welfare_platform` | mean over users of the reward | users |
/// | `welfare_creators` | clicks received per user: what creators get in these worlds | users |
/// | `welfare_total` | the sum of `welfare_now`, creators' and platform's, each unit weighing 1 (chosen by us) | users |
/// | `interest_drift` | mean over users of the distance of their latest interests from the initial ones | users |
/// | `interest_entropy_first`, `_last` | mean over users of the entropy of their interests at their first and latest slate | users |
pub(super) fn sections(people: &PeopleTable) -> Vec<Section> {
    let booked = people.seen().filter_map(|(user, did)| {
        let account = people.accounts.get(user.index()).filter(|account| account.slates > 0)?;
        Some((account, did.did))
    });
    let of = |account: usize| booked.clone().filter(move |(books, _)| books.has(account));
    let kept = |account: usize| of(account).next().is_some();
    let (mut welfare, mut interests) = (Vec::new(), Vec::new());
    if kept(NOW) {
        let users = || of(NOW);
        let all =
            |(books, did): (&Account, super::Doings)| books.utility_now + f64::from(did.clicks) + did.reward;
        welfare.extend([
            Named::new("welfare_now", Estimate::mean(users().map(|(books, _)| books.utility_now))),
            Named::new("welfare_platform", Estimate::mean(users().map(|(_, did)| did.reward))),
            Named::new("welfare_creators", Estimate::mean(users().map(|(_, did)| f64::from(did.clicks)))),
            Named::new("welfare_total", Estimate::mean(users().map(all))),
        ]);
    }
    if kept(INITIAL) {
        let initial = Estimate::mean(of(INITIAL).map(|(books, _)| books.utility_initial));
        welfare.insert(welfare.len().min(1), Named::new("welfare_initial", initial));
    }
    if kept(DRIFT) {
        let drift = Estimate::mean(of(DRIFT).map(|(books, _)| f64::from(books.drift)));
        interests.push(Named::new("interest_drift", drift));
    }
    if kept(ENTROPY) {
        let mean = |entropy: fn(&Account) -> f32| {
            Estimate::mean(of(ENTROPY).map(move |(books, _)| f64::from(entropy(books))))
        };
        interests.extend([
            Named::new("interest_entropy_first", mean(|books| books.entropy_first)),
            Named::new("interest_entropy_last", mean(|books| books.entropy_last)),
        ]);
    }
    let sections = [Section::new("Welfare", welfare), Section::new("Interests", interests)];
    sections.into_iter().filter(|section| !section.metrics.is_empty()).collect()
}
