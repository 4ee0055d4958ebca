//! Every update rule, one step at a time, against the published equation evaluated on the truth.

use recloop::agents::RandomSlates;
use recloop::{Env, Fate, Observation, Recommender, ResetOptions, Slates, Step, UserId, World};

/// A world stepped by hand under random slates.
struct Hand {
    world: World,
    policy: RandomSlates,
    seen: Observation,
    slates: Slates,
    step: Step,
}

impl Hand {
    fn new(id: &str, settings: &[&str]) -> Self {
        let mut world = recloop::make(id, settings).expect("a registered world");
        let mut seen = Observation::default();
        let options = ResetOptions { tell_choice_probs: true, ..ResetOptions::default() };
        world.reset(5, &options, &mut seen).expect("it begins");
        let mut policy = RandomSlates::default();
        policy.begin(world.spec()).expect("random fits everywhere");
        Self { world, policy, seen, slates: Slates::default(), step: Step::default() }
    }

    fn truth(&self, user: UserId, field: &str) -> Vec<f32> {
        self.world.truth().user(user, field).expect("a latent field").to_vec()
    }

    /// Chooses slates for the current observation.
    fn choose(&mut self) {
        self.policy.recommend(&self.seen, &self.world.streams(), &mut self.slates).expect("slates");
    }

    fn step(&mut self) {
        self.world.step(&self.slates, &mut self.step).expect("slates fit");
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.seen, &mut self.step.next);
    }
}

fn near(found: f32, expected: f32) -> bool {
    (found - expected).abs() < 1e-5 * expected.abs().max(1.0)
}

/// What a viewer was and was shown, before the step.
struct Viewer {
    user: UserId,
    interest: Vec<f32>,
    budget: f32,
    topics: Vec<usize>,
    qualities: Vec<f32>,
}

fn viewer(hand: &Hand, r: usize) -> Viewer {
    let (user, truth) = (hand.seen.users[r], hand.world.truth());
    let topic = hand.seen.items.layout().find("topic").expect("items have a topic");
    let quality = truth.items().layout().find("quality").expect("items have a quality");
    let slate = hand.slates.items.row(r).iter();
    Viewer {
        user,
        interest: hand.truth(user, "interest"),
        budget: hand.truth(user, "budget_minutes")[0],
        topics: slate.clone().map(|item| usize::from(hand.seen.items.code(topic, r, *item))).collect(),
        qualities: slate.map(|item| truth.items().dense(quality, r, *item)[0]).collect(),
    }
}

/// Checks one viewer's step; returns whether something was clicked and whether the time was up.
fn check_viewer(hand: &Hand, r: usize, before: &Viewer) -> (bool, bool) {
    let Viewer { user, interest: u, budget, topics, qualities } = before;
    // P(i) = (u_i + 1) / (2 + Σ(u_j + 1)): the multinomial proportional law with n = −1 and m = 1.
    let weights: Vec<f32> = topics.iter().map(|c| u[*c] + 1.0).collect();
    let total = 2.0 + weights.iter().sum::<f32>();
    let told = hand.step.responses.choice_probs.as_ref().expect("asked to tell").row(r);
    assert!(told.iter().zip(&weights).all(|(p, w)| near(*p, w / total)));

    let (mut interest, mut left, mut watched) = (u.clone(), budget - 0.5, 0.0);
    let clicked = hand.step.responses.click.row(r).iter().position(|clicked| *clicked);
    if let Some(k) = clicked {
        let c = topics[k];
        watched = budget.min(4.0);
        left = budget - watched + 0.9 / 3.4 * watched * qualities[k];
        let delta = 0.3 * (1.0 - u[c].abs()) * (1.0 - u[c]);
        interest[c] = hand.truth(*user, "interest")[c];
        let (up, down) = (u[c] + delta, (u[c] - delta).max(-1.0));
        assert!(near(interest[c], up) || near(interest[c], down), "{} to {}", u[c], interest[c]);
        assert!(near(hand.step.responses.dwell_secs.row(r)[k], 60.0 * watched));
    }
    assert_eq!(hand.truth(*user, "interest"), interest, "only the watched topic moves");
    assert!(near(hand.truth(*user, "budget_minutes")[0], left));
    assert!(near(hand.step.reward[r], watched), "the reward is what was watched");
    assert_eq!(hand.step.fate[r] == Fate::Gone, left <= 0.0);
    (clicked.is_some(), left <= 0.0)
}

