//! A stage to play creators on: gives items ids and tells creators of them as a world does.

use recloop_env::testing::toy_feed;
use recloop_env::{
    CreatorAction, CreatorId, CreatorModel, Env, EnvSpec, ItemFeedback, ItemId, Layout, NewItem, OwnFeedback,
    Streams, Tick,
};

/// What happened at one turn.
pub(crate) type Turn = Vec<(CreatorId, CreatorAction)>;

/// Everything published, and who is there.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) rng: Streams,
    pub(crate) items: Vec<NewItem>,
    here: Vec<bool>,
    n_told: usize,
}

impl Stage {
    /// Opens with creators who have just begun.
    pub(crate) fn open(model: &mut dyn CreatorModel, seed: u64) -> Self {
        let rng = Streams::new(seed);
        model.begin(&rng);
        Self { rng, items: model.opening(&rng), here: vec![true; model.n_creators()], n_told: 0 }
    }

    /// One turn at which every item ever published was clicked as often as `clicks` says.
    pub(crate) fn turn(
        &mut self,
        model: &mut dyn CreatorModel,
        tick: Tick,
        clicks: impl Fn(ItemId, &NewItem) -> u32,
    ) -> Turn {
        let told = self.tell(&clicks);
        let mut turn = Turn::new();
        model.act(&told, tick, &self.rng, &mut turn).unwrap();
        for (creator, action) in &turn {
            assert!(self.here[creator.index()], "{creator:?} is not here");
            match action {
                CreatorAction::Publish(item) => self.items.push(item.clone()),
                CreatorAction::Leave => self.here[creator.index()] = false,
                CreatorAction::Make(_) | CreatorAction::Wait => {}
            }
        }
        let n = self.here.len() + model.arrivals(tick, &self.rng);
        self.here.resize(n, true);
        turn
    }

    fn tell(&mut self, clicks: &impl Fn(ItemId, &NewItem) -> u32) -> Vec<OwnFeedback> {
        let here = (0..).map(CreatorId).zip(&self.here).filter(|(_, here)| **here);
        let mut told: Vec<OwnFeedback> =
            here.map(|(creator, _)| OwnFeedback { creator, items: Vec::new() }).collect();
        for (at, item) in self.items.iter().enumerate() {
            let id = ItemId(at as u32);
            let (clicks, is_new) = (clicks(id, item), at >= self.n_told);
            let Ok(own) = told.binary_search_by_key(&item.creator, |own| own.creator) else { continue };
            if clicks > 0 || is_new {
                let feedback =
                    ItemFeedback { item: id, clicks, impressions: 2 * clicks, ..ItemFeedback::default() };
                told[own].items.push(feedback);
            }
        }
        self.n_told = self.items.len();
        told
    }
}

/// What a world of such items promises.
pub(crate) fn spec(item_features: Layout) -> EnvSpec {
    EnvSpec { item_features, ..toy_feed(1).spec().clone() }
}

/// What creators published at a turn.
pub(crate) fn published(turn: &Turn) -> impl Iterator<Item = &NewItem> {
    turn.iter().filter_map(|(_, action)| match action {
        CreatorAction::Publish(item) => Some(item),
        _ => None,
    })
}
