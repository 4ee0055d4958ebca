//! Some rows of a tick, as if nobody else had come.

use std::sync::Arc;

use crate::{
    Candidates, Grid, History, ItemTable, ItemView, Message, Observation, Responses, Slates, Step, UserId,
};

impl Observation {
    /// The observation there would have been, had only these rows come.
    ///
    /// `rows` ascend, so that users do.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        Self {
            tick: self.tick,
            users: rows.iter().map(|r| self.users[*r]).collect::<Vec<UserId>>(),
            sessions: rows.iter().map(|r| self.sessions[*r]).collect(),
            time_secs: rows.iter().map(|r| self.time_secs[*r]).collect(),
            user_features: pick(&self.user_features, rows),
            history: pick_history(&self.history, rows),
            messages: pick_messages(&self.messages, rows),
            candidates: Arc::new(pick_candidates(&self.candidates, rows)),
            items: Arc::new(pick_items(&self.items, rows)),
        }
    }
}

impl Slates {
    /// The slates of these rows, which ascend, alone.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        Self {
            items: pick(&self.items, rows),
            propensity: pick(&self.propensity, rows),
            marginal: self.marginal.as_ref().map(|marginal| pick(marginal, rows)),
            known: rows.iter().map(|r| self.known[*r]).collect(),
            messages: pick_messages(&self.messages, rows),
        }
    }
}

impl Responses {
    /// The responses of these rows, which ascend, alone.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        Self {
            click: pick(&self.click, rows),
            dwell_secs: pick(&self.dwell_secs, rows),
            signals: pick(&self.signals, rows),
            choice_probs: self.choice_probs.as_ref().map(|probs| pick(probs, rows)),
            replies: pick_messages(&self.replies, rows),
        }
    }
}

impl Step {
    /// What came of these rows, which ascend, alone. What happened besides is everybody's, and so is `next`: its rows
    /// are its own.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        Self {
            responses: self.responses.with_rows(rows),
            reward_parts: pick(&self.reward_parts, rows),
            reward: rows.iter().map(|r| self.reward[*r]).collect(),
            fate: rows.iter().map(|r| self.fate[*r]).collect(),
            ended: rows.iter().map(|r| self.ended[*r]).collect(),
            next_row: rows.iter().map(|r| self.next_row[*r]).collect(),
            events: self.events.clone(),
            next: self.next.clone(),
        }
    }
}

fn pick<T: Copy + Default>(grid: &Grid<T>, rows: &[usize]) -> Grid<T> {
    let mut out = Grid::new(grid.width());
    rows.iter().for_each(|r| out.push_row(grid.row(*r)));
    out
}

fn pick_messages(messages: &[Message], rows: &[usize]) -> Vec<Message> {
    let row_now = |message: &Message| {
        let row = rows.binary_search(&message.row).ok()?;
        Some(Message { row, ..message.clone() })
    };
    messages.iter().filter_map(row_now).collect()
}

fn pick_history(history: &History, rows: &[usize]) -> History {
    History {
        len: rows.iter().map(|r| history.len[*r]).collect(),
        items: pick(&history.items, rows),
        clicked: pick(&history.clicked, rows),
        dwell_secs: pick(&history.dwell_secs, rows),
        dense: pick(&history.dense, rows),
        codes: pick(&history.codes, rows),
    }
}

fn pick_candidates(candidates: &Candidates, rows: &[usize]) -> Candidates {
    let (mut starts, mut picked) = (vec![0], Vec::new());
    for &r in rows {
        picked.extend_from_slice(match candidates {
            Candidates::PerRow { .. } => candidates.listed(r),
            _ => candidates.barred(r),
        });
        starts.push(picked.len() as u32);
    }
    match candidates {
        Candidates::Shared { .. } => candidates.clone(),
        Candidates::PerRow { .. } => Candidates::PerRow { starts, items: picked },
        Candidates::Unseen { set, items, .. } => {
            Candidates::Unseen { set: *set, items: Arc::clone(items), starts, barred: picked }
        }
    }
}

/// What these rows may be shown: durable items are everybody's, ephemeral ones each row's own.
pub(crate) fn pick_items(items: &ItemView, rows: &[usize]) -> ItemView {
    let ItemView::Ephemeral { per_row, table } = items else { return items.clone() };
    let mut picked = ItemTable::new(table.layout().clone());
    for at in rows.iter().flat_map(|r| r * per_row..(r + 1) * per_row) {
        picked.push(table.all_dense().row(at), table.all_codes().row(at));
    }
    ItemView::Ephemeral { per_row: *per_row, table: picked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ToyRecommender, toy_world};
    use crate::{ResetOptions, Said, play};

    /// Two steps to the same rows are one.
    #[test]
    fn some_rows_of_some_rows_are_some_rows() {
        let mut n = 0;
        play(&mut toy_world(7), &mut ToyRecommender::default(), 3, &ResetOptions::default(), |t| {
            if t.seen.len() < 7 {
                return;
            }
            let mut slates = t.slates.clone();
            slates.messages = vec![Message { row: 5, said: Said::Explanation, text: "why".into() }];
            let (some, of_some, direct): (&[usize], _, _) = (&[1, 2, 5, 6], &[0, 2], &[1, 5]);
            assert_eq!(t.seen.with_rows(some).with_rows(of_some), t.seen.with_rows(direct));
            assert_eq!(slates.with_rows(some).with_rows(of_some), slates.with_rows(direct));
            assert_eq!(t.step.with_rows(some).with_rows(of_some), t.step.with_rows(direct));
            let (seen, slates, step) =
                (t.seen.with_rows(direct), slates.with_rows(direct), t.step.with_rows(direct));
            assert_eq!(seen.users, [t.seen.users[1], t.seen.users[5]]);
            assert_eq!(seen.items.locate(1, seen.candidates.listed(1)[3]).1, 9);
            assert_eq!(slates.check(&seen.users, &seen.candidates, 2), Ok(()));
            assert_eq!(slates.messages[0].row, 1);
            assert_eq!(step.responses.click.row(1), t.step.responses.click.row(5));
            assert_eq!((step.reward[1], step.next_row[1]), (t.step.reward[5], t.step.next_row[5]));
            let everybody: Vec<_> = (0..7).collect();
            assert_eq!((&t.seen.with_rows(&everybody), &t.step.with_rows(&everybody)), (t.seen, t.step));
            n += 1;
        })
        .unwrap();
        assert!(n > 3);
    }
}
