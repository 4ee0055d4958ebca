//! A log that holds every slate there is, so that expectations are sums; and logs that must be refused.

use std::path::Path;

use recloop_env::testing::{toy_feed, toy_world};
use recloop_env::{
    Env, Facts, Fate, ItemId, LogSink, Observation, Population, RecommendError, ResetOptions, Slates, Step,
    Tick, Transition, World,
};

use super::*;
use crate::ope::model::Sparse;
use crate::ope::{Decisions, SlateRows, WeightSource};
use crate::{LogOptions, ParquetSink};

/// Shows an item with odds by its topic.
#[derive(Debug, Clone, Copy)]
struct Lottery([f64; 3]);

const LOGGER: Lottery = Lottery([1.0, 2.0, 4.0]);
const TARGET: Lottery = Lottery([5.0, 1.0, 0.5]);

impl Lottery {
    fn odds(self, seen: &Observation, row: usize) -> Vec<f64> {
        let topic = seen.items.layout().find("topic").unwrap();
        let odds = |item: &ItemId| self.0[usize::from(seen.items.code(topic, row, *item))];
        seen.candidates.listed(row).iter().map(odds).collect()
    }
}

impl TargetPolicy for Lottery {
    fn distribution(
        &self,
        seen: &Observation,
        row: usize,
        above: &[ItemId],
        out: &mut [f64],
    ) -> Result<(), RecommendError> {
        out.copy_from_slice(&self.odds(seen, row));
        above.iter().for_each(|item| out[seen.candidates.place(row, *item).unwrap()] = 0.0);
        let total: f64 = out.iter().sum();
        out.iter_mut().for_each(|p| *p /= total);
        Ok(())
    }

    /// Of slates of two.
    fn marginals(
        &self,
        seen: &Observation,
        row: usize,
        k: usize,
        out: &mut Grid<f64>,
    ) -> Result<Known, RecommendError> {
        let odds = self.odds(seen, row);
        let total: f64 = odds.iter().sum();
        out.reset(odds.len(), k);
        for (i, a) in odds.iter().enumerate() {
            out.row_mut(i)[0] = a / total;
            for (j, b) in odds.iter().enumerate().filter(|(j, _)| *j != i) {
                out.row_mut(j)[1] += a / total * b / (total - a);
            }
        }
        Ok(Known::Exact)
    }
}

fn started(mut world: World) -> (World, Observation) {
    let mut seen = Observation::default();
    world.reset(7, &ResetOptions::default(), &mut seen).unwrap();
    (world, seen)
}

/// Logs, tick after tick, every slate of two that the first row of `world` could be shown: position k of an item of topic
/// t brings `10 (t + 1) + k` seconds.
fn every_slate(dir: &Path, world: World, edit: impl Fn(usize, &mut Slates)) {
    let (world, mut seen) = started(world);
    let (spec, population) = (world.spec().clone(), Population::default());
    let facts = Facts { catalogue: seen.items.catalogue(), ..Facts::new(&spec, &population) };
    let mut sink = ParquetSink::create(dir, &spec, &LogOptions::default()).unwrap();
    let (listed, topic) = (seen.candidates.listed(0).to_vec(), seen.items.layout().find("topic").unwrap());
    let pairs = listed.iter().flat_map(|a| listed.iter().map(move |b| [*a, *b])).filter(|[a, b]| a != b);
    let (mut slates, mut step) = (Slates::default(), Step::default());
    for (t, slate) in pairs.enumerate() {
        (seen.tick, step.next.tick) = (Tick(t as u32), Tick(t as u32 + 1));
        step.next = Observation { tick: Tick(t as u32 + 1), ..seen.clone() };
        slates.reset(1, 2);
        slates.items.row_mut(0).copy_from_slice(&slate);
        let mut next = vec![0.0; listed.len()];
        step.responses.reset(1, 2, 1);
        for (k, item) in slate.iter().enumerate() {
            LOGGER.distribution(&seen, 0, &slate[..k], &mut next).unwrap();
            slates.propensity.row_mut(0)[k] = next[seen.candidates.place(0, *item).unwrap()];
            step.responses.dwell_secs.row_mut(0)[k] =
                10.0 * f32::from(seen.items.code(topic, 0, *item) + 1) + k as f32;
        }
        slates.known[0] = Known::Exact;
        edit(t, &mut slates);
        (step.reward, step.reward_parts) = (vec![1.0], Grid::zeros(1, spec.reward_parts.len()));
        (step.fate, step.ended, step.next_row) = (vec![Fate::Stays(1.0)], vec![None], vec![Some(0)]);
        sink.write(&facts, &Transition { seen: &seen, slates: &slates, step: &step }).unwrap();
    }
    let receipt = sink.finish().unwrap();
    let parts = receipt.parts;
    Manifest { rows: receipt.rows, parts, ..Manifest::new(&spec, "lottery", 7) }.store(dir).unwrap();
}

