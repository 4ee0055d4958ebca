//! How a slate and the time after it move a user.

use rand_distr::Distribution;
use recloop_env::{Fate, MAX_SLATE, Responses, Shown, Streams, normalise, purpose};

use super::impression::{experience, sigmoid};
use super::returns::{Leaver, day, habit_after, window};
use super::{Feed, FeedState};

/// What a slate was to its user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest {
    /// Positions looked at, from the top.
    pub(crate) n_examined: usize,
    /// Whether anything was clicked.
    pub(crate) clicked: bool,
    /// s: mean σ(e) of what was clicked, or what a slate without a click is worth.
    pub(crate) value: f32,
    /// Mean gap of what was clicked.
    pub(crate) gap: f32,
    /// `[K]` max(0, σ(e) − ½) where clicked: how much more of this is wanted.
    pub(crate) wanted: [f32; MAX_SLATE],
    /// Seconds of dwelling and looking.
    pub(crate) secs: f32,
}

/// What decides whether somebody wants another slate, after the one just seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Foresight {
    /// y.
    pub(crate) satisfaction: f32,
    /// Patience left; none if it is not positive.
    pub(crate) patience: f32,
    /// max f: how often the topic seen most was seen.
    pub(crate) tired: f32,
}

impl Feed {
    /// Sums up row `i`'s slate, before anything moves.
    pub(crate) fn digest(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        did: &Responses,
        i: usize,
        rng: &Streams,
    ) -> Digest {
        let row = shown.scene.rows.row(i);
        self.sum_up(state, shown, i, did.click.row(row), did.dwell_secs.row(row), rng)
    }

    /// The same, from what row `i` clicked and how long it stayed, `[K]` each.
    pub(crate) fn sum_up(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        click: &[bool],
        dwell_secs: &[f32],
        rng: &Streams,
    ) -> Digest {
        let (rows, slate) = (shown.scene.rows, shown.slate(i));
        let person = self.person(state, rows.at(i));
        let (mut n_clicks, mut value, mut gap, mut wanted) = (0.0, 0.0, 0.0, [0.0; MAX_SLATE]);
        let clicks = slate.iter().zip(click).zip(&mut wanted);
        for ((&item, _), wanted) in clicks.filter(|((_, clicked), _)| **clicked) {
            let it = self.impression(&person, &shown.scene, i, item);
            let felt = sigmoid(experience(&self.params, &it));
            (n_clicks, value, gap) = (n_clicks + 1.0, value + felt, gap + it.gap);
            *wanted = (felt - 0.5).max(0.0);
        }
        let clicked = n_clicks > 0.0;
        let n_examined = self.choice.examined(self.scan_word(shown, i, rng), slate.len());
        let dwell_secs: f32 = dwell_secs.iter().sum();
        Digest {
            n_examined,
            clicked,
            value: if clicked { value / n_clicks } else { self.params.skip_value },
            gap: if clicked { gap / n_clicks } else { 0.0 },
            wanted,
            secs: dwell_secs + self.params.glance_secs * n_examined as f32,
        }
    }

    /// Moves satisfaction, trust, fatigue and interest by one slate.
    pub(crate) fn take_in(&self, state: &mut FeedState, shown: &Shown<'_>, i: usize, slate: &Digest) {
        let (params, at) = (&self.params, shown.scene.rows.at(i));
        let satisfaction = &mut state.satisfaction.row_mut(at)[0];
        *satisfaction = self.satisfied(*satisfaction, slate);
        if slate.clicked {
            let trust = &mut state.trust.row_mut(at)[0];
            *trust += params.trust_rate * ((1.0 - 2.0 * slate.gap).max(0.0) - *trust);
        }
        self.tire(state.fatigue.row_mut(at), shown, i, slate);
        self.drift(state, shown, i, &slate.wanted);
    }

    /// Moves the fatigue of row `i`, `[T]`, by one slate.
    pub(crate) fn tire(&self, fatigue: &mut [f32], shown: &Shown<'_>, i: usize, slate: &Digest) {
        fatigue.iter_mut().for_each(|f| *f *= self.slate_keep);
        for &item in &shown.slate(i)[..slate.n_examined] {
            fatigue[usize::from(shown.code(self.topic, i, item))] += 1.0;
        }
    }

    /// x ← normalise((1 − κ)x + κx₀ + η·openness·Σ wanted·z). Should it all cancel out, nobody is interested in anything
    /// until the next slate.
    fn drift(&self, state: &mut FeedState, shown: &Shown<'_>, i: usize, wanted: &[f32; MAX_SLATE]) {
        let (params, at) = (&self.params, shown.scene.rows.at(i));
        let (interest, start) = (state.interest.row_mut(at), state.initial_interest.row(at));
        let pull = params.interest_return;
        for (x, x0) in interest.iter_mut().zip(start) {
            *x += pull * (x0 - *x);
        }
        let rate = params.interest_rate * state.openness.row(at)[0];
        for (&item, wanted) in shown.slate(i).iter().zip(wanted).filter(|(_, wanted)| **wanted > 0.0) {
            for (x, z) in interest.iter_mut().zip(shown.dense(self.embedding, i, item)) {
                *x += rate * wanted * z;
            }
        }
        normalise(interest);
    }

    /// Satisfaction after a slate.
    fn satisfied(&self, satisfaction: f32, slate: &Digest) -> f32 {
        satisfaction + self.params.satisfaction_rate * (slate.value - satisfaction)
    }

