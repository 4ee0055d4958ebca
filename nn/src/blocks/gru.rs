//! A recurrent layer.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Bool, Device, Tensor};

/// Gated recurrent units: from what came to pass, step by step, to a state.
///
/// `z = σ(W_z x + U_z h)`, `r = σ(W_r x + U_r h)`, `n = tanh(W_n x + r ⊙ U_n h)`, `h ← z ⊙ h + (1 − z) ⊙ n`, each product
/// with a bias; `h` starts at 0. A padded step leaves `h` as it is.
///
/// The three gates' weights lie side by side, and `W x` is one product for all steps.
///
/// # Shapes
/// - forward: `[N, T, in]` to the states after each step `[N, T, d]`
/// - padded: `[N, T]`, true where there is no step
///
/// # Source
/// Cho et al. (2014), "Learning phrase representations using RNN encoder–decoder for statistical machine translation",
/// in the first version of which, as here, `r` comes after the product.
#[derive(Module, Debug)]
pub struct Gru {
    /// `W`: `[in, 3 d]`, for z, r, n.
    pub input: Linear,
    /// `U`: `[d, 3 d]`.
    pub state: Linear,
}

/// Widths of a [`Gru`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GruConfig {
    /// Numbers per step.
    pub n_in: usize,
    /// Numbers of the state, d.
    pub width: usize,
}

impl GruConfig {
    /// The layer; its weights are nothing in particular until they are [initialised](crate::initialise).
    #[must_use]
    pub fn build(&self, device: &Device) -> Gru {
        let gates = 3 * self.width;
        Gru {
            input: LinearConfig::new(self.n_in, gates).init(device),
            state: LinearConfig::new(self.width, gates).init(device),
        }
    }
}

impl Gru {
    /// The state after each step.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, padded: Option<&Tensor<2, Bool>>) -> Tensor<3> {
        let ([n, t, _], width) = (x.dims(), self.state.weight.dims()[0]);
        let mut h = Tensor::zeros([n, width], &x.device());
        let steps = self.input.forward(x);
        let states = (0..t).map(|step| {
            let next = self.step(&steps.clone().narrow(1, step, 1).squeeze_dim(1), h.clone(), width);
            h = match padded {
                Some(padded) => {
                    next.mask_where(padded.clone().narrow(1, step, 1).expand([n, width]), h.clone())
                }
                None => next,
            };
            h.clone()
        });
        Tensor::stack(states.collect(), 1)
    }

    /// One step from `h`, where `wx` is `W x`.
    fn step(&self, wx: &Tensor<2>, h: Tensor<2>, width: usize) -> Tensor<2> {
        let uh = self.state.forward(h.clone());
        let gates = |of: &Tensor<2>| of.clone().narrow(1, 0, 2 * width);
        let candidate = |of: &Tensor<2>| of.clone().narrow(1, 2 * width, width);
        let zr = sigmoid(gates(wx) + gates(&uh));
        let (z, r) = (zr.clone().narrow(1, 0, width), zr.narrow(1, width, width));
        let n = (candidate(wx) + r * candidate(&uh)).tanh();
        n.clone() + z * (h - n)
    }
}
