//! Who is due when: a bucket queue, so that a tick costs what its active users cost.

use crate::{Tick, UserId};

/// Ticks a window spans. Later visits wait unsorted until their window opens (chosen by us).
const WINDOW: u32 = 1024;
/// The due tick of somebody who is not expected.
const NEVER: u32 = u32::MAX;

/// When each user is next due. At most one appointment per user.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    due: Vec<u32>,
    /// First tick of the open window.
    opens: u32,
    buckets: Vec<Vec<UserId>>,
    later: Vec<UserId>,
    /// Emptied buckets, so that a new tick reuses their memory.
    spare: Vec<Vec<UserId>>,
}

impl Calendar {
    /// Nobody is due.
    pub(crate) fn new(n_users: usize) -> Self {
        let buckets = vec![Vec::new(); WINDOW as usize];
        Self { due: vec![NEVER; n_users], opens: 0, buckets, later: Vec::new(), spare: Vec::new() }
    }

    /// Makes an appointment. The user must have none, and the tick must not be past.
    pub(crate) fn book(&mut self, user: UserId, tick: Tick) {
        debug_assert!(self.due[user.index()] == NEVER && tick.0 >= self.opens, "one future appointment each");
        self.due[user.index()] = tick.0;
        self.file(user, tick.0);
    }

    fn file(&mut self, user: UserId, tick: u32) {
        if tick - self.opens >= WINDOW {
            self.later.push(user);
            return;
        }
        let bucket = &mut self.buckets[(tick - self.opens) as usize];
        if bucket.capacity() == 0
            && let Some(spare) = self.spare.pop()
        {
            *bucket = spare;
        }
        bucket.push(user);
    }

    /// The first tick not before `from` at which somebody is due.
    pub(crate) fn next_busy(&mut self, from: Tick) -> Option<Tick> {
        let mut from = from.0;
        loop {
            let start = from.saturating_sub(self.opens).min(WINDOW) as usize;
            if let Some(gap) = self.buckets[start..].iter().position(|bucket| !bucket.is_empty()) {
                return Some(Tick(self.opens + (start + gap) as u32));
            }
            let earliest = self.later.iter().map(|user| self.due[user.index()]).min()?;
            self.open_window(earliest - earliest % WINDOW);
            from = earliest;
        }
    }

    fn open_window(&mut self, opens: u32) {
        self.opens = opens;
        let mut at = 0;
        while let Some(&user) = self.later.get(at) {
            let due = self.due[user.index()];
            if due - opens < WINDOW {
                self.later.swap_remove(at);
                self.file(user, due);
            } else {
                at += 1;
            }
        }
    }

    /// Takes everybody due at `tick` into `out`, ascending.
    pub(crate) fn take(&mut self, tick: Tick, out: &mut Vec<UserId>) {
        out.clear();
        let mut bucket = std::mem::take(&mut self.buckets[(tick.0 - self.opens) as usize]);
        out.extend_from_slice(&bucket);
        bucket.clear();
        self.spare.push(bucket);
        if !out.is_sorted() {
            out.sort_unstable();
        }
        out.iter().for_each(|user| self.due[user.index()] = NEVER);
    }

    /// The due tick of every user, [`u32::MAX`] for nobody expected: all there is to save.
    pub(crate) fn save(&self) -> &[u32] {
        &self.due
    }

    /// A calendar with these appointments.
    pub(crate) fn load(due: &[u32]) -> Self {
        let mut calendar = Self::new(due.len());
        for (user, tick) in due.iter().enumerate().filter(|(_, tick)| **tick != NEVER) {
            calendar.book(UserId(user as u32), Tick(*tick));
        }
        calendar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appointments_come_due_in_order_across_windows() {
        let mut calendar = Calendar::new(5);
        for (user, tick) in [(3, 7), (1, 7), (4, 5000), (0, 1023), (2, 1024)] {
            calendar.book(UserId(user), Tick(tick));
        }
        let mut calendar = Calendar::load(calendar.save());
        let (mut now, mut due, mut met) = (Tick(0), Vec::new(), Vec::new());
        while let Some(tick) = calendar.next_busy(now) {
            calendar.take(tick, &mut due);
            met.push((tick.0, due.iter().map(|user| user.0).collect::<Vec<_>>()));
            now = tick.next();
        }
        assert_eq!(met, [(7, vec![1, 3]), (1023, vec![0]), (1024, vec![2]), (5000, vec![4])]);
        assert!(calendar.save().iter().all(|due| *due == NEVER));
    }
}
