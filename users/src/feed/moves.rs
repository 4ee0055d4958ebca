//! How a slate and the time after it move a user.

use rand_distr::Distribution;
use recloop_env::{Fate, MAX_SLATE, Responses, Shown, Streams, normalise, purpose};

use super::impression::{experience, sigmoid};
use super::returns::{Leaver, day, habit_after, window};
use super::{Feed, FeedState};

/// What a slate was to its user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest {
    /// Positions looked at, from the top.
    pub(super) n_examined: usize,
    /// Whether anything was clicked.
    pub(super) clicked: bool,
    /// s: mean σ(e) of what was clicked, or what a slate without a click is worth.
    pub(super) value: f32,
    /// Mean gap of what was clicked.
    pub(super) gap: f32,
    /// `[K]` max(0, σ(e) − ½) where clicked: how much more of this is wanted.
    pub(super) wanted: [f32; MAX_SLATE],
    /// Seconds of dwelling and looking.
    pub(super) secs: f32,
}

impl Feed {
    /// Sums up row `i`'s slate, before anything moves.
    pub(super) fn digest(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        did: &Responses,
        i: usize,
        rng: &Streams,
    ) -> Digest {
        let (rows, slate) = (shown.scene.rows, shown.slate(i));
        let person = self.person(state, rows.at(i));
        let (mut n_clicks, mut value, mut gap, mut wanted) = (0.0, 0.0, 0.0, [0.0; MAX_SLATE]);
        let clicks = slate.iter().zip(did.click.row(rows.row(i))).zip(&mut wanted);
        for ((&item, _), wanted) in clicks.filter(|((_, clicked), _)| **clicked) {
            let it = self.impression(&person, &shown.scene, i, item);
            let felt = sigmoid(experience(&self.params, &it));
            (n_clicks, value, gap) = (n_clicks + 1.0, value + felt, gap + it.gap);
            *wanted = (felt - 0.5).max(0.0);
        }
        let clicked = n_clicks > 0.0;
        let n_examined = self.choice.examined(self.scan_word(shown, i, rng), slate.len());
        let dwell_secs: f32 = did.dwell_secs.row(rows.row(i)).iter().sum();
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
    pub(super) fn take_in(&self, state: &mut FeedState, shown: &Shown<'_>, i: usize, slate: &Digest) {
        let (params, at) = (&self.params, shown.scene.rows.at(i));
        let satisfaction = &mut state.satisfaction.row_mut(at)[0];
        *satisfaction += params.satisfaction_rate * (slate.value - *satisfaction);
        if slate.clicked {
            let trust = &mut state.trust.row_mut(at)[0];
            *trust += params.trust_rate * ((1.0 - 2.0 * slate.gap).max(0.0) - *trust);
        }
        let fatigue = state.fatigue.row_mut(at);
        fatigue.iter_mut().for_each(|f| *f *= self.slate_keep);
        for &item in &shown.slate(i)[..slate.n_examined] {
            fatigue[usize::from(shown.code(self.topic, i, item))] += 1.0;
        }
        self.drift(state, shown, i, &slate.wanted);
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

    /// Whether row `i` wants another slate, comes back another day, or is gone; and time passes until then.
    pub(super) fn go_on(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        i: usize,
        slate: &Digest,
        rng: &Streams,
    ) -> Fate {
        let (params, rows) = (&self.params, shown.scene.rows);
        let (at, user, now) = (rows.at(i), rows.users[i], rows.time_secs[i]);
        let mut draws = rng.at(purpose::PATIENCE, user, rows.tick);
        let satisfaction = state.satisfaction.row(at)[0];
        let patience = &mut state.patience.row_mut(at)[0];
        *patience -= self.cost(slate);
        let wants_more = draws.unit() < sigmoid(self.stay_logit(satisfaction, state.fatigue.row(at)));
        if *patience > 0.0 && wants_more {
            self.pass_time(state, at, now, now + f64::from(slate.secs));
            return Fate::Stays(slate.secs);
        }
        *patience = params.patience_least + self.patience.sample(&mut draws);
        let leaver = Leaver {
            satisfaction,
            habit: state.habit.row(at)[0],
            activity: state.activity.row(at)[0],
            left_secs: now + f64::from(slate.secs),
        };
        match leaver.returns(params, rng.block(purpose::RETURN, user, rows.tick, 0)) {
            None => Fate::Gone,
            Some(away_secs) => {
                // The engine books single-precision seconds: what passes here is what will have passed there.
                let secs = (f64::from(slate.secs) + away_secs) as f32;
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
    pub(super) fn stay_logit(&self, satisfaction: f32, fatigue: &[f32]) -> f32 {
        let params = &self.params;
        let tired = fatigue.iter().copied().fold(0.0, f32::max);
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