fn options() -> RunLogOptions {
    RunLogOptions { reward: Some("dwell_secs".into()), ..RunLogOptions::default() }
}

fn open(dir: &Path, target: Lottery) -> RunLog {
    RunLog::open(dir, Box::new(target), Some(Box::new(LOGGER)), &options()).unwrap()
}

fn read(log: &RunLog) -> (Decisions, SlateRows, Told) {
    let weights = vec![WeightSource::Policy, WeightSource::Embedding("topic".into())];
    let wanted = Wanted { weights, slates: true, marginals: true, pseudo: true, ..Wanted::default() };
    let (mut decisions, mut slates) = (Decisions::default(), SlateRows::default());
    let mut take = |signals: Signals<'_>| {
        match signals {
            Signals::Decisions(rows) => decisions = rows.clone(),
            Signals::Slates(rows) => slates = rows.clone(),
        }
        Ok(())
    };
    let told = log.signals(0, &wanted, None, &mut take).unwrap();
    (decisions, slates, told)
}

/// Σ over all slates of P(slate) · `value`, from what was logged.
fn expected(dir: &Path, value: impl Fn(usize) -> f64) -> f64 {
    let (mut source, mut sum, mut n) = (LogSource::open(dir).unwrap(), 0.0, 0);
    while let Some(tick) = source.next().unwrap() {
        sum += tick.transition.slates.propensity.row(0).iter().product::<f64>() * value(n);
        n += 1;
    }
    sum
}

fn close(found: f64, truth: f64) {
    assert!((found - truth).abs() <= 1e-12 * truth.abs().max(1.0), "{found}, not {truth}");
}

#[test]
fn in_expectation_every_weight_gives_what_the_target_earns() {
    for world in [toy_world as fn(usize) -> World, toy_feed] {
        let dir = tempfile::tempdir().unwrap();
        every_slate(dir.path(), world(1), |_, _| {});
        let (decisions, slates, told) = read(&open(dir.path(), TARGET));
        let (_, seen) = started(world(1));
        let (mut at, mut truth) = (Grid::default(), 0.0);
        TARGET.marginals(&seen, 0, 2, &mut at).unwrap();
        let topic = seen.items.layout().find("topic").unwrap();
        for (place, item) in seen.candidates.listed(0).iter().enumerate() {
            let topic = f64::from(seen.items.code(topic, 0, *item));
            truth += (0..2).map(|k| at.row(place)[k] * (10.0 * (topic + 1.0) + k as f64)).sum::<f64>();
        }
        let sum = |i: usize| slates.rewards.row(i).iter().sum::<f64>();
        let by_position = |weights: &Grid<f64>, i: usize| -> f64 {
            slates.rewards.row(i).iter().zip(weights.row(i)).map(|(r, w)| r * w).sum()
        };
        let estimates: [&dyn Fn(usize) -> f64; 6] = [
            &|i| decisions.weights[0][i] * decisions.rewards[i],
            // What it brings is a matter of its topic.
            &|i| decisions.weights[1][i] * decisions.rewards[i],
            &|i| slates.slate[i] * sum(i),
            &|i| by_position(&slates.cascade, i),
            &|i| by_position(&slates.marginal, i),
            &|i| slates.pseudo[i] * sum(i),
        ];
        for value in estimates {
            close(expected(dir.path(), value), truth);
        }
        for weight in [&decisions.weights[0], &decisions.weights[1], &slates.pseudo] {
            close(expected(dir.path(), |i| weight[i]), 1.0);
        }
        let n = seen.candidates.listed(0).len() as u64;
        let told_of = (told.support.rows, told.support.certain, told.support.stochastic);
        assert_eq!(told_of, (n * (n - 1), 0, n * (n - 1)));
        assert_eq!(told.support.outside, 0.0);
    }
}

