//! A cheap scorer that picks, a dear one that ranks what was picked.

use recloop_env::{EnvSpec, Observation, RecommendError, Slates, Snapshot, SnapshotError, Step, Streams};

use super::{Scorer, keep_out, unfit};
use crate::AgentError;
use crate::learned::{FrozenNetwork, Holds, Neural};
use crate::moments::moments;
use crate::select::{Ties, shortlist, shortlist_of_groups};

/// The score of what was not retrieved: below any other, yet a number.
pub(crate) const NOT_RETRIEVED: f32 = f32::MIN / 4.0;

/// Retrieves the best N candidates of a row by one scorer and ranks only those by another: `s_ui = ranker(u, i) + λ z_ui` if i
/// is among the N best of the retriever, else −8.5e37.
///
/// With [`of_each_creator`](TwoStage::of_each_creator), no creator has more than so many among the N while there are others, so
/// that a ranker that is to be fair to creators finds more of them.
///
/// λ is how far the ranker leans on the retriever, 0 unless told: z is the retriever's score less its mean over the N, over
/// their standard deviation. A ranker that is to be trained then begins where the retriever is, and learns what it misses.
///
/// What was not retrieved is thus never shown: [`Greedy`](crate::Greedy) puts it last, and behind
/// [`PlackettLuce`](crate::PlackettLuce) its probability is 0 to the last bit, at any temperature below 1e34. Propensities
/// stay exact, as retrieving is no lottery. The retriever's ties fall as [`Greedy`](crate::Greedy)'s do.
///
/// # Errors
/// `begin` refuses N below the slate size, and what either scorer refuses.
///
/// # Source
/// Covington, Adams, Sargin (2016), "Deep neural networks for YouTube recommendations", for the two stages.
///
/// ```
/// use recloop_agents::{Greedy, LinUcb, Popularity, TwoStage};
///
/// let careful = Greedy::new(TwoStage::new(Popularity::default(), LinUcb::default(), 200)?);
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TwoStage<R, S> {
    retriever: R,
    ranker: S,
    keep: usize,
    per_creator: Option<usize>,
    lean: f32,
    ties: Ties,
}

impl<R: Scorer, S: Scorer> TwoStage<R, S> {
    /// Ranks by `ranker` the best `keep`, at least 1, by `retriever`.
    pub fn new(retriever: R, ranker: S, keep: usize) -> Result<Self, AgentError> {
        if keep == 0 {
            return Err(AgentError::Setting { name: "retrieve", value: 0.0 });
        }
        Ok(Self { retriever, ranker, keep, per_creator: None, lean: 0.0, ties: Ties::default() })
    }

    /// Retrieves at most so many of each creator, at least 1, as long as others are left.
    pub fn of_each_creator(self, most: usize) -> Result<Self, AgentError> {
        if most == 0 {
            return Err(AgentError::Setting { name: "per_creator", value: 0.0 });
        }
        Ok(Self { per_creator: Some(most), ..self })
    }

    /// Leans on the retriever by λ, which must be finite.
    pub fn leaning(self, lean: f32) -> Result<Self, AgentError> {
        if !lean.is_finite() {
            return Err(AgentError::Setting { name: "lean", value: lean });
        }
        Ok(Self { lean, ..self })
    }

    /// `λ z` of what was retrieved.
    fn head_starts(&self, scores: &[f32], places: &[usize]) -> Vec<f32> {
        if self.lean == 0.0 {
            return vec![0.0; places.len()];
        }
        let kept = places.iter().map(|place| scores[*place]);
        let (mean, sd) = moments(kept.clone());
        let z = |score: f32| if sd > 0.0 { (f64::from(score) - mean) / sd } else { 0.0 };
        kept.map(|score| self.lean * z(score) as f32).collect()
    }

    /// The places of what is retrieved for a row; a score that is not finite stays in `scores`.
    fn retrieve(&self, seen: &Observation, row: usize, scores: &mut [f32]) -> Option<Vec<usize>> {
        self.retriever.score(seen, row, scores);
        keep_out(seen, row, scores).ok()?;
        let mut places = Vec::with_capacity(self.keep.min(scores.len()));
        let listed = seen.candidates.listed(row);
        match (self.per_creator, seen.items.catalogue()) {
            (Some(most), Some(catalogue)) => {
                let creator = |item| catalogue.creator(item).index();
                shortlist_of_groups(scores, listed, &self.ties, (self.keep, most), creator, &mut places);
            }
            _ => shortlist(scores, listed, &self.ties, self.keep, &mut places),
        }
        Some(places)
    }
}

impl<R: Scorer, S: Holds> Holds for TwoStage<R, S> {
    fn neural(&self) -> &Neural {
        self.ranker.neural()
    }

    fn neural_mut(&mut self) -> &mut Neural {
        self.ranker.neural_mut()
    }

    fn readiness_mut(&mut self) -> Option<&mut FrozenNetwork> {
        self.ranker.readiness_mut()
    }

    fn offered(&self, seen: &Observation, row: usize) -> Vec<(usize, f32)> {
        let mut scores = vec![0.0; seen.candidates.listed(row).len()];
        let places = self.retrieve(seen, row, &mut scores).unwrap_or_default();
        let head_starts = self.head_starts(&scores, &places);
        places.into_iter().zip(head_starts).collect()
    }

