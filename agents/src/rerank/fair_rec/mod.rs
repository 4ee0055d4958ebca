//! A market: the places of a tick divided among all creators, by all users in turn.

mod plan;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use recloop_env::{
    EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams, UserId, purpose,
};

use super::place::spread;
use super::prepared::Prepared;
use crate::AgentError;
use crate::error::check_share;
use crate::scorer::{NOT_RETRIEVED, Scorer, keep_out, need_durable};
use crate::select::Ties;
use plan::{Wish, divide, guarantee};

/// Gives every creator on offer a number of places at every tick, and lets users choose in turn whose they take.
///
/// With m rows, slates of K and n creators who can be shown to somebody, each creator has `L = min(m, ⌊d ⌊m K / n⌋⌋)` places to
/// give. Users take turns, in an order drawn anew every tick ([`purpose::TURN`]); each takes, of the creators who have places left
/// and are not on her slate yet, the one whose best item she values most. It ends when no places are left, or when somebody
/// has all the creators who have some. Then all fill up with what they like best. The items taken are lifted above all
/// others, keeping their order: `s'_i = s_i + 2 w`, where w is the spread of her scores. With d = 0, or too few rows for a place
/// each, the scores are the scorer's own, to the bit.
///
/// # What is guaranteed
/// To creators, behind [`Greedy`](crate::Greedy): where everybody may be shown something of everyone, L places at every tick for
/// all but K − 1 of them; the last ones may be on the slates of all who have room. Where items are barred to users, places are
/// given as far as somebody may be shown something and has room. Behind [`PlackettLuce`](crate::PlackettLuce) slates are drawn
/// around these, and the guarantee is as good as the temperature is low.
///
/// To users: with L = 1, nobody would rather have another's slate if one item were taken off it (envy-freeness up to one
/// item), by her own scores, added up and not below 0. With more places the source claims the same; that does not
/// hold where two users take of the same creators early and late, and a test has such a market. What holds is envy-freeness
/// up to one item when what is of a creator that both took of is left out of the other's slate.
///
/// No guarantee reaches beyond a tick. Where few are served at a time, there is not a place for each creator, and nothing
/// is changed: with a dial of ½ it takes ticks of `m K ≥ 2 n`.
///
/// # Breaks a law
/// What one row is shown depends on who else is there: the batch is the market that is divided. So it fails that law of
/// [`check_recommender`](recloop_env::testing::check_recommender), and only that. Propensities are those given the order of
/// turns, which looks at nobody's interests. Scores asked for outside a tick, as offline evaluation does, are those of the
/// observation asked about; the whole tick is divided anew for every row asked for, which is dear.
///
/// # Shapes and units
/// - d in [0, 1]: the share of an equal division that is guaranteed
///
/// # Numerics
/// `f32`. Time: C a row for the best item of each creator, n ln n to sort them; each is looked at once in turn.
///
/// # Errors
/// `begin` refuses a world whose items do not last, and what the scorer refuses; `prepare` refuses a score that is no number.
///
/// # Source
/// Patro, Biswas, Ganguly, Gummadi, Chakraborty (2020), "FairRec: two-sided fairness for personalized recommendations in
/// two-sided platforms".
///
/// Deviations: the producers of the source have one item each; here a creator is worth her best item. Users to whom
/// everything that is left is barred are passed over, where the source has none. L is capped at m.
///
/// ```
/// use recloop_agents::{FairRec, Greedy, Popularity};
///
/// let half_of_an_equal_division = Greedy::new(FairRec::new(Popularity::default(), 0.5)?);
/// assert!(FairRec::new(Popularity::default(), 1.5).is_err());
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FairRec<S> {
    scorer: S,
    dial: f32,
    slate_size: usize,
    ties: Ties,
    /// `[B]` the places, on its list, of what each row took.
    prepared: Option<Prepared<Vec<Vec<usize>>>>,
}

