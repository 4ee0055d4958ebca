//! Who the users are before anything happens to them: drawn from laws, or the rows of a table of real people.

use std::sync::Arc;

use rand_distr::{Beta, Distribution, StandardNormal};
use recloop_env::{Draws, Grid, Group, Streams, Tick, Topics, UserId, below, normalise, purpose, unit};

use crate::{UserError, category};

/// Where feed users come from.
#[derive(Debug, Clone)]
pub enum People {
    /// Strangers: interest is a random mixture of one to three topics, weights `Exp(1)`, made a unit vector; activity ~
    /// N(0, 1); conformity and literacy ~ Beta(2, 3); openness ~ Beta(2, 2); groups by their shares, independent of
    /// everything else, so that every unfairness a run shows was made in that run.
    Drawn {
        /// What they can be interested in.
        topics: Arc<Topics>,
        /// What they are grouped by.
        groups: Vec<GroupShares>,
    },
    /// Real people: user u is row u of the table, and where there are more users than rows the rows appear again, each
    /// time with their own luck. Literacy and openness, which no data set tells, are drawn as for strangers.
    Given(Arc<PeopleTable>),
}

/// A group attribute and how common each of its levels is.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupShares {
    /// The attribute.
    pub group: Group,
    /// Weight of each level, not negative; the sum need not be 1.
    pub shares: Vec<f32>,
}

/// What is known of real people.
#[derive(Debug, Clone, PartialEq)]
pub struct PeopleTable {
    /// The topics that lie in the space of `interest`, to measure how broad an interest is.
    pub topics: Arc<Topics>,
    /// `[n, D]` interest x, of any length but 0: only its direction counts.
    pub interest: Grid<f32>,
    /// `[n]` activity, in standard deviations.
    pub activity: Vec<f32>,
    /// `[n]` conformity in [0, 1].
    pub conformity: Vec<f32>,
    /// What they are grouped by.
    pub groups: Vec<Group>,
    /// `[n, G]` the level of each attribute.
    pub levels: Grid<u16>,
}

impl People {
    /// Strangers with an age band, a gender and a region, in shares chosen by us.
    #[must_use]
    pub fn drawn(topics: Arc<Topics>) -> Self {
        let group = |name, levels: &[&str], shares: &[f32]| GroupShares {
            group: Group::new(name, levels),
            shares: shares.to_vec(),
        };
        let ages = ["under 18", "18-24", "25-34", "35-44", "45-54", "55 and over"];
        Self::Drawn {
            topics,
            groups: vec![
                group("age", &ages, &[0.08, 0.24, 0.27, 0.19, 0.12, 0.10]),
                group("gender", &["female", "male", "other"], &[0.49, 0.49, 0.02]),
                group(
                    "region",
                    &["north", "south", "east", "west", "overseas"],
                    &[0.3, 0.25, 0.2, 0.15, 0.1],
                ),
            ],
        }
    }

    /// What they can be interested in.
    pub(crate) fn topics(&self) -> &Topics {
        match self {
            Self::Drawn { topics, .. } => topics,
            Self::Given(table) => &table.topics,
        }
    }

    /// What they are grouped by.
    pub(crate) fn groups(&self) -> Vec<Group> {
        match self {
            Self::Drawn { groups, .. } => groups.iter().map(|it| it.group.clone()).collect(),
            Self::Given(table) => table.groups.clone(),
        }
    }

    /// Refuses people who cannot live among items with `dim` numbers.
    pub(super) fn check(&self, dim: usize) -> Result<(), UserError> {
        let topics = self.topics();
        same("topics", 1, topics.len().min(1))?;
        same("topic centres", dim, topics.centres.width())?;
        match self {
            Self::Drawn { groups, .. } => groups.iter().try_for_each(GroupShares::check),
            Self::Given(table) => table.check(dim),
        }
    }

