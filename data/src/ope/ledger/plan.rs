//! What has to be summed for the estimators that are asked for.
//!
//! Every estimator but those over trajectories is a function of a few sums over rows, its *terms*:
//! `Σ plain / n + Σ_j Σ numerator_j / Σ denominator_j`. Estimators share terms; a plan lists each once.

use serde::{Deserialize, Serialize};

use crate::ope::{Declared, Estimator, Form, ModelSource, Shrink, SlateForm, Wanted, WeightSource};

/// A number per row whose sum is kept. Indices count [`Wanted::weights`] and [`Wanted::models`], positions count from
/// the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Term {
    /// 1: the first term of every plan.
    One,
    /// A weight.
    Weight(usize, Shrink),
    /// A weight times the reward.
    Weighted(usize, Shrink),
    /// What a model expects of the target.
    Expected(usize),
    /// A weight times what a model did not foresee.
    Residual(usize, Shrink, usize),
    /// Whether the target would have done the same, and the reward if so.
    Match(usize),
    Matched(usize),
    /// Rows of a logger, and their weighted rewards.
    Logger(u16),
    LoggerWeighted(usize, u16),
    /// The weight of a slate form, at one position where it has one.
    SlateWeight(SlateForm, usize),
    /// The weighted reward, at one position or over all.
    SlateReward(SlateForm, Option<usize>),
    /// Cascade: what the model did not foresee, and what it expected under the weight of the items above.
    CascadeResidual(Option<usize>),
    CascadeExpected(Option<usize>),
}

/// How an estimate comes of the sums of terms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    /// `Σ plain / n + Σ_j numerator_j / denominator_j`.
    Sums { plain: Vec<usize>, ratios: Vec<(usize, usize)> },
    /// Means by logger, mixed by shares that are found from the sums of all buckets first.
    Mix { parts: Vec<(usize, usize)>, shares: Vec<f64> },
}

impl Formula {
    /// The estimate; NaN where it would divide by nothing.
    pub(crate) fn value(&self, sums: &[f64]) -> f64 {
        let ratio = |&(above, below): &(usize, usize)| sums[above] / sums[below];
        match self {
            Self::Sums { plain, ratios } => {
                plain.iter().map(|term| sums[*term]).sum::<f64>() / sums[0]
                    + ratios.iter().map(ratio).sum::<f64>()
            }
            Self::Mix { parts, shares } => {
                let some = parts.iter().zip(shares).filter(|(_, share)| **share > 0.0);
                some.map(|(part, share)| share * ratio(part)).sum()
            }
        }
    }
}

/// Which weights an estimator stands on: their diagnostics are its diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Ground {
    /// A weight of decisions, by its place in [`Wanted::weights`].
    Weight(usize),
    /// Of whole slates.
    Slate,
    /// Of items at this position.
    Marginal(usize),
    /// Of the first items down to this position.
    Cascade(usize),
    /// Of the pseudo-inverse.
    Pseudo,
}

/// One estimator in a plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub(crate) estimator: Estimator,
    pub(crate) formula: Formula,
    pub(crate) grounds: Vec<Ground>,
}

/// All that has to be summed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    pub(crate) wanted: Wanted,
    pub(crate) terms: Vec<Term>,
    pub(crate) estimators: Vec<Planned>,
    /// Positions of a slate; 0 for decisions.
    pub(crate) slate_size: usize,
    /// How many loggers there are.
    pub(crate) n_loggers: u16,
}

impl Plan {
    /// What `estimators` need; those over trajectories need nothing here.
    pub(crate) fn new(estimators: &[Estimator], slate_size: usize, n_loggers: u16) -> Self {
        let mut plan = Self { terms: vec![Term::One], slate_size, n_loggers, ..Self::default() };
        for estimator in estimators {
            let mut needs = Needs { plan: &mut plan, grounds: Vec::new() };
            if let Some(formula) = needs.formula(estimator.form()) {
                let grounds = needs.grounds;
                plan.estimators.push(Planned { estimator: estimator.clone(), formula, grounds });
            }
        }
        plan
    }

    /// The same plan, with the weights of the policy even if no estimator asks for them: they are always diagnosed.
    pub(crate) fn with_policy_weights(mut self) -> Self {
        let at = place(&mut self.wanted.weights, WeightSource::Policy);
        self.term(Term::Weight(at, Shrink::Not));
        self
    }

    /// Which weights are those of the policy.
    pub(crate) fn policy_weights(&self) -> Option<usize> {
        self.wanted.weights.iter().position(|source| *source == WeightSource::Policy)
    }

    /// Which weights are summed by user, and at what they are clipped, in the order of the estimators that bounds are
    /// declared for.
    pub(crate) fn bounded(&self, declared: &Declared) -> Vec<(usize, f64)> {
        let of = |planned: &Planned| {
            let cap = declared.bounds(planned.estimator.form()).ok()?;
            let weight = planned.grounds.iter().find_map(|ground| match ground {
                Ground::Weight(at) => Some(*at),
                _ => None,
            });
            Some((weight?, cap))
        };
        self.estimators.iter().filter_map(of).collect()
    }

    /// What is weighed on every row, each by the term that sums it.
    pub(crate) fn grounds(&self) -> Vec<(Ground, usize)> {
        let ground = |term: &Term| match *term {
            Term::Weight(source, Shrink::Not) => Some(Ground::Weight(source)),
            Term::SlateWeight(SlateForm::Standard, _) => Some(Ground::Slate),
            Term::SlateWeight(SlateForm::PseudoInverse, _) => Some(Ground::Pseudo),
            Term::SlateWeight(SlateForm::Independent, position) => Some(Ground::Marginal(position)),
            Term::SlateWeight(_, position) => Some(Ground::Cascade(position)),
            _ => None,
        };
        self.terms.iter().enumerate().filter_map(|(at, term)| Some((ground(term)?, at))).collect()
    }

