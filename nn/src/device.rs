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
        f.pad(match self {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its kind.
    pub compute: Compute,
    /// What it is called, as far as its driver tells; empty if there is none.
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
    let found = |compute| match find(compute) {
        Ok((device, name)) => Found { compute, name, fault: check(&device).err() },
        Err(fault) => Found { compute, name: String::new(), fault: Some(fault) },
    };
    [Compute::Cpu, Compute::Gpu].into_iter().map(found).collect()
}

/// The device of this kind, after it has multiplied a matrix rightly.
///
/// # Errors
/// [`NnError::Device`] if the build lacks it, the machine lacks it, or it computes nonsense: it never falls back to
/// another.
pub fn open(compute: Compute) -> Result<Device, NnError> {
    let checked = find(compute).and_then(|(device, _)| check(&device).map(|()| device));
    checked.map_err(|reason| NnError::Device { compute, reason })
}

/// The device and its name.
fn find(compute: Compute) -> Result<(Device, String), String> {
    match compute {
        Compute::Cpu => Ok((Device::flex(), "flex, the processor".into())),
        Compute::Gpu => gpu::find(),
    }
}

fn check(device: &Device) -> Result<(), String> {
    // Drivers that are broken panic deep below; asking for a device must not end the program.
    let product = std::panic::catch_unwind(|| multiply(device))
        .map_err(|panic| format!("it failed at a product of matrices: {}", said(&panic)))?;
    let exact = [7.0_f32, 10.0, 15.0, 22.0];
    let off = product.iter().zip(exact).map(|(found, exact)| (found - exact).abs());
    // A NaN is never within the tolerance.
    if product.len() == exact.len() && off.clone().all(|off| off <= TOLERANCE) {
        return Ok(());
    }
    Err(format!("it is off by {} at a product of matrices", off.fold(0.0, f32::max)))
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
mod gpu {
    use std::sync::OnceLock;

    use burn::tensor::Device;
    use burn_wgpu::WgpuInitError;

    /// A device may be initialised once in a process.
    static FOUND: OnceLock<Result<(Device, String), String>> = OnceLock::new();

    pub(super) fn find() -> Result<(Device, String), String> {
        let find = || {
            let (device, setup) = Device::wgpu_options().init_with_setup().map_err(|error| why(&error))?;
            let info = setup.adapter.get_info();
            let driver = [info.driver, info.driver_info].join(" ");
            Ok((device, format!("{} ({}, {:?})", info.name, driver.trim(), info.backend)))
        };
        FOUND.get_or_init(find).clone()
    }

    fn why(error: &WgpuInitError) -> String {
        match error {
            WgpuInitError::AdapterUnavailable { message, .. } => format!(
                "no adapter was found ({message}): install the driver of the graphics card, or Mesa's in software \
                 (Debian: apt-get install mesa-vulkan-drivers libvulkan1)"
            ),
            other => other.to_string(),
        }
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use burn::tensor::Device;

    pub(super) fn find() -> Result<(Device, String), String> {
        Err("this build knows none; build with `--features gpu`".into())
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
