//! Worlds that put every table of the log to use.

use recloop_env::testing::{ToyItems, ToyState, ToyUsers, toy_feed, toy_world};
use recloop_env::{
    Candidates, Catalogue, Clock, CohortError, CohortSpec, CreatorAction, CreatorError, CreatorId,
    CreatorModel, Fate, Goal, Group, HistorySpec, ItemId, ItemLaw, Keep, Layout, NewItem, Objective,
    ObservationRows, OpenShelf, OwnFeedback, Part, ResponseRows, Responses, Rows, Scene, Sharded, Shelf,
    Shown, Snapshot, SnapshotError, Streams, Supply, SupplyError, Tick, UserId, UserModel, World,
};

/// One of the four.
pub(super) fn any(kind: u8, n_users: usize) -> World {
    match kind {
        0 => toy_world(n_users),
        1 => toy_feed(n_users),
        2 => own_lists(n_users),
        _ => village(n_users),
    }
}

/// Toy users, each offered their own six of the lasting items, by turns.
pub(super) fn own_lists(n_users: usize) -> World {
    World::builder("own-lists-v0")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(Supply::Shelf(Box::new(Carousel)))
        .slate_size(2)
        .history(HistorySpec { length: 2, keep: Keep::Clicks })
        .objective(Objective::new().with(Part::DwellMinutes, 2.0))
        .build()
        .unwrap()
}

#[derive(Clone)]
struct Carousel;

impl Shelf for Carousel {
    fn observed(&self) -> Layout {
        ToyItems.observed()
    }

    fn latent(&self) -> Layout {
        ToyItems.latent()
    }

    fn stock(&mut self, _rng: &Streams) -> Result<Vec<NewItem>, SupplyError> {
        let item = |i: u32| NewItem {
            creator: CreatorId(i % 2),
            title: format!("item \"{i}\""),
            codes: vec![i as u16 % 3],
            latent_dense: vec![0.5],
            ..NewItem::default()
        };
        Ok((0..12).map(item).collect())
    }

    fn offer(&mut self, tick: Tick, users: &[UserId], catalogue: &Catalogue, out: &mut Candidates) {
        let (mut starts, mut items) = (vec![0], Vec::new());
        for user in users {
            let turn = |i| ItemId((user.0 + tick.0 + 2 * i) % catalogue.len() as u32);
            let mut own: Vec<_> = (0..5 + user.0 % 2).map(turn).collect();
            own.sort_unstable();
            items.append(&mut own);
            starts.push(items.len() as u32);
        }
        *out = Candidates::PerRow { starts, items };
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn Shelf> {
        Box::new(self.clone())
    }
}

/// Toy users of two groups who click what others click and never meet an item twice, on a clock that ticks do not
/// divide; makers come, sell what perishes, and go.
pub(super) fn village(n_users: usize) -> World {
    let stock = (0..9).map(|i| ware(CreatorId(i % 2), i, None)).collect();
    World::builder("village-v0")
        .cohort(Sharded::new(Villagers::default(), n_users))
        .supply(Supply::Shelf(Box::new(OpenShelf::new(ToyItems.observed(), ToyItems.latent(), stock, None))))
        .slate_size(2)
        .history(HistorySpec { length: 3, keep: Keep::Impressions })
        .clock(Clock { tick_secs: 0.8, calendar: true })
        .creators(Makers)
        .popularity(0.9)
        .no_repeat()
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

fn ware(creator: CreatorId, i: u32, live_ticks: Option<u32>) -> NewItem {
    let (title, latent_dense) = (format!("ware {i}"), vec![(i % 7) as f32 / 7.0]);
    let text = if i % 3 == 1 { format!("more of {i} — «mehr»") } else { String::new() };
    let codes = vec![i as u16 % 3];
    NewItem { creator, title, text, live_ticks, codes, latent_dense, ..NewItem::default() }
}

#[derive(Debug, Clone, Default)]
struct Villagers(ToyUsers);

impl UserModel for Villagers {
    type State = ToyState;

    fn spec(&self) -> CohortSpec {
        let groups =
            vec![Group::new("age", &["young", "old"]), Group::new("trade", &["baker", "smith", "none"])];
        let accounts = vec!["hope".into(), "bother".into()];
        CohortSpec { groups, accounts, ..self.0.spec() }
    }

    fn blank(&self, n: usize) -> ToyState {
        self.0.blank(n)
    }

    fn begin(&self, state: &mut ToyState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        self.0.begin(state, at, user, tick, rng);
    }

    fn groups(&self, state: &ToyState, at: usize, out: &mut [u16]) {
        let interest = state.interest.row(at);
        out.copy_from_slice(&[u16::from(interest[0] > 0.5), (interest[1] * 3.0) as u16]);
    }

    fn first_visit(&self, user: UserId, _rng: &Streams) -> f64 {
        f64::from(user.0) * 0.37
    }

    fn observe(&self, state: &ToyState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        self.0.observe(state, rows, out);
    }

    fn respond(
        &self,
        state: &mut ToyState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        self.0.respond(state, shown, rng, out)
    }

    fn account(&self, state: &ToyState, shown: &Shown<'_>, did: &Responses, i: usize, out: &mut [f32]) {
        let rows = shown.scene.rows;
        out[0] = state.patience.row(rows.at(i))[0];
        out[1] = did.click.row(rows.row(i)).iter().filter(|clicked| !**clicked).count() as f32;
    }

    fn advance(
        &self,
        state: &mut ToyState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        self.0.advance(state, shown, did, rng, out)
    }

    fn appraise(
        &self,
        state: &ToyState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        self.0.appraise(state, scene, i, goal, items, out)
    }
}

/// Two at first, another every third turn; each makes something that perishes in five ticks, and leaves in time.
#[derive(Debug, Clone)]
struct Makers;

impl CreatorModel for Makers {
    fn n_creators(&self) -> usize {
        2
    }

    fn begin(&mut self, _rng: &Streams) {}

    fn opening(&mut self, _rng: &Streams) -> Vec<NewItem> {
        vec![ware(CreatorId(1), 9, Some(4))]
    }

    fn name(&self, creator: CreatorId) -> String {
        format!("maker \"{}\"", creator.0)
    }

    fn period(&self) -> u32 {
        2
    }

    fn arrivals(&mut self, tick: Tick, _rng: &Streams) -> usize {
        usize::from(tick.0.is_multiple_of(6))
    }

    fn act(
        &mut self,
        own: &[OwnFeedback],
        tick: Tick,
        _rng: &Streams,
        out: &mut Vec<(CreatorId, CreatorAction)>,
    ) -> Result<(), CreatorError> {
        for creator in own.iter().map(|own| own.creator) {
            let action = if tick.0 >= 8 * (creator.0 + 1) {
                CreatorAction::Leave
            } else {
                CreatorAction::Publish(ware(creator, tick.0 + creator.0, Some(5)))
            };
            out.push((creator, action));
        }
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _from: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn fork(&self) -> Box<dyn CreatorModel> {
        Box::new(self.clone())
    }
}
