//! Where tensors live: chosen at run time, checked before it is trusted.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::NnError;

/// Furthest a device may be from the exact products of the check.
const TOLERANCE: f32 = 1e-4;

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compute {
    /// The processor: burn's flex backend.
    #[default]
    Cpu,
    /// A graphics processor: burn's wgpu backend, in builds with the feature `gpu`.
    Gpu,
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        })
    }
}

impl FromStr for Compute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => Err(format!("`{text}` is no device; there are `cpu` and `gpu`")),
        }
    }
}

/// A device as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its kind.
    pub compute: Compute,
    /// What it is called, as far as its driver tells.
    pub name: String,
    /// Why it cannot be used; nothing if it can.
    pub fault: Option<String>,
}

/// Every kind of device, with what works and what does not.
///
/// ```
/// let found = recloop_nn::devices();
/// assert!(found.iter().any(|device| device.name.contains("flex") && device.fault.is_none()));
/// ```
#[must_use]
pub fn devices() -> Vec<Found> {
    let kinds = [Compute::Cpu, Compute::Gpu];
    let found = |compute| match open(compute) {
        Ok(device) => Found { compute, name: name(compute, &device), fault: None },
        Err(NnError::Device { reason, .. }) => Found { compute, name: String::new(), fault: Some(reason) },
        Err(other) => Found { compute, name: String::new(), fault: Some(other.to_string()) },
    };
    kinds.into_iter().map(found).collect()
}

/// The device of this kind, after it has multiplied a matrix rightly.
///
/// # Errors
/// [`NnError::Device`] if the build lacks it, the machine lacks it, or it computes nonsense: it never falls back to
/// another.
pub fn open(compute: Compute) -> Result<Device, NnError> {
    let refused = |reason| NnError::Device { compute, reason };
    let device = match compute {
        Compute::Cpu => Device::flex(),
        Compute::Gpu => gpu().map_err(refused)?,
    };
    // Drivers that are missing or broken panic deep below; asking for a device must not end the program.
    let product = std::panic::catch_unwind(|| multiply(&device))
        .map_err(|panic| refused(format!("it failed at a product of matrices: {}", said(&panic))))?;
    let off = product.iter().zip([7.0_f32, 10.0, 15.0, 22.0]).map(|(found, exact)| (found - exact).abs());
    let off = off.fold(0.0, f32::max);
    if off > TOLERANCE {
        return Err(refused(format!("it is off by {off} at a product of matrices")));
    }
    Ok(device)
}

fn multiply(device: &Device) -> Vec<f32> {
    let matrix = Tensor::<2>::from_data(TensorData::new(vec![1.0_f32, 2.0, 3.0, 4.0], [2, 2]), device);
    matrix.clone().matmul(matrix).into_data().try_to_vec::<f32>().unwrap_or_default()
}

fn said(panic: &Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it did not say why".into())
}

#[cfg(feature = "gpu")]
fn gpu() -> Result<Device, String> {
    // The same crate that burn's feature pulls in: it tells the adapter apart from a driver that is missing.
    use burn::tensor::DeviceKind;
    std::panic::catch_unwind(|| Device::wgpu(DeviceKind::DefaultDevice))
        .map_err(|panic| format!("no driver answered: {}", said(&panic)))
}

#[cfg(not(feature = "gpu"))]
fn gpu() -> Result<Device, String> {
    Err("this build knows none; build with `--features gpu`".into())
}

fn name(compute: Compute, device: &Device) -> String {
    match compute {
        Compute::Cpu => "flex, the processor".into(),
        Compute::Gpu => format!("wgpu, {device:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_works_and_a_missing_device_says_why() {
        assert!(open(Compute::Cpu).is_ok());
        let found = devices();
        assert_eq!(found[0].fault, None);
        if !cfg!(feature = "gpu") {
            let refused = open(Compute::Gpu).unwrap_err().to_string();
            assert_eq!(refused, "use the device `gpu`: this build knows none; build with `--features gpu`");
        }
        assert_eq!("gpu".parse::<Compute>(), Ok(Compute::Gpu));
        assert!("tpu".parse::<Compute>().is_err());
    }
}
