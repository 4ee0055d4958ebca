//! CPFair: creators in the head pay, and more so in front of users who have it better.

use recloop_env::{Event, Observation, Snapshot, SnapshotError, Step, UserId};

use super::exposures::Exposures;

/// One in so many creators is in the head, one in so many users has it better (the source's 20 %).
const ONE_IN: usize = 5;

/// `[P]` what an item of each creator loses: 0 in the tail; in the head, the share of exposure over the share of creators,
/// less 1, and at least 0.
pub(super) fn losses(exposures: &Exposures) -> Vec<f32> {
    let mut losses = vec![0.0; exposures.len()];
    let head = best(exposures.present().map(|creator| (exposures.rate(creator), creator)).collect());
    let of =
        |creators: &mut dyn Iterator<Item = usize>| creators.map(|creator| exposures.rate(creator)).sum();
    let (in_head, in_all): (f64, f64) = (of(&mut head.iter().copied()), of(&mut exposures.present()));
    if in_all > 0.0 {
        let share = head.len() as f64 / exposures.present().count() as f64;
        let excess = (in_head / in_all / share - 1.0).max(0.0);
        head.into_iter().for_each(|creator| losses[creator] = excess as f32);
    }
    losses
}

/// The best fifth, rounded up; of equals, who came first.
fn best(mut rated: Vec<(f64, usize)>) -> Vec<usize> {
    let n = rated.len().div_ceil(ONE_IN);
    if n < rated.len() {
        rated.select_nth_unstable_by(n, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    let mut best: Vec<usize> = rated[..n].iter().map(|(_, who)| *who).collect();
    best.sort_unstable();
    best
}

/// How well users were served so far, in clicks a slate.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumers {
    /// `[U]`
    clicks: Vec<f64>,
    /// `[U]`
    slates: Vec<f64>,
    /// `[U]` whether a user is among the best fifth of those met.
    better: Vec<bool>,
    /// How far the groups are apart: `(m₁ − m₂) / (m₁ + m₂)` of their means, from 0 to 1.
    gap: f32,
}

impl Consumers {
    /// Counts the clicks of a tick.
    pub(super) fn learn(&mut self, seen: &Observation, step: &Step) {
        for (row, user) in seen.users.iter().enumerate() {
            self.hold(*user);
            let clicks = step.responses.click.row(row).iter().filter(|clicked| **clicked).count();
            self.clicks[user.index()] += clicks as f64;
            self.slates[user.index()] += 1.0;
        }
        for event in &step.events {
            if let Event::Renew { user } = event {
                self.hold(*user);
                (self.clicks[user.index()], self.slates[user.index()]) = (0.0, 0.0);
            }
        }
        self.split();
    }

    fn hold(&mut self, user: UserId) {
        let n = self.clicks.len().max(user.index() + 1);
        self.clicks.resize(n, 0.0);
        self.slates.resize(n, 0.0);
    }

    /// Divides the users into the best fifth and the rest.
    fn split(&mut self) {
        let met = (0..self.slates.len()).filter(|user| self.slates[*user] > 0.0);
        let rated: Vec<(f64, usize)> =
            met.map(|user| (self.clicks[user] / self.slates[user], user)).collect();
        self.better.clear();
        self.better.resize(self.slates.len(), false);
        best(rated.clone()).into_iter().for_each(|user| self.better[user] = true);
        let mean = |better: bool| {
            let group = rated.iter().filter(|(_, user)| self.better[*user] == better);
            let (n, sum) = group.fold((0.0, 0.0), |(n, sum), (rate, _)| (n + 1.0, sum + rate));
            (n > 0.0).then_some(sum / n)
        };
        self.gap = match (mean(true), mean(false)) {
            (Some(better), Some(rest)) if better + rest > 0.0 => ((better - rest) / (better + rest)) as f32,
            _ => 0.0,
        };
    }

    /// By how much a user bears what is lost: 1 if all are served alike, up to 2 for the best fifth and down to 0 for the
    /// rest.
    pub(super) fn burden(&self, user: UserId) -> f32 {
        let better = self.better.get(user.index()).copied().unwrap_or(false);
        if better { 1.0 + self.gap } else { 1.0 - self.gap }
    }

    pub(super) fn save(&self, into: &mut Snapshot) {
        into.put_f64("clicks", 1, &self.clicks);
        into.put_f64("slates", 1, &self.slates);
    }

    pub(super) fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.clicks = from.get_f64_vec("clicks")?.to_vec();
        self.slates = vec![0.0; self.clicks.len()];
        from.get_f64("slates", &mut self.slates)?;
        self.split();
        Ok(())
    }
}
