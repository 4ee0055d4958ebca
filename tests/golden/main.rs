//! Golden runs: what small runs come to, user by user and tick by tick.
//!
//! A change in any number shows as a changed cell: the diff names the first tick (row) and user (column) that differ. If
//! that is meant, accept the snapshot and say so in CHANGELOG.md under **Result-changing**.
//!
//! Bit-identity is promised on one target, so the cells are compared on x86-64 Linux only.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::fmt::Write;

use recloop::agents::{DotProduct, Greedy, PlackettLuce, RandomSlates};
use recloop::{Fate, Recommender, ResetOptions, Tick, Transition};

/// A short name for everything that happened in one row: slate, propensities, responses, reward, fate.
fn cell(t: &Transition<'_>, r: usize) -> u16 {
    let step = t.step;
    let fate = match step.fate[r] {
        Fate::Stays(secs) => [0, secs.to_bits()],
        Fate::Returns(secs) => [1, secs.to_bits()],
        Fate::Gone => [2, 0],
    };
    let items = t.slates.items.row(r).iter().map(|item| item.0);
    let propensities =
        t.slates.propensity.row(r).iter().flat_map(|p| [p.to_bits() as u32, (p.to_bits() >> 32) as u32]);
    let clicks = step.responses.click.row(r).iter().map(|clicked| u32::from(*clicked));
    let dwell = step.responses.dwell_secs.row(r).iter().map(|secs| secs.to_bits());
    let signals = step.responses.signals.row(r).iter().map(|value| value.to_bits());
    let words = items.chain(propensities).chain(clicks).chain(dwell).chain(signals);
    let words = words.chain([step.reward[r].to_bits()]).chain(fate);
    // FNV-1a, folded to 16 bits: enough to see a difference, short enough to read a table of.
    let hash = words.fold(0x811c_9dc5_u32, |hash, word| {
        word.to_le_bytes().iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    });
    (hash >> 16) as u16 ^ hash as u16
}

/// A row for each tick, a column for each of six users; `----` where somebody is not there.
fn table(world: &str, settings: &[&str], policy: &mut dyn Recommender) -> String {
    let mut world = recloop::make(world, &[&["users=6"], settings].concat()).expect("a registered world");
    let mut table = String::from("tick  user 0     1     2     3     4     5   reward\n");
    let options = ResetOptions { horizon: Some(Tick(12)), ..ResetOptions::default() };
    recloop::play(&mut world, policy, 20, &options, |t| {
        write!(table, "{:4}    ", t.tick().0).expect("text grows");
        for user in 0..6 {
            let text = t.seen.row_of(recloop::UserId(user)).map(|r| format!("{:04x}", cell(t, r)));
            write!(table, "{}  ", text.as_deref().unwrap_or("----")).expect("text grows");
        }
        writeln!(table, "{:7.3}", t.step.reward.iter().sum::<f32>()).expect("text grows");
    })
    .expect("it runs");
    table
}

#[test]
fn interest_evolution() {
    let mut policy = PlackettLuce::new(DotProduct::default(), 0.5).expect("a temperature");
    insta::assert_snapshot!(table("interest-evolution-v0", &["budget_minutes=20"], &mut policy));
}

#[test]
fn interest_evolution_with_shared_items() {
    let mut policy = Greedy::new(DotProduct::default());
    insta::assert_snapshot!(table("interest-evolution-v0", &["redraw=false", "candidates=40"], &mut policy));
}

#[test]
fn interest_exploration() {
    insta::assert_snapshot!(table("interest-exploration-v0", &[], &mut RandomSlates::default()));
}

#[test]
fn feed() {
    let settings = ["n_creators=5", "opening_items=60", "observe_interest=true", "tick_secs=1200"];
    let mut policy = PlackettLuce::new(DotProduct::default(), 0.2).expect("a temperature");
    insta::assert_snapshot!(table("feed-v0", &settings, &mut policy));
}

#[test]
fn dialogue_feed() {
    let settings =
        ["n_creators=5", "opening_items=60", "observe_interest=true", "tick_secs=7200", "risk_threshold=0"];
    let mut policy = PlackettLuce::new(DotProduct::default(), 0.2).expect("a temperature");
    insta::assert_snapshot!(table("dialogue-feed-v0", &settings, &mut policy));
}

#[test]
fn long_term_satisfaction() {
    let settings = ["slates=8"];
    insta::assert_snapshot!(table("long-term-satisfaction-v1", &settings, &mut RandomSlates::default()));
}
