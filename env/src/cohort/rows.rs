//! The pieces of a tick that a cohort is handed: whole things to read by row, slices of its own rows to write.

use crate::{BlockAt, Candidates, Crowd, ItemId, ItemView, Message, Slates, Tick, UserId};

/// Which rows of the tick are meant, and where their users' state is.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// When.
    pub tick: Tick,
    /// The first row, counted over the whole observation.
    pub first: usize,
    /// The users of these rows, ascending.
    pub users: &'a [UserId],
    /// Each user's own clock: seconds since the start of the world.
    pub time_secs: &'a [f64],
    /// The user whose state is in row 0 of the shard (or cohort).
    pub base: UserId,
}

impl<'a> Rows<'a> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Where the `i`-th of these users has its state.
    #[must_use]
    #[inline]
    pub fn at(&self, i: usize) -> usize {
        (self.users[i].0 - self.base.0) as usize
    }

    /// The `i`-th of these rows, counted over the whole observation.
    #[must_use]
    #[inline]
    pub fn row(&self, i: usize) -> usize {
        self.first + i
    }

    /// The rows before `users[n]`, and the rest with its state starting at `base`.
    #[must_use]
    pub fn split_at(self, n: usize, base: UserId) -> (Self, Self) {
        let (left, right) = self.users.split_at(n);
        let (time_left, time_right) = self.time_secs.split_at(n);
        let rest = Rows { first: self.first + n, users: right, time_secs: time_right, base, ..self };
        (Rows { users: left, time_secs: time_left, ..self }, rest)
    }
}

/// What is on offer to some rows at one tick.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// To whom, and when.
    pub rows: Rows<'a>,
    /// What may be shown.
    pub candidates: &'a Candidates,
    /// What a recommender sees of the items.
    pub items: &'a ItemView,
    /// What only the world knows of them.
    pub latent: &'a ItemView,
    /// What everybody did with them.
    pub crowd: &'a Crowd,
}

impl<'a> Scene<'a> {
    /// The same scene for other rows.
    #[must_use]
    pub fn with_rows(self, rows: Rows<'a>) -> Self {
        Self { rows, ..self }
    }
}

/// What was shown to some rows at one tick.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// To whom, when, out of what.
    pub scene: Scene<'a>,
    /// The slates of the whole tick; read rows through [`Shown::slate`].
    pub slates: &'a Slates,
}

impl<'a> Shown<'a> {
    /// The items shown to the `i`-th of these rows, position 0 first.
    #[must_use]
    #[inline]
    pub fn slate(&self, i: usize) -> &'a [ItemId] {
        self.slates.items.row(self.scene.rows.row(i))
    }

    /// Observed category code of an item shown to the `i`-th row.
    #[must_use]
    #[inline]
    pub fn code(&self, block: BlockAt, i: usize, item: ItemId) -> u16 {
        self.scene.items.code(block, self.scene.rows.row(i), item)
    }

    /// Observed numbers of an item shown to the `i`-th row.
    #[must_use]
    #[inline]
    pub fn dense(&self, block: BlockAt, i: usize, item: ItemId) -> &'a [f32] {
        self.scene.items.dense(block, self.scene.rows.row(i), item)
    }

    /// Latent numbers of an item shown to the `i`-th row.
    #[must_use]
    #[inline]
    pub fn latent(&self, block: BlockAt, i: usize, item: ItemId) -> &'a [f32] {
        self.scene.latent.dense(block, self.scene.rows.row(i), item)
    }
}

/// Something writable that splits by rows, so that shards can fill their parts in parallel.
pub trait SplitRows: Sized + Send {
    /// The first `n` rows and the rest.
    fn split_rows(self, n: usize) -> (Self, Self);
}

impl<T: Send> SplitRows for &mut [T] {
    fn split_rows(self, n: usize) -> (Self, Self) {
        self.split_at_mut(n)
    }
}

/// Where a cohort writes what is observable: `[rows, width]`.
#[derive(Debug)]
pub struct ObservationRows<'a> {
    /// Row-major features.
    pub features: &'a mut [f32],
    /// F.
    pub width: usize,
}

impl ObservationRows<'_> {
    /// The features of the `i`-th of these rows.
    #[inline]
    pub fn row(&mut self, i: usize) -> &mut [f32] {
        &mut self.features[i * self.width..(i + 1) * self.width]
    }
}

impl SplitRows for ObservationRows<'_> {
    fn split_rows(self, n: usize) -> (Self, Self) {
        let (left, right) = self.features.split_at_mut(n * self.width);
        (Self { features: left, width: self.width }, Self { features: right, width: self.width })
    }
}

/// Where a cohort writes what its rows did. Everything starts silent: no click, no dwell, signals 0.
#[derive(Debug)]
pub struct ResponseRows<'a> {
    /// Positions per slate.
    pub k: usize,
    /// Signals per position.
    pub n_signals: usize,
    /// `[rows, K]`.
    pub click: &'a mut [bool],
    /// `[rows, K]`.
    pub dwell_secs: &'a mut [f32],
    /// `[rows, S·K]`.
    pub signals: &'a mut [f32],
    /// `[rows, K]`, if the run asked for them.
    pub choice_probs: Option<&'a mut [f32]>,
    /// What these users say; `Message::row` counts from these rows' first. Delivered when the user is next here.
    pub replies: Vec<Message>,
}

impl ResponseRows<'_> {
    /// The same places, borrowed for a while; it starts with nothing said.
    pub fn reborrow(&mut self) -> ResponseRows<'_> {
        ResponseRows {
            k: self.k,
            n_signals: self.n_signals,
            click: self.click,
            dwell_secs: self.dwell_secs,
            signals: self.signals,
            choice_probs: self.choice_probs.as_deref_mut(),
            replies: Vec::new(),
        }
    }

    /// Records a click of the `i`-th row at `position`, and the seconds spent.
    #[inline]
    pub fn click(&mut self, i: usize, position: usize, dwell_secs: f32) {
        self.click[i * self.k + position] = true;
        self.dwell_secs[i * self.k + position] = dwell_secs;
    }

    /// Records signal `s` of the `i`-th row at `position`.
    #[inline]
    pub fn signal(&mut self, s: usize, i: usize, position: usize, value: f32) {
        self.signals[(i * self.n_signals + s) * self.k + position] = value;
    }

    /// The choice probabilities of the `i`-th row, if wanted.
    #[inline]
    pub fn probs(&mut self, i: usize) -> Option<&mut [f32]> {
        let k = self.k;
        self.choice_probs.as_deref_mut().map(|probs| &mut probs[i * k..(i + 1) * k])
    }
}

impl SplitRows for ResponseRows<'_> {
    fn split_rows(self, n: usize) -> (Self, Self) {
        let (k, n_signals) = (self.k, self.n_signals);
        let (click, click_rest) = self.click.split_at_mut(n * k);
        let (dwell_secs, dwell_rest) = self.dwell_secs.split_at_mut(n * k);
        let (signals, signals_rest) = self.signals.split_at_mut(n * k * n_signals);
        let (probs, probs_rest) = match self.choice_probs.map(|probs| probs.split_at_mut(n * k)) {
            Some((left, right)) => (Some(left), Some(right)),
            None => (None, None),
        };
        let left =
            Self { k, n_signals, click, dwell_secs, signals, choice_probs: probs, replies: self.replies };
        let right = Self {
            k,
            n_signals,
            click: click_rest,
            dwell_secs: dwell_rest,
            signals: signals_rest,
            choice_probs: probs_rest,
            replies: Vec::new(),
        };
        (left, right)
    }
}
