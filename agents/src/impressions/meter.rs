//! The service that counts, and is told who belongs to which group.

use recloop_env::{Grid, ItemId, Population, Slates, Streams, Tick, UserId, purpose};

use super::NoisedCounts;
use super::noised_counts::laplace;
use crate::AgentError;
use crate::error::check_positive;

/// Counts to whom items are shown, by true group, and lets out [`NoisedCounts`] alone.
///
/// For item i and level k of one attribute, a release says `n_ik + Laplace(1/ε)`, n the impressions since the release
/// before; and `m_ik + Laplace(1/ε)`, m the eligible people, whose noise is drawn once, so that asking again tells
/// nothing new.
///
/// # What ε covers
/// Neighbours are two histories of which one has an impression more. It changes one count of one release by 1, so the
/// sensitivity is 1 and a release is ε-private for a single impression. Releases count disjoint periods: over a whole
/// run an impression is still covered by ε. A *person* is covered by less: what they were shown adds up, to ε times
/// their impressions over all releases, plus ε for each audience they are in (the eligible counts). That total is large
/// for any real history: this protects events, not people. To change the level of a person instead of adding or removing
/// one doubles these numbers.
///
/// # Numerics
/// Noise is named by *(item, release, attribute and level)* and drawn to 53 bits in floating point. This is a
/// simulation: whoever knows the seed knows the noise, and no care is taken of what the last bits of a sum may give away
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
/// let mut meter = ImpressionMeter::new(&people, 0, &[vec![UserId(0), UserId(1)]], 1e6)?;
/// let mut slates = Slates::default();
/// slates.reset(2, 1); // both are shown item 0
/// meter.watch(&[UserId(0), UserId(1)], &slates)?;
/// let told = meter.release(&Streams::new(7));
/// assert!((told.impressions().row(0)[0] - 2.0).abs() < 0.01);
/// assert!(meter.release(&Streams::new(7)).impressions().row(0)[0].abs() < 0.01, "the period is over");
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
    epsilon: f64,
    releases: u32,
}

impl ImpressionMeter {
    /// Measures by one attribute of these people; item `i` may be shown to `audiences[i]`.
    pub fn new(
        people: &Population,
        attribute: usize,
        audiences: &[Vec<UserId>],
        epsilon: f64,
    ) -> Result<Self, AgentError> {
        check_positive("epsilon", epsilon as f32)?;
        let groups = people.groups();
        let none = AgentError::NoAttribute { attribute, n_attributes: groups.len() };
        let n_levels = groups.get(attribute).map_or(0, |group| group.levels.len());
        if n_levels == 0 {
            return Err(none);
        }
        let levels: Vec<u16> =
            (0..people.n_users() as u32).map(|u| people.level(UserId(u), attribute)).collect();
        let (mut eligible, shown) =
            (Grid::zeros(audiences.len(), n_levels), Grid::zeros(audiences.len(), n_levels));
        for (item, audience) in (0..).map(ItemId).zip(audiences) {
            if audience.is_empty() {
                return Err(AgentError::NoAudience { item });
            }
            audience.iter().try_for_each(|user| count(&mut eligible, &levels, *user, item))?;
        }
        Ok(Self { attribute, levels, eligible, shown, epsilon, releases: 0 })
    }

    /// Counts the slates that `users` are shown.
    pub fn watch(&mut self, users: &[UserId], slates: &Slates) -> Result<(), AgentError> {
        for (r, user) in users.iter().enumerate() {
            let items = slates.items.row(r).iter();
            items.copied().try_for_each(|item| count(&mut self.shown, &self.levels, *user, item))?;
        }
        Ok(())
    }

    /// Lets out what was counted since the last release, with noise, and begins to count anew.
    pub fn release(&mut self, rng: &Streams) -> NoisedCounts {
        self.releases += 1;
        let told = NoisedCounts {
            eligible: self.noised(&self.eligible, Tick(0), rng),
            impressions: self.noised(&self.shown, Tick(self.releases), rng),
            epsilon: self.epsilon,
            release: self.releases,
        };
        self.shown.as_mut_slice().fill(0);
        told
    }

    fn noised(&self, counts: &Grid<u32>, at: Tick, rng: &Streams) -> Grid<f64> {
        let mut noised = Grid::zeros(counts.rows(), counts.width());
        for item in 0..counts.rows() {
            for (level, &n) in counts.row(item).iter().enumerate() {
                let draw = (self.attribute as u32) << 16 | level as u32;
                let name = (ItemId(item as u32), at, draw);
                let noise = laplace(rng, purpose::MEASUREMENT, name, self.epsilon);
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