#[test]
fn the_logger_itself_has_weight_one() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_feed(1), |_, _| {});
    let (decisions, slates, _) = read(&open(dir.path(), LOGGER));
    let all = decisions.weights.iter().flatten().chain(&slates.slate);
    let all = all.chain(slates.cascade.as_slice()).chain(slates.marginal.as_slice());
    all.for_each(|weight| close(*weight, 1.0));
    slates.pseudo.iter().for_each(|weight| assert!((weight - 1.0).abs() < 1e-9, "{weight}"));
}

#[test]
fn mass_where_the_logger_would_not_go_is_told() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_feed(1), |_, _| {});
    let narrow = Box::new(Lottery([0.0, 1.0, 1.0]));
    let log = RunLog::open(dir.path(), Box::new(LOGGER), Some(narrow), &options()).unwrap();
    let wanted = Wanted { weights: vec![WeightSource::Policy], ..Wanted::default() };
    let told = log.signals(0, &wanted, None, &mut |_| Ok(())).unwrap();
    assert!(told.support.outside > 0.1);
}

#[test]
fn what_cannot_be_weighed_is_refused_by_tick_and_user() {
    let wanted = Wanted { weights: vec![WeightSource::Policy], ..Wanted::default() };
    let refusal = |edit: &dyn Fn(usize, &mut Slates)| {
        let dir = tempfile::tempdir().unwrap();
        every_slate(dir.path(), toy_feed(1), edit);
        let log = open(dir.path(), TARGET);
        let error = log.signals(0, &wanted, None, &mut |_| Ok(())).unwrap_err();
        let free = Wanted { weights: vec![], ..Wanted::default() };
        assert!(log.signals(0, &free, None, &mut |_| Ok(())).is_ok(), "rewards alone need no propensity");
        (error, log)
    };
    let set = |t: usize, known: Known| {
        move |at: usize, slates: &mut Slates| {
            if at == t {
                slates.known[0] = known;
            }
        }
    };
    let (error, _) = refusal(&set(9, Known::Unavailable));
    assert!(matches!(&error, OpeError::Slate { tick: 9, user: 0, .. }), "{error}");
    assert!(error.to_string().contains("its propensities are not known"), "{error}");
    let (error, log) = refusal(&set(0, Known::Estimated { draws: 8 }));
    assert!(error.to_string().contains("estimates from 8 draws"), "{error}");
    assert!(log.lacks(&"ips".parse().unwrap()).unwrap().contains("not known exactly"));
    assert!(log.lacks(&"balanced-ips".parse().unwrap()).is_none());
    let (error, _) = refusal(&|_, slates| slates.propensity.row_mut(0).fill(1.0));
    assert!(matches!(error, OpeError::Deterministic), "{error}");
}

#[test]
fn it_says_which_estimators_it_lacks_something_for() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_feed(1), |_, _| {});
    let lacks = |log: &RunLog| {
        let all = Estimator::usual()
            .into_iter()
            .chain(["mips(topic)", "mips(mood)", "kernel-ips(gaussian,1)"].map(|e| e.parse().unwrap()));
        all.filter(|e| log.lacks(e).is_some()).map(|e| e.name().to_owned()).collect::<Vec<_>>()
    };
    let always = ["multi-logger-balanced", "multi-logger-weighted"];
    let odd = ["mips(mood)", "kernel-ips(gaussian,1)"];
    assert_eq!(lacks(&open(dir.path(), TARGET)), [always, odd].concat());
    let alone = RunLog::open(dir.path(), Box::new(TARGET), None, &RunLogOptions::default()).unwrap();
    let slates = ["iips", "rips", "cascade-dr", "pseudo-inverse"];
    let normalised = slates.map(|name| format!("sn{name}"));
    let expected: Vec<&str> =
        always.into_iter().chain(slates).chain(normalised.iter().map(String::as_str)).collect();
    assert_eq!(lacks(&alone), [expected, vec!["mips(topic)"], odd.to_vec()].concat());
    for by in ["position", "age"] {
        let options = RunLogOptions { by: Some(by.into()), ..options() };
        assert!(RunLog::open(dir.path(), Box::new(TARGET), None, &options).is_err());
    }
}