    fn term(&mut self, term: Term) -> usize {
        place(&mut self.terms, term)
    }
}

/// Where `one` is, after it was put there if it was not.
pub(crate) fn place<T: PartialEq>(all: &mut Vec<T>, one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

/// Puts what one estimator needs into a plan.
struct Needs<'a> {
    plan: &'a mut Plan,
    grounds: Vec<Ground>,
}

impl Needs<'_> {
    fn weight(&mut self, source: &WeightSource) -> usize {
        let at = place(&mut self.plan.wanted.weights, source.clone());
        // Whether weights average 1 is asked of all of them.
        self.plan.term(Term::Weight(at, Shrink::Not));
        self.grounds.push(Ground::Weight(at));
        at
    }

    fn model(&mut self, source: &ModelSource) -> usize {
        place(&mut self.plan.wanted.models, source.clone())
    }

    fn formula(&mut self, form: &Form) -> Option<Formula> {
        let sums = |plain, ratios| Some(Formula::Sums { plain, ratios });
        match form {
            Form::Replay => {
                let weight = self.weight(&WeightSource::Policy);
                sums(
                    vec![],
                    vec![(self.plan.term(Term::Matched(weight)), self.plan.term(Term::Match(weight)))],
                )
            }
            Form::Direct => {
                let model = self.model(&ModelSource::Outcome);
                sums(vec![self.plan.term(Term::Expected(model))], vec![])
            }
            Form::Weighted { source, shrink, normalised } => {
                let weight = self.weight(source);
                let above = self.plan.term(Term::Weighted(weight, *shrink));
                if *normalised {
                    return sums(vec![], vec![(above, self.plan.term(Term::Weight(weight, *shrink)))]);
                }
                sums(vec![above], vec![])
            }
            Form::Robust { source, shrink, model, normalised } => {
                let (weight, model) = (self.weight(source), self.model(model));
                let expected = self.plan.term(Term::Expected(model));
                let residual = self.plan.term(Term::Residual(weight, *shrink, model));
                if *normalised {
                    let below = self.plan.term(Term::Weight(weight, *shrink));
                    return sums(vec![expected], vec![(residual, below)]);
                }
                sums(vec![expected, residual], vec![])
            }
            Form::LoggerMix => {
                let weight = self.weight(&WeightSource::Policy);
                let part = |plan: &mut Plan, logger| {
                    (plan.term(Term::LoggerWeighted(weight, logger)), plan.term(Term::Logger(logger)))
                };
                let parts = (0..self.plan.n_loggers).map(|logger| part(self.plan, logger)).collect();
                Some(Formula::Mix { parts, shares: Vec::new() })
            }
            Form::Slate { form, normalised } => Some(self.slate(*form, *normalised)),
            Form::Sequence(_) => None,
        }
    }

    fn slate(&mut self, form: SlateForm, normalised: bool) -> Formula {
        self.plan.wanted.slates = true;
        self.plan.wanted.pseudo |= form == SlateForm::PseudoInverse;
        self.plan.wanted.marginals |= matches!(form, SlateForm::PseudoInverse | SlateForm::Independent);
        self.plan.wanted.to_go |= form == SlateForm::CascadeRobust;
        let k = self.plan.slate_size;
        self.grounds.extend(match form {
            SlateForm::Standard => vec![Ground::Slate],
            SlateForm::PseudoInverse => vec![Ground::Pseudo],
            SlateForm::Independent => (0..k).map(Ground::Marginal).collect(),
            SlateForm::RewardInteraction | SlateForm::CascadeRobust => {
                vec![Ground::Cascade(k.saturating_sub(1))]
            }
        });
        let plan = &mut *self.plan;
        // A weight of whole slates has one mean, those of positions have one each.
        let whole = matches!(form, SlateForm::Standard | SlateForm::PseudoInverse);
        (0..if whole { 1 } else { k }).for_each(|position| {
            plan.term(Term::SlateWeight(form.weighed(), position));
        });
        let (mut plain, mut ratios) = (Vec::new(), Vec::new());
        let weight = |plan: &mut Plan, position| plan.term(Term::SlateWeight(form.weighed(), position));
        match (form, normalised) {
            (SlateForm::CascadeRobust, false) => {
                plain = vec![plan.term(Term::CascadeResidual(None)), plan.term(Term::CascadeExpected(None))];
            }
            (SlateForm::CascadeRobust, true) => {
                for position in 0..k {
                    ratios.push((plan.term(Term::CascadeResidual(Some(position))), weight(plan, position)));
                    let above = if position == 0 { 0 } else { weight(plan, position - 1) };
                    ratios.push((plan.term(Term::CascadeExpected(Some(position))), above));
                }
            }
            (_, false) => plain = vec![plan.term(Term::SlateReward(form, None))],
            (_, true) if whole => ratios = vec![(plan.term(Term::SlateReward(form, None)), weight(plan, 0))],
            (_, true) => {
                for position in 0..k {
                    ratios.push((plan.term(Term::SlateReward(form, Some(position))), weight(plan, position)));
                }
            }
        }
        Formula::Sums { plain, ratios }
    }
}

impl SlateForm {
    /// The form whose weights it uses.
    fn weighed(self) -> Self {
        if self == Self::CascadeRobust { Self::RewardInteraction } else { self }
    }
}
