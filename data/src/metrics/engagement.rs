//! How much people did: the engagement metrics that need no model and no group.

use recloop_env::{Facts, Key, Metric, Transition};
use serde::{Deserialize, Serialize};

use super::{Estimate, Named};

/// Reward, steps, clicks and time, per user, slate and impression.
///
/// | metric | definition | n |
/// |---|---|---|
/// | `reward_per_user` | mean over users of the sum of their rewards | users |
/// | `steps_per_user` | mean over users of the slates they saw | users |
/// | `click_rate` | slates with a click / slates | slates |
/// | `ctr` | clicks / impressions | impressions |
/// | `dwell_minutes_per_user` | mean over users of the minutes they spent | users |
/// | `quality_per_click` | mean of the signal `quality` over clicked impressions, in worlds that have it | clicks |
///
/// Users are those who saw a slate; a place taken over by somebody new counts as one user. Standard errors are clustered
/// by user ([`Estimate::ratio`]) and conditional on the run's world.
///
/// # Numerics
/// Sums are f64 in the order of the log. Shards that keep users whole merge to the same counts exactly and to the
/// same values within 1e-9 relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Engagement;

/// What one user did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct UserTotals {
    /// Slates seen.
    pub slates: u64,
    /// Slates with a click.
    pub clicked_slates: u64,
    /// Items shown.
    pub impressions: u64,
    /// Items clicked.
    pub clicks: u64,
    /// Sum of rewards.
    pub reward: f64,
    /// Time spent.
    pub dwell_secs: f64,
    /// Sum of the signal `quality` over clicked items.
    pub quality: f64,
}

/// What everybody did so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// By user id, as far as users have been met.
    pub users: Vec<UserTotals>,
    /// Whether responses carry the signal `quality`.
    pub has_quality: bool,
}

impl Metric for Engagement {
    const KEY: Key = Key::User;
    type Partial = Totals;
    type Value = Vec<Named>;

    fn start(&self) -> Totals {
        Totals::default()
    }

    fn fold(&self, into: &mut Totals, facts: &Facts<'_>, t: &Transition<'_>) {
        let (did, quality) = (&t.step.responses, facts.spec.signal("quality"));
        into.has_quality |= quality.is_some();
        for (r, user) in t.seen.users.iter().enumerate() {
            if user.index() >= into.users.len() {
                into.users.resize(user.index() + 1, UserTotals::default());
            }
            let (total, clicked) = (&mut into.users[user.index()], did.click.row(r));
            let clicks = clicked.iter().filter(|clicked| **clicked).count() as u64;
            total.slates += 1;
            total.clicked_slates += u64::from(clicks > 0);
            total.impressions += clicked.len() as u64;
            total.clicks += clicks;
            total.reward += f64::from(t.step.reward[r]);
            total.dwell_secs += did.dwell_secs.row(r).iter().map(|secs| f64::from(*secs)).sum::<f64>();
            if let Some(quality) = quality {
                let of = did.signal(quality, r).iter().zip(clicked).filter(|(_, clicked)| **clicked);
                total.quality += of.map(|(quality, _)| f64::from(*quality)).sum::<f64>();
            }
        }
    }

    fn merge(&self, left: Totals, right: Totals) -> Totals {
        let has_quality = left.has_quality || right.has_quality;
        let (mut users, other) = (left.users, right.users);
        users.resize(users.len().max(other.len()), UserTotals::default());
        users.iter_mut().zip(other).for_each(|(total, more)| total.add(&more));
        Totals { users, has_quality }
    }

    fn value(&self, total: Totals) -> Vec<Named> {
        let users = || total.users.iter().filter(|user| user.slates > 0);
        let named = |name: &str, estimate| Named { name: name.into(), estimate };
        let mut metrics = vec![
            named("reward_per_user", Estimate::mean(users().map(|user| user.reward))),
            named("steps_per_user", Estimate::mean(users().map(|user| user.slates as f64))),
            named(
                "click_rate",
                Estimate::ratio(users().map(|user| (user.clicked_slates as f64, user.slates))),
            ),
            named("ctr", Estimate::ratio(users().map(|user| (user.clicks as f64, user.impressions)))),
            named("dwell_minutes_per_user", Estimate::mean(users().map(|user| user.dwell_secs / 60.0))),
        ];
        if total.has_quality {
            let quality = Estimate::ratio(users().map(|user| (user.quality, user.clicks)));
            metrics.push(named("quality_per_click", quality));
        }
        metrics
    }
}

impl UserTotals {
    fn add(&mut self, more: &Self) {
        self.slates += more.slates;
        self.clicked_slates += more.clicked_slates;
        self.impressions += more.impressions;
        self.clicks += more.clicks;
        self.reward += more.reward;
        self.dwell_secs += more.dwell_secs;
        self.quality += more.quality;
    }
}
