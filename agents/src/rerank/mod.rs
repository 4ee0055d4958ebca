//! Rerankers: slates of different items, slates that are fair to those who made the items.
//!
//! Each takes a scorer and is a scorer again, with one dial: at 0 it is the scorer it was given, to the bit. Start at
//! [`Reranked`]; [`FairRec`], which divides a whole tick among all who are there, is a type of its own.

mod cp_fair;
mod diversity;
mod exposures;
mod fair_co;
mod fair_rec;
mod ledger;
mod p_mmf;
mod place;
mod prepared;
#[cfg(test)]
mod tests;
mod tfrom;

use rayon::prelude::*;
use recloop_env::{
    BlockAt, EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams, below,
    purpose,
};

use crate::AgentError;
use crate::error::check_share;
use crate::scorer::{NOT_RETRIEVED, Scorer, keep_out, need_durable, unfit};
use crate::select::{Ties, shortlist};
use diversity::{Likeness, MostAlike, Spanned};
use exposures::position_worths;
pub use fair_rec::FairRec;
use ledger::Ledger;
use place::{Considered, Scale, lose};
use prepared::Prepared;
use tfrom::OverShare;

/// What items are compared by: the first of these blocks that they have.
const BLOCKS: [&str; 3] = ["embedding", "factor", "topic"];

/// What an item loses.
///
/// The last four are fair to creators. They go by exposure so far: a position of rank 1, 2, … is worth `1 / log₂(1 + rank)`;
/// `E_p` is what creator p was shown so far (see [waves](Reranked#waves)), `A_p` in how many ticks it had an item on offer, `e_p = E_p / A_p`. All
/// creators deserve the same for every tick on offer. Means and maxima are over those on offer at the last tick: who can be
/// shown no more sets no standard. Who is new, and everybody before the first slates, loses nothing; with TFROM, who is new loses
/// by what it has of this slate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rerank {
    /// Maximal marginal relevance: its largest likeness to any item above, negative ones counting as 0.
    ///
    /// Source: Carbonell, Goldstein (1998), "The use of MMR, diversity-based reranking for reordering documents and
    /// producing summaries".
    Mmr,
    /// Greedy mode of a determinantal point process: `−ln δ²`, where `δ²` is the share of the item that those above do
    /// not span, by an incremental Cholesky factorisation. Adding up, a slate Y has `(1 − d) Σ s + d w ln det S_Y`, of the
    /// likenesses S.
    ///
    /// Source: Chen, Zhang, Zhou (2018), "Fast greedy MAP inference for determinantal point process to improve
    /// recommendation diversity".
    Dpp,
    /// A proportional controller: `−A_p (max_q e_q − e_p) / ē`, by how many ticks of mean exposure its creator is behind the
    /// best off. What it drives down is the disparity `max_q e_q − e_p`.
    ///
    /// Source: Morik, Singh, Hong, Joachims (2020), "Controlling fairness and bias in dynamic learning-to-rank".
    ///
    /// Deviations: merit is the same for all in place of a learned relevance; the error is in units of mean exposure; it is
    /// known up to the last wave, not to the last user.
    FairCo,
    /// A ceiling: by how much its creator would be above its fair share, in shares, `max(0, (E_p + placed_p + v̄) / share_p − 1)`,
    /// if it stood next. `share_p` is p's part, by ticks on offer with the one at hand, of all exposure so far and this slate's;
    /// `placed_p` is what p has of this slate already, v̄ the mean worth of its positions. What it drives down is the excess
    /// over fair shares.
    ///
    /// Source: Wu, Cao, Xu, Tan (2021), "TFROM: a two-sided fairness-aware recommendation model for both customers and
    /// providers", the dynamic form.
    ///
    /// Deviations: an item above its share loses rather than being passed over, so that the dial is one of degree; the next
    /// position counts as the mean one, so that an item never gains by being placed later; the users' side, which evens
    /// out how much each loses, is left out.
    Tfrom,
    /// Max-min exposure by mirror descent on its dual: `1 − n v_p`. As `min_p e_p` is the least `Σ v_p e_p` over the simplex,
    /// prices follow `v_p ← v_p exp(−η g_p) / Z`, one step a tick, where `g_p` is what the tick gave p over the mean, η = 0.1.
    /// What it drives up is `min_p e_p` over the mean.
    ///
    /// Source: Xu, Chen, Xu, Shen, Dong, Wen (2023), "P-MMF: provider max-min fairness re-ranking in recommender system".
    ///
    /// Deviations: the entropic step in place of one with momentum under a weighted norm; a step a wave, not a user, of η over their number; equal
    /// shares in place of each provider's weight.
    PMmf,
    /// Both sides: nothing in the tail; in the head, the fifth of creators with the largest e, `b_u max(0, h − 1)`, where h is
    /// the head's share of Σe over its share of creators. `b_u = 1 + g` for the fifth of users with the most clicks a slate so
    /// far, `1 − g` for the others, `g = (m₁ − m₂) / (m₁ + m₂)` of the groups' mean clicks a slate. What it drives down is the gap
    /// between head and tail.
    ///
    /// Source: Naghiaei, Rahmani, Deldjoo (2022), "CPFair: personalized consumer and producer fairness re-ranking for
    /// recommender systems".
    ///
    /// Deviations: greedy penalties, updated wave by wave, in place of one integer programme over finished lists; users are
    /// served as well as they clicked, in place of NDCG on held-out items.
    CpFair,
}

