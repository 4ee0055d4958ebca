//! The laws of creator models.

use super::breach::{ContractBreach, Kept, Law};
use super::play::{SEED, TICKS};
use crate::{
    CreatorAction, CreatorId, CreatorModel, EnvSpec, ItemFeedback, ItemId, OwnFeedback, Purpose, Streams,
    Tick, below, unit_f32,
};

/// What a made-up audience does; a purpose of the kit's own.
const AUDIENCE: Purpose<CreatorId> = Purpose::new(900);
/// Items of one creator; their ids never depend on what others publish.
const SHELF: u32 = 1 << 16;

/// Checks a creator model against made-up feedback, in the terms of a world's spec.
///
/// Laws: what a creator does depends on its own items' feedback and on nobody else's; one seed gives one life, also
/// after an earlier one; a fresh model that loads a snapshot, and a fork, act alike; only creators who are told act;
/// published items have the observed features of the spec.
///
/// ```
/// use recloop_env::{Env, External};
/// use recloop_env::testing::{ToyCreators, check_creators, toy_feed};
/// check_creators(|| ToyCreators::new(3), toy_feed(1).spec()).unwrap();
/// check_creators(|| External::new(3), toy_feed(1).spec()).unwrap();
/// ```
pub fn check_creators<M: CreatorModel>(make: impl Fn() -> M, spec: &EnvSpec) -> Result<(), ContractBreach> {
    let n = make().n_creators();
    let mut model = make();
    let first = live(&mut model, spec, |_| true)?;
    same_life("one seed gives one life", &first, &live(&mut make(), spec, |_| true)?, |_| true)?;
    same_life("a life leaves no trace in the next", &first, &live(&mut model, spec, |_| true)?, |_| true)?;
    for me in (0..n as u32).map(CreatorId).take(5) {
        let law = "a creator acts on its own feedback alone";
        let other = live(&mut make(), spec, |creator| creator == me)?;
        same_life(law, &first, &other, |creator| creator == me)?;
    }
    resumed(&make, spec)
}

type Turn = Vec<(CreatorId, CreatorAction)>;

/// The made-up fate of everybody's items.
struct Audience<'a> {
    spec: &'a EnvSpec,
    rng: Streams,
    /// Published so far, per creator, or left.
    shelves: Vec<Option<u32>>,
}

impl<'a> Audience<'a> {
    fn new(model: &dyn CreatorModel, spec: &'a EnvSpec) -> Self {
        Self { spec, rng: Streams::new(SEED), shelves: vec![Some(1); model.n_creators()] }
    }

    /// What creators are told at `tick`: those who are `real` their own luck, the others somebody else's.
    fn tells(&self, tick: Tick, real: impl Fn(CreatorId) -> bool) -> Vec<OwnFeedback> {
        let mut told = Vec::new();
        for (creator, shelf) in (0..).map(CreatorId).zip(&self.shelves) {
            let Some(n) = *shelf else { continue };
            let luck = if real(creator) { Tick(tick.0) } else { Tick(tick.0 + 10_000) };
            let mut draws = self.rng.at(AUDIENCE, creator, luck);
            let mut items = Vec::new();
            for i in n.saturating_sub(3)..n {
                let impressions = below(draws.word(), 20);
                let clicks = below(draws.word(), impressions + 1);
                let signals = self.spec.signals.iter().map(|_| f64::from(draws.unit())).collect();
                let dwell_secs = f64::from(clicks) * 60.0 * f64::from(unit_f32(draws.word()));
                let (item, published) = (ItemId(creator.0 * SHELF + i), Tick(0));
                items.push(ItemFeedback { item, published, impressions, clicks, dwell_secs, signals });
            }
            items.retain(|item| item.impressions > 0);
            told.push(OwnFeedback { creator, items });
        }
        told
    }

    fn turn(
        &mut self,
        model: &mut dyn CreatorModel,
        tick: Tick,
        real: impl Fn(CreatorId) -> bool,
    ) -> Result<Turn, ContractBreach> {
        let (law, mut turn) = (Law::at("creators act", tick), Vec::new());
        let told = self.tells(tick, real);
        model.act(&told, tick, &self.rng, &mut turn).map_err(|error| law.breach(None, &error))?;
        for (creator, action) in &turn {
            self.take(tick, *creator, action)?;
        }
        let arrivals = model.arrivals(tick, &self.rng);
        self.shelves.extend(std::iter::repeat_n(Some(1), arrivals));
        Ok(turn)
    }

    fn take(&mut self, tick: Tick, creator: CreatorId, action: &CreatorAction) -> Kept {
        let law = Law::at("only creators who are told act", tick);
        let shelf = self.shelves.get_mut(creator.index()).filter(|shelf| shelf.is_some());
        let shelf = shelf.ok_or_else(|| law.breach(None, &format!("{creator:?} did {action:?}")))?;
        match action {
            CreatorAction::Wait => {}
            CreatorAction::Make(_) => *shelf = shelf.map(|n| n + 1),
            CreatorAction::Leave => *shelf = None,
            CreatorAction::Publish(item) => {
                *shelf = shelf.map(|n| n + 1);
                let layout = &self.spec.item_features;
                let fits = (layout.dense_width(), layout.code_width());
                let law = Law::at("published items have the features of the spec", tick);
                law.same("dense and codes", None, &fits, &(item.dense.len(), item.codes.len()))?;
            }
        }
        Ok(())
    }
}

fn turns(model: &dyn CreatorModel) -> impl Iterator<Item = Tick> + use<> {
    let period = model.period().max(1);
    (0..TICKS as u32).map(move |turn| Tick(turn * period))
}

fn live(
    model: &mut dyn CreatorModel,
    spec: &EnvSpec,
    real: impl Fn(CreatorId) -> bool,
) -> Result<Vec<Turn>, ContractBreach> {
    let mut audience = Audience::new(model, spec);
    model.begin(&audience.rng);
    turns(model).map(|tick| audience.turn(model, tick, &real)).collect()
}

/// Compares what the creators that `matter` did.
fn same_life(
    law: &'static str,
    expected: &[Turn],
    found: &[Turn],
    matter: impl Fn(CreatorId) -> bool,
) -> Kept {
    let own =
        |turn: &Turn| -> Turn { turn.iter().filter(|(creator, _)| matter(*creator)).cloned().collect() };
    for (turn, (expected, found)) in expected.iter().zip(found).enumerate() {
        Law::at(law, Tick(turn as u32)).same_list("actions", &own(expected), &own(found))?;
    }
    Ok(())
}

fn resumed<M: CreatorModel>(make: &impl Fn() -> M, spec: &EnvSpec) -> Kept {
    let mut model = make();
    let mut audience = Audience::new(&model, spec);
    model.begin(&audience.rng);
    for tick in turns(&model) {
        let law = Law::at("a snapshot is all creators need", tick);
        let mut copy = make();
        copy.begin(&Streams::new(SEED ^ 1));
        let saved = model.save().map_err(|error| law.breach(None, &error))?;
        copy.load(&saved).map_err(|error| law.breach(None, &error))?;
        let mut fork = model.fork();
        let beside = |model: &mut dyn CreatorModel| {
            let shelves = audience.shelves.clone();
            Audience { spec, rng: audience.rng, shelves }.turn(model, tick, |_| true)
        };
        let (restored, forked) = (beside(&mut copy)?, beside(fork.as_mut())?);
        let expected = audience.turn(&mut model, tick, |_| true)?;
        law.same_list("actions after a restore", &expected, &restored)?;
        Law::at("a fork acts alike", tick).same_list("actions", &expected, &forked)?;
    }
    Ok(())
}
