//! What reward models are told of a candidate in its situation.

use recloop_env::{BlockAt, BlockKind, EnvSpec, Grid, Keep, Observation};

use crate::ope::model::Sparse;

/// Categories of more levels get no number for each (chosen by us: a model should not know items by heart).
const MOST_LEVELS: u16 = 64;
/// Blocks of fewer dimensions are not matched with one another: two single numbers say nothing by agreeing in that
/// (chosen by us).
const LEAST_MATCHED: usize = 2;

/// Which numbers describe a candidate at a position, in this order.
///
/// Of the situation: the user's features · the share of what was shown lately that was clicked · which position. Of the
/// candidate: its dense blocks · a number for each level of its small categories · its agreement with each feature of the
/// user of the same dimensions · how alike it is to what the user lately clicked, block by block · the score that somebody
/// gives it, if anybody does.
#[derive(Debug, Clone)]
pub(super) struct Features {
    keep: Keep,
    history: usize,
    user: usize,
    positions: usize,
    /// Blocks of the items with where they begin among the features.
    dense: Vec<(BlockAt, usize)>,
    codes: Vec<(BlockAt, usize)>,
    /// User feature, item feature.
    matches: Vec<(BlockAt, BlockAt)>,
    matches_at: usize,
    /// Where the score is.
    score_at: Option<usize>,
    width: usize,
}

impl Features {
    pub(super) fn of(spec: &EnvSpec) -> Self {
        let blocks = || spec.item_features.places().map(|(_, at)| at);
        let small = |at: &BlockAt| matches!(at.kind, BlockKind::Category { levels } if levels <= MOST_LEVELS);
        let (user, positions) = (spec.user_features.dense_width(), spec.slate_size);
        let mut end = user + 1 + positions;
        let mut placed = |at: BlockAt| {
            let begin = end;
            end += at.length();
            (at, begin)
        };
        let dense: Vec<_> =
            blocks().filter(|at| matches!(at.kind, BlockKind::Dense { .. })).map(&mut placed).collect();
        let codes: Vec<_> = blocks().filter(small).map(&mut placed).collect();
        let users = spec.user_features.places().filter(|(_, at)| at.length() >= LEAST_MATCHED);
        let matches: Vec<_> = users
            .flat_map(|(_, user)| {
                blocks().filter(move |item| item.length() == user.length()).map(move |item| (user, item))
            })
            .collect();
        let (matches_at, width) = (end, end + matches.len() + dense.len() + codes.len());
        let (keep, history) = (spec.history.keep, spec.history.length);
        Self { keep, history, user, positions, dense, codes, matches, matches_at, score_at: None, width }
    }

    /// The same with a score.
    pub(super) fn scored(self) -> Self {
        Self { score_at: Some(self.width), width: self.width + 1, ..self }
    }

    /// How many numbers there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Where those of the candidate begin.
    pub(super) fn candidate_at(&self) -> usize {
        self.user + 1 + self.positions
    }

    /// What is the same for all candidates of a row.
    pub(super) fn situation<'a>(
        &'a self,
        seen: &'a Observation,
        row: usize,
        scores: &'a [f32],
    ) -> Situation<'a> {
        let recent = Recent { seen, row };
        let clicks: Vec<usize> = recent.clicks().collect();
        let share = |n: usize| if n == 0 { 0.0 } else { (n as f64).recip() };
        let each = share(clicks.len());
        let mut liked = vec![0.0; self.matches_at - self.candidate_at()];
        let first = self.candidate_at();
        for &entry in &clicks {
            for (at, begin) in &self.dense {
                let sums = liked[begin - first..].iter_mut();
                sums.zip(recent.dense(entry, *at)).for_each(|(sum, x)| *sum += each * f64::from(*x));
            }
            for (at, begin) in &self.codes {
                liked[begin - first + usize::from(recent.code(entry, *at))] += each;
            }
        }
        // Of clicks alone, what tells is how many there are.
        let of = if self.keep == Keep::Clicks { self.history } else { recent.len() };
        Situation { features: self, seen, row, click_share: clicks.len() as f64 * share(of), liked, scores }
    }
}

