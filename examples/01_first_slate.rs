//! One tick, by hand: who is there, what may be shown, what comes of it.
//!
//! Run with `cargo run --example 01_first_slate`.

use recloop::{Env, Known, Observation, ResetOptions, Slates, Step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut world = recloop::make("interest-evolution-v0", &["users=4", "candidates=5", "slate=2"])?;
    let mut seen = Observation::default();
    world.reset(7, &ResetOptions::default(), &mut seen)?;

    // Features have names. A topic is a category; a viewer has one interest for each.
    let topic = world.spec().item_features.find("topic").ok_or("items have a topic")?;

    // Show everybody the two candidates whose topics they like best. Nothing is random here, so each item was shown
    // with probability 1, given the items above it.
    let mut slates = Slates::default();
    slates.reset(seen.len(), 2);
    for r in 0..seen.len() {
        let row = seen.row(r);
        let appeal = |item| row.features()[usize::from(row.code(topic, item))];
        let mut ranked: Vec<_> = row.candidates().iter().collect();
        ranked.sort_by(|a, b| appeal(*b).total_cmp(&appeal(*a)));
        slates.items.row_mut(r).copy_from_slice(&ranked[..2]);
        slates.propensity.row_mut(r).fill(1.0);
        slates.known[r] = Known::Exact;
    }

    let mut step = Step::default();
    world.step(&slates, &mut step)?;
    for r in 0..seen.len() {
        let clicked = step.responses.click.row(r).iter().position(|clicked| *clicked);
        let did = clicked.map_or("clicked nothing".into(), |position| format!("clicked position {position}"));
        println!("viewer {} {did} and watched {} minutes", seen.users[r].0, step.reward[r]);
    }

    // Nobody's time is up after one slate: all four want another.
    assert_eq!(step.next.len(), 4);
    assert!(step.next_row.iter().all(Option::is_some));
    Ok(())
}