impl Rerank {
    /// Whether it goes by what creators were shown.
    fn is_fair(self) -> bool {
        !matches!(self, Self::Mmr | Self::Dpp)
    }
}

/// Takes from a scorer's scores what an item loses, by a dial from 0 to 1: `s'_i = (1 − d) s_i − d w loss(i | above)`.
///
/// w is the spread of the scores considered, so d weighs the loss on a scale of its own, whatever the scorer's unit; it is 1
/// where they are all equal. With d = 0 the scores are the scorer's own, to the bit.
///
/// [`Rerank::Mmr`] and [`Rerank::Dpp`] consider the N best, the fair ones all that are listed and were retrieved: what a
/// starved creator made is seldom among the best. Where a loss depends on what stands above, a slate is built greedily. The
/// score of a placed item is what it was worth when it was placed, of the rest what it would be worth below the slate, and
/// of what was not considered w less than that of a copy of an item above. These never rise from place to place, so
/// [`Greedy`](crate::Greedy) shows the items in the order they were placed, with propensity 1, and
/// [`PlackettLuce`](crate::PlackettLuce) draws around that order, with exact propensities.
///
/// # Waves
/// The fair ones learn from the slates shown, after each tick. Where many are served at once, all of them would make up for
/// the same debts, and the creators who were behind would be as far ahead: their sources serve one user after another. So a
/// tick has S [waves](Reranked::in_waves), and a user is in one of them by lot ([`purpose::TURN`]): each wave goes by exposure so
/// far and by what those before it would be shown by the best scores. With S = 1 nothing moves within a tick, and what a row
/// is shown depends on nobody else. With more it does, which breaks that one law of
/// [`check_recommender`](recloop_env::testing::check_recommender), as for [`FairRec`]; propensities are those given the waves,
/// which depend on no draw of a slate.
///
/// # Shapes and units
/// - d in [0, 1]; the score stays in the scorer's unit, so a temperature keeps its meaning
/// - likeness: the cosine of the items' `embedding`, else `factor`, else `topic` (whether it is the same)
///
/// # Numerics
/// `f32`; δ² in `f64`, not below 1e-6; exposures in `f64`. Time: C to find the N best, then N·K likenesses; C for the fair
/// ones, K·C for TFROM. Waves score every row twice, and hold S times what is known of creators.
///
/// # Errors
/// `begin` refuses what the scorer refuses; with MMR and DPP a world whose items have none of the blocks, with the others
/// one whose items do not last.
///
/// ```
/// use recloop_agents::{DotProduct, Greedy, Rerank, Reranked};
/// use recloop_env::{Env, Observation, Recommender, ResetOptions, Slates, testing::toy_world};
///
/// let (mut world, mut seen) = (toy_world(3), Observation::default());
/// world.reset(7, &ResetOptions::default(), &mut seen)?;
/// let different = Reranked::new(DotProduct::default(), Rerank::Mmr, 0.99, 100)?;
/// let (mut ranker, mut slates) = (Greedy::new(different), Slates::default());
/// ranker.begin(world.spec())?;
/// ranker.recommend(&seen, &world.streams(), &mut slates)?;
/// let topic = seen.items.layout().find("topic").unwrap();
/// let [first, second] = [0, 1].map(|position| seen.row(0).code(topic, slates.items.row(0)[position]));
/// assert_ne!(first, second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reranked<S> {
    scorer: S,
    by: Rerank,
    dial: f32,
    shortlist: usize,
    slate_size: usize,
    block: Option<BlockAt>,
    ledger: Ledger,
    waves: u32,
    /// `[S]` what each wave goes by; there with several waves alone.
    prepared: Option<Prepared<Vec<Ledger>>>,
    ties: Ties,
}