    /// Draws, or looks up, what `user` is like; groups have luck of their own.
    pub(super) fn meet(
        &self,
        user: UserId,
        tick: Tick,
        rng: &Streams,
        draws: &mut Draws,
        out: &mut Traits<'_>,
    ) {
        let beta = |a, b| Beta::<f32>::new(a, b).expect("2 and 3 are positive");
        out.openness[0] = beta(2.0, 2.0).sample(draws);
        out.literacy[0] = beta(2.0, 3.0).sample(draws);
        match self {
            Self::Drawn { topics, groups } => {
                out.conformity[0] = beta(2.0, 3.0).sample(draws);
                out.activity[0] = StandardNormal.sample(draws);
                mix(topics, draws, out.interest);
                for (g, (level, it)) in out.groups.iter_mut().zip(groups).enumerate() {
                    let words = rng.block(purpose::GROUP, user, tick, g as u32 / 4);
                    *level = it.level(unit(words[g % 4])) as f32;
                }
            }
            Self::Given(table) => {
                let person = user.index() % table.interest.rows();
                out.conformity[0] = table.conformity[person];
                out.activity[0] = table.activity[person];
                out.interest.copy_from_slice(table.interest.row(person));
                normalise(out.interest);
                for (level, &code) in out.groups.iter_mut().zip(table.levels.row(person)) {
                    *level = f32::from(code);
                }
            }
        }
    }
}

/// The places of one user's lasting properties.
pub(super) struct Traits<'a> {
    pub(super) interest: &'a mut [f32],
    pub(super) activity: &'a mut [f32],
    pub(super) conformity: &'a mut [f32],
    pub(super) literacy: &'a mut [f32],
    pub(super) openness: &'a mut [f32],
    pub(super) groups: &'a mut [f32],
}

/// Topics somebody is interested in, at most.
const MOST_TOPICS: usize = 3;

/// A unit vector towards one to three topics, all numbers equally likely.
fn mix(topics: &Topics, draws: &mut Draws, interest: &mut [f32]) {
    let n = 1 + below(draws.word(), MOST_TOPICS.min(topics.len()) as u32) as usize;
    let mut chosen = [usize::MAX; MOST_TOPICS];
    interest.fill(0.0);
    for k in 0..n {
        while chosen[k] == usize::MAX {
            let topic = below(draws.word(), topics.len() as u32) as usize;
            if !chosen[..k].contains(&topic) {
                chosen[k] = topic;
            }
        }
        let weight = -unit(draws.word()).ln() as f32;
        for (x, c) in interest.iter_mut().zip(topics.centres.row(chosen[k])) {
            *x += weight * c;
        }
    }
    normalise(interest);
}

impl GroupShares {
    fn check(&self) -> Result<(), UserError> {
        same("shares of group levels", self.group.levels.len(), self.shares.len())?;
        let refuse = |value| Err(UserError::Parameter { name: "group shares", value, allowed: "0 or more" });
        if let Some(&bad) = self.shares.iter().find(|share| !(share.is_finite() && **share >= 0.0)) {
            return refuse(bad);
        }
        let sum: f32 = self.shares.iter().sum();
        if sum > 0.0 && sum.is_finite() {
            return Ok(());
        }
        Err(UserError::Parameter { name: "sum of group shares", value: sum, allowed: "(0, inf)" })
    }

    /// The level that holds the quantile `p`.
    fn level(&self, p: f64) -> usize {
        category(self.shares.iter().copied().map(f64::from), p)
    }
}

impl PeopleTable {
    fn check(&self, dim: usize) -> Result<(), UserError> {
        let n = self.interest.rows();
        same("people", 1, n.min(1))?;
        same("interests of people", dim, self.interest.width())?;
        same("activities of people", n, self.activity.len())?;
        same("conformities of people", n, self.conformity.len())?;
        same("group levels of people", n, self.levels.rows())?;
        same("group levels of a person", self.groups.len(), self.levels.width())?;
        for row in (0..n).map(|person| self.interest.row(person)) {
            let square: f32 = row.iter().map(|x| x * x).sum();
            within("squared length of an interest", square, "(0, inf)", square > 0.0 && square.is_finite())?;
        }
        for &value in &self.activity {
            within("activity", value, "a finite number", value.is_finite())?;
        }
        for &value in &self.conformity {
            within("conformity", value, "[0, 1]", (0.0..=1.0).contains(&value))?;
        }
        for levels in (0..n).map(|person| self.levels.row(person)) {
            for (&level, group) in levels.iter().zip(&self.groups) {
                let known = usize::from(level) < group.levels.len();
                within("group level", f32::from(level), "less than the levels of its group", known)?;
            }
        }
        Ok(())
    }
}

fn within(name: &'static str, value: f32, allowed: &'static str, ok: bool) -> Result<(), UserError> {
    if ok { Ok(()) } else { Err(UserError::Parameter { name, value, allowed }) }
}

/// Refuses tables that do not fit together.
fn same(what: &'static str, expected: usize, found: usize) -> Result<(), UserError> {
    if expected == found { Ok(()) } else { Err(UserError::Shape { what, expected, found }) }
}