/// What a row's user lately met.
struct Recent<'a> {
    seen: &'a Observation,
    row: usize,
}

impl<'a> Recent<'a> {
    fn len(&self) -> usize {
        self.seen.history.len[self.row] as usize
    }

    fn clicks(&self) -> impl Iterator<Item = usize> + use<'a> {
        let clicked = self.seen.history.clicked.row(self.row);
        (0..self.len()).filter(move |entry| clicked[*entry])
    }

    /// Durable items are looked up; of the others the history keeps the features.
    fn dense(&self, entry: usize, at: BlockAt) -> &'a [f32] {
        let history = &self.seen.history;
        if self.seen.items.is_durable() {
            return self.seen.items.dense(at, self.row, history.items.row(self.row)[entry]);
        }
        let kept = entry_of(&history.dense, self.row, entry, self.seen.items.layout().dense_width());
        &kept[at.offset..at.offset + at.length()]
    }

    fn code(&self, entry: usize, at: BlockAt) -> u16 {
        let history = &self.seen.history;
        if self.seen.items.is_durable() {
            return self.seen.items.code(at, self.row, history.items.row(self.row)[entry]);
        }
        entry_of(&history.codes, self.row, entry, self.seen.items.layout().code_width())[at.offset]
    }
}

fn entry_of<T>(kept: &Grid<T>, row: usize, entry: usize, width: usize) -> &[T] {
    &kept.row(row)[entry * width..(entry + 1) * width]
}

/// A row of an observation, described once for all its candidates.
pub(super) struct Situation<'a> {
    features: &'a Features,
    seen: &'a Observation,
    row: usize,
    click_share: f64,
    /// Means over what was lately clicked, in the order of the candidate's blocks.
    liked: Vec<f64>,
    /// `[C]` in the order of the row's list, if anybody gives scores.
    scores: &'a [f32],
}

impl Situation<'_> {
    /// The features of the user: `[U]`, then the share of clicks.
    pub(super) fn state(&self) -> impl Iterator<Item = f64> + '_ {
        let user = self.seen.user_features.row(self.row).iter().map(|x| f64::from(*x));
        user.chain([self.click_share])
    }

    /// The features of the candidate at `place` of the row's list, shown at `position`.
    pub(super) fn describe(&self, place: usize, position: usize, out: &mut Sparse) {
        out.clear();
        let mut put = |at: usize, value: f64| {
            if value != 0.0 {
                out.push(at as u32, value);
            }
        };
        self.state().enumerate().for_each(|(at, value)| put(at, value));
        put(self.features.user + 1 + position, 1.0);
        self.candidate(place, &mut put);
    }

    /// Those of its features that are its own.
    pub(super) fn candidate(&self, place: usize, put: &mut dyn FnMut(usize, f64)) {
        let Self { features, seen, row, liked, scores, .. } = self;
        let (item, items) = (seen.candidates.listed(*row)[place], &seen.items);
        let (first, mut at) = (features.candidate_at(), features.matches_at);
        let user = seen.user_features.row(*row);
        for (user_at, item_at) in &features.matches {
            let weights = &user[user_at.offset..user_at.offset + user_at.length()];
            put(at, f64::from(items.dot(*item_at, *row, item, weights)));
            at += 1;
        }
        for (block, begin) in &features.dense {
            let values = items.dense(*block, *row, item);
            let mut alike = 0.0;
            for (i, x) in values.iter().map(|x| f64::from(*x)).enumerate() {
                put(begin + i, x);
                alike += x * liked[begin - first + i];
            }
            put(at, alike);
            at += 1;
        }
        for (block, begin) in &features.codes {
            let level = begin + usize::from(items.code(*block, *row, item));
            put(level, 1.0);
            put(at, liked[level - first]);
            at += 1;
        }
        if let Some(at) = features.score_at {
            put(at, f64::from(scores[place]));
        }
    }
}
