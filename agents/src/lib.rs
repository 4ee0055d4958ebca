//! Recommenders: baselines, learned scorers and stochastic rankers.