#[test]
fn offers_and_trajectories_tell_the_same_slates() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_feed(1), |_, _| {});
    let (log, mut offers) = (open(dir.path(), TARGET), Vec::new());
    let (mut x, mut widest) = (crate::ope::model::Sparse::default(), 0);
    log.offers(0, &mut |offer| {
        close(offer.target.iter().sum(), 1.0);
        (offer.features)(offer.chosen, &mut x);
        widest = widest.max(x.iter().map(|(at, _)| at).max().unwrap());
        assert!((widest as usize) < offer.width);
        assert_eq!(x.iter().filter(|(at, v)| (4..6).contains(at) && *v == 1.0).count(), 1, "its position");
        offers.push((offer.position, offer.reward, offer.to_go));
        Ok(())
    })
    .unwrap();
    let (decisions, slates, _) = read(&log);
    for (i, pair) in offers.chunks(2).enumerate() {
        let [top, below] = slates.rewards.row(i) else { panic!("slates of two") };
        assert_eq!(pair, [(0, *top, top + below), (1, *below, *below)]);
    }
    let lives = log.trajectories().unwrap();
    assert_eq!((lives.len(), lives[0].user, lives[0].terminated), (1, 0, false));
    let steps = &lives[0].steps;
    assert_eq!(steps.iter().map(|step| step.reward).collect::<Vec<_>>(), decisions.rewards);
    assert_eq!(steps.iter().map(|step| step.weight).collect::<Vec<_>>(), decisions.weights[0]);
    // An intercept first, the share of time last; a mean over positions keeps the mass of one-hot topics.
    let topics = |x: &[f64]| x[5..8].iter().sum::<f64>();
    for step in steps {
        assert_eq!((step.state[0], step.taken[0], step.expected[0]), (1.0, 1.0, 1.0));
        assert_eq!(step.taken.len(), step.expected.len());
        close(topics(&step.expected), 1.0);
        close(topics(&step.taken), 1.0);
    }
    assert_eq!(steps[7].state.last(), Some(&(7.0 / steps.len() as f64)));
}

#[test]
fn threads_do_not_shape_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_feed(1), |_, _| {});
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read(&open(dir.path(), TARGET)))
    };
    assert_eq!(on(1), on(3));
}

/// Ten for each place, and one for each tick that was met.
struct Counting(u32);

impl Opinion for Counting {
    fn prepare(&mut self, _: &Observation) -> Result<(), RecommendError> {
        Ok(())
    }

    fn scores(&self, _: &Observation, _: usize, out: &mut [f32]) {
        out.iter_mut().enumerate().for_each(|(place, score)| *score = 10.0 * place as f32 + self.0 as f32);
    }

    fn learn(&mut self, _: &Transition<'_>) {
        self.0 += 1;
    }
}

#[test]
fn models_are_told_what_somebody_thinks_of_each_candidate() {
    let dir = tempfile::tempdir().unwrap();
    every_slate(dir.path(), toy_world(1), |_, _| {});
    let plain = open(dir.path(), TARGET).features.width();
    let begin = || -> Result<Box<dyn Opinion>, RecommendError> { Ok(Box::new(Counting(0))) };
    let log = open(dir.path(), TARGET).with_opinions(Box::new(begin));
    let look = |shown: &[Shown<'_>]| {
        let mut told = Sparse::default();
        shown[0].situation().describe(2, 0, &mut told);
        Ok(told.iter().last())
    };
    // From the beginning, however often the log is read.
    for _ in 0..2 {
        let mut met = 0.0;
        log.each_block(look, |_, last| {
            assert_eq!(last, Some((plain as u32, 20.0 + met)));
            met += 1.0;
            Ok(())
        })
        .unwrap();
        assert!(met > 1.0);
    }
    assert_eq!(log.features.width(), plain + 1);
}
