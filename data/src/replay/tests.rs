use recloop_env::testing::{ToyItems, ToyRecommender, ToyUsers, check_env, toy_feed, toy_world};
use recloop_env::{
    Event, ItemId, LogSink, Objective, Part, PlayError, RecommendError, Recommender, Sharded, SlateError,
    Snapshot, SnapshotError, Supply, Transition, UserId, World, play,
};
use tempfile::TempDir;

use super::*;
use crate::{LogOptions, ParquetSink};

const SEED: u64 = 21;

/// What was shown to whom, when, and the reward.
type Row = (Tick, UserId, Vec<ItemId>, f32);

/// Random slates: the run's own luck for users of even number, another run's for the others.
#[derive(Default)]
struct Mixed(ToyRecommender);

impl Recommender for Mixed {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.0.begin(spec)
    }

    fn recommend(
        &mut self,
        seen: &Observation,
        rng: &Streams,
        out: &mut Slates,
    ) -> Result<(), RecommendError> {
        let mut other = Slates::default();
        self.0.recommend(seen, rng, out)?;
        self.0.recommend(seen, &Streams::new(!SEED), &mut other)?;
        for (r, _) in seen.users.iter().enumerate().filter(|(_, user)| user.0 % 2 == 1) {
            out.items.row_mut(r).copy_from_slice(other.items.row(r));
        }
        Ok(())
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        self.0.save()
    }

    fn load(&mut self, from: &Snapshot) -> Result<(), SnapshotError> {
        self.0.load(from)
    }
}

/// Shows, best first, the items whose topics the user likes most; notes what it is told.
#[derive(Default)]
struct Best {
    k: usize,
    told: Vec<Row>,
    /// What happened besides.
    heard: Vec<Event>,
}

impl Recommender for Best {
    fn begin(&mut self, spec: &EnvSpec) -> Result<(), RecommendError> {
        self.k = spec.slate_size;
        Ok(())
    }

    fn recommend(&mut self, seen: &Observation, _: &Streams, out: &mut Slates) -> Result<(), RecommendError> {
        let topic = seen.items.layout().find("topic").unwrap();
        out.reset(seen.len(), self.k);
        for r in 0..seen.len() {
            let like =
                |item: &ItemId| seen.user_features.row(r)[usize::from(seen.items.code(topic, r, *item))];
            let mut items: Vec<_> = seen.candidates.row(r).iter().collect();
            items.sort_by(|a, b| like(b).total_cmp(&like(a)));
            out.items.row_mut(r).copy_from_slice(&items[..self.k]);
        }
        Ok(())
    }

    fn learn(&mut self, seen: &Observation, shown: &Slates, step: &Step) {
        self.heard.extend_from_slice(&step.events);
        for (r, user) in seen.users.iter().enumerate() {
            self.told.push((seen.tick, *user, shown.items.row(r).to_vec(), step.reward[r]));
        }
    }

    fn save(&self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot::default())
    }

    fn load(&mut self, _: &Snapshot) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// Logs at most `ticks` ticks of what `policy` does to `world`.
fn record(
    world: &mut World,
    policy: &mut dyn Recommender,
    seed: u64,
    options: &ResetOptions,
    ticks: usize,
) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(seed, options, &mut seen).unwrap();
    policy.begin(world.spec()).unwrap();
    let parts = LogOptions { block_rows: 64, part_rows: 200, ..LogOptions::default() };
    let mut sink = ParquetSink::create(dir.path(), world.spec(), &parts).unwrap();
    for _ in 0..ticks {
        if seen.is_empty() {
            break;
        }
        policy.recommend(&seen, &world.streams(), &mut slates).unwrap();
        world.step(&slates, &mut step).unwrap();
        let tick = Transition { seen: &seen, slates: &slates, step: &step };
        sink.write(&world.facts(), &tick).unwrap();
        std::mem::swap(&mut seen, &mut step.next);
    }
    let parts = sink.finish().unwrap().parts;
    let horizon = options.horizon.map(|tick| tick.0);
    let manifest = Manifest { parts, horizon, ..Manifest::new(world.spec(), "random", seed) };
    manifest.store(dir.path()).unwrap();
    dir
}

