//! Independent runs of RecSim's own code, matched within four combined standard errors.
//!
//! Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems". Four standard errors on eight
//! comparisons would fail a right implementation once in 2,000 seeds; these seeds are fixed.

use recloop::agents::{DotProduct, Greedy, RandomSlates};

use crate::{Life, lives, mean_se, ratio_se};

/// Enough for the intervals; `just evidence` takes five times as many.
fn users() -> String {
    format!("users={}", if std::env::var_os("RECLOOP_EVIDENCE").is_some() { 20_000 } else { 4_000 })
}

fn assert_near(what: &str, (found, se): (f64, f64), (published, published_se): (f64, f64)) {
    let combined = (se * se + published_se * published_se).sqrt();
    let gap = (found - published).abs() / combined;
    println!("evidence: {what}: {found:.4} ± {se:.4}, published {published} ± {published_se}: {gap:.1} se");
    assert!(gap <= 4.0, "{what} is {found} ± {se}, published {published} ± {published_se}");
}

fn evolution(policy: &mut dyn recloop::Recommender) -> Vec<Life> {
    let mut world = recloop::make("interest-evolution-v0", &[&users()]).expect("a registered world");
    lives(&mut world, policy, 2019, None)
}

#[test]
fn interest_evolution_under_a_random_policy() {
    let lives = evolution(&mut RandomSlates::default());
    let lives = lives.iter();
    assert_near("random return", mean_se(lives.clone().map(|life| life.reward)), (160.21, 0.37));
    assert_near("random length", mean_se(lives.clone().map(|life| life.steps)), (71.28, 0.29));
    // No standard error was published for these two: half a unit of their last digit stands in.
    let clicks = lives.clone().map(|life| (life.clicked_slates, life.steps));
    assert_near("click rate", ratio_se(clicks), (0.569, 0.0017));
    let quality = lives.map(|life| (life.quality, life.clicked_slates));
    assert_near("quality per click", ratio_se(quality), (-0.592, 0.006));
}

#[test]
fn interest_evolution_under_the_greedy_policy() {
    let lives = evolution(&mut Greedy::new(DotProduct::default()));
    assert_near("greedy return", mean_se(lives.iter().map(|life| life.reward)), (167.48, 0.67));
    assert_near("greedy length", mean_se(lives.iter().map(|life| life.steps)), (60.06, 0.28));
}

#[test]
fn interest_exploration_under_a_random_policy() {
    let mut world = recloop::make("interest-exploration-v0", &[&users()]).expect("a registered world");
    let lives = lives(&mut world, &mut RandomSlates::default(), 2019, Some(100));
    assert_near("clicks in 100 slates", mean_se(lives.iter().map(|life| life.reward)), (23.31, 0.23));
}
