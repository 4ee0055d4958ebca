//! Creators as agents: one small network learns what to post about, from own items' clicks alone.
//!
//! Run with `cargo run --release --example 06_train_a_creator`.

use recloop::agents::RandomSlates;
use recloop::nn::blocks::{Mlp, MlpConfig};
use recloop::nn::burn::tensor::activation::log_softmax;
use recloop::nn::burn::tensor::{Device, Tensor, TensorData};
use recloop::nn::{Compute, Optimiser, initialise, open};
use recloop::{Brief, CreatorAction, CreatorsEnv, ItemId, OwnFeedback, ResetOptions, Streams, Tick, purpose};

const TOPICS: usize = 6;
const SETTINGS: [&str; 8] =
    "rule=external focal=8 rivals=random n_creators=20 exit=never users=100 topics=6 opening_items=0";
type AnyError = Box<dyn std::error::Error>;

/// What was known of each topic when an item was decided, its topic, and the clicks it brought.
type Decision = ([[f32; 2]; TOPICS], usize, f32);

/// One of eight agents: clicks and items by topic, decisions, and the items they became, in the same order.
#[derive(Default, Clone)]
struct Agent(([[f32; 2]; TOPICS], Vec<Decision>, Vec<ItemId>));
