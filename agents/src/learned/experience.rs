//! What was seen, shown and earned: rows of numbers, chained by user.

use rayon::prelude::*;
use recloop_env::{End, EnvSpec, ItemId, Observation, Slates, Step, UserId};

use super::encoder::Encoder;
use super::gain::Worth;
use super::network::{COURSE, SIGNALS, Width};
use super::neural::{Holds, Neural};

/// What courses are counted in, so that their numbers are about 1 (chosen by us).
const HUNDRED: f32 = 100.0;

/// Every slate of some episodes, in the order they were shown.
///
/// What an item looks like is kept once for an item that lasts, and once a row for others; what changes about it is kept
/// with every row.
///
/// # Shapes
/// - `users` `[N, F_u]`; `cells` `[N, C]`, of which the first K are the slate, top first; `looks` `[M, L]`
/// - `told` `[N, C, F_i − L]`; `head_start` `[N, C]`, if any scorer gives one
/// - `click` `[N, K]`; everything else `[N]`
#[derive(Debug, Clone, Default)]
pub(crate) struct Experience {
    pub(crate) width: Width,
    /// L.
    pub(crate) n_looks: usize,
    /// C: rows with fewer candidates are filled up with zeros.
    pub(crate) c: usize,
    pub(crate) k: usize,
    pub(crate) users: Vec<f32>,
    /// Which row of `looks` each candidate is; any where there is none.
    pub(crate) cells: Vec<u32>,
    pub(crate) looks: Vec<f32>,
    pub(crate) told: Vec<f32>,
    /// What a score has beside the network's.
    pub(crate) head_start: Vec<f32>,
    /// Candidates there were.
    pub(crate) n_candidates: Vec<u32>,
    /// `[N, 5]` the user's trajectory before, in hundreds: slates, reward, ticks, and the sums of the first signals.
    pub(crate) course: Vec<[f32; COURSE]>,
    /// `[N, K]` logarithm of how likely each item was, given those above.
    pub(crate) log_choice: Vec<f32>,
    /// `[N, K]` the part of the reward that each item brought by itself.
    pub(crate) gain: Vec<f32>,
    /// Logarithm of how likely the slate was.
    pub(crate) log_propensity: Vec<f32>,
    pub(crate) reward: Vec<f32>,
    /// What the world itself paid in all.
    pub(crate) earned: f64,
    /// `[N, K]` which of the slate were clicked.
    pub(crate) click: Vec<bool>,
    pub(crate) time_secs: Vec<f64>,
    /// The same user's next slate.
    pub(crate) next: Vec<Option<u32>>,
    pub(crate) ended: Vec<Option<End>>,
    /// What each response is worth.
    pub(super) worth: Worth,
    /// Each user's latest slate, while episodes are recorded.
    pub(super) latest: Vec<Option<u32>>,
    /// What each user's course is by now.
    pub(super) courses: Vec<[f32; COURSE]>,
}

/// One row before it is written.
struct Record {
    user: Vec<f32>,
    /// `[C]` whoever was on offer, the shown first.
    offered: Vec<ItemId>,
    /// `[C, L]` if its items do not last, else nothing.
    looks: Vec<f32>,
    /// `[C, F_i − L]`
    told: Vec<f32>,
    /// `[C]`
    head_start: Vec<f32>,
    log_propensity: f32,
}

