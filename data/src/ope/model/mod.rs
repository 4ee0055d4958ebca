//! Reward models, fitted to other users than those they are asked about.

use super::OpeError;

/// Numbers that describe an action in its situation, zeros left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sparse {
    /// Which of the features.
    pub at: Vec<u32>,
    /// Their values.
    pub values: Vec<f64>,
}

/// One decision with all that was on offer.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// Whose.
    pub user: u64,
    /// At which position.
    pub position: u16,
    /// Which of the actions was taken.
    pub chosen: usize,
    /// What it brought.
    pub reward: f64,
    /// What it and the positions below brought; the reward itself where there are no slates.
    pub to_go: f64,
    /// π_log of the action taken.
    pub propensity: f64,
    /// `[A]` π_target.
    pub target: &'a [f64],
    /// What each action is called: models with a number per action go by it.
    pub name: &'a dyn Fn(usize) -> u64,
    /// The features of an action, in a space of [`width`](Offer::width) dimensions; an intercept is not among them.
    pub features: &'a dyn Fn(usize, &mut Sparse),
    /// Dimensions of the features.
    pub width: usize,
}

/// The models of an evaluation, cross-fitted by user.
#[derive(Debug)]
pub struct Modeller;

impl Modeller {
    /// Whether there is anything to fit.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        false
    }

    /// Takes a decision in.
    pub fn learn(&mut self, _offer: &Offer<'_>) -> Result<(), OpeError> {
        Ok(())
    }
}
