//! Interest evolution written by hand, for one purpose: to know how fast it could be.
//!
//! One fused loop per viewer, no contract, no validation, no calendar, no log. The same arithmetic as the world: the same
//! cipher and the same draws, all candidates drawn eagerly, the same observation written, ended viewers restarted in
//! place. What the world costs beyond this is the price of its contracts.

use rand_distr::{Distribution, Normal};
use recloop_env::{ItemId, Streams, Tick, UserId, below, purpose, unit_f32};
use recloop_users::choice::{Luck, MultinomialProportional};

const TOPICS: usize = 20;
const SLATE: usize = 3;

pub(crate) struct Floor {
    n_users: usize,
    candidates: usize,
    rng: Streams,
    tick: u32,
    interest: Vec<f32>,
    budget: Vec<f32>,
    choice: MultinomialProportional,
    quality_law: Vec<Normal<f32>>,
    /// The observation: `[B, T]` interests and `[B, C]` topics; and `[B, C]` qualities, which are not observed.
    seen_interest: Vec<f32>,
    topics: Vec<u16>,
    qualities: Vec<f32>,
}

impl Floor {
    pub(crate) fn new(n_users: usize, candidates: usize) -> Self {
        let poor = (0..14).map(|c| -3.0 + 3.0 * c as f32 / 13.0);
        let means = poor.chain((0..6).map(|c| 3.0 * c as f32 / 5.0));
        let mut floor = Self {
            n_users,
            candidates,
            rng: Streams::new(7),
            tick: 0,
            interest: vec![0.0; n_users * TOPICS],
            budget: vec![0.0; n_users],
            choice: MultinomialProportional::new(-1.0, 1.0).expect("the published parameters"),
            quality_law: means.map(|mean| Normal::new(mean, 0.1).expect("a finite mean")).collect(),
            seen_interest: vec![0.0; n_users * TOPICS],
            topics: vec![0; n_users * candidates],
            qualities: vec![0.0; n_users * candidates],
        };
        for u in 0..n_users {
            floor.begin(u);
            floor.observe(u);
        }
        floor
    }

    fn begin(&mut self, u: usize) {
        let mut draws = self.rng.at(purpose::USER_INIT, UserId(u as u32), Tick(self.tick));
        self.interest[u * TOPICS..(u + 1) * TOPICS].fill_with(|| 2.0 * draws.unit() - 1.0);
        self.budget[u] = 200.0;
    }

    fn observe(&mut self, u: usize) {
        let own = u * TOPICS..(u + 1) * TOPICS;
        self.seen_interest[own.clone()].copy_from_slice(&self.interest[own]);
        let own = u * self.candidates..(u + 1) * self.candidates;
        let mut draws = self.rng.at(purpose::CANDIDATES, UserId(u as u32), Tick(self.tick));
        for (topic, quality) in self.topics[own.clone()].iter_mut().zip(&mut self.qualities[own]) {
            *topic = below(draws.word(), TOPICS as u32) as u16;
            *quality = self.quality_law[usize::from(*topic)].sample(&mut draws);
        }
    }

    /// A random slate of distinct places.
    fn slate(&self, u: usize) -> [ItemId; SLATE] {
        let mut draws = self.rng.at(purpose::POLICY, UserId(u as u32), Tick(self.tick));
        let mut slate = [ItemId(0); SLATE];
        for k in 0..SLATE {
            let mut place = below(draws.word(), (self.candidates - k) as u32);
            let mut at = 0;
            while at < k && slate[at].0 <= place {
                place += 1;
                at += 1;
            }
            slate.copy_within(at..k, at + 1);
            slate[at] = ItemId(place);
        }
        slate
    }

    /// One tick for everybody; returns minutes watched.
    pub(crate) fn step(&mut self) -> f64 {
        let mut watched = 0.0;
        for u in 0..self.n_users {
            let (user, now) = (UserId(u as u32), Tick(self.tick));
            let slate = self.slate(u);
            let mut words = [0; SLATE];
            self.rng.item_words(purpose::CHOICE, user, now, &slate, &mut words);
            let none = self.rng.block(purpose::CHOICE_NONE, user, now, 0)[0];
            let interest = &mut self.interest[u * TOPICS..(u + 1) * TOPICS];
            let topic = |item: ItemId| usize::from(self.topics[u * self.candidates + item.index()]);
            let scores = slate.map(|item| interest[topic(item)]);
            let luck = Luck { items: &words, none };
            if let Some(position) = self.choice.choose(&scores, luck).expect("scores are in range") {
                let minutes = self.budget[u].min(4.0);
                let quality = self.qualities[u * self.candidates + slate[position].index()];
                self.budget[u] += minutes * (0.9 / 3.4 * quality - 1.0);
                watched += f64::from(minutes);
                let luck = unit_f32(self.rng.block(purpose::DRIFT, user, now, 0)[0]);
                let x = &mut interest[topic(slate[position])];
                let delta = 0.3 * (1.0 - x.abs()) * (1.0 - *x);
                *x = (*x + if luck < 0.5 * (*x + 1.0) { delta } else { -delta }).clamp(-1.0, 1.0);
            } else {
                self.budget[u] -= 0.5;
            }
        }
        self.tick += 1;
        for u in 0..self.n_users {
            if self.budget[u] <= 0.0 {
                self.begin(u);
            }
            self.observe(u);
        }
        watched
    }
}