impl Experience {
    /// Room for episodes of a world, with at most `c` candidates a row.
    pub(crate) fn new(spec: &EnvSpec, neural: &Neural, c: usize) -> Self {
        Self {
            width: neural.encoder().width(),
            n_looks: neural.encoder().looks(),
            c,
            k: spec.slate_size,
            worth: Worth::of_world(spec),
            latest: vec![None; spec.n_users],
            courses: vec![[0.0; COURSE]; spec.n_users],
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.reward.len()
    }

    /// Adds a tick: the candidates of a row are those its scorer would rank.
    pub(crate) fn record(&mut self, scorer: &impl Holds, seen: &Observation, slates: &Slates, step: &Step) {
        let course = |user: &UserId| {
            let mut course = self.courses[user.index()];
            course[2] = seen.tick.0 as f32 / HUNDRED;
            course
        };
        let mut rows = Vec::with_capacity(seen.len());
        (0..seen.len())
            .into_par_iter()
            .with_min_len(64)
            .map(|row| Record::of(scorer, seen, slates, row, self.c))
            .collect_into_vec(&mut rows);
        self.course.extend(seen.users.iter().map(course));
        self.look_up(scorer.neural().encoder(), seen);
        rows.into_iter().for_each(|row| self.write(row, seen.items.is_durable()));
        self.log_choice.extend(slates.propensity.as_slice().iter().map(|p| p.ln() as f32));
        self.chain(seen, step);
    }

    /// Writes down the looks of items that are new and last.
    fn look_up(&mut self, encoder: &Encoder, seen: &Observation) {
        let Some(catalogue) = seen.items.catalogue() else { return };
        for item in self.looks.len() / self.n_looks..catalogue.len() {
            let (table, at) = catalogue.locate(ItemId(item as u32));
            let first = self.looks.len();
            self.looks.resize(first + self.n_looks, 0.0);
            encoder.look(table, at, &mut self.looks[first..]);
        }
    }

    fn write(&mut self, row: Record, are_durable: bool) {
        let (n, filled) = (row.offered.len(), self.c - row.offered.len());
        if are_durable {
            self.cells.extend(row.offered.iter().map(|item| item.0));
        } else {
            let first = self.looks.len() / self.n_looks;
            self.cells.extend((first..first + n).map(|cell| cell as u32));
            self.looks.extend(row.looks);
        }
        self.cells.extend(std::iter::repeat_n(0, filled));
        self.told.extend(row.told);
        self.told.extend(std::iter::repeat_n(0.0, filled * (self.width.item - self.n_looks)));
        self.head_start.extend(row.head_start);
        self.head_start.extend(std::iter::repeat_n(0.0, filled));
        self.users.extend(row.user);
        self.n_candidates.push(n as u32);
        self.log_propensity.push(row.log_propensity);
    }

    /// Writes the numbers of every candidate of a row, zeros where there is none, `[C, F_i]`.
    pub(crate) fn items(&self, row: usize, out: &mut Vec<f32>) {
        let (l, e) = (self.n_looks, self.width.item - self.n_looks);
        let n = self.n_candidates[row] as usize;
        for (place, cell) in self.cells[row * self.c..][..n].iter().enumerate() {
            out.extend_from_slice(&self.looks[*cell as usize * l..][..l]);
            out.extend_from_slice(&self.told[(row * self.c + place) * e..][..e]);
        }
        out.extend(std::iter::repeat_n(0.0, (self.c - n) * self.width.item));
    }

    fn chain(&mut self, seen: &Observation, step: &Step) {
        for (row, user) in seen.users.iter().enumerate() {
            let here = self.reward.len() as u32;
            if let Some(before) = self.latest[user.index()].replace(here) {
                self.next[before as usize] = Some(here);
            }
            let reward = step.reward[row];
            let course = &mut self.courses[user.index()];
            course[0] += 1.0 / HUNDRED;
            course[1] += reward / HUNDRED;
            let signals = step.responses.signals.row(row).chunks_exact(self.k);
            for (sum, signal) in course[COURSE - SIGNALS..].iter_mut().zip(signals) {
                *sum += signal.iter().sum::<f32>() / HUNDRED;
            }
            self.reward.push(reward);
            self.earned += f64::from(reward);
            self.gain.extend((0..self.k).map(|k| self.worth.of(&step.responses, row, k)));
            self.click.extend_from_slice(step.responses.click.row(row));
            self.time_secs.push(seen.time_secs[row]);
            self.next.push(None);
            self.ended.push(step.ended[row]);
        }
    }
}

impl Record {
    fn of(scorer: &impl Holds, seen: &Observation, slates: &Slates, row: usize, c: usize) -> Self {
        let (neural, listed) = (scorer.neural(), seen.candidates.listed(row));
        let encoder = neural.encoder();
        let met = encoder.meet(seen, row, neural.records());
        let shown = slates.items.row(row);
        let ranked: Vec<_> =
            scorer.offered(seen, row).into_iter().map(|(place, more)| (listed[place], more)).collect();
        // Something shown that is not ranked here was shown by another policy.
        let head_start =
            |item: &ItemId| ranked.iter().find(|(other, _)| other == item).map_or(0.0, |it| it.1);
        let shown_first = shown.iter().map(|item| (*item, head_start(item)));
        let others = ranked.iter().copied().filter(|(item, _)| !shown.contains(item));
        let (offered, head_start): (Vec<_>, Vec<_>) = shown_first.chain(others).take(c).unzip();
        let (mut looks, mut told, mut item) = (Vec::new(), Vec::new(), vec![0.0; encoder.width().item]);
        for id in &offered {
            encoder.item(seen, row, *id, &met, &mut item);
            if !seen.items.is_durable() {
                looks.extend_from_slice(&item[..encoder.looks()]);
            }
            told.extend_from_slice(&item[encoder.looks()..]);
        }
        let log_propensity = slates.propensity.row(row).iter().map(|p| p.ln()).sum::<f64>() as f32;
        Self { user: met.user, offered, looks, told, head_start, log_propensity }
    }
}
