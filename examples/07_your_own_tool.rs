//! A tool and a planner for a recommender that listens: whoever asks for something is shown what was published lately.
//!
//! Run with `cargo run --release --example 07_your_own_tool`.

use recloop::agents::agentic::{
    Advised, Agentic, Ask, Call, Desk, Obedient, Obey, Planner, Speech, Tool, Toolbox,
};
use recloop::agents::{Greedy, Popularity};
use recloop::{EnvSpec, Message, ResetOptions, Said, Tick};

/// When an item was published, from 0 (as the world began) to 1 (now).
struct Fresh;

impl Tool for Fresh {
    fn name(&self) -> &'static str {
        "fresh"
    }

    fn about(&self) -> &'static str {
        "items published lately"
    }

    fn fits(&self, spec: &EnvSpec) -> bool {
        spec.durable_items
    }

    fn work(&self, desk: &mut Desk<'_>, call: &Call) -> usize {
        let seen = desk.seen();
        let Some(catalogue) = seen.items.catalogue() else { return 0 };
        let now = seen.tick.0.max(1) as f32;
        desk.lean(call.weight, |item| catalogue.published(item).0 as f32 / now)
    }
}

/// Obedient, and fresh besides.
#[derive(Clone, Default)]
struct Freshening(Obedient);

impl Planner for Freshening {
    fn plan(&self, asks: &[Ask], toolbox: &Toolbox) -> Vec<Call> {
        let mut calls = self.0.plan(asks, toolbox);
        calls.extend(toolbox.find("fresh").map(|tool| Call::of(tool.name(), 4.0)));
        calls
    }
}

type AnyError = Box<dyn std::error::Error>;

/// How late items were published, as a mean over the slates right after somebody asked for something; and how many slates the
/// tool was used for, by the recommender's own account.
fn lateness(planner: impl Planner + 'static) -> Result<(f32, usize), AnyError> {
    let mut world = recloop::make("dialogue-feed-v0", &["users=200"])?;
    let advised = Advised::new(Popularity::default(), Obey::True);
    let advised = advised.using(Toolbox::standard().with(Fresh)).planned_by(planner);
    let mut agent = Agentic::new(Greedy::new(advised), Speech::default());
    let options = ResetOptions { horizon: Some(Tick(2_000)), ..ResetOptions::default() };
    let (mut sum, mut n, mut uses) = (0.0, 0.0_f32, 0);
    recloop::play(&mut world, &mut agent, 7, &options, |t| {
        let catalogue = t.seen.items.catalogue().expect("a feed's items last");
        let spoken = t.seen.messages.iter().filter(|it| it.said == Said::Instruction);
        for item in spoken.flat_map(|it| t.slates.items.row(it.row)) {
            sum += catalogue.published(*item).0 as f32 / t.seen.tick.0.max(1) as f32;
            n += 1.0;
        }
        let used = |it: &&Message| it.said == Said::Trace && it.text.contains("fresh(");
        uses += t.slates.messages.iter().filter(used).count();
    })?;
    Ok((sum / n.max(1.0), uses))
}

fn main() -> Result<(), AnyError> {
    let (plain, unused) = lateness(Obedient::default())?;
    let (fresh, uses) = lateness(Freshening::default())?;
    println!("published at {plain:.2} of the time so far; with the tool, used {uses} times, at {fresh:.2}");
    assert!(unused == 0 && uses > 0 && fresh > 2.0 * plain);
    Ok(())
}
