//! Minds by themselves: decisions against their equations.

use recloop_env::{CreatorId, ItemFeedback, ItemId, Streams, Tick, purpose};

use super::mind::{Lens, Minds};
use super::{BeliefKind, BeliefParams, Circumstances};
use crate::made::{Choice, Made, Memory};

const LENS: Lens = Lens { period: 1, life_turns: 10.0 };

/// One creator whose items, each on offer for ten turns before now, were of these topics and brought these clicks.
fn creator(items: &[(u16, u32)]) -> (Memory, Tick) {
    let mut memory = Memory::default();
    memory.push();
    for (id, &(topic, clicks)) in (0..).zip(items) {
        memory.publish(0, Made { choice: Choice::about(topic), live_ticks: 10 });
        let (item, published) = (ItemId(id), Tick(id));
        let news = ItemFeedback { item, published, clicks, impressions: 100, ..ItemFeedback::default() };
        assert!(memory.hear(0, &news).is_some());
    }
    (memory, Tick(items.len() as u32 + 10))
}

fn mind(params: BeliefParams, n_topics: usize) -> Minds {
    let mut minds = Minds::new(params, n_topics);
    minds.push(0);
    minds
}

/// Share of decisions for `topic` over many luckes of one and the same creator.
fn share(minds: &Minds, memory: &Memory, now: Tick, topic: u16) -> f64 {
    let here = Circumstances { now, lens: LENS, spent: 0.0 };
    let decide = |n: u32| {
        let mut draws = Streams::new(3).at(purpose::CREATOR, CreatorId(n), Tick(0));
        minds.clone().choose(0, memory, &here, &mut draws).topic
    };
    (0..N).filter(|n| decide(*n) == topic).count() as f64 / f64::from(N)
}

const N: u32 = 20_000;
/// Hoeffding: a share of 20,000 strays by this once in 10⁸.
const BOUND: f64 = 0.022;

#[test]
fn it_exploits_as_often_as_the_equation_says() {
    // Ten items about topic 0 with 40 clicks each, two topics never tried, nothing fading: over ten turns 4 a turn.
    let (memory, now) = creator(&[(0, 40); 10]);
    let params = BeliefParams { half_life_items: 1e6, decisiveness: 0.5, ..BeliefParams::default() };
    // Prior: mean 4, sd .25·4 + .001 within topics and, κ₀ being 1, as much between: own items differ by √2 times that.
    // E = 4, X = 4 + 1.001. Nothing is felt yet.
    let found = share(&mind(params.clone(), 3), &memory, now, 0);
    assert!((found - 1.0 / (1.0 + (0.5 / 2.0_f64.sqrt()).exp())).abs() < BOUND, "{found}");
    // Averse to risk by as much, it stays as often as the daring one goes.
    let averse = share(&mind(BeliefParams { risk: -1.0, ..params }, 3), &memory, now, 0);
    assert!((averse - 1.0 / (1.0 + (-0.5 / 2.0_f64.sqrt()).exp())).abs() < BOUND, "{averse}");
}

#[test]
fn losses_loom_larger_than_gains() {
    let params =
        BeliefParams { decisiveness: 0.0, prospect_slope: 1.0, revisit_items: 1, ..BeliefParams::default() };
    // Used to 2 a turn, give or take 1; the last item brought 3, or 1: p is 1 or −2.25, to the power .88 of 1.
    let felt = |clicks: u32, params: &BeliefParams| {
        let (memory, now) = creator(&[(0, 20), (0, clicks)]);
        let mut minds = mind(params.clone(), 3);
        minds.moods[0].reference = 2.0;
        minds.moods[0].scale = 1.0;
        minds.plans[0].judged = 1;
        share(&minds, &memory, now, 0)
    };
    let law = |p: f64| 1.0 / (1.0 + (-p).exp());
    assert!((felt(30, &params) - law(1.0)).abs() < BOUND);
    assert!((felt(10, &params) - law(-2.25)).abs() < BOUND);
    let null = BeliefParams { loss_aversion: 1.0, ..params.clone() };
    assert!((felt(10, &null) - law(-1.0)).abs() < BOUND);
    let no_reference = BeliefParams { prospect_slope: 0.0, ..params };
    assert!((felt(10, &no_reference) - 0.5).abs() < BOUND);
}

