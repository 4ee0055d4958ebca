//! Decisions of real policies with their propensities: the parser of the Open Bandit Dataset.
//!
//! **What it is for.** Two policies ran side by side on a fashion shop and every impression was logged with the probability
//! that its policy gave it: a log by which one policy's worth can be estimated from the other's rows and then looked up.
//! [`campaigns`] finds the logs of a folder, [`Rounds`] reads one row by row (the full release has 26 million),
//! [`ItemTable`] what describes the items.
//!
//! **What it reads.** `DIR/<policy>/<campaign>/<campaign>.csv` and the `item_context.csv` beside it, as the release has them:
//! columns by name in any order, a nameless index ignored, no quotes, line ends `\n` or `\r\n`. Positions count
//! from 1 there and from 0 here.
//!
//! **What it refuses.** The first malformed line ends the reading with its file, line and [reason](crate::LineFault):
//! a propensity outside (0, 1], a click that is neither 0 nor 1, a position below 1, an item that `item_context.csv` does not list.
//!
//! **What is not in the data.** Users have no ids: their four hashed features are all there is.
//!
//! # Source and licence
//! Saito, Aihara, Matsutani & Narita (2021), "Open Bandit Dataset and Pipeline: Towards Realistic and Reproducible
//! Off-Policy Evaluation", NeurIPS Datasets and Benchmarks. CC BY 4.0 (ZOZO Research); none of it is shipped here.

mod items;
mod rounds;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

pub use items::ItemTable;
pub use rounds::{Round, Rounds};

use crate::DataError;
use crate::lines::resembled;

/// The log of one policy in one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Which policy chose, such as `random`.
    pub policy: String,
    /// Whose items, such as `men`.
    pub name: String,
    /// The csv of its rounds.
    pub log: PathBuf,
    /// What describes its items.
    pub items: PathBuf,
}

/// The logs in a folder of the release, by policy and name.
///
/// # Errors
/// [`DataError::NotObd`] if there is none, [`DataError::Missing`] for one without its `item_context.csv`.
pub fn campaigns(dir: &Path) -> Result<Vec<Campaign>, DataError> {
    let mut found = Vec::new();
    for policy in folders(dir)? {
        for name in folders(&dir.join(&policy))? {
            let home = dir.join(&policy).join(&name);
            let log = home.join(format!("{name}.csv"));
            if log.is_file() {
                let items = home.join("item_context.csv");
                if !items.is_file() {
                    return Err(DataError::Missing { path: items });
                }
                found.push(Campaign { policy: policy.clone(), name, log, items });
            }
        }
    }
    if found.is_empty() {
        return Err(DataError::NotObd { dir: dir.to_owned(), looks_like: resembled(dir) });
    }
    Ok(found)
}

fn folders(dir: &Path) -> Result<Vec<String>, DataError> {
    let failed = |cause| DataError::Read { path: dir.to_owned(), cause };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}