    /// How row `i` will be after a slate it has not yet taken in.
    pub(crate) fn foresee(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
    ) -> Foresight {
        let at = shown.scene.rows.at(i);
        let (fatigue, seen) = (state.fatigue.row(at), &shown.slate(i)[..slate.n_examined]);
        let mut tired = fatigue.iter().fold(0.0, |tired: f32, f| tired.max(f * self.slate_keep));
        let topic = |position: usize| usize::from(shown.code(self.topic, i, seen[position]));
        for position in 0..seen.len() {
            // One by one, as `take_in` adds them: sums of floats depend on their order.
            let this = topic(position);
            let before = (0..=position).filter(|other| topic(*other) == this);
            tired = tired.max(before.fold(fatigue[this] * self.slate_keep, |f, _| f + 1.0));
        }
        Foresight {
            satisfaction: self.satisfied(state.satisfaction.row(at)[0], slate),
            patience: state.patience.row(at)[0] - self.cost(slate),
            tired,
        }
    }

    /// Whether row `i` wants another slate, comes back another day, or is gone; and time passes until then.
    pub(super) fn go_on(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
        rng: &Streams,
    ) -> Fate {
        let at = shown.scene.rows.at(i);
        let after = Foresight {
            satisfaction: state.satisfaction.row(at)[0],
            patience: state.patience.row(at)[0] - self.cost(slate),
            tired: state.fatigue.row(at).iter().copied().fold(0.0, f32::max),
        };
        if self.stays(&after, 0.0, self.stay_luck(shown, i, rng)) {
            return self.linger(state, shown, i, after.patience, slate.secs);
        }
        self.depart(state, shown, i, slate.secs, 0.0, rng)
    }

    /// The luck of row `i` with wanting another slate, in [0, 1).
    pub(crate) fn stay_luck(&self, shown: &Shown<'_>, i: usize, rng: &Streams) -> f32 {
        let rows = shown.scene.rows;
        rng.at(purpose::PATIENCE, rows.users[i], rows.tick).unit()
    }

    /// Chance of wanting another slate while patience is left; `nudge` is more log-odds.
    pub(crate) fn stay_chance(&self, after: &Foresight, nudge: f32) -> f32 {
        sigmoid(self.stay_logit(after.satisfaction, after.tired) + nudge)
    }

    /// Whether there is patience for another slate, and the wish.
    pub(crate) fn stays(&self, after: &Foresight, nudge: f32, luck: f32) -> bool {
        after.patience > 0.0 && luck < self.stay_chance(after, nudge)
    }

    /// Row `i` goes on with this much patience.
    pub(crate) fn linger(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        i: usize,
        patience: f32,
        secs: f32,
    ) -> Fate {
        let (at, now) = (shown.scene.rows.at(i), shown.scene.rows.time_secs[i]);
        state.patience.row_mut(at)[0] = patience;
        self.pass_time(state, at, now, now + f64::from(secs));
        Fate::Stays(secs)
    }

    /// Row `i` closes the app, for a while or for good; `nudge` is more log-odds of coming back.
    pub(crate) fn depart(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        i: usize,
        slate_secs: f32,
        nudge: f32,
        rng: &Streams,
    ) -> Fate {
        let (params, rows) = (&self.params, shown.scene.rows);
        let (at, user, now) = (rows.at(i), rows.users[i], rows.time_secs[i]);
        let mut draws = rng.at(purpose::PATIENCE, user, rows.tick);
        // The first of these draws is `stay_luck`.
        draws.unit();
        state.patience.row_mut(at)[0] = params.patience_least + self.patience.sample(&mut draws);
        let leaver = Leaver {
            satisfaction: state.satisfaction.row(at)[0],
            habit: state.habit.row(at)[0],
            activity: state.activity.row(at)[0],
            nudge,
            left_secs: now + f64::from(slate_secs),
        };
        match leaver.returns(params, rng.block(purpose::RETURN, user, rows.tick, 0)) {
            None => Fate::Gone,
            Some(away_secs) => {
                // The engine books single-precision seconds: what passes here is what will have passed there.
                let secs = (f64::from(slate_secs) + away_secs) as f32;
                self.pass_time(state, at, now, now + f64::from(secs));
                Fate::Returns(secs)
            }
        }
    }

    /// Patience a slate costs.
    pub(super) fn cost(&self, slate: &Digest) -> f32 {
        let unclicked = if slate.clicked { 0.0 } else { self.params.no_click_cost };
        let poor = if slate.value < self.params.low_value { self.params.low_value_cost } else { 0.0 };
        1.0 + unclicked + poor
    }

    /// Log-odds of wanting another slate.
    pub(super) fn stay_logit(&self, satisfaction: f32, tired: f32) -> f32 {
        let params = &self.params;
        params.stay_bias + params.stay_satisfaction * (satisfaction - 0.5) - params.stay_fatigue * tired
    }

    /// What time alone does between a slate and the next: fatigue fades with every window that begins, and every day that
    /// ends moves habit. So a user's state is always that of their next slate.
    pub(super) fn pass_time(&self, state: &mut FeedState, at: usize, now_secs: f64, next_secs: f64) {
        let windows = window(next_secs) - window(now_secs);
        if windows > 0 {
            let keep = self.params.fatigue_window_keep.powi(windows.min(10_000) as i32);
            state.fatigue.row_mut(at).iter_mut().for_each(|f| *f *= keep);
            let habit = &mut state.habit.row_mut(at)[0];
            *habit = habit_after(&self.params, *habit, day(next_secs) - day(now_secs));
        }
    }
}
