//! A million users: those who are not here cost a few hundred bytes each, and no time.
//!
//! The peak is that of the whole process, so this is the only test of its binary. As a rule it makes do with a
//! fiftieth of the people; `RECLOOP_EVIDENCE` asks for all of them, and then it says how long things took.
#![cfg(target_os = "linux")]

use std::time::Instant;

use recloop_agents::{DotProduct, Greedy};
use recloop_env::{
    Array, Env, Observation, Recommender, ResetOptions, Slates, SnapshotError, SnapshotSink, Step, Values,
    World,
};

/// What the process may take: so much whoever is there, and so much per user. For a million, 1.5 GB.
const BASE_BYTES: usize = 100_000_000;
const BYTES_PER_USER: usize = 1_400;

/// Long enough for two in three of the first day's visitors to have come and gone.
const TICKS: usize = 480;

struct Run {
    world: World,
    player: Greedy<DotProduct>,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Run {
    /// A feed whose recommender sees what people like.
    fn begin(n_users: usize, tick_secs: f64) -> Self {
        let registry = recloop_experiments::worlds::registry();
        let feed = registry.find("feed-v0").unwrap();
        let mut config = (feed.defaults)();
        config.insert("users".into(), (n_users as i64).into());
        config.insert("tick_secs".into(), tick_secs.into());
        config.insert("observe_interest".into(), true.into());
        let mut world = (feed.build)(&config, &recloop_experiments::worlds::Given::default()).unwrap();
        let (mut player, mut seen) = (Greedy::new(DotProduct::default()), Observation::default());
        world.reset(7, &ResetOptions::default(), &mut seen).unwrap();
        player.begin(world.spec()).unwrap();
        Self { world, player, seen, slates: Slates::default(), step: Step::default() }
    }

    /// Plays on; the rows there were.
    fn play(&mut self, ticks: usize) -> usize {
        let mut rows = 0;
        for _ in 0..ticks {
            rows += self.seen.len();
            self.player.recommend(&self.seen, &self.world.streams(), &mut self.slates).unwrap();
            self.world.step(&self.slates, &mut self.step).unwrap();
            self.player.learn(&self.seen, &self.slates, &self.step);
            std::mem::swap(&mut self.seen, &mut self.step.next);
        }
        rows
    }

    fn pace(&mut self, ticks: usize) -> Pace {
        let (since, n_candidates) = (Instant::now(), self.seen.candidates.listed(0).len());
        let rows = self.play(ticks);
        let ns_per_row = since.elapsed().as_nanos() as f64 / rows as f64;
        Pace { ns_per_row, rows: rows / ticks, n_candidates }
    }
}

/// How fast a few ticks went, and how much there was to do in each.
struct Pace {
    ns_per_row: f64,
    rows: usize,
    n_candidates: usize,
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} ns a row: {} rows, {} candidates", self.ns_per_row, self.rows, self.n_candidates)
    }
}

/// A snapshot that is weighed on its way to nowhere.
#[derive(Default)]
struct Scales {
    total_bytes: usize,
    largest_bytes: usize,
}

impl SnapshotSink for Scales {
    fn put(&mut self, array: Array) -> Result<(), SnapshotError> {
        let bytes = match &array.values {
            Values::F32(values) => values.len() * 4,
            Values::F64(values) => values.len() * 8,
            Values::U32(values) => values.len() * 4,
            Values::Bytes(values) => values.len(),
        };
        self.total_bytes += bytes;
        self.largest_bytes = self.largest_bytes.max(bytes);
        Ok(())
    }
}

/// A line of what Linux says of this process, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[test]
fn a_million_users_fit_and_those_who_are_away_cost_no_time() {
    let in_full = std::env::var_os("RECLOOP_EVIDENCE").is_some();
    let n_users = if in_full { 1_000_000 } else { 20_000 };
    let since = Instant::now();
    let mut run = Run::begin(n_users, 120.0);
    let reset_secs = since.elapsed().as_secs_f64();
    let rows = run.play(TICKS) / TICKS;
    assert!(rows * 100 < n_users * 2 && rows > 0, "{rows} rows a tick");
    let (steady, since) = (status("VmRSS"), Instant::now());
    let mut scales = Scales::default();
    run.world.save_to(&mut scales).unwrap();
    let save_secs = since.elapsed().as_secs_f64();
    let peak = status("VmHWM");
    assert!(peak <= BASE_BYTES + n_users * BYTES_PER_USER, "{peak} bytes at the most");
    // No second copy of anybody: an array is a number per user, or one field of one block.
    assert!(scales.largest_bytes <= (8 * n_users).max(1 << 20), "an array of {} bytes", scales.largest_bytes);
    if in_full {
        let (total, largest) = (scales.total_bytes >> 20, scales.largest_bytes >> 10);
        println!(
            "reset {reset_secs:.1} s, {rows} rows a tick; resident {} MiB, at most {} MiB",
            steady >> 20,
            peak >> 20
        );
        println!("saved {total} MiB in {save_secs:.1} s, at most {largest} KiB at once");
        tell_paces(run);
    }
}

/// A row among a million users beside a row among ten thousand who are all here, turn about; the fastest of each
/// counts, for whatever else the machine does only slows. A tick of a day is long enough for nearly everybody to be
/// here at the next one.
fn tell_paces(mut million: Run) {
    let (mut few, mut all) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let mut thousands = Run::begin(10_000, 86_400.0);
        thousands.play(1);
        few.push(million.pace(3));
        all.push(thousands.pace(3));
    }
    let fastest = |paces: Vec<Pace>| paces.into_iter().min_by(|a, b| a.ns_per_row.total_cmp(&b.ns_per_row));
    let (few, all) = (fastest(few).unwrap(), fastest(all).unwrap());
    println!("among a million {few}; all of 10,000 {all}; ratio {:.2}", few.ns_per_row / all.ns_per_row);
}
