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
/// What an item looks like is kept once for an item that lasts, and with every row for others; what changes about it is
/// kept with every row.
///
/// # Shapes
/// - `users` `[N, F_u]`
/// - where items last, `looks` `[M, L]` and `cells` `[N, C]`, of which the first K are the slate, top first; elsewhere `looks`
///   `[N, C, L]` in that order, and no `cells`
/// - `told` `[N, C, F_i − L]`; `head_start` `[N, C]`
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
    /// Which row of `looks` each candidate is, where items last; any where there is none.
    pub(crate) cells: Vec<u32>,
    pub(crate) looks: Vec<f32>,
    pub(crate) told: Vec<f32>,
    /// What a score has beside the network's.
    pub(crate) head_start: Vec<f32>,
    /// Whether any is not 0.
    pub(crate) leans: bool,
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

/// Where one row is written.
struct Line<'a> {
    user: &'a mut [f32],
    /// `[C]` whoever was on offer, the shown first; of no length where items pass.
    cells: &'a mut [u32],
    /// `[C, L]`; of no length where items last.
    looks: &'a mut [f32],
    /// `[C, F_i − L]`
    told: &'a mut [f32],
    /// `[C]`
    head_start: &'a mut [f32],
    n_candidates: &'a mut u32,
    log_propensity: &'a mut f32,
}

impl Experience {
    /// For episodes of a world, with at most `c` candidates a row, and with room for `n` rows.
    pub(crate) fn new(spec: &EnvSpec, neural: &Neural, c: usize, n: usize) -> Self {
        let (width, n_looks) = (neural.encoder().width(), neural.encoder().looks());
        let (each, lasting) = if spec.durable_items { (0, n) } else { (n, 0) };
        Self {
            width,
            n_looks,
            users: Vec::with_capacity(n * width.user),
            cells: Vec::with_capacity(lasting * c),
            looks: Vec::with_capacity(each * c * n_looks),
            told: Vec::with_capacity(n * c * (width.item - n_looks)),
            head_start: Vec::with_capacity(n * c),
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

    /// All of them.
    pub(crate) fn rows(&self) -> Vec<u32> {
        (0..self.len() as u32).collect()
    }

    /// Adds a tick: the candidates of a row are those its scorer would rank.
    pub(crate) fn record(&mut self, scorer: &impl Holds, seen: &Observation, slates: &Slates, step: &Step) {
        let course = |user: &UserId| {
            let mut course = self.courses[user.index()];
            course[2] = seen.tick.0 as f32 / HUNDRED;
            course
        };
        self.course.extend(seen.users.iter().map(course));
        self.look_up(scorer.neural().encoder(), seen);
        let lines = self.lines(seen);
        lines.into_par_iter().enumerate().with_min_len(64).for_each(|(row, line)| {
            line.write(scorer, seen, slates, row);
        });
        let first = self.len() * self.c;
        self.leans |= self.head_start[first..].iter().any(|more| *more != 0.0);
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

    /// Room for the rows of a tick, all zeros.
    fn lines(&mut self, seen: &Observation) -> Vec<Line<'_>> {
        let (n, c, l) = (seen.len(), self.c, self.n_looks);
        let told = c * (self.width.item - l);
        let [cells, looks] = if seen.items.is_durable() { [c, 0] } else { [0, c * l] };
        let mut users = grown(&mut self.users, n * self.width.user);
        let mut all_cells = grown(&mut self.cells, n * cells);
        let mut all_looks = grown(&mut self.looks, n * looks);
        let mut all_told = grown(&mut self.told, n * told);
        let mut head_start = grown(&mut self.head_start, n * c);
        let n_candidates = grown(&mut self.n_candidates, n).iter_mut();
        let log_propensity = grown(&mut self.log_propensity, n);
        let line = |(n_candidates, log_propensity)| Line {
            user: split(&mut users, self.width.user),
            cells: split(&mut all_cells, cells),
            looks: split(&mut all_looks, looks),
            told: split(&mut all_told, told),
            head_start: split(&mut head_start, c),
            n_candidates,
            log_propensity,
        };
        n_candidates.zip(log_propensity).map(line).collect()
    }

    /// Writes the numbers of the first `c` candidates of a row, zeros where there is none, `[c, F_i]`.
    pub(crate) fn items(&self, row: usize, c: usize, out: &mut Vec<f32>) {
        let (l, e) = (self.n_looks, self.width.item - self.n_looks);
        if self.cells.is_empty() {
            // Of items that pass nothing is told but their looks.
            return out.extend_from_slice(&self.looks[row * self.c * l..][..c * l]);
        }
        let n = c.min(self.n_candidates[row] as usize);
        for (place, cell) in self.cells[row * self.c..][..n].iter().enumerate() {
            out.extend_from_slice(&self.looks[*cell as usize * l..][..l]);
            out.extend_from_slice(&self.told[(row * self.c + place) * e..][..e]);
        }
        out.extend(std::iter::repeat_n(0.0, (c - n) * self.width.item));
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

impl Line<'_> {
    fn write(self, scorer: &impl Holds, seen: &Observation, slates: &Slates, row: usize) {
        let (neural, listed, shown) = (scorer.neural(), seen.candidates.listed(row), slates.items.row(row));
        let (encoder, c) = (neural.encoder(), self.head_start.len());
        let met = encoder.meet(seen, row, neural.records());
        self.user.copy_from_slice(&met.user);
        let ranked = scorer.offered(seen, row);
        // Something shown that is not ranked here was shown by another policy.
        let head_start =
            |item: &ItemId| ranked.iter().find(|(place, _)| listed[*place] == *item).map_or(0.0, |it| it.1);
        let shown_first = shown.iter().map(|item| (*item, head_start(item)));
        let ids = ranked.iter().map(|(place, more)| (listed[*place], *more));
        let offered = shown_first.chain(ids.filter(|(item, _)| !shown.contains(item))).take(c);
        let (l, mut item) = (encoder.looks(), vec![0.0; encoder.width().item]);
        let e = item.len() - l;
        for (place, (id, more)) in offered.enumerate() {
            encoder.item(seen, row, id, &met, &mut item);
            match self.cells.get_mut(place) {
                Some(cell) => *cell = id.0,
                None => self.looks[place * l..][..l].copy_from_slice(&item[..l]),
            }
            self.told[place * e..][..e].copy_from_slice(&item[l..]);
            self.head_start[place] = more;
            *self.n_candidates += 1;
        }
        *self.log_propensity = slates.propensity.row(row).iter().map(|p| p.ln()).sum::<f64>() as f32;
    }
}

/// `n` more elements at the end.
fn grown<T: Default + Clone>(all: &mut Vec<T>, n: usize) -> &mut [T] {
    let first = all.len();
    all.resize(first + n, T::default());
    &mut all[first..]
}

/// The first `n` elements, cut off.
fn split<'a, T>(rest: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let (first, others) = std::mem::take(rest).split_at_mut(n);
    *rest = others;
    first
}
