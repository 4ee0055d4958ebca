//! The service that counts, and is told who belongs to which group.

use std::collections::HashSet;

use recloop_env::{Grid, ItemId, Population, Slates, Streams, Tick, UserId, purpose};

use super::NoisedCounts;
use super::noised_counts::{SCALES, laplace};
use crate::AgentError;
use crate::error::check_positive;

/// Counts to whom items are shown, by true group, and lets out [`NoisedCounts`] alone.
///
/// For item i and level k of one attribute, a release says `n_ik + Laplace(2/ε)`, n the impressions since the release
/// before; `f_ik + Laplace(4/ε)`, f those among them that were a person's first of the item; and `m_ik + Laplace(1/ε)`, m
/// the eligible people, whose noise is drawn once, so that asking again tells nothing new.
///
/// # What ε covers
/// Neighbours are two histories of which one has an impression more. It changes one n of one release by 1, and f by 1 in
/// at most two releases: where it was a person's first, and where the next then is none. Sensitivities are 1 and 2, each
/// is given half of ε, and releases count disjoint periods: over a whole run a single impression is covered by ε. A
/// *person* is covered by less: what they were shown adds up, to ε/2 for each impression, ε/4 for each item met, and ε
/// for each audience they are in. That total is large for any real history: this protects events, not people. To change
/// the level of a person instead of adding or removing one doubles these numbers.
///
/// # Numerics
/// Noise is named by *(seed, item, release, attribute, kind of count and level)* and drawn to 53 bits in floating point. This is a
/// simulation: whoever knows the seed knows the noise, a second meter of one attribute and seed adds the same again, and no care is taken of what the last bits of a sum may give away
/// (Mironov 2012, "On significance of the least significant bits for differential privacy").
///
/// # Errors
/// ε not finite or not above zero, an attribute there is none of, an item without an audience; a slate shown to, or of,
/// what was not there when measuring began.
///
/// # Source
/// Dwork, McSherry, Nissim & Smith (2006), "Calibrating noise to sensitivity in private data analysis".
///
/// ```
/// use recloop_agents::impressions::ImpressionMeter;
/// use recloop_env::{Group, Population, Slates, Streams, UserId};
///
/// let people = Population::new(vec![Group::new("half", &["a", "b"])], 2);
/// let mut meter = ImpressionMeter::new(&people, 0, &[vec![UserId(0), UserId(1)]], 1e6, &Streams::new(7))?;
/// let mut slates = Slates::default();
/// slates.reset(2, 1); // both are shown item 0
/// meter.watch(&[UserId(0), UserId(1)], &slates)?;
/// let told = meter.release();
/// assert!((told.impressions().row(0)[0] - 2.0).abs() < 0.01);
/// assert!(meter.release().impressions().row(0)[0].abs() < 0.01, "the period is over");
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
// No `Debug`: what it holds is nobody's business.
pub struct ImpressionMeter {
    attribute: usize,
    /// `[n_users]` true levels.
    levels: Vec<u16>,
    /// `[items, levels]`.
    eligible: Grid<u32>,
    /// `[items, levels]` since the last release.
    shown: Grid<u32>,
    /// `[items, levels]` first impressions since the last release.
    reached: Grid<u32>,
    met: HashSet<(UserId, ItemId)>,
    epsilon: f64,
    rng: Streams,
    releases: u32,
}

impl ImpressionMeter {
    /// Measures by one attribute of these people; item `i` may be shown to `audiences[i]`.
    pub fn new(
        people: &Population,
        attribute: usize,
        audiences: &[Vec<UserId>],
        epsilon: f64,
        rng: &Streams,
    ) -> Result<Self, AgentError> {
        check_positive("epsilon", epsilon as f32)?;
        let groups = people.groups();
        let unknown = AgentError::NoAttribute { attribute, n_attributes: groups.len() };
        let n_levels = groups.get(attribute).map_or(0, |group| group.levels.len());
        if n_levels == 0 {
            return Err(unknown);
        }
        let levels: Vec<u16> =
            (0..people.n_users() as u32).map(|u| people.level(UserId(u), attribute)).collect();
        let none = || Grid::zeros(audiences.len(), n_levels);
        let (mut eligible, shown, reached, met) = (none(), none(), none(), HashSet::new());
        for (item, audience) in (0..).map(ItemId).zip(audiences) {
            if audience.is_empty() {
                return Err(AgentError::NoAudience { item });
            }
            audience.iter().try_for_each(|user| count(&mut eligible, &levels, *user, item))?;
        }
        Ok(Self { attribute, levels, eligible, shown, reached, met, epsilon, rng: *rng, releases: 0 })
    }

    /// Counts the slates that `users` are shown.
    pub fn watch(&mut self, users: &[UserId], slates: &Slates) -> Result<(), AgentError> {
        for (r, user) in users.iter().enumerate() {
            for &item in slates.items.row(r) {
                count(&mut self.shown, &self.levels, *user, item)?;
                if self.met.insert((*user, item)) {
                    count(&mut self.reached, &self.levels, *user, item)?;
                }
            }
        }
        Ok(())
    }

    /// Lets out what was counted since the last release, with noise, and begins to count anew.
    pub fn release(&mut self) -> NoisedCounts {
        self.releases += 1;
        let told = NoisedCounts {
            eligible: self.noised(0, Tick(0)),
            impressions: self.noised(1, Tick(self.releases)),
            reached: self.noised(2, Tick(self.releases)),
            epsilon: self.epsilon,
            release: self.releases,
        };
        self.shown.as_mut_slice().fill(0);
        self.reached.as_mut_slice().fill(0);
        told
    }

    fn noised(&self, kind: usize, at: Tick) -> Grid<f64> {
        let counts = [&self.eligible, &self.shown, &self.reached][kind];
        let scale = SCALES[kind] / self.epsilon;
        let mut noised = Grid::zeros(counts.rows(), counts.width());
        for item in 0..counts.rows() {
            for (level, &n) in counts.row(item).iter().enumerate() {
                let draw = (kind as u32) << 24 | (self.attribute as u32) << 16 | level as u32;
                let name = (ItemId(item as u32), at, draw);
                let noise = laplace(&self.rng, purpose::MEASUREMENT, name, scale);
                noised.row_mut(item)[level] = f64::from(n) + noise;
            }
        }
        noised
    }
}

fn count(into: &mut Grid<u32>, levels: &[u16], user: UserId, item: ItemId) -> Result<(), AgentError> {
    let level =
        levels.get(user.index()).map(|level| usize::from(*level)).filter(|level| *level < into.width());
    match level.filter(|_| item.index() < into.rows()) {
        Some(level) => into.row_mut(item.index())[level] += 1,
        None => return Err(AgentError::NotMeasured { user, item }),
    }
    Ok(())
}