/// A log of toy users and what was logged of each slate, in order.
fn toy_log(policy: &mut dyn Recommender, ticks: usize) -> (TempDir, Vec<Row>) {
    let dir = record(&mut toy_world(40), policy, SEED, &ResetOptions::default(), ticks);
    let (mut log, mut logged) = (LogSource::open(dir.path()).unwrap(), Vec::new());
    while let Some(tick) = log.next().unwrap() {
        let Transition { seen, slates, step } = tick.transition;
        let row = |r| (seen.tick, seen.users[r], slates.items.row(r).to_vec(), step.reward[r]);
        logged.extend((0..seen.len()).map(row));
    }
    (dir, logged)
}

/// A world that is run and logged first, under a logger with whom half of what others show does not match, and replayed.
struct Recorded {
    world: World,
    replay: Option<(TempDir, ReplayEnv)>,
}

impl Env for Recorded {
    fn spec(&self) -> &EnvSpec {
        self.world.spec()
    }

    fn reset(&mut self, seed: u64, options: &ResetOptions, out: &mut Observation) -> Result<(), StepError> {
        let dir = record(&mut self.world, &mut Mixed::default(), seed, options, 40);
        let mut replay = ReplayEnv::open(dir.path())?;
        assert!(matches!(replay.step(&Slates::default(), &mut Step::default()), Err(StepError::NotReset)));
        replay.reset(seed, options, out)?;
        self.replay = Some((dir, replay));
        Ok(())
    }

    fn step(&mut self, slates: &Slates, out: &mut Step) -> Result<(), StepError> {
        self.replay.as_mut().ok_or(StepError::NotReset)?.1.step(slates, out)
    }

    fn streams(&self) -> Streams {
        self.replay.as_ref().map_or(Streams::new(0), |(_, replay)| replay.streams())
    }
}

#[test]
fn a_log_keeps_the_contract_of_environments() {
    for world in [toy_world as fn(usize) -> World, toy_feed] {
        check_env(|| Recorded { world: world(8), replay: None }).unwrap();
    }
}

#[test]
fn the_logger_matches_itself_and_earns_what_was_logged() {
    let (dir, logged) = toy_log(&mut ToyRecommender::default(), 100);
    let mut env = ReplayEnv::open(dir.path()).unwrap();
    let found = replay_policy(&mut env, &mut ToyRecommender::default()).unwrap();
    assert_eq!((found.rows, found.reward.n), (40 * 12, 40 * 12));
    // Rewards count clicks, so that their sums are exact in any order.
    let total: f64 = logged.iter().map(|row| f64::from(row.3)).sum();
    assert_eq!(found.reward.mean, total / 480.0);
    assert!(found.reward.se > 0.0);
}

/// A bandit: users act once, as they came, on one of three items.
fn bandit(n_users: usize) -> World {
    World::builder("bandit-v0")
        .cohort(Sharded::new(ToyUsers::default(), n_users))
        .supply(Supply::Redrawn { per_row: 3, law: Box::new(ToyItems) })
        .slate_size(1)
        .objective(Objective::new().with(Part::Clicks, 1.0))
        .build()
        .unwrap()
}

#[test]
fn on_a_uniform_log_a_deterministic_policy_earns_what_it_would() {
    let (n_users, once) = (6_000, ResetOptions { horizon: Some(Tick(1)), ..ResetOptions::default() });
    let (mut on_policy, mut at_random) = (0.0, 0.0);
    let sum = |policy: &mut dyn Recommender, sum: &mut f64| {
        let add = |t: &Transition<'_>| *sum += t.step.reward.iter().copied().map(f64::from).sum::<f64>();
        play(&mut bandit(n_users), policy, SEED, &once, add).unwrap();
    };
    sum(&mut Best::default(), &mut on_policy);
    sum(&mut ToyRecommender::default(), &mut at_random);
    let dir = record(&mut bandit(n_users), &mut ToyRecommender::default(), SEED, &once, 1);
    let mut env = ReplayEnv::open(dir.path()).unwrap();
    let found = replay_policy(&mut env, &mut Best::default()).unwrap();
    assert_eq!(found.rows, n_users as u64);
    // Each of 6,000 rows matches with chance ⅓: mean 2,000, deviation 37; 5.5 of them are passed once in 10⁷.
    assert!(found.reward.n.abs_diff(2_000) < 201, "{}", found.reward.n);
    // Luck is named by user and item: a row that matches earns what it earns on-policy. The logger drew them with equal
    // chances, so the matched are a sample of all rows without replacement, whose mean is off by more than
    // ε = √(ln(2 / δ) / 2n) with probability δ at most (Hoeffding 1963, section 6). δ = 10⁻⁶ gives ε = 0.06.
    let bound = (2e6_f64.ln() / (2.0 * found.reward.n as f64)).sqrt();
    let n = n_users as f64;
    assert!((found.reward.mean - on_policy / n).abs() < bound, "{found:?}, {}", on_policy / n);
    assert!(on_policy / n - at_random / n > 2.0 * bound, "the mean of all rows would pass too");
}

