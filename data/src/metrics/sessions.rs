//! How often people come and how much they do each time.
//!
//! A session is the world's own: all slates under one [`SessionId`](recloop_env::SessionId). One that the log's end cut
//! short counts as far as it was seen.

use super::people::PeopleTable;
use super::{Estimate, Named};

/// Sessions per user; slates and dwell minutes per session.
pub(super) fn metrics(people: &PeopleTable) -> Vec<Named> {
    let users = || people.seen().map(|(_, user)| (&user.did, u64::from(user.visits.sessions)));
    let depth = users().map(|(did, sessions)| (f64::from(did.slates), sessions));
    let mut metrics = vec![
        Named::new("sessions_per_user", Estimate::mean(users().map(|(_, sessions)| sessions as f64))),
        Named::new("slates_per_session", Estimate::ratio(depth)),
    ];
    if people.has_dwell {
        let minutes = users().map(|(did, sessions)| (did.dwell_secs / 60.0, sessions));
        metrics.push(Named::new("minutes_per_session", Estimate::ratio(minutes)));
    }
    metrics
}
