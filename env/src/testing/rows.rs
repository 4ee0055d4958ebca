//! Some rows of a tick, as if nobody else had come.

use std::sync::Arc;

use crate::{Candidates, Grid, History, ItemTable, ItemView, Message, Observation, Slates, UserId};

/// The observation there would have been, had only these rows come.
pub(super) fn with_rows(seen: &Observation, rows: &[usize]) -> Observation {
    let row_now = |message: &Message| {
        let row = rows.iter().position(|r| *r == message.row)?;
        Some(Message { row, ..message.clone() })
    };
    Observation {
        tick: seen.tick,
        users: rows.iter().map(|r| seen.users[*r]).collect::<Vec<UserId>>(),
        sessions: rows.iter().map(|r| seen.sessions[*r]).collect(),
        time_secs: rows.iter().map(|r| seen.time_secs[*r]).collect(),
        user_features: pick(&seen.user_features, rows, 1),
        history: pick_history(&seen.history, rows),
        messages: seen.messages.iter().filter_map(row_now).collect(),
        candidates: Arc::new(pick_candidates(&seen.candidates, rows)),
        items: Arc::new(pick_items(&seen.items, rows)),
    }
}

/// The runs of `per_row` grid rows that belong to `rows`.
pub(super) fn pick<T: Copy + Default>(grid: &Grid<T>, rows: &[usize], per_row: usize) -> Grid<T> {
    let mut out = Grid::new(grid.width());
    for at in rows.iter().flat_map(|r| r * per_row..(r + 1) * per_row) {
        out.push_row(grid.row(at));
    }
    out
}

fn pick_history(history: &History, rows: &[usize]) -> History {
    History {
        len: rows.iter().map(|r| history.len[*r]).collect(),
        items: pick(&history.items, rows, 1),
        clicked: pick(&history.clicked, rows, 1),
        dwell_secs: pick(&history.dwell_secs, rows, 1),
        dense: pick(&history.dense, rows, 1),
        codes: pick(&history.codes, rows, 1),
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

pub(super) fn pick_items(items: &ItemView, rows: &[usize]) -> ItemView {
    let ItemView::Ephemeral { per_row, table } = items else { return items.clone() };
    let mut picked = ItemTable::new(table.layout().clone());
    for at in rows.iter().flat_map(|r| r * per_row..(r + 1) * per_row) {
        picked.push(table.all_dense().row(at), table.all_codes().row(at));
    }
    ItemView::Ephemeral { per_row: *per_row, table: picked }
}

/// The slates shown to one row alone.
pub(super) fn slate_of(slates: &Slates, r: usize) -> Slates {
    let of_row = |message: &&Message| message.row == r;
    Slates {
        items: pick(&slates.items, &[r], 1),
        propensity: pick(&slates.propensity, &[r], 1),
        marginal: slates.marginal.as_ref().map(|marginal| pick(marginal, &[r], 1)),
        known: vec![slates.known[r]],
        messages: slates.messages.iter().filter(of_row).map(|m| Message { row: 0, ..m.clone() }).collect(),
    }
}