#[test]
fn interest_evolution() {
    let mut hand = Hand::new("interest-evolution-v0", &["users=40", "budget_minutes=30"]);
    let (mut clicks, mut skips, mut ends) = (0, 0, 0);
    while !hand.world.is_over() {
        hand.choose();
        let before: Vec<Viewer> = (0..hand.seen.len()).map(|r| viewer(&hand, r)).collect();
        hand.step();
        for (r, before) in before.iter().enumerate() {
            let (clicked, ended) = check_viewer(&hand, r, before);
            (clicks, skips) = (clicks + usize::from(clicked), skips + usize::from(!clicked));
            ends += usize::from(ended);
        }
        hand.turn();
    }
    assert!(clicks > 100 && skips > 100 && ends == 40, "{clicks} clicks, {skips} skips, {ends} ends");
}

#[test]
fn interest_exploration() {
    let mut hand = Hand::new("interest-exploration-v0", &["users=50"]);
    let layout = hand.seen.items.layout().clone();
    let (topic, quality) =
        (layout.find("topic").expect("a topic"), layout.find("quality").expect("a quality"));
    for _ in 0..20 {
        hand.choose();
        hand.step();
        for (r, user) in hand.seen.users.iter().enumerate() {
            let affinity = hand.truth(*user, "affinity");
            let exps: Vec<f32> = hand
                .slates
                .items
                .row(r)
                .iter()
                .map(|item| {
                    let of_topic = affinity[usize::from(hand.seen.items.code(topic, r, *item))];
                    (of_topic + hand.seen.items.dense(quality, r, *item)[0]).exp()
                })
                .collect();
            let total = exps.iter().sum::<f32>() + 5.0_f32.exp();
            let told = hand.step.responses.choice_probs.as_ref().expect("asked to tell").row(r);
            assert!(
                told.iter().zip(&exps).all(|(p, e)| near(*p, e / total)),
                "{told:?} against {exps:?} / {total}"
            );
            let clicks = hand.step.responses.click.row(r).iter().filter(|clicked| **clicked).count();
            assert!(near(hand.step.reward[r], clicks as f32) && clicks <= 1);
        }
        hand.turn();
    }
}

#[test]
fn long_term_satisfaction() {
    let mut hand = Hand::new("long-term-satisfaction-v1", &["users=400"]);
    let clickbait = hand.seen.items.layout().find("clickbait").expect("items have clickbait");
    let (mut innovations, mut noises) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        hand.choose();
        let users = hand.seen.users.clone();
        let before: Vec<f32> =
            users.iter().map(|user| hand.truth(*user, "net_positive_exposure")[0]).collect();
        hand.step();
        for (r, (user, exposure)) in users.iter().zip(before).enumerate() {
            let c = hand.seen.items.dense(clickbait, r, hand.slates.items.row(r)[0])[0];
            let after = hand.truth(*user, "net_positive_exposure")[0];
            innovations.push((after - (0.7 * exposure - 2.0 * (c - 0.5))) / 0.05);
            // Satisfaction is that before the update.
            let satisfaction = 1.0 / (1.0 + (-0.15 * exposure).exp());
            noises.push(hand.step.reward[r].ln() - (5.0 * c + 4.0 * (1.0 - c)) * satisfaction);
        }
        hand.turn();
    }
    // 8,000 standard normals: the mean has se 0.011, the variance se 0.016. Four of each: one false alarm in 4,000 seeds.
    for draws in [innovations, noises] {
        let n = draws.len() as f32;
        let mean = draws.iter().sum::<f32>() / n;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f32>() / n;
        assert!(mean.abs() < 0.045 && (variance - 1.0).abs() < 0.064, "mean {mean}, variance {variance}");
    }
}