#[test]
fn rows_that_were_shown_something_else_are_silent_and_others_as_logged() {
    let (dir, _) = toy_log(&mut Mixed::default(), 100);
    let (mut env, mut log) = (ReplayEnv::open(dir.path()).unwrap(), LogSource::open(dir.path()).unwrap());
    let (mut policy, mut seen) = (ToyRecommender::default(), Observation::default());
    let (mut slates, mut step, mut counts) = (Slates::default(), Step::default(), [0, 0]);
    env.reset(SEED, &ResetOptions::default(), &mut seen).unwrap();
    policy.begin(env.spec()).unwrap();
    assert_eq!(env.matched(), [false; 0]);
    while !seen.is_empty() {
        policy.recommend(&seen, &env.streams(), &mut slates).unwrap();
        env.step(&slates, &mut step).unwrap();
        let logged = log.next().unwrap().unwrap().transition;
        assert_eq!((&seen, &step.next), (logged.seen, &logged.step.next));
        for (r, &matched) in env.matched().iter().enumerate() {
            counts[usize::from(matched)] += 1;
            assert_eq!(matched, slates.items.row(r) == logged.slates.items.row(r));
            let of_row = |step: &Step| Step { events: vec![], next: seen.clone(), ..step.with_rows(&[r]) };
            let mut expected = of_row(logged.step);
            if !matched {
                expected.responses.reset(1, 2, 1);
                expected.reward_parts.reset(1, 1);
                (expected.reward[0], expected.fate[0]) = (0.0, Fate::Stays(0.0));
                (expected.ended[0], expected.next_row[0]) = (Some(End::Truncated), None);
            }
            assert_eq!(of_row(&step), expected);
        }
        std::mem::swap(&mut seen, &mut step.next);
    }
    // Even users match always; odd ones by chance, once in 30 slates.
    assert!(counts[1] >= 20 * 12 && counts[0] > 20 * 8, "{counts:?}");
    assert!(log.next().unwrap().is_none());
    let late = env.step(&slates, &mut step);
    assert!(matches!(late, Err(StepError::Over { at }) if at == seen.tick), "{late:?}");
}

#[test]
fn a_policy_is_told_of_what_it_showed_and_of_nothing_else() {
    let (dir, logged) = toy_log(&mut ToyRecommender::default(), 100);
    let (mut env, mut policy) = (ReplayEnv::open(dir.path()).unwrap(), Best::default());
    let found = replay_policy(&mut env, &mut policy).unwrap();
    assert!(0 < found.reward.n && found.reward.n < found.rows);
    assert_eq!(policy.told.len() as u64, found.reward.n);
    assert!(policy.told.iter().all(|told| logged.contains(told)));
}

