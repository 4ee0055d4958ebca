//! Whose behaviour is it? How far each block of an identity gives its owner away.

use recloop_env::{Draws, Streams, Tick, UserId, below, purpose, unit};

use super::{BigFive, Blocks, Routine};

const PEOPLE: u32 = 300;
const TOPICS: usize = 14;
const LEVELS: [u32; 3] = [6, 3, 5];

/// Somebody in numbers: what a persona says, or what a summary of behaviour does.
struct Somebody {
    groups: Vec<f64>,
    traits: Vec<f64>,
    life: Vec<f64>,
}

fn normal(draws: &mut Draws) -> f64 {
    use rand_distr::{Distribution, StandardNormal};
    StandardNormal.sample(draws)
}

fn persona(draws: &mut Draws) -> Somebody {
    let groups = LEVELS.map(|n| {
        let level = below(draws.word(), n);
        (0..n).map(move |l| f64::from(u8::from(l == level)))
    });
    let known = [0.0; 4].map(|_: f64| normal(draws) as f32);
    let mut tastes: Vec<f64> = (0..TOPICS).map(|_| unit(draws.word()).powi(6)).collect();
    let sum: f64 = tastes.iter().sum();
    tastes.iter_mut().for_each(|taste| *taste /= sum);
    tastes.extend(Routine::drawn(draws).0.map(f64::from));
    Somebody {
        groups: groups.into_iter().flatten().collect(),
        traits: BigFive::drawn(known, draws).numbers().map(f64::from).to_vec(),
        life: tastes,
    }
}

/// What a short log shows of it: half of the groups are guesses, traits have a standard error of 0.4, that of a population; tastes
/// and hours are those of 6 clicks. Chosen by us.
fn behaviour(of: &Somebody, draws: &mut Draws) -> Somebody {
    let blur = |all: &[f64], draws: &mut Draws, sd: f64| all.iter().map(|x| x + sd * normal(draws)).collect();
    let mut groups = of.groups.clone();
    let mut at = 0;
    for n in LEVELS {
        if unit(draws.word()) < 0.5 {
            let wrong = below(draws.word(), n) as usize;
            (0..n as usize).for_each(|l| groups[at + l] = f64::from(u8::from(l == wrong)));
        }
        at += n as usize;
    }
    let (tastes, hours) = of.life.split_at(TOPICS);
    let mut life = Vec::new();
    for shares in [tastes, hours] {
        let mut seen = vec![0.0; shares.len()];
        for _ in 0..6 {
            seen[crate::category(shares.iter().copied(), unit(draws.word()))] += 1.0 / 6.0;
        }
        life.extend(seen);
    }
    Somebody { groups, traits: blur(&of.traits, draws, 0.4), life }
}

fn distance(a: &Somebody, b: &Somebody, blocks: Blocks) -> f64 {
    // Each block in units of its own noise.
    let parts = [
        (blocks.social, &a.groups, &b.groups, 0.6),
        (blocks.personal, &a.traits, &b.traits, 0.4),
        (blocks.life, &a.life, &b.life, 0.15),
    ];
    let square =
        |a: &[f64], b: &[f64], sd: f64| a.iter().zip(b).map(|(a, b)| ((a - b) / sd).powi(2)).sum::<f64>();
    parts.into_iter().filter(|(on, ..)| *on).map(|(_, a, b, sd)| square(a, b, sd)).sum()
}

#[test]
fn psyche_every_block_tells_who_somebody_is() {
    let streams = Streams::new(5);
    let draws = |tick| move |u: u32| streams.at(purpose::PERSONA, UserId(u), Tick(tick));
    let personas: Vec<Somebody> = (0..PEOPLE).map(draws(0)).map(|mut draws| persona(&mut draws)).collect();
    let seen: Vec<Somebody> = personas
        .iter()
        .zip((0..PEOPLE).map(draws(1)))
        .map(|(it, mut draws)| behaviour(it, &mut draws))
        .collect();
    let found = |blocks: Blocks| {
        let nearest = |it: &Somebody| {
            let far = |u: &usize| distance(it, &personas[*u], blocks);
            (0..personas.len()).min_by(|a, b| far(a).total_cmp(&far(b)))
        };
        let right = seen.iter().enumerate().filter(|(u, it)| nearest(it) == Some(*u)).count();
        right as f64 / f64::from(PEOPLE)
    };
    let all = Blocks::default();
    let whole = found(all);
    let without = [
        ("social", found(Blocks { social: false, ..all })),
        ("personal", found(Blocks { personal: false, ..all })),
        ("life context", found(Blocks { life: false, ..all })),
    ];
    let mut said = format!("re-identified among {PEOPLE}: {:.1} %", 100.0 * whole);
    for (block, share) in without {
        said.push_str(&format!("; without {block} {:.1} %", 100.0 * share));
        // A block is worth at least five points, and two blocks still tell more than a guess (0.3 %).
        assert!(share + 0.05 < whole && share > 0.05, "{said}");
    }
    // Printed by `--no-capture`; the lint against printing is for libraries.
    use std::io::Write;
    writeln!(std::io::stdout(), "{said}").unwrap();
}