impl<S: Scorer> FairRec<S> {
    /// Guarantees `dial` of an equal division.
    pub fn new(scorer: S, dial: f32) -> Result<Self, AgentError> {
        check_share("dial", f64::from(dial))?;
        Ok(Self { scorer, dial, slate_size: 0, ties: Ties::default(), prepared: None })
    }

    /// `[B]` the places of what each row takes.
    fn divide(&self, seen: &Observation) -> Result<Vec<Vec<usize>>, RecommendError> {
        let wishes: Vec<_> = (0..seen.len()).into_par_iter().map(|row| self.wishes(seen, row)).collect();
        // Of several rows that fail the first is reported, whatever the threads do.
        let wishes: Vec<Vec<Wish>> = wishes.into_iter().collect::<Result<_, _>>()?;
        let mut turns: Vec<usize> = (0..seen.len()).collect();
        let word = |user: UserId| self.ties.streams().block(purpose::TURN, user, seen.tick, 0)[0];
        turns.sort_by_cached_key(|row| (word(seen.users[*row]), *row));
        let copies = guarantee(self.dial, self.slate_size, &wishes);
        Ok(divide(&turns, &wishes, self.slate_size, copies))
    }

    /// The best item of every creator a row may be shown, best first.
    fn wishes(&self, seen: &Observation, row: usize) -> Result<Vec<Wish>, RecommendError> {
        let (listed, catalogue) = (seen.candidates.listed(row), seen.items.catalogue());
        let mut scores = vec![0.0; listed.len()];
        self.scorer.score(seen, row, &mut scores);
        keep_out(seen, row, &mut scores)?;
        let mut best: Vec<Option<Wish>> = Vec::new();
        for (place, score) in scores.iter().enumerate().filter(|(_, score)| **score > NOT_RETRIEVED) {
            let Some(creator) = catalogue.map(|items| items.creator(listed[place]).index()) else { break };
            if creator >= best.len() {
                best.resize(creator + 1, None);
            }
            let key = self.ties.key(*score, listed[place]);
            if best[creator].is_none_or(|wish| wish.key < key) {
                best[creator] = Some(Wish { key, creator, place });
            }
        }
        let mut wishes: Vec<Wish> = best.into_iter().flatten().collect();
        wishes.sort_unstable_by(|a, b| b.key.cmp(&a.key).then(a.place.cmp(&b.place)));
        Ok(wishes)
    }
}

/// Lifts what a row took above all else it may be shown.
fn lift(seen: &Observation, row: usize, taken: &[usize], out: &mut [f32]) {
    if taken.is_empty() || keep_out(seen, row, out).is_err() {
        return;
    }
    let scores = out.iter().copied().filter(|score| *score > NOT_RETRIEVED);
    let largest = scores.clone().fold(0.0, |largest: f32, score| largest.max(score.abs()));
    // Where all are equal, far enough that the sum is another number.
    let far = 2.0 * spread(scores).max(largest * f32::EPSILON);
    taken.iter().for_each(|place| out[*place] = (out[*place] + far).min(-NOT_RETRIEVED));
}

impl<S: Scorer> Scorer for FairRec<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        need_durable("fairrec", spec)?;
        (self.slate_size, self.prepared) = (spec.slate_size, None);
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.ties.prepare(seen, rng);
        self.scorer.prepare(seen, rng)?;
        self.prepared = None;
        if self.dial > 0.0 {
            let taken = self.divide(seen)?;
            self.prepared = Some(Prepared::new(seen, taken));
        }
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
        if self.dial == 0.0 {
            return;
        }
        match self.prepared.as_ref().and_then(|prepared| prepared.of(seen)) {
            Some(taken) => lift(seen, row, &taken[row], out),
            None => match self.divide(seen) {
                Ok(taken) => lift(seen, row, &taken[row], out),
                Err(_) => out.fill(f32::NAN), // of another row's score, for the ranker to refuse
            },
        }
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.prepared = None;
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        self.ties.save(&mut snapshot);
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.prepared = None;
        self.ties.load(from)?;
        self.scorer.load(&from.part("scorer"))
    }
}
