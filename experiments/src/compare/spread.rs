//! Several runs at once: on which threads, who hears of it, and that one failure is no other's.

use std::num::NonZeroUsize;

use crossbeam_channel::{Sender, unbounded};
use recloop_env::Tick;

use crate::config::RunConfig;
use crate::run::pool;
use crate::{Counts, RunError};

/// One of several runs.
#[derive(Debug, Clone)]
pub struct PlannedRun {
    /// Its place among them.
    pub at: usize,
    /// Whose it is.
    pub label: String,
    /// What it is.
    pub(crate) config: RunConfig,
}

impl std::fmt::Display for PlannedRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, seed {}", self.label, self.config.seed())
    }
}

/// Watches several runs go by, in no particular order. It cannot change anything.
pub trait RunsObserver {
    /// These are about to be run.
    fn planned(&mut self, _runs: &[PlannedRun]) {}

    /// A run has begun; `horizon` is the first tick that is not watched, where that is known.
    fn begun(&mut self, _run: &PlannedRun, _horizon: Option<Tick>) {}

    /// A tick was done; `now` is the tick that comes next.
    fn ticked(&mut self, _run: &PlannedRun, _counts: &Counts, _now: Tick) {}

    /// A run came to its end, or failed for a reason that reads after "failed to".
    fn ended(&mut self, _run: &PlannedRun, _failure: Option<&str>) {}
}

/// Watches nothing.
impl RunsObserver for () {}

/// How many runs go on at once, and on how many threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threads {
    jobs: usize,
    each: usize,
}

impl Threads {
    /// As many runs at once as there are cores, unless told otherwise: a run of its own per core wastes nothing, where
    /// the threads within a run wait for each other every tick.
    pub(crate) fn new(jobs: Option<NonZeroUsize>, each: Option<NonZeroUsize>, runs: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let jobs = jobs.map_or(cores, NonZeroUsize::get).min(runs).max(1);
        Self { jobs, each: each.map_or(cores / jobs, NonZeroUsize::get).max(1) }
    }
}

/// Tells from within a run how far it is.
pub(crate) struct Ticker<'a> {
    at: usize,
    to: &'a Sender<(usize, News)>,
}

enum News {
    Begun(Option<Tick>),
    Ticked(Counts, Tick),
    Ended(Option<String>),
}

impl News {
    fn pass_on(self, run: &PlannedRun, observer: &mut dyn RunsObserver) {
        match self {
            Self::Begun(horizon) => observer.begun(run, horizon),
            Self::Ticked(counts, now) => observer.ticked(run, &counts, now),
            Self::Ended(failure) => observer.ended(run, failure.as_deref()),
        }
    }
}

impl Ticker<'_> {
    pub(crate) fn begun(&self, horizon: Option<Tick>) {
        self.say(News::Begun(horizon));
    }

    pub(crate) fn ticked(&self, counts: &Counts, now: Tick) {
        self.say(News::Ticked(*counts, now));
    }

    fn say(&self, news: News) {
        // Nobody listens any more: nobody misses it.
        let _ = self.to.send((self.at, news));
    }
}

/// Plays all of `runs`, in their order as far as threads allow, and returns what each came to, in that order.
pub(crate) fn spread<T: Send>(
    runs: &[PlannedRun],
    threads: Threads,
    observer: &mut dyn RunsObserver,
    play: impl Fn(&PlannedRun, &Ticker<'_>) -> Result<T, RunError> + Sync,
) -> Result<Vec<Result<T, RunError>>, RunError> {
    observer.planned(runs);
    let pools = (0..threads.jobs).map(|_| pool(threads.each)).collect::<Result<Vec<_>, _>>()?;
    let (queue, waiting) = unbounded();
    runs.iter().for_each(|run| queue.send(run).expect("the other end is here"));
    drop(queue);
    let (tell, hear) = unbounded();
    let mut results: Vec<_> = runs.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = pools
            .iter()
            .map(|pool| {
                let (waiting, tell, play) = (waiting.clone(), tell.clone(), &play);
                scope.spawn(move || {
                    let one = |run: &PlannedRun| {
                        let ticker = Ticker { at: run.at, to: &tell };
                        let result = pool.install(|| play(run, &ticker));
                        ticker.say(News::Ended(result.as_ref().err().map(ToString::to_string)));
                        (run.at, result)
                    };
                    waiting.iter().map(one).collect::<Vec<_>>()
                })
            })
            .collect();
        drop(tell);
        hear.iter().for_each(|(at, news)| news.pass_on(&runs[at], observer));
        for worker in workers {
            let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done.into_iter().for_each(|(at, result)| results[at] = Some(result));
        }
    });
    Ok(results.into_iter().map(|result| result.expect("every run was waiting for a worker")).collect())
}
