//! The contract kit, on users as they are and on the same users all awake at once.

use recloop_env::testing::check_users;
use recloop_env::{
    CohortError, CohortSpec, Fate, Goal, ItemId, ObservationRows, ResponseRows, Responses, Rows, Scene,
    Shown, Streams, Supply, Terms, Tick, UserId, UserModel,
};

use super::super::{Feed, FeedParams, FeedState, People};
use super::{axes, feed, item, latent, observed};

/// Feed users who all open the app at midnight, so that a tick of the kit has many rows.
#[derive(Debug, Clone)]
struct AtOnce(Feed);

impl UserModel for AtOnce {
    type State = FeedState;

    fn spec(&self) -> CohortSpec {
        self.0.spec()
    }

    fn blank(&self, n: usize) -> FeedState {
        self.0.blank(n)
    }

    fn begin(&self, state: &mut FeedState, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        self.0.begin(state, at, user, tick, rng);
    }

    fn groups(&self, state: &FeedState, at: usize, out: &mut [u16]) {
        self.0.groups(state, at, out);
    }

    fn observe(&self, state: &FeedState, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        self.0.observe(state, rows, out);
    }

    fn respond(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        self.0.respond(state, shown, rng, out)
    }

    fn account(&self, state: &FeedState, shown: &Shown<'_>, did: &Responses, i: usize, out: &mut [f32]) {
        self.0.account(state, shown, did, i, out);
    }

    fn explain(
        &self,
        state: &FeedState,
        shown: &Shown<'_>,
        i: usize,
        position: usize,
        rng: &Streams,
    ) -> Terms {
        self.0.explain(state, shown, i, position, rng)
    }

    fn advance(
        &self,
        state: &mut FeedState,
        shown: &Shown<'_>,
        did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        self.0.advance(state, shown, did, rng, out)
    }

    fn appraise(
        &self,
        state: &FeedState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        self.0.appraise(state, scene, i, goal, items, out)
    }
}

fn shelf() -> Supply {
    let items = (0..8_u8).map(|i| item(u16::from(i % 2), f32::from(i) / 8.0, 1.0 - f32::from(i) / 16.0));
    super::shelf(items.collect())
}

#[test]
fn feed_users_keep_the_contract() {
    check_users(&feed(FeedParams::default()), shelf, 3).unwrap();
}

#[test]
fn crowds_of_impatient_strangers_keep_it_too() {
    // Short sessions and quick returns, so that the few ticks of the kit see all fates.
    let params = FeedParams {
        observe_interest: true,
        observe_groups: true,
        patience_mean: 1.0,
        return_bias: 8.0,
        ..FeedParams::default()
    };
    let feed = Feed::new(params, People::drawn(axes()), &observed(), &latent()).unwrap();
    check_users(&AtOnce(feed), shelf, 3).unwrap();
}
