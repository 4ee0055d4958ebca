//! One run of the study: who was shown what, and how relevant it was.

use recloop_agents::impressions::{Controlled, EstimatedGroups, ImpressionMeter};
use recloop_agents::{AgentError, DotProduct, PlackettLuce};
use recloop_data::metrics::{Counted, Coverage, Delivery, DeliveryTable};
use recloop_env::{
    Env, Goal, Metric, Observation, Population, Recommender, ResetOptions, Slates, Step, Streams, Tick,
    Transition, World,
};

use super::{ATTRIBUTES, ImpressionsConfig};
use crate::{ConfigError, RunError};

/// What is controlled, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Control {
    pub(super) attribute: usize,
    pub(super) epsilon: f64,
    pub(super) gain: f32,
}

/// What one run came to.
#[derive(Debug)]
pub(super) struct Delivered {
    /// Coverage by attribute, of impressions and of people; only that of what was controlled, or of all without control.
    pub(super) coverage: Vec<[Option<Coverage>; 2]>,
    /// `[attributes]` items shown too seldom to be judged, by impressions and by people.
    pub(super) not_judged: Vec<[u64; 2]>,
    /// Mean chance of a click, were it examined, of what was shown.
    pub(super) relevance: f64,
    pub(super) clicks: f64,
}

/// Sums over what was shown.
#[derive(Debug, Default)]
struct Sums {
    chance: f64,
    shown: f64,
    clicks: f64,
}

/// Runs the world of a seed under a control; one without gain is none.
pub(super) fn deliver(
    config: &ImpressionsConfig,
    seed: u64,
    control: Control,
) -> Result<Delivered, RunError> {
    let mut world = config.world()?;
    let options = ResetOptions { horizon: Some(Tick(config.ticks)), ..ResetOptions::default() };
    let (mut seen, mut slates, mut step) = (Observation::default(), Slates::default(), Step::default());
    world.reset(seed, &options, &mut seen)?;
    let (mut meter, mut policy) = platform(config, &world, &seen, control).map_err(refused)?;
    policy.begin(world.spec())?;
    let (mut total, mut sums) = (Delivery.start(), Sums::default());
    while !seen.is_empty() {
        policy.recommend(&seen, &world.streams(), &mut slates)?;
        sums.look(&world, &slates);
        world.step(&slates, &mut step)?;
        Delivery.fold(&mut total, &world.facts(), &Transition { seen: &seen, slates: &slates, step: &step });
        sums.clicks += step.responses.click.as_slice().iter().filter(|clicked| **clicked).count() as f64;
        policy.learn(&seen, &slates, &step);
        meter.watch(&seen.users, &slates).map_err(refused)?;
        if (seen.tick.0 + 1).is_multiple_of(config.period_ticks) {
            policy.scorer_mut().hear(&meter.release()).map_err(refused)?;
        }
        std::mem::swap(&mut seen, &mut step.next);
    }
    let table = Delivery.value(total);
    let not_judged = |attribute| {
        [Counted::Impressions, Counted::People].map(|counted| table.not_judged(attribute, counted))
    };
    Ok(Delivered {
        coverage: coverage(&table, control),
        not_judged: (0..ATTRIBUTES.len()).map(not_judged).collect(),
        relevance: sums.chance / sums.shown.max(1.0),
        clicks: sums.clicks,
    })
}

fn coverage(table: &DeliveryTable, control: Control) -> Vec<[Option<Coverage>; 2]> {
    let of =
        |attribute| [Counted::Impressions, Counted::People].map(|counted| table.coverage(attribute, counted));
    let is_asked = |attribute| control.gain == 0.0 || attribute == control.attribute;
    (0..ATTRIBUTES.len())
        .map(|attribute| if is_asked(attribute) { of(attribute) } else { [None; 2] })
        .collect()
}

type Platform = (ImpressionMeter, PlackettLuce<Controlled<DotProduct>>);

/// The measurement service, which is told the truth, and the recommender, which is not.
fn platform(
    config: &ImpressionsConfig,
    world: &World,
    seen: &Observation,
    control: Control,
) -> Result<Platform, AgentError> {
    let nobody = Population::default();
    let people = world.population().unwrap_or(&nobody);
    let rng: Streams = world.streams();
    let n_items = seen.items.catalogue().map_or(0, recloop_env::Catalogue::len);
    let Control { attribute, epsilon, gain } = control;
    let meter = ImpressionMeter::new(people, attribute, &seen.audiences(n_items), epsilon, &rng)?;
    let guesses = EstimatedGroups::with_accuracy(people, attribute, config.accuracy[attribute], &rng)?;
    let scorer = Controlled::new(DotProduct::default(), guesses, gain)?;
    Ok((meter, PlackettLuce::new(scorer, config.temperature)?))
}

impl Sums {
    /// Adds what slates about to be shown are really worth.
    fn look(&mut self, world: &World, slates: &Slates) {
        let mut appeal = vec![0.0; slates.items.width()];
        for r in 0..slates.items.rows() {
            if world.truth().appraise(r, Goal::Click, slates.items.row(r), &mut appeal) {
                self.chance += appeal.iter().map(|x| 1.0 / (1.0 + f64::from(-x).exp())).sum::<f64>();
                self.shown += appeal.len() as f64;
            }
        }
    }
}

fn refused(error: AgentError) -> RunError {
    ConfigError::Part { what: "the control".into(), source: Box::new(error) }.into()
}