impl<S: Scorer> Reranked<S> {
    /// Reranks by `by` with d = `dial`; MMR and DPP consider the best `shortlist`, at least 1, which the others ignore.
    pub fn new(scorer: S, by: Rerank, dial: f32, shortlist: usize) -> Result<Self, AgentError> {
        check_share("dial", f64::from(dial))?;
        if shortlist == 0 {
            return Err(AgentError::Setting { name: "shortlist", value: 0.0 });
        }
        let (ledger, ties) = (Ledger::default(), Ties::default());
        let (waves, prepared) = (1, None);
        Ok(Self { scorer, by, dial, shortlist, slate_size: 0, block: None, ledger, waves, prepared, ties })
    }

    /// Serves every tick in so many waves, at least 1; MMR and DPP have no use for them.
    pub fn in_waves(self, waves: u32) -> Result<Self, AgentError> {
        if waves == 0 {
            return Err(AgentError::Setting { name: "waves", value: 0.0 });
        }
        Ok(Self { waves, ..self })
    }

    /// Whether a tick is more than one wave.
    fn is_planned(&self) -> bool {
        self.remembers() && self.waves > 1
    }

    fn wave(&self, seen: &Observation, row: usize) -> usize {
        let word = self.ties.streams().block(purpose::TURN, seen.users[row], seen.tick, 0)[0];
        below(word, self.waves) as usize
    }

    /// `[S]` what each wave goes by.
    fn plan(&self, seen: &Observation) -> Vec<Ledger> {
        let mut rows = vec![Vec::new(); self.waves as usize];
        (0..seen.len()).for_each(|row| rows[self.wave(seen, row)].push(row));
        let (mut ledger, worths) = (self.ledger.opened(self.by, seen), position_worths(self.slate_size));
        let mut plan = Vec::with_capacity(rows.len());
        for wave in rows {
            plan.push(ledger.clone());
            let slates: Vec<Vec<usize>> =
                wave.par_iter().map(|row| self.best_creators(seen, *row, &ledger)).collect();
            let mut shown = vec![0.0; ledger.exposures.len()];
            for slate in &slates {
                slate.iter().zip(&worths).for_each(|(creator, worth)| shown[*creator] += worth);
            }
            ledger.serve(self.by, &shown, wave.len() as f64 / seen.len() as f64);
        }
        plan
    }

    /// `[K]` who made the best items of a row, best first; nobody if a score is no number, which the ranker refuses.
    fn best_creators(&self, seen: &Observation, row: usize, ledger: &Ledger) -> Vec<usize> {
        let (listed, mut scores) =
            (seen.candidates.listed(row), vec![0.0; seen.candidates.listed(row).len()]);
        self.scorer.score(seen, row, &mut scores);
        let (Some(catalogue), Ok(())) = (seen.items.catalogue(), keep_out(seen, row, &mut scores)) else {
            return Vec::new();
        };
        self.even_out(seen, row, ledger, &mut scores);
        let mut places = Vec::new();
        shortlist(&scores, listed, &self.ties, self.slate_size, &mut places);
        places.sort_by(|a, b| {
            self.ties.key(scores[*b], listed[*b]).cmp(&self.ties.key(scores[*a], listed[*a]))
        });
        places.into_iter().map(|place| catalogue.creator(listed[place]).index()).collect()
    }

