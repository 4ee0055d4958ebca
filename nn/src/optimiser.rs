//! Adam with a bound on the norm of the whole gradient.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{
    Adam, AdamConfig, AdamState, GradientsParams, ModuleOptimizer, Optimizer, RecordState, StateSink,
    StateSource,
};
use burn::tensor::{Device, Tensor};

use rayon::prelude::*;

use crate::NnError;

/// ε of Adam (Kingma & Ba 2015); burn's own default is a thousand times larger.
const EPSILON: f32 = 1e-8;

/// Adam: `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`, `w ← w − η m̂ / (√v̂ + ε)`, with β₁ = .9, β₂ = .999, ε = 1e-8.
///
/// The gradient is first scaled by `min(1, c / ‖g‖)`, the norm being that of all parameters together.
///
/// # Source
/// Kingma, Ba (2015), "Adam: a method for stochastic optimization"; Pascanu, Mikolov, Bengio (2013), "On the difficulty
/// of training recurrent neural networks", for the bound.
#[derive(Clone)]
pub struct Optimiser {
    adam: ModuleOptimizer,
    /// c, the largest norm; none if absent.
    clip: Option<f32>,
}

impl std::fmt::Debug for Optimiser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Optimiser").field("clip", &self.clip).finish_non_exhaustive()
    }
}

impl Optimiser {
    /// Adam that has not moved yet.
    #[must_use]
    pub fn new(clip: Option<f32>) -> Self {
        Self { adam: Moved(AdamConfig::new().with_epsilon(EPSILON).build()).into(), clip }
    }

    /// Moves `module` one step against the gradient of `loss` at learning rate `rate`. Returns it with the loss and the
    /// norm of the gradient before it was bounded.
    ///
    /// # Errors
    /// [`NnError::NotFinite`] if the loss or the norm is not a number; the module is lost then, its checkpoint is not.
    pub fn step<M: Module>(
        &mut self,
        rate: f64,
        module: M,
        loss: Tensor<1>,
    ) -> Result<(M, [f64; 2]), NnError> {
        let grads = GradientsParams::from_grads(loss.backward(), &module);
        self.descend(rate, module, grads, loss.into_scalar::<f64>())
    }

    /// The same for a loss that is a sum over parts, each of which `loss` computes beside what else it tells; parts run in
    /// parallel on the processor. Sums run in the order of the parts, so that threads change nothing.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_by_parts<M: Module, P: Send, T: Send>(
        &mut self,
        rate: f64,
        module: M,
        parts: impl Iterator<Item = P>,
        loss: impl Fn(&M, P) -> (Tensor<1>, T) + Sync,
    ) -> Result<(M, [f64; 2], Vec<T>), NnError> {
        // A graph of its own for each, as graphs that share a leaf wait for each other.
        let fork = |part| {
            let devices = module.devices();
            (devices.first().map_or_else(|| module.clone(), |device| module.clone().fork(device)), part)
        };
        let slope = |(module, part): (M, P)| {
            let (loss, told) = loss(&module, part);
            (GradientsParams::from_grads(loss.backward(), &module), loss.into_scalar::<f64>(), told)
        };
        let forks: Vec<_> = parts.map(fork).collect();
        // A graphics processor is parallel by itself.
        let is_processor = |device: &Device| device.clone().inner() == Device::flex();
        let slopes: Vec<_> = if module.devices().iter().all(is_processor) {
            forks.into_par_iter().map(slope).collect()
        } else {
            forks.into_iter().map(slope).collect()
        };
        let (mut all, mut sum, mut tellings) = (GradientsParams::new(), 0.0, Vec::new());
        for (grads, loss, told) in slopes {
            module.visit(&mut Add { grads, to: &mut all });
            sum += loss;
            tellings.push(told);
        }
        let (module, told) = self.descend(rate, module, all, sum)?;
        Ok((module, told, tellings))
    }

    fn descend<M: Module>(
        &mut self,
        rate: f64,
        module: M,
        mut grads: GradientsParams,
        loss: f64,
    ) -> Result<(M, [f64; 2]), NnError> {
        let loss = finite("the loss", loss)?;
        let mut norm = Norm { grads: &grads, squared: 0.0 };
        module.visit(&mut norm);
        let norm = finite("the norm of the gradient", norm.squared.sqrt())?;
        if let Some(clip) = self.clip.map(f64::from).filter(|clip| norm > *clip) {
            module.visit(&mut Scale { grads: &mut grads, by: (clip / norm) as f32 });
        }
        Ok((self.adam.step(rate, module, grads), [loss, norm]))
    }

    /// Writes the moments.
    ///
    /// # Errors
    /// [`NnError::Checkpoint`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), NnError> {
        let _ = std::fs::remove_file(path);
        self.adam.save(path).map_err(|error| broken(path, &error))
    }

    /// Goes back to moments that were written.
    ///
    /// # Errors
    /// [`NnError::Checkpoint`] if the file cannot be read.
    pub fn load(&mut self, path: &Path) -> Result<(), NnError> {
        self.adam = self.adam.clone().load(path).map_err(|error| broken(path, &error))?;
        Ok(())
    }
}