#[test]
fn a_policy_hears_of_new_people_even_where_nothing_matched() {
    let renew = ResetOptions { renew: true, ..ResetOptions::default() };
    let dir = record(&mut toy_world(1), &mut ToyRecommender::default(), SEED, &renew, 60);
    let mut policy = Best::default();
    let found = replay_policy(&mut ReplayEnv::open(dir.path()).unwrap(), &mut policy).unwrap();
    assert_eq!(policy.told.len() as u64, found.reward.n);
    let (mut log, mut happened) = (LogSource::open(dir.path()).unwrap(), Vec::new());
    while let Some(tick) = log.next().unwrap() {
        happened.extend_from_slice(&tick.transition.step.events);
        let heard_anyway = policy.told.iter().any(|told| told.0 == tick.transition.tick());
        assert!(tick.transition.step.events.is_empty() || !heard_anyway);
    }
    assert_eq!(happened[0], Event::Renew { user: UserId(0) });
    assert_eq!(policy.heard, happened);
}

#[test]
fn what_may_not_be_shown_is_refused_and_may_be_mended() {
    let (dir, _) = toy_log(&mut ToyRecommender::default(), 3);
    let mut env = ReplayEnv::open(dir.path()).unwrap();
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    env.reset(SEED, &ResetOptions::default(), &mut seen).unwrap();
    Best { k: 2, ..Best::default() }.recommend(&seen, &env.streams(), &mut slates).unwrap();
    let good = slates.items.row(4)[1];
    slates.items.row_mut(4)[1] = ItemId(6);
    let refused = env.step(&slates, &mut step);
    let stranger = SlateError::NotACandidate { row: 4, user: UserId(4), item: ItemId(6), position: 1 };
    assert!(matches!(refused, Err(StepError::Slate(error)) if error == stranger));
    slates.items.row_mut(4)[1] = good;
    env.step(&slates, &mut step).unwrap();
}

#[test]
fn where_the_log_was_cut_everybody_is_truncated() {
    let (dir, logged) = toy_log(&mut ToyRecommender::default(), 3);
    let (mut env, mut ends) = (ReplayEnv::open(dir.path()).unwrap(), Vec::new());
    play(&mut env, &mut ToyRecommender::default(), SEED, &ResetOptions::default(), |t| {
        let next = (t.step.next.len(), t.step.next_row.iter().flatten().count());
        ends.push((next, t.step.ended.iter().filter(|end| **end == Some(End::Truncated)).count()));
    })
    .unwrap();
    assert_eq!(ends, [((40, 40), 0), ((40, 40), 0), ((0, 0), 40)]);
    assert_eq!(logged.len(), 120);
}

#[test]
fn a_log_stands_in_for_its_own_run_only() {
    let (dir, _) = toy_log(&mut ToyRecommender::default(), 3);
    let mut env = ReplayEnv::open(dir.path()).unwrap();
    let mut refusal = |seed, options: &ResetOptions| {
        env.reset(seed, options, &mut Observation::default()).unwrap_err().to_string()
    };
    let options = ResetOptions::default();
    let said = refusal(4, &options);
    assert!(said.ends_with("with seed 4: it was logged with seed 21; ask for that, or run the world again"));
    let said = refusal(SEED, &ResetOptions { horizon: Some(Tick(2)), ..options.clone() });
    assert!(said.contains("horizon 2: it was logged with no horizon"), "{said}");
    let said = refusal(SEED, &ResetOptions { tell_choice_probs: true, ..options });
    assert!(said.contains("choice probabilities: it was logged with none"), "{said}");
    assert!(ReplayEnv::open("no/such/run".as_ref()).is_err());
}

#[test]
fn a_log_that_turns_out_to_be_damaged_says_so_and_awaits_a_reset() {
    let (dir, _) = toy_log(&mut ToyRecommender::default(), 100);
    let mut manifest = Manifest::load(dir.path()).unwrap();
    assert!(manifest.parts.get_mut("slates").unwrap().pop().is_some_and(|part| part.rows < 480));
    manifest.store(dir.path()).unwrap();
    let mut env = ReplayEnv::open(dir.path()).unwrap();
    let failed = replay_policy(&mut env, &mut ToyRecommender::default());
    let Err(PlayError::Step(StepError::Log(cause))) = failed else { panic!("{failed:?}") };
    assert!(
        matches!(cause.downcast_ref(), Some(DataError::Inconsistent { tick, .. }) if *tick > 0),
        "{cause}"
    );
    let again = env.step(&Slates::default(), &mut Step::default());
    assert!(matches!(again, Err(StepError::NotReset)), "{again:?}");
}
