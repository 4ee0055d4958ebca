//! What is kept of a network: its weights as safetensors, and a card that says what they are.

mod card;

pub use card::Card;

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Tensor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::NnError;

/// Weights, readable by anything that reads safetensors.
pub const WEIGHTS: &str = "weights.safetensors";
/// The moments of the optimiser.
pub const OPTIMISER: &str = "optimiser.bpk";
/// What the weights are.
pub const CARD: &str = "card.json";

/// Writes the weights of `module`.
///
/// # Errors
/// [`NnError::NotFinite`] if one of them is no number, and nothing is written; [`NnError::Checkpoint`] if the file cannot
/// be.
pub fn save_weights<M: Module>(module: &M, path: &Path) -> Result<(), NnError> {
    let mut sum = Sum(0.0);
    module.visit(&mut sum);
    if !sum.0.is_finite() {
        return Err(NnError::NotFinite { what: "the sum of all weights".into(), value: sum.0 });
    }
    // Without burn's own remarks, which come in any order: equal weights make equal files.
    let mut store = SafetensorsStore::from_file(path).overwrite(true).clear_metadata();
    module.save_into(&mut store).map_err(|error| refused(path, error.to_string()))
}

/// Puts written weights into `module`.
///
/// # Errors
/// [`NnError::Checkpoint`] if the file cannot be read, or its tensors are not those of the module: another name, another
/// shape, one too few or one too many.
pub fn load_weights<M: Module>(module: &mut M, path: &Path) -> Result<(), NnError> {
    load(module, SafetensorsStore::from_file(path)).map_err(|reason| refused(path, reason))
}

/// The weights of `module`, in the same form.
///
/// # Errors
/// [`NnError::Checkpoint`] if they cannot be had from the device.
pub fn weights_to_bytes<M: Module>(module: &M) -> Result<Vec<u8>, NnError> {
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
    let in_memory = |reason| refused(Path::new(WEIGHTS), reason);
    module.save_into(&mut store).map_err(|error| in_memory(error.to_string()))?;
    store.get_bytes().map_err(|error| in_memory(error.to_string()))
}

/// Puts such bytes into `module`.
///
/// # Errors
/// As [`load_weights`].
pub fn weights_from_bytes<M: Module>(module: &mut M, bytes: &[u8]) -> Result<(), NnError> {
    load(module, SafetensorsStore::from_bytes(Some(bytes.to_vec())))
        .map_err(|reason| refused(Path::new(WEIGHTS), reason))
}

fn load<M: Module>(module: &mut M, mut store: SafetensorsStore) -> Result<(), String> {
    let result = module.load_from(&mut store).map_err(|error| error.to_string())?;
    let misfits = result.missing.iter().map(|(name, _)| format!("it lacks `{name}`"));
    let misfits = misfits.chain(result.unused.iter().map(|name| format!("the network has no `{name}`")));
    let misfits: Vec<_> = misfits.chain(result.errors.iter().map(ToString::to_string)).collect();
    if misfits.is_empty() { Ok(()) } else { Err(misfits.join("; ")) }
}

/// Writes what is no tensor, as json.
///
/// # Errors
/// [`NnError::Io`] if the file cannot be written.
pub fn save_json(what: &impl Serialize, path: &Path) -> Result<(), NnError> {
    let text = serde_json::to_string_pretty(what).map_err(|error| refused(path, error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(NnError::io("write", path))
}

/// Reads what [`save_json`] wrote.
///
/// # Errors
/// [`NnError::Io`] if there is no such file, [`NnError::Checkpoint`] if it holds something else.
pub fn load_json<T: DeserializeOwned>(path: &Path) -> Result<T, NnError> {
    let text = std::fs::read_to_string(path).map_err(NnError::io("read", path))?;
    serde_json::from_str(&text).map_err(|error| refused(path, error.to_string()))
}

/// Sums the sums of the parameters: finite if they all are.
struct Sum(f64);

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 += param.val().sum().into_scalar::<f64>();
    }
}

fn refused(path: &Path, reason: String) -> NnError {
    NnError::Checkpoint { path: path.into(), reason }
}
