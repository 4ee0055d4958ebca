//! What a graphics processor computes, beside the processor: by Mesa's driver in software, if there is no card.

use std::process::Command;

use recloop_nn::blocks::{Mlp, MlpConfig};
use recloop_nn::burn::tensor::activation::log_softmax;
use recloop_nn::burn::tensor::{Device, Int, Tensor, TensorData};
use recloop_nn::training::{Learner, Plan};
use recloop_nn::{Compute, Optimiser, devices, initialise, open};

use crate::regression::{BATCH, Regression};
use crate::{plan, run};

/// Furthest that a weight may be from the processor's after a step. Adam's first step moves each by the rate, 1e-3, with
/// the sign of its gradient: no gradient of the wrong sign stays within.
const STEP: f32 = 1e-4;

const RATE: f64 = 1e-3;

/// Rows, what is seen in each, and actions.
const SHAPE: [usize; 3] = [64, 4, 5];

/// Any numbers within (−1, 1), the same on every device.
fn numbers(n: usize, device: &Device) -> Tensor<1> {
    let values: Vec<f32> = (0..n).map(|i| (1.7 * i as f32).sin()).collect();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Weights after so many steps of a clipped actor-critic on one batch, actions and advantages given.
fn actor_critic(compute: Compute, steps: usize) -> Vec<f32> {
    let device = open(compute).unwrap().autodiff();
    let [rows, seen, actions] = SHAPE;
    // The last output is the value of what was seen.
    let mut net: Mlp = initialise(MlpConfig::new(seen, [32, 32], actions + 1).build(&device), 7, &device);
    let mut adam = Optimiser::new(Some(0.5));
    let x = numbers(rows * seen, &device).reshape([rows, seen]);
    let gains = numbers(rows, &device).reshape([rows, 1]);
    let taken: Vec<i64> = (0..rows as i64).map(|row| row * row % actions as i64).collect();
    let taken = Tensor::<2, Int>::from_data(TensorData::new(taken, [rows, 1]), &device);
    let heads = |net: &Mlp| {
        let out = net.forward(x.clone());
        let value = out.clone().slice([0..rows, actions..actions + 1]);
        let logs = log_softmax(out.slice([0..rows, 0..actions]), 1);
        (logs.clone().gather(1, taken.clone()), logs, value)
    };
    let before = heads(&net).0.detach();
    for _ in 0..steps {
        let (chosen, logs, value) = heads(&net);
        let ratio = (chosen - before.clone()).exp();
        let bounded = ratio.clone().clamp(0.8, 1.2) * gains.clone();
        let actor = -(ratio * gains.clone()).min_pair(bounded).mean();
        let critic = (value - gains.clone()).square().mean();
        let disorder = (logs.clone().exp() * logs).sum_dim(1).mean();
        (net, _) = adam.step(RATE, net, actor + critic * 0.5 + disorder * 0.01).unwrap();
    }
    let weights = |layer: &recloop_nn::burn::nn::Linear| {
        let bias = layer.bias.as_ref().unwrap().val().into_data().try_to_vec::<f32>().unwrap();
        [layer.weight.val().into_data().try_to_vec::<f32>().unwrap(), bias].concat()
    };
    net.layers.iter().flat_map(weights).collect()
}

fn furthest(steps: usize) -> (f32, f32) {
    let [cpu, gpu, start] = [(Compute::Cpu, steps), (Compute::Gpu, steps), (Compute::Cpu, 0)]
        .map(|(compute, steps)| actor_critic(compute, steps));
    let apart =
        |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    (apart(&cpu, &gpu), apart(&cpu, &start))
}

#[test]
fn a_step_is_the_processors() {
    let (apart, moved) = furthest(1);
    assert!(apart <= STEP && moved > 9.0 * STEP, "{apart} apart, {moved} moved");
}

/// Differences of single steps add up, and grow by the curvature at most: with `‖H‖ ≤ 10` (rows and weights are of order
/// one) by `(1 + 1e-3 · 10)²⁰ < 1.3` over all of them.
#[test]
fn twenty_steps_are_the_processors() {
    let (apart, moved) = furthest(20);
    assert!(apart <= 1.3 * 20.0 * STEP && moved > 5.0 * apart, "{apart} apart, {moved} moved");
}

/// Saved by one, resumed by the other, in both directions.
#[test]
fn a_training_reaches_the_same_loss_wherever_it_was_begun() {
    let here = tempfile::tempdir().unwrap();
    let rarely = |rounds, resume| Plan { checkpoint_secs: f64::INFINITY, ..plan(rounds, resume) };
    let kinds = [Compute::Cpu, Compute::Gpu];
    let ends =
        kinds.into_iter().flat_map(|first| kinds.map(|second| (first, second))).map(|(first, second)| {
            let out = here.path().join(format!("{first}-{second}"));
            run(&mut Regression::on(first, 7), &rarely(50, false), &out).unwrap();
            let mut learner = Regression::on(second, 8);
            let ended = run(&mut learner, &rarely(100, true), &out).unwrap();
            assert_eq!(ended.step, 100 * BATCH);
            learner.round().unwrap().values[0].1
        });
    let ends: Vec<f64> = ends.collect();
    let start = Regression::on(Compute::Gpu, 7).round().unwrap().values[0].1;
    // Losses are means of squares of order one: apart by no more than a weight may be after a step.
    assert!(ends.iter().all(|end| (end - ends[0]).abs() < f64::from(STEP)), "{ends:?}");
    assert!(ends[0] < 0.2 * start, "from {start} to {}", ends[0]);
}

#[test]
fn the_adapter_is_named() {
    let found = devices();
    assert_eq!((found[1].compute, &found[1].fault), (Compute::Gpu, &None));
    assert!(found[1].name.contains('('), "{}", found[1].name);
}

/// A process whose only choice is the eighth graphics card.
const WITHOUT: [(&str, &str); 1] = [("CUBECL_WGPU_DEFAULT_DEVICE", "DiscreteGpu(7)")];

#[test]
fn without_an_adapter_it_is_refused_and_the_processor_still_trains() {
    if std::env::var(WITHOUT[0].0).is_ok_and(|value| value == WITHOUT[0].1) {
        let refused = open(Compute::Gpu).unwrap_err().to_string();
        assert!(refused.starts_with("use the device `gpu`: no adapter was found"), "{refused}");
        assert!(refused.contains("mesa-vulkan-drivers"), "{refused}");
        let here = tempfile::tempdir().unwrap();
        run(&mut Regression::new(7), &plan(2, false), here.path()).unwrap();
        run(&mut Regression::new(7), &plan(4, true), here.path()).unwrap();
        return;
    }
    let name = "gpu::without_an_adapter_it_is_refused_and_the_processor_still_trains";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).envs(WITHOUT).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}
