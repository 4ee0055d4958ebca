//! Files of a checkpoint that are missing or damaged: told, never a panic, never a training from nowhere.

use std::fs;
use std::path::Path;

use recloop_nn::NnError;
use recloop_nn::checkpoint::{CARD, OPTIMISER, WEIGHTS};
use recloop_nn::training::{CHECKPOINT, METRICS};

use crate::regression::Regression;
use crate::{plan, run};

fn resumed(out: &Path) -> Result<(), NnError> {
    run(&mut Regression::new(7), &plan(4, true), out).map(drop)
}

#[test]
fn a_damaged_file_is_told() {
    let here = tempfile::tempdir().unwrap();
    let out = here.path();
    run(&mut Regression::new(7), &plan(3, false), out).unwrap();
    let checkpoint = Path::new(CHECKPOINT);
    for file in
        [Path::new(METRICS), &checkpoint.join(CARD), &checkpoint.join(WEIGHTS), &checkpoint.join(OPTIMISER)]
    {
        let path = out.join(file);
        let whole = fs::read(&path).unwrap();
        let cuts = (0..20).map(|part| whole[..whole.len() * part / 20].to_vec());
        for damaged in cuts.chain([b"something else".repeat(50)]) {
            fs::write(&path, &damaged).unwrap();
            let refused = resumed(out).expect_err(&format!("{} bytes of {}", damaged.len(), file.display()));
            assert!(matches!(refused, NnError::Checkpoint { .. }), "{refused}");
        }
        fs::remove_file(&path).unwrap();
        let refused = resumed(out).unwrap_err();
        assert!(matches!(refused, NnError::Io { .. } | NnError::Checkpoint { .. }), "{refused}");
        fs::write(&path, &whole).unwrap();
    }
    // Whole again, it goes on.
    resumed(out).unwrap();
}
