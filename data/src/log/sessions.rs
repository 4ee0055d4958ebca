//! Visits in progress: a row is written when a visit ends, so the log remembers those that have not.

use recloop_env::{End, Fate, SessionId, Transition, UserId};
use serde::{Deserialize, Serialize};

use super::block::Fill;
use super::words;

/// `[n_users]` the visit each user is in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Sessions(Vec<Visit>);

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Visit {
    session: SessionId,
    start_tick: u32,
    end_tick: u32,
    start_secs: f64,
    end_secs: f64,
    /// 0 between visits.
    n_slates: u32,
}

/// A visit to be written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ended {
    user: UserId,
    visit: Visit,
    /// Unless it was still open.
    fate: Option<Fate>,
    ended: Option<End>,
}

impl Sessions {
    pub(super) fn new(n_users: usize) -> Self {
        Self(vec![Visit::default(); n_users])
    }

    /// Counts one tick's slates and hands out the visits that end with them.
    pub(super) fn note(&mut self, t: &Transition<'_>) -> Vec<Ended> {
        let (tick, mut rows) = (t.tick().0, Vec::new());
        for (r, (&user, &session)) in t.seen.users.iter().zip(&t.seen.sessions).enumerate() {
            let visit = &mut self.0[user.index()];
            if visit.n_slates == 0 || visit.session != session {
                if visit.n_slates > 0 {
                    rows.push(Ended { user, visit: *visit, fate: None, ended: None });
                }
                let start_secs = t.seen.time_secs[r];
                *visit = Visit { session, start_tick: tick, start_secs, ..Visit::default() };
            }
            visit.end_tick = tick;
            let dwell_secs = t.step.responses.dwell_secs.row(r).iter().copied().map(f64::from);
            visit.end_secs = t.seen.time_secs[r] + dwell_secs.sum::<f64>();
            visit.n_slates += 1;
            let (fate, ended) = (t.step.fate[r], t.step.ended[r]);
            if ended.is_some() || !matches!(fate, Fate::Stays(_)) {
                rows.push(Ended { user, visit: *visit, fate: Some(fate), ended });
                visit.n_slates = 0;
            }
        }
        rows
    }

    /// The visits still open, by user.
    pub(super) fn open(&self) -> Vec<Ended> {
        let open = |(u, visit): (usize, &Visit)| {
            let row = Ended { user: UserId(u as u32), visit: *visit, fate: None, ended: None };
            (visit.n_slates > 0).then_some(row)
        };
        self.0.iter().enumerate().filter_map(open).collect()
    }
}

pub(super) fn write(rows: &[Ended], mut to: Fill<'_>) {
    to.values("session").extend(rows.iter().map(|row| row.visit.session.0));
    to.values("user").extend(rows.iter().map(|row| row.user.0));
    to.values("start_tick").extend(rows.iter().map(|row| row.visit.start_tick));
    to.values("end_tick").extend(rows.iter().map(|row| row.visit.end_tick));
    to.optional("start_secs", rows.iter().map(|row| Some(row.visit.start_secs)));
    to.optional("end_secs", rows.iter().map(|row| Some(row.visit.end_secs)));
    to.values("n_slates").extend(rows.iter().map(|row| row.visit.n_slates));
    to.optional("fate", rows.iter().map(|row| row.fate.map(|fate| words::fate(fate).0)));
    to.optional("ended", rows.iter().map(|row| row.ended.map(words::end)));
    to.done();
}
