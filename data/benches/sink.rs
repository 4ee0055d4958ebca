//! What logging costs: ticks of a world the size of interest-evolution, bare and logged.
//!
//! 65,536 users who stay, 20 observed interests of which some move at every click, 10 fresh candidates, slates of 3.
//! Divide the difference by the rows for the cost of a slate row; `docs/BENCHMARKS.md` keeps the ratio.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_data::{LogOptions, ParquetSink};
use recloop_env::testing::ToyRecommender;
use recloop_env::{
    Block, BlockAt, CohortError, CohortSpec, Env, Fate, Goal, Grid, ItemId, ItemLaw, ItemRowsMut, Layout,
    LogSink, Objective, Observation, ObservationRows, Part, Recommender, ResetOptions, ResponseRows,
    Responses, Rows, Scene, Sharded, Shown, Slates, Step, Streams, Supply, Tick, Transition, UserId,
    UserModel, World, below, purpose, state, unit_f32,
};

const USERS: usize = 65_536;
const TOPICS: u16 = 20;

state! {
    /// Interest in each topic.
    struct Readers {
        /// `[n, 20]` in [0, 1].
        interest,
    }
}

/// Clicks with chance interest; a clicked topic's interest decays.
#[derive(Clone)]
struct Reader(BlockAt);

impl UserModel for Reader {
    type State = Readers;

    fn spec(&self) -> CohortSpec {
        let interest = Block::dense("interest", usize::from(TOPICS), (0.0, 1.0), "chance of a click");
        let features = Layout::new(vec![interest]);
        CohortSpec { name: "readers".into(), features, signals: vec!["quality".into()] }
    }

    fn blank(&self, n: usize) -> Readers {
        Readers { interest: Grid::zeros(n, usize::from(TOPICS)) }
    }

    fn begin(&self, state: &mut Readers, at: usize, user: UserId, tick: Tick, rng: &Streams) {
        let mut draws = rng.at(purpose::USER_INIT, user, tick);
        state.interest.row_mut(at).iter_mut().for_each(|interest| *interest = draws.unit());
    }

    fn observe(&self, state: &Readers, rows: &Rows<'_>, out: &mut ObservationRows<'_>) {
        (0..rows.len()).for_each(|i| out.row(i).copy_from_slice(state.interest.row(rows.at(i))));
    }

    fn respond(
        &self,
        state: &mut Readers,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            for (position, &item) in shown.slate(i).iter().enumerate() {
                let appeal = state.interest.row(rows.at(i))[usize::from(shown.code(self.0, i, item))];
                let luck = unit_f32(rng.item_word(purpose::CHOICE, rows.users[i], shown.scene.tick, item));
                if luck < 0.5 * appeal {
                    out.click(i, position, 100.0 * luck);
                    out.signal(0, i, position, appeal);
                }
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut Readers,
        shown: &Shown<'_>,
        did: &Responses,
        _rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for (i, fate) in out.iter_mut().enumerate() {
            let clicks = did.click.row(rows.row(i));
            for (&item, _) in shown.slate(i).iter().zip(clicks).filter(|(_, clicked)| **clicked) {
                let topic = usize::from(shown.code(self.0, i, item));
                let interest = &mut state.interest.row_mut(rows.at(i))[topic];
                *interest = 1.0 - 0.97 * *interest;
            }
            *fate = Fate::Stays(1.0);
        }
        Ok(())
    }

    fn appraise(&self, _: &Readers, _: &Scene<'_>, _: usize, _: Goal, _: &[ItemId], _: &mut [f32]) -> bool {
        false
    }
}

/// Items with a uniform topic.
struct Topics;

impl ItemLaw for Topics {
    fn observed(&self) -> Layout {
        Layout::new(vec![Block::category("topic", TOPICS, "what it is about")])
    }

    fn latent(&self) -> Layout {
        Layout::default()
    }

    fn draw(&self, user: UserId, tick: Tick, rng: &Streams, observed: ItemRowsMut<'_>, _: ItemRowsMut<'_>) {
        let mut draws = rng.at(purpose::CANDIDATES, user, tick);
        observed.codes.iter_mut().for_each(|topic| *topic = below(draws.word(), u32::from(TOPICS)) as u16);
    }

    fn fork(&self) -> Box<dyn ItemLaw> {
        Box::new(Self)
    }
}

/// A world being played.
struct Play {
    world: World,
    policy: ToyRecommender,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Play {
    fn begin() -> Self {
        let topic = Topics.observed().find("topic").expect("items have a topic");
        let mut world = World::builder("readers-v0")
            .cohort(Sharded::new(Reader(topic), USERS))
            .supply(Supply::Redrawn { per_row: 10, law: Box::new(Topics) })
            .slate_size(3)
            .objective(Objective::new().with(Part::Clicks, 1.0))
            .build()
            .expect("the parts fit");
        let (mut seen, mut policy) = (Observation::default(), ToyRecommender::default());
        world.reset(1, &ResetOptions::default(), &mut seen).expect("a fresh world resets");
        policy.begin(world.spec()).expect("a toy recommender fits every world");
        Self { world, policy, seen, slates: Slates::default(), step: Step::default() }
    }

    /// One tick; `log` sees it before the page is turned.
    fn tick(&mut self, log: impl FnOnce(&Transition<'_>)) {
        self.policy
            .recommend(&self.seen, &self.world.streams(), &mut self.slates)
            .expect("candidates enough");
        self.world.step(&self.slates, &mut self.step).expect("valid slates");
        log(&Transition { seen: &self.seen, slates: &self.slates, step: &self.step });
        std::mem::swap(&mut self.seen, &mut self.step.next);
    }
}

fn logging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tick of 65,536 users");
    group.throughput(Throughput::Elements(USERS as u64)).sample_size(20);
    let mut bare = Play::begin();
    group.bench_function("bare", |bencher| bencher.iter(|| bare.tick(|_| ())));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut logged = Play::begin();
    let mut sink = ParquetSink::create(dir.path(), logged.world.spec(), &LogOptions::default())
        .expect("an empty directory takes a log");
    group.bench_function("logged", |bencher| {
        bencher.iter(|| logged.tick(|t| sink.write(t).expect("the disk has room")));
    });
    group.finish();
}

criterion_group!(benches, logging);
criterion_main!(benches);