#[test]
fn a_table_of_means_draws_among_what_is_unknown() {
    let (memory, now) = creator(&[(0, 40), (1, 10)]);
    let params = BeliefParams { belief: BeliefKind::Means, decisiveness: 0.0, ..BeliefParams::default() };
    let minds = mind(params, 4);
    // Half stay with topic 0, whose mean is best; the others are drawn among 2 and 3.
    for (topic, expected) in [(0, 0.5), (1, 0.0), (2, 0.25), (3, 0.25)] {
        let found = share(&minds, &memory, now, topic);
        assert!((found - expected).abs() < BOUND, "topic {topic}: {found}");
    }
}

#[test]
fn a_surprise_makes_it_think_again() {
    let lively = BeliefParams { decisiveness: 100.0, revisit_items: 1_000, ..BeliefParams::default() };
    let here = |now| Circumstances { now, lens: LENS, spent: 0.0 };
    // Topic 1 brought nothing but habit; topic 0 is known to be better. The plan holds unless the last item is odd.
    let plan = |items: &[(u16, u32)], params: &BeliefParams| {
        let (memory, now) = creator(items);
        let mut minds = mind(params.clone(), 2);
        minds.plans[0].choice = Choice::about(1);
        minds.plans[0].left = 500;
        minds
            .choose(0, &memory, &here(now), &mut Streams::new(1).at(purpose::CREATOR, CreatorId(0), Tick(0)))
            .topic
    };
    let usual = [(0, 60), (0, 60), (1, 20), (1, 20), (1, 20)];
    assert_eq!(plan(&usual, &lively), 1);
    let odd = [(0, 60), (0, 60), (1, 20), (1, 20), (1, 0)];
    assert_eq!(plan(&odd, &lively), 0);
    assert_eq!(plan(&odd, &BeliefParams { surprise_sds: 100.0, ..lively }), 1);
}

#[test]
fn what_is_forgotten_still_counts() {
    let items: Vec<(u16, u32)> = (0..30).map(|at| (at % 3, 10 * u32::from(at))).collect();
    let params = BeliefParams { half_life_items: 20.0, ..BeliefParams::default() };
    let (mut memory, now) = creator(&items);
    let mut minds = mind(params, 3);
    let before = minds.beliefs(0, memory.items(0), now, LENS);
    let mut n_folded = 0;
    memory.forget(0, now, |own, since| {
        minds.fold(0, own, since, now, LENS);
        n_folded += 1;
    });
    let after = minds.beliefs(0, memory.items(0), now, LENS);
    assert_eq!((n_folded, memory.items(0).len()), (20, 10));
    for (before, after) in before.iter().zip(&after) {
        assert!((before.value - after.value).abs() < 1e-9 && (before.items - after.items).abs() < 1e-9);
    }
}

#[test]
fn nobody_divides_by_zero() {
    let here = |now| Circumstances { now, lens: LENS, spent: 0.0 };
    let draws = || Streams::new(1).at(purpose::CREATOR, CreatorId(0), Tick(0));
    for belief in [BeliefKind::Posterior, BeliefKind::Means] {
        for (n_topics, items) in [(1, vec![]), (1, vec![(0, 0); 12]), (3, vec![(2, 0); 3])] {
            let (memory, now) = creator(&items);
            let mut minds =
                mind(BeliefParams { belief, revisit_items: 1, ..BeliefParams::default() }, n_topics);
            for _ in 0..3 {
                assert!(usize::from(minds.choose(0, &memory, &here(now), &mut draws()).topic) < n_topics);
            }
            assert!(
                minds.beliefs(0, memory.items(0), now, LENS).iter().all(|belief| belief.value.is_finite())
            );
        }
    }
}
