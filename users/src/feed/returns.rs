//! When somebody opens the app again, if ever.

use recloop_env::{Clock, unit};

use super::FeedParams;

/// Seconds per window: a quarter of a day.
pub(super) const WINDOW_SECS: f64 = Clock::DAY_SECS / 4.0;

/// How much likelier than on average a visit is at night, in the morning, in the afternoon and in the evening; the mean
/// is 1. Chosen by us.
pub(super) const CIRCADIAN: [f64; 4] = [0.4, 1.0, 1.2, 1.4];

/// The window that holds a moment, counted from the start of the world.
pub(super) fn window(secs: f64) -> u64 {
    (secs / WINDOW_SECS) as u64
}

/// The day that holds a moment.
pub(super) fn day(secs: f64) -> u64 {
    (secs / Clock::DAY_SECS) as u64
}

/// The habit of somebody who was here on a day, `days` days later and before anything else happened: the day itself
/// moved it up, every day between moved it down.
pub(super) fn habit_after(params: &FeedParams, habit: f32, days: u64) -> f32 {
    let rate = params.habit_rate;
    match days {
        0 => habit,
        _ => (habit + rate * (1.0 - habit)) * (1.0 - rate).powi(days.min(10_000) as i32 - 1),
    }
}

/// Somebody whose session just ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaver {
    pub(super) satisfaction: f32,
    pub(super) habit: f32,
    pub(super) activity: f32,
    /// More log-odds, of a user who is more than a feed user.
    pub(super) nudge: f32,
    /// When, in seconds since the start of the world.
    pub(super) left_secs: f64,
}

impl Leaver {
    /// Log-odds of coming back within a whole window that begins at `from_secs`, but for the time of day.
    pub(super) fn logit(&self, params: &FeedParams, from_secs: f64) -> f64 {
        let away_days = (from_secs - self.left_secs) / Clock::DAY_SECS;
        let habit = habit_after(params, self.habit, day(from_secs) - day(self.left_secs));
        let moved = params.return_bias
            + params.return_satisfaction * (self.satisfaction - 0.5)
            + params.return_habit * (habit - 0.4)
            + params.return_activity * self.activity
            + self.nudge;
        f64::from(moved) - f64::from(params.return_absence) * away_days.ln_1p()
    }

    /// Seconds until the next visit; `None` for somebody who never comes back.
    ///
    /// One word is spent by walking through the windows: an exponential waits until the hazards passed add up to it, so
    /// whoever is likelier to return in every window is, with the same luck, back no later. The other word is the moment.
    pub(super) fn returns(&self, params: &FeedParams, [whether, when, ..]: [u32; 4]) -> Option<f64> {
        let gone_secs = self.left_secs + f64::from(params.churn_days) * Clock::DAY_SECS;
        let (mut waiting, mut from) = (-unit(whether).ln(), self.left_secs);
        let mut next = window(from);
        while from < gone_secs {
            let to = ((next + 1) as f64 * WINDOW_SECS).min(gone_secs);
            let length = (to - from) / WINDOW_SECS;
            waiting -= CIRCADIAN[next as usize % 4] * length * softplus(self.logit(params, from));
            if waiting < 0.0 {
                return Some(from + unit(when) * (to - from) - self.left_secs);
            }
            (from, next) = (to, next + 1);
        }
        None
    }
}

/// `ln(1 + e^x) = −ln(1 − σ(x))`: the hazard of a window in which something happens with probability σ(x).
pub(super) fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// Seconds into day 0 of a first visit: a window in proportion to [`CIRCADIAN`], a moment in it at random.
pub(super) fn first_visit_secs([which, when, ..]: [u32; 4]) -> f64 {
    let (mut left, mut window) = (4.0 * unit(which), 0);
    while window < 3 && left >= CIRCADIAN[window] {
        left -= CIRCADIAN[window];
        window += 1;
    }
    (window as f64 + unit(when)) * WINDOW_SECS
}

#[cfg(test)]
mod tests {
    use super::super::tests::bound;
    use super::*;
    use recloop_env::{Streams, Tick, UserId, purpose};

    const HOUR: f64 = 3600.0;

    fn leaver() -> Leaver {
        Leaver { satisfaction: 0.55, habit: 0.7, activity: 0.3, nudge: 0.0, left_secs: 40.0 * HOUR }
    }

