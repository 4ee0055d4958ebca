//! A surrogate in place of a panel: one that learned from it passes the gates, one that learned from somebody else does not, and an
//! audit corrects even that one.

mod panel;
mod street;

use std::sync::OnceLock;

use panel::Panel;
use recloop::data::fidelity::{Audited, Evidence, Fidelity, Gates, Lived, Ruling, corrected, uncorrected};
use recloop::data::metrics::Estimate;
use recloop::users::minds::Mind;
use recloop::users::minds::surrogate::{Notebook, Surrogate, SurrogateConfig};
use recloop_env::{Grid, Streams, Tick, UserId, below, purpose, unit};
use street::{CELLS, Session, Street};

const PANEL: Panel = Panel { shift: 0.0 };
/// Somebody whose log-odds of watching, and of staying, are higher by 1.
const OTHER: Panel = Panel { shift: 1.0 };
/// Users whose lives are compared.
const N: u32 = 2_000;

/// What learned from 700 users of `mind`, under recommenders of every kind.
fn taught_by(mind: Panel) -> Surrogate {
    let notebook = Notebook::new(mind);
    for (which, care) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().enumerate() {
        let first = 100_000 + 140 * which as u32;
        Street::new(first, 140).live(&notebook, care, 90 + which as u64, None);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = SurrogateConfig { batch: 1024, rounds: 15, ..SurrogateConfig::default() };
    Surrogate::distil(&notebook.lessons(), &config, 7, folder.path()).expect("lessons to learn from").0
}

fn good() -> &'static Surrogate {
    static GOOD: OnceLock<Surrogate> = OnceLock::new();
    GOOD.get_or_init(|| taught_by(PANEL))
}

fn biased() -> &'static Surrogate {
    static BIASED: OnceLock<Surrogate> = OnceLock::new();
    BIASED.get_or_init(|| taught_by(OTHER))
}

/// `[users, recommenders]` slates seen.
fn orders(mind: &dyn Mind, seed: u64) -> Grid<f64> {
    let street = Street::new(0, 250);
    let columns: Vec<Vec<Session>> =
        [0.0, 0.25, 0.5, 0.75, 1.0].iter().map(|care| street.live(mind, *care, seed, None)).collect();
    let mut table = Grid::new(columns.len());
    for user in 0..250 {
        let row: Vec<f64> = columns.iter().map(|column| column[user].lived.sessions[0]).collect();
        table.push_row(&row);
    }
    table
}

fn judge(surrogate: &Surrogate) -> Fidelity {
    // Different people on either side, of one kind.
    let panel = Street::new(0, N).live(&PANEL, 0.4, 1, Some(surrogate));
    let other = Street::new(N, N).live(surrogate, 0.4, 2, None);
    let lived =
        |sessions: &[Session]| sessions.iter().map(|session| session.lived.clone()).collect::<Vec<Lived>>();
    let (lived_panel, lived_other) = (lived(&panel), lived(&other));
    let leaving: Vec<_> = panel.iter().flat_map(|session| session.leaving.iter().copied()).collect();
    let orders = [orders(&PANEL, 3), orders(surrogate, 3)];
    let evidence = Evidence {
        cells: &CELLS.map(String::from),
        panel: &lived_panel,
        surrogate: &lived_other,
        leaving: &leaving,
        recommenders: Some((&orders[0], &orders[1])),
        draws: 20,
    };
    evidence.judge(&Gates::default()).expect("evidence that can be judged")
}

#[test]
fn one_who_learned_from_the_panel_passes_every_gate() {
    let fidelity = judge(good());
    println!("{fidelity}");
    assert_eq!(fidelity.ruling(), Ruling::Passed, "{fidelity}");
    assert!(fidelity.verdicts.iter().all(|verdict| verdict.ruling == Ruling::Passed), "{fidelity}");
}

#[test]
fn one_who_learned_from_somebody_else_fails() {
    let fidelity = judge(biased());
    println!("{fidelity}");
    assert_eq!(fidelity.ruling(), Ruling::Failed, "{fidelity}");
    for gate in ["js_overall", "leave_ece", "session_ks"] {
        let verdict = fidelity.verdicts.iter().find(|verdict| verdict.gate == gate).expect("a gate");
        assert_eq!(verdict.ruling, Ruling::Failed, "{fidelity}");
    }
}

#[test]
fn an_audit_of_a_tenth_corrects_the_one_that_fails() {
    const REPLICATES: u32 = 1_000;
    const USERS: usize = 1_500;
    // A street of which every replicate draws its people, so that the truth is known: slates seen by the panel's mind.
    let (street, n) = (Street::new(50_000, N), N);
    let slates = |mind: &dyn Mind| -> Vec<f64> {
        street.live(mind, 0.4, 5, None).iter().map(|session| session.lived.sessions[0]).collect()
    };
    let (told, guessed) = (slates(&PANEL), slates(biased()));
    let truth = told.iter().sum::<f64>() / f64::from(n);
    let covers = |found: Estimate| {
        let (low, high) = found.interval();
        u32::from(low <= truth && truth <= high)
    };
    let (mut with, mut without) = (0, 0);
    for replicate in 0..REPLICATES {
        let mut draws = Streams::new(6).at(purpose::RESAMPLE, UserId(replicate), Tick(0));
        let user = |_| {
            let (who, audited) = (below(draws.word(), n) as usize, unit(draws.word()) < 0.1);
            Audited { guess: guessed[who], pi: 0.1, told: audited.then_some(told[who]) }
        };
        let users: Vec<Audited> = (0..USERS).map(user).collect();
        with += covers(corrected(&users).expect("enough audited").estimate);
        without += covers(uncorrected(&users));
    }
    let [with, without] = [with, without].map(|covered| f64::from(covered) / f64::from(REPLICATES));
    println!("truth {truth:.3}; 95 % intervals cover it: corrected {with:.3}, uncorrected {without:.3}");
    // Of 1,000 intervals of 95 % all but one in 400 trials lie within 3 standard deviations, 2 %.
    assert!((0.93..=0.97).contains(&with), "{with}");
    assert!(without < 0.5, "{without}");
}
