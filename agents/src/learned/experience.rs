//! What was seen, shown and earned: rows of numbers, chained by user.

use rayon::prelude::*;
use recloop_env::{End, EnvSpec, Observation, Slates, Step, UserId};

use super::network::{COURSE, Width};
use super::neural::Holds;

/// What courses are counted in, so that their numbers are about 1 (chosen by us).
const HUNDRED: f32 = 100.0;

/// Every slate of some episodes, in the order they were shown.
///
/// # Shapes
/// - `users` `[N, F_u]`; `items` `[N, C, F_i]`, of which the first K are the slate, top first
/// - everything else `[N]`
#[derive(Debug, Clone, Default)]
pub(crate) struct Experience {
    pub(crate) width: Width,
    /// C: rows with fewer candidates are filled up with zeros.
    pub(crate) c: usize,
    pub(crate) k: usize,
    pub(crate) users: Vec<f32>,
    pub(crate) items: Vec<f32>,
    /// Candidates there were.
    pub(crate) n_candidates: Vec<u32>,
    /// `[N, 3]` the user's trajectory before: slates and ticks in hundreds, reward in hundreds.
    pub(crate) course: Vec<[f32; COURSE]>,
    /// Logarithm of how likely the slate was.
    pub(crate) log_propensity: Vec<f32>,
    /// What the network made of the user.
    pub(crate) value: Vec<f32>,
    pub(crate) reward: Vec<f32>,
    /// `[N, K]` which of the slate were clicked.
    pub(crate) click: Vec<bool>,
    pub(crate) time_secs: Vec<f64>,
    /// The same user's next slate.
    pub(crate) next: Vec<Option<u32>>,
    pub(crate) ended: Vec<Option<End>>,
    /// Each user's latest slate, while episodes are recorded.
    pub(super) latest: Vec<Option<u32>>,
    /// What each user's course is by now.
    pub(super) courses: Vec<[f32; COURSE]>,
}

/// One row to be written.
struct Record<'a> {
    user: &'a mut [f32],
    items: &'a mut [f32],
    n_candidates: &'a mut u32,
    log_propensity: &'a mut f32,
    course: [f32; COURSE],
    value: &'a mut f32,
}

impl Experience {
    /// Room for episodes of a world, with at most `c` candidates a row.
    pub(crate) fn new(spec: &EnvSpec, width: Width, c: usize) -> Self {
        Self {
            width,
            c,
            k: spec.slate_size,
            latest: vec![None; spec.n_users],
            courses: vec![[0.0; COURSE]; spec.n_users],
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.reward.len()
    }

    /// Adds a tick: the candidates of a row are those its scorer would rank.
    pub(crate) fn record(
        &mut self,
        scorer: &impl Holds,
        seen: &Observation,
        slates: &Slates,
        step: &Step,
        reward: impl Fn(usize) -> f32,
    ) {
        let course = |user: &UserId| {
            let [slates, reward, _] = self.courses[user.index()];
            [slates, reward, seen.tick.0 as f32 / HUNDRED]
        };
        self.course.extend(seen.users.iter().map(course));
        let (first, n) = (self.len(), self.len() + seen.len());
        self.users.resize(n * self.width.user, 0.0);
        self.items.resize(n * self.c * self.width.item, 0.0);
        self.n_candidates.resize(n, 0);
        self.log_propensity.resize(n, 0.0);
        self.value.resize(n, 0.0);
        let courses = &self.course[first..];
        let rows = self.users[first * self.width.user..].par_chunks_mut(self.width.user.max(1));
        let rows =
            rows.zip(self.items[first * self.c * self.width.item..].par_chunks_mut(self.c * self.width.item));
        let rows = rows.zip(&mut self.n_candidates[first..]).zip(&mut self.log_propensity[first..]);
        rows.zip(&mut self.value[first..]).enumerate().with_min_len(64).for_each(
            |(row, ((((user, items), n_candidates), log_propensity), value))| {
                let course = courses[row];
                let record = Record { user, items, n_candidates, log_propensity, course, value };
                record.write(scorer, seen, slates, row);
            },
        );
        self.chain(seen, step, reward);
    }

    fn chain(&mut self, seen: &Observation, step: &Step, reward: impl Fn(usize) -> f32) {
        for (row, user) in seen.users.iter().enumerate() {
            let here = self.reward.len() as u32;
            if let Some(before) = self.latest[user.index()].replace(here) {
                self.next[before as usize] = Some(here);
            }
            let reward = reward(row);
            let course = &mut self.courses[user.index()];
            course[0] += 1.0 / HUNDRED;
            course[1] += reward / HUNDRED;
            self.reward.push(reward);
            self.click.extend_from_slice(step.responses.click.row(row));
            self.time_secs.push(seen.time_secs[row]);
            self.next.push(None);
            self.ended.push(step.ended[row]);
        }
    }
}

impl Record<'_> {
    fn write(self, scorer: &impl Holds, seen: &Observation, slates: &Slates, row: usize) {
        let (neural, listed) = (scorer.neural(), seen.candidates.listed(row));
        let encoder = neural.encoder();
        encoder.user(seen, row, self.user);
        *self.value = neural.network().value(self.user, self.course);
        *self.log_propensity = slates.propensity.row(row).iter().map(|p| p.ln()).sum::<f64>() as f32;
        let shown = slates.items.row(row);
        let offered = scorer.offered(seen, row);
        let others = offered.into_iter().map(|place| listed[place]).filter(|item| !shown.contains(item));
        let mut cells = self.items.chunks_exact_mut(encoder.width().item);
        for (item, cell) in shown.iter().copied().chain(others).zip(&mut cells) {
            encoder.item(seen, row, item, cell);
            *self.n_candidates += 1;
        }
    }
}
