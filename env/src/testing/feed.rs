//! A second tiny world: items that last, and creators who make more of what was clicked.

use super::toy::{ToyItems, ToyUsers};
use crate::{
    CreatorAction, CreatorError, CreatorId, CreatorModel, Grid, HistorySpec, ItemLaw, Keep, Known, NewItem,
    Objective, Observation, OpenShelf, OwnFeedback, Part, RecommendError, Recommender, Sharded, Slates,
    Snapshot, SnapshotError, Streams, Supply, Tick, World, below, purpose,
};

/// Publishes one item a turn, on one topic after another; leaves after three turns in a row without a click.
#[derive(Debug, Clone, PartialEq)]
pub struct ToyCreators {
    /// `[n, 2]` items made; turns since the last click.
    state: Grid<f32>,
}

impl ToyCreators {
    /// `n_creators` creators.
    #[must_use]
    pub fn new(n_creators: usize) -> Self {
        Self { state: Grid::zeros(n_creators, 2) }
    }
}

impl CreatorModel for ToyCreators {
    fn n_creators(&self) -> usize {
        self.state.rows()
    }

    fn begin(&mut self, _rng: &Streams) {
        self.state.as_mut_slice().fill(0.0);
    }

    fn period(&self) -> u32 {
        2
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        for own in own {
            let [made, unlucky] = self.state.row_mut(own.creator.index()) else {
                unreachable!("two numbers each")
            };
            let clicked = own.items.iter().any(|item| item.clicks > 0);
            *unlucky = if clicked { 0.0 } else { *unlucky + 1.0 };
            if *unlucky == 3.0 {
                out.push((own.creator, CreatorAction::Leave));
                continue;
            }
            *made += 1.0;
            let quality = rng.at(purpose::CREATOR, own.creator, tick).unit();
            out.push((own.creator, CreatorAction::Publish(toy_item(own.creator, *made as u16, quality))));
        }
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.put_f32("state", 2, self.state.as_slice());
        Ok(snapshot)
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        from.get_f32("state", self.state.as_mut_slice())
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}

fn toy_item(creator: CreatorId, nth: u16, quality: f32) -> NewItem {
    let (codes, latent_dense) = (vec![nth % 3], vec![quality]);
    NewItem { creator, codes, latent_dense, ..NewItem::default() }
}

/// `n_users` toy users in front of lasting items: 8 at first, more by 3 toy creators, offered for good;
/// reward = clicks + ½ · returns.
#[must_use]
pub fn toy_feed(n_users: usize) -> World {
    World::builder("toy-feed-v0")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(toy_shelf())
        .slate_size(2)
        .history(HistorySpec { length: 3, keep: Keep::Impressions })
        .creators(ToyCreators::new(3))
        .objective(Objective::new().with(Part::Clicks, 1.0).with(Part::Returns, 0.5))
        .build()
        .expect("the toy feed's parts fit")
}

/// Eight lasting toy items by four creators, offered to everybody for good.
#[must_use]
pub fn toy_shelf() -> Supply {
    let stock = (0..8).map(|i| toy_item(CreatorId(u32::from(i % 4)), i, f32::from(i) / 8.0)).collect();
    Supply::Shelf(Box::new(OpenShelf::new(ToyItems.observed(), ToyItems.latent(), stock, None)))
}

/// Shows any candidates, each ordered slate with the same chance, and knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToyRecommender {
    slate_size: usize,
}

impl Recommender for ToyRecommender {
    fn begin(&mut self, spec: &crate::EnvSpec) -> Result<(), RecommendError> {
        self.slate_size = spec.slate_size;
        Ok(())
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        show_any(seen, self.slate_size, rng, out);
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// Draws each position from the candidates not yet on the slate, by drawing again until it is one of those.
pub(super) fn show_any(seen: &Observation, k: usize, rng: &Streams, out: &mut Slates) {
    out.reset(seen.len(), k);
    for (r, &user) in seen.users.iter().enumerate() {
        let (row, mut draws) = (seen.candidates.row(r), rng.at(purpose::POLICY, user, seen.tick));
        let (listed, n) = (seen.candidates.listed(r), row.len());
        for position in 0..k {
            let (above, rest) = out.items.row_mut(r).split_at_mut(position);
            rest[0] = loop {
                let item = listed[below(draws.word(), listed.len() as u32) as usize];
                if !above.contains(&item) && row.contains(item) {
                    break item;
                }
            };
            out.propensity.row_mut(r)[position] = 1.0 / (n - position) as f64;
        }
        out.known[r] = Known::Exact;
    }
}