    /// Whether it remembers what creators were shown.
    fn remembers(&self) -> bool {
        self.dial > 0.0 && self.by.is_fair()
    }

    /// Takes from the N best what they lose for being like those above.
    fn diversify(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(block) = self.block else { return out.fill(f32::NAN) };
        let (listed, mut places) = (seen.candidates.listed(row), Vec::with_capacity(self.shortlist));
        shortlist(out, listed, &self.ties, self.shortlist, &mut places);
        places.retain(|place| out[*place] > NOT_RETRIEVED);
        let items = Considered { listed, places, ties: &self.ties };
        let scale = Scale::of(self.dial, items.places.iter().map(|place| out[*place]));
        let (likeness, n) = (Likeness::of(seen, row, block, items.items()), items.places.len());
        if self.by == Rerank::Mmr {
            items.place(self.slate_size, scale, MostAlike::new(likeness, n), out);
        } else {
            items.place(self.slate_size, scale, Spanned::new(likeness, n), out);
        }
    }

    /// Takes from all that may be shown what they lose for their creators' sake.
    fn even_out(&self, seen: &Observation, row: usize, ledger: &Ledger, out: &mut [f32]) {
        let Some(catalogue) = seen.items.catalogue() else { return out.fill(f32::NAN) };
        let listed = seen.candidates.listed(row);
        let scale = Scale::of(self.dial, out.iter().copied().filter(|score| *score > NOT_RETRIEVED));
        if self.by == Rerank::Tfrom {
            let places = (0..out.len()).filter(|place| out[*place] > NOT_RETRIEVED).collect();
            let items = Considered { listed, places, ties: &self.ties };
            let over = OverShare::new(&ledger.exposures, catalogue, items.items(), self.slate_size);
            return items.place(self.slate_size, scale, over, out);
        }
        let burden = ledger.burden(seen.users[row]);
        lose(out, scale, |place| burden * ledger.loss(catalogue.creator(listed[place]).index()));
    }
}

impl<S: Scorer> Scorer for Reranked<S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        if self.by.is_fair() {
            need_durable("rerank", spec)?;
        } else {
            let lacking =
                || unfit("rerank", spec, format!("items have none of the blocks `{}`", BLOCKS.join("`, `")));
            let found = BLOCKS.iter().find_map(|name| spec.item_features.find(name));
            self.block = Some(found.ok_or_else(lacking)?);
        }
        (self.slate_size, self.ledger, self.prepared) = (spec.slate_size, Ledger::default(), None);
        self.scorer.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.ties.prepare(seen, rng);
        self.scorer.prepare(seen, rng)?;
        self.prepared = self.is_planned().then(|| Prepared::new(seen, self.plan(seen)));
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        self.scorer.score(seen, row, out);
        if self.dial == 0.0 || keep_out(seen, row, out).is_err() {
            return; // left as it is, for the ranker to refuse what is no number
        }
        if !self.by.is_fair() {
            return self.diversify(seen, row, out);
        }
        if !self.is_planned() {
            return self.even_out(seen, row, &self.ledger, out);
        }
        let wave = self.wave(seen, row);
        match self.prepared.as_ref().and_then(|prepared| prepared.of(seen)) {
            Some(plan) => self.even_out(seen, row, &plan[wave], out),
            None => self.even_out(seen, row, &self.plan(seen)[wave], out),
        }
    }

    fn is_random(&self) -> bool {
        self.scorer.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.prepared = None;
        if self.remembers() {
            self.ledger.learn(self.by, seen, shown, step);
        }
        self.scorer.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.remembers() || self.scorer.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        self.ties.save(&mut snapshot);
        if self.remembers() {
            snapshot.put_all("exposure", self.ledger.save());
        }
        snapshot.put_all("scorer", self.scorer.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.prepared = None;
        self.ties.load(from)?;
        if self.remembers() {
            self.ledger.load(self.by, &from.part("exposure"))?;
        }
        self.scorer.load(&from.part("scorer"))
    }
}