    fn most_offered(&self, spec: &EnvSpec) -> Option<usize> {
        Some(spec.max_candidates.map_or(self.keep, |most| most.min(self.keep)))
    }
}

impl<R: Scorer, S: Scorer> Scorer for TwoStage<R, S> {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        if self.keep < spec.slate_size {
            let reason = format!("{} are retrieved for a slate of {}", self.keep, spec.slate_size);
            return Err(unfit("two-stage", spec, reason));
        }
        if self.per_creator.is_some() && !spec.durable_items {
            return Err(unfit("two-stage", spec, "its items have no creators to choose of each".into()));
        }
        self.retriever.begin(spec)?;
        self.ranker.begin(spec)
    }

    fn prepare(&mut self, seen: &Observation, rng: &Streams) -> Result<(), RecommendError> {
        self.ties.prepare(seen, rng);
        self.retriever.prepare(seen, rng)?;
        self.ranker.prepare(seen, rng)
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(places) = self.retrieve(seen, row, out) else {
            return; // left as it is, for the ranker above to refuse
        };
        let mut scores = vec![0.0; places.len()];
        self.ranker.score_at(seen, row, &places, &mut scores);
        let head_starts = self.head_starts(out, &places);
        out.fill(NOT_RETRIEVED);
        for ((place, score), head_start) in places.into_iter().zip(scores).zip(head_starts) {
            out[place] = score + head_start;
        }
    }

    fn is_random(&self) -> bool {
        self.retriever.is_random() || self.ranker.is_random()
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.retriever.learn(seen, shown, step);
        self.ranker.learn(seen, shown, step);
    }

    fn learns(&self) -> bool {
        self.retriever.learns() || self.ranker.learns()
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        self.ties.save(&mut snapshot);
        snapshot.put_all("retriever", self.retriever.save()?);
        snapshot.put_all("ranker", self.ranker.save()?);
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.ties.load(from)?;
        self.retriever.load(&from.part("retriever"))?;
        self.ranker.load(&from.part("ranker"))
    }
}

#[cfg(test)]
mod tests {
    use recloop_env::Recommender;
    use recloop_env::testing::{check_recommender, toy_feed};

    use super::*;
    use crate::tests::scene::{Scene, scores};
    use crate::{DotProduct, Greedy, PlackettLuce, Popularity, Recency, ThompsonSampling};

    fn scene() -> Scene {
        let items: Vec<(u16, [f32; 2])> = (0..9).map(|i| (i % 2, [f32::from(i), -1.0])).collect();
        Scene::new(&[[0.3, 0.1]; 2], &items, 3)
    }

    #[test]
    fn keeping_all_is_ranking_all() {
        let scene = scene();
        let (mut alone, mut staged) =
            (DotProduct::default(), TwoStage::new(Recency, DotProduct::default(), 9).unwrap());
        alone.begin(&scene.spec).unwrap();
        staged.begin(&scene.spec).unwrap();
        assert_eq!(scores(&staged, &scene.at(9), 1), scores(&alone, &scene.at(9), 1));
    }

    #[test]
    fn what_is_not_retrieved_is_never_shown() {
        let scene = scene();
        let newest = || TwoStage::new(Recency, DotProduct::new("interest", &["factor"]), 4).unwrap();
        let mut scorer = newest();
        scorer.begin(&scene.spec).unwrap();
        let expected = [5, 6, 7, 8].map(|i| 0.3 * i as f32 - 0.1);
        let found = scores(&scorer, &scene.at(9), 0);
        assert_eq!((&found[..5], &found[5..]), ([NOT_RETRIEVED; 5].as_slice(), expected.as_slice()));
        let mut policy = PlackettLuce::new(newest(), 1e6).unwrap();
        let mut slates = Slates::default();
        policy.begin(&scene.spec).unwrap();
        let mut next = [0.0; 9];
        for tick in 9..200 {
            policy.recommend(&scene.at(tick), &Streams::new(1), &mut slates).unwrap();
            assert!(slates.items.as_slice().iter().all(|item| item.0 >= 5));
        }
        recloop_env::TargetPolicy::distribution(&policy, &scene.at(9), 0, &[], &mut next).unwrap();
        assert_eq!(next[..5], [0.0; 5]);
    }

    #[test]
    fn two_stages_keep_the_contract() {
        let make = || TwoStage::new(Popularity::default(), DotProduct::default(), 4).unwrap();
        check_recommender(|| Greedy::new(make()), || toy_feed(9)).unwrap();
        check_recommender(|| PlackettLuce::new(make(), 0.5).unwrap(), || toy_feed(9)).unwrap();
        let random = TwoStage::new(Recency, ThompsonSampling::default(), 4).unwrap();
        assert!(random.is_random() && !make().is_random());
    }

    #[test]
    fn refuses_to_keep_fewer_than_are_shown() {
        assert!(TwoStage::new(Recency, Recency, 0).is_err());
        let error = TwoStage::new(Recency, Recency, 2).unwrap().begin(&scene().spec).unwrap_err();
        assert!(error.to_string().contains("2 are retrieved for a slate of 3"), "{error}");
    }
}