fn broken(path: &Path, error: &impl std::fmt::Debug) -> NnError {
    NnError::Checkpoint { path: path.into(), reason: format!("{error:?}") }
}

fn finite(what: &str, value: f64) -> Result<f64, NnError> {
    if value.is_finite() { Ok(value) } else { Err(NnError::NotFinite { what: what.into(), value }) }
}

/// Adam whose moments are read onto the processor, from where a step moves them to their weights. By itself burn reads
/// them onto its default device: in a build with the feature `gpu` that is one, whether the machine has it or not.
#[derive(Clone)]
struct Moved(Adam);

#[derive(Clone)]
struct Moments<const D: usize>(AdamState<D>);

impl Optimizer for Moved {
    type State<const D: usize> = Moments<D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        weight: Tensor<D>,
        grad: Tensor<D>,
        moments: Option<Moments<D>>,
    ) -> (Tensor<D>, Option<Moments<D>>) {
        let (weight, state) = self.0.step(rate, weight, grad, moments.map(|moments| moments.0));
        (weight, state.map(Moments))
    }

    fn to_device<const D: usize>(moments: Moments<D>, device: &Device) -> Moments<D> {
        Moments(Adam::to_device(moments.0, device))
    }
}

impl<const D: usize> RecordState for Moments<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        self.0.state_flatten(prefix, out);
    }

    fn state_unflatten(prefix: &str, read: &mut StateSource, _default: &Device) -> Option<Self> {
        AdamState::state_unflatten(prefix, read, &Device::flex()).map(Self)
    }
}

/// Sums the squares of all gradients.
struct Norm<'a> {
    grads: &'a GradientsParams,
    squared: f64,
}

impl ModuleVisitor for Norm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.squared += grad.square().sum().into_scalar::<f64>();
        }
    }
}

/// Scales all gradients.
struct Scale<'a> {
    grads: &'a mut GradientsParams,
    by: f32,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.remove::<D>(param.id) {
            self.grads.register(param.id, grad.mul_scalar(self.by));
        }
    }
}

/// Adds gradients to others.
struct Add<'a> {
    grads: GradientsParams,
    to: &'a mut GradientsParams,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let parts = [self.to.remove::<D>(param.id), self.grads.remove::<D>(param.id)];
        if let Some(sum) = parts.into_iter().flatten().reduce(|a, b| a + b) {
            self.to.register(param.id, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::blocks::{Mlp, MlpConfig};
    use crate::{Compute, initialise, open};

    /// Rows of three numbers whose sum is to be learned.
    fn loss(net: &Mlp, rows: &[f32]) -> Tensor<1> {
        let (n, device) = (rows.len() / 3, open(Compute::Cpu).unwrap().autodiff());
        let x = Tensor::<2>::from_data(TensorData::new(rows.to_vec(), [n, 3]), &device);
        (net.forward(x.clone()) - x.sum_dim(1)).square().sum()
    }

    fn weights(net: &Mlp) -> Vec<f32> {
        let of = |layer: &burn::nn::Linear| layer.weight.val().into_data().try_to_vec::<f32>().unwrap();
        net.layers.iter().flat_map(of).collect()
    }

    #[test]
    fn a_step_by_parts_is_the_step_by_the_whole_and_threads_change_no_bit() {
        let device = open(Compute::Cpu).unwrap().autodiff();
        let rows: Vec<f32> = (0..90).map(|i| ((i * 37 % 19) as f32 - 9.0) / 7.0).collect();
        let net = || initialise(MlpConfig::new(3, [8], 1).build(&device), 5, &device);
        let by_parts = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (mut net, mut optimiser) = (net(), Optimiser::new(Some(0.5)));
                for _ in 0..3 {
                    let parts = rows.chunks(24);
                    let part = |net: &Mlp, part: &[f32]| (loss(net, part), part.len());
                    let (moved, [told, _], sizes) = optimiser.step_by_parts(0.1, net, parts, part).unwrap();
                    assert_eq!(sizes, [24, 24, 24, 18]);
                    assert!(told.is_finite());
                    net = moved;
                }
                weights(&net)
            })
        };
        let (mut whole, mut optimiser) = (net(), Optimiser::new(Some(0.5)));
        for _ in 0..3 {
            let loss = loss(&whole, &rows);
            whole = optimiser.step(0.1, whole, loss).unwrap().0;
        }
        let (one, two) = (by_parts(1), by_parts(2));
        assert_eq!(one, two);
        for (part, whole) in one.iter().zip(weights(&whole)) {
            assert!((part - whole).abs() < 1e-4, "{part} {whole}");
        }
    }
}