    fn luck(trial: u32) -> [u32; 4] {
        Streams::new(2).block(purpose::RETURN, UserId(trial), Tick(0), 0)
    }

    #[test]
    fn the_logit_by_hand() {
        let (params, leaver) = (FeedParams::default(), leaver());
        // −2 + 9·.05 + 1.5·.3 + .8·.3 = −.86.
        assert!((leaver.logit(&params, leaver.left_secs) + 0.86).abs() < 1e-6);
        // Two midnights and 2 days on, habit is (.7 + .03)·.9 = .657: −2 + .45 + .3855 + .24 − .5·ln 3.
        let later = leaver.left_secs + 48.0 * HOUR;
        assert!((leaver.logit(&params, later) - (-0.9245 - 0.5 * 3.0_f64.ln())).abs() < 1e-6);
    }

    #[test]
    fn returns_are_as_frequent_as_the_windows_say() {
        let (params, leaver, n) = (FeedParams::default(), leaver(), 100_000);
        let (mut counts, mut gone, mut early) = ([0_u32; 80], 0_u32, 0_u32);
        for trial in 0..n {
            let Some(secs) = leaver.returns(&params, luck(trial)) else {
                gone += 1;
                continue;
            };
            assert!(secs > 0.0 && secs <= 14.0 * Clock::DAY_SECS);
            let at = (leaver.left_secs + secs) / WINDOW_SECS;
            counts[at as usize] += 1;
            // Whole windows only: the first and the last are parts.
            early += u32::from((7..61).contains(&(at as usize)) && at.fract() < 0.25);
        }
        // Left at 16:00 of day 1, in window 6, of which a third is left; two thirds of window 62 are within 14 days.
        let (mut away, mut whole) = (1.0, 0.0);
        for window in 6..=62_u64 {
            let from = (window as f64 * WINDOW_SECS).max(leaver.left_secs);
            let length = match window {
                6 => 1.0 / 3.0,
                62 => 2.0 / 3.0,
                _ => 1.0,
            };
            let chance = 1.0 / (1.0 + (-leaver.logit(&params, from)).exp());
            let stays_away = (1.0 - chance).powf(CIRCADIAN[window as usize % 4] * length);
            let expected = away * (1.0 - stays_away);
            let found = f64::from(counts[window as usize]) / f64::from(n);
            assert!((found - expected).abs() < bound(n as usize), "window {window}: {found} for {expected}");
            whole += if (7..61).contains(&window) { expected } else { 0.0 };
            away *= stays_away;
        }
        assert!((f64::from(gone) / f64::from(n) - away).abs() < bound(n as usize));
        let quarter = f64::from(early) / f64::from(n);
        assert!((quarter - 0.25 * whole).abs() < bound(n as usize), "{quarter} of {whole}");
    }

    #[test]
    fn the_day_shifts_visits_but_does_not_add_any() {
        assert!((CIRCADIAN.iter().sum::<f64>() - 4.0).abs() < 1e-12);
        let n = 40_000;
        let mut counts = [0_u32; 4];
        for trial in 0..n {
            let secs = first_visit_secs(luck(trial));
            assert!((0.0..Clock::DAY_SECS).contains(&secs));
            counts[window(secs) as usize] += 1;
        }
        for (count, factor) in counts.into_iter().zip(CIRCADIAN) {
            assert!((f64::from(count) / f64::from(n) - factor / 4.0).abs() < bound(n as usize), "{counts:?}");
        }
    }

    #[test]
    fn habit_counts_a_day_when_it_ends() {
        let params = FeedParams::default();
        for (days, expected) in [(0, 0.4), (1, 0.46), (2, 0.414), (4, 0.46 * 0.9 * 0.9 * 0.9)] {
            assert!((habit_after(&params, 0.4, days) - expected).abs() < 1e-6, "after {days} days");
        }
        assert!((softplus(0.0) - 2.0_f64.ln()).abs() < 1e-15);
        // 1 − e^−softplus is the logistic function, far out too.
        for x in [-700.0, -3.0, 0.5, 700.0] {
            let (chance, logistic) = (-(-softplus(x)).exp_m1(), 1.0 / (1.0 + (-x).exp()));
            assert!(
                (chance - logistic).abs() <= 1e-15 * logistic.max(f64::MIN_POSITIVE) + 1e-16 * logistic,
                "{x}"
            );
        }
    }
}
