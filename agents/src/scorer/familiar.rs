//! More of what was clicked.

use recloop_env::{BlockAt, BlockKind, EnvSpec, ItemId, Observation, RecommendError};

use super::{Scorer, need_durable, unfit};

/// What items are compared by, the first that there is being taken.
const BLOCKS: [&str; 3] = ["embedding", "factor", "topic"];

/// Scores an item by its likeness to what its user clicked: `s_ui = ⟨m_u, x_i⟩`, where m_u is the mean of x over the
/// clicked items in the user's history. Somebody without a history finds all items alike.
///
/// # Shapes and units
/// - x: the item block `embedding`, else `factor`, else `topic`; a category stands for its one-hot vector
/// - the score is in its units squared: for vectors of length 1, at most 1
///
/// # Errors
/// `begin` refuses a world without a history, whose items are redrawn every tick, or without such a block.
///
/// # Source
/// Pazzani, Billsus (2007), "Content-based recommendation systems".
///
/// ```
/// use recloop_agents::{Familiar, Greedy};
/// use recloop_env::{Env, Recommender, testing::toy_world};
///
/// let refused = Greedy::new(Familiar::default()).begin(toy_world(1).spec()).unwrap_err();
/// assert!(refused.to_string().contains("redrawn every tick"));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Familiar {
    at: Option<BlockAt>,
}

impl Scorer for Familiar {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        need_durable("familiar", spec)?;
        if spec.history.length == 0 {
            return Err(unfit("familiar", spec, "it keeps no history; set `history` to a length".into()));
        }
        let at = BLOCKS.iter().find_map(|name| spec.item_features.find(name));
        let lacking = || unfit("familiar", spec, format!("items have no block `{}`", BLOCKS.join("` or `")));
        self.at = Some(at.ok_or_else(lacking)?);
        Ok(())
    }

    fn score(&self, seen: &Observation, row: usize, out: &mut [f32]) {
        let Some(at) = self.at else { return out.fill(f32::NAN) };
        let mean = mean(seen, row, at);
        for (score, item) in out.iter_mut().zip(seen.candidates.listed(row)) {
            *score = likeness(seen, row, at, &mean, *item);
        }
    }
}

/// m_u.
fn mean(seen: &Observation, row: usize, at: BlockAt) -> Vec<f32> {
    let (history, mut sum, mut n) = (&seen.history, vec![0.0; at.length()], 0.0_f32);
    let entries = history.items.row(row).iter().zip(history.clicked.row(row));
    for (item, _) in entries.take(history.len[row] as usize).filter(|(_, clicked)| **clicked) {
        n += 1.0;
        match at.kind {
            BlockKind::Category { .. } => sum[usize::from(seen.items.code(at, row, *item))] += 1.0,
            BlockKind::Dense { .. } => {
                let x = seen.items.dense(at, row, *item);
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
            }
        }
    }
    sum.iter_mut().for_each(|sum| *sum /= n.max(1.0));
    sum
}

fn likeness(seen: &Observation, row: usize, at: BlockAt, mean: &[f32], item: ItemId) -> f32 {
    match at.kind {
        BlockKind::Category { .. } => mean[usize::from(seen.items.code(at, row, item))],
        BlockKind::Dense { .. } => {
            seen.items.dense(at, row, item).iter().zip(mean).map(|(x, mean)| x * mean).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use recloop_env::{Grid, History};

    use super::*;
    use crate::tests::scene::{Scene, scores};

    #[test]
    fn it_looks_for_what_was_clicked_and_not_for_what_was_passed() {
        let items = [(0, [1.0, 0.0]), (0, [0.8, 0.6]), (1, [0.0, 1.0]), (1, [0.6, 0.8])];
        let mut scene = Scene::new(&[[0.0, 0.0], [0.0, 0.0]], &items, 1);
        scene.spec.history.length = 3;
        let ids = scene.seen.candidates.listed(0);
        let history = History {
            len: vec![3, 0],
            items: Grid::from_vec([[ids[0], ids[2], ids[1]]; 2].concat(), 2, 3).unwrap(),
            clicked: Grid::from_vec(vec![true, false, true, true, true, true], 2, 3).unwrap(),
            ..History::default()
        };
        scene.seen.history = history;
        let mut familiar = Familiar::default();
        familiar.begin(&scene.spec).unwrap();
        // The mean of [1, 0] and [.8, .6] is [.9, .3].
        let expected = [0.9, 0.72 + 0.18, 0.3, 0.54 + 0.24];
        for (found, expected) in scores(&familiar, &scene.seen, 0).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(scores(&familiar, &scene.seen, 1), [0.0; 4]);
    }
}
