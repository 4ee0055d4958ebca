//! What a platform takes people to be.

use recloop_env::{Grid, Population, Streams, Tick, UserId, below, purpose, unit};

use crate::AgentError;

/// For each user, how likely they are of each level of an attribute, in a platform's eyes: a guess, and no way from it
/// to the truth.
///
/// It is not a [`Population`]: who is given one of these is given nobody's group.
///
/// # Shapes
/// - `[n_users, levels]`, each row sums to 1
#[derive(Debug, Clone, PartialEq)]
pub struct EstimatedGroups {
    chances: Grid<f32>,
}

impl EstimatedGroups {
    /// Guesses of a stated accuracy, for studies: of attribute `attribute`, each person's level is seen rightly with
    /// probability `accuracy` = a, and otherwise as any of the others, all alike.
    ///
    /// What is kept is the posterior under an even prior, `π_k = a` for the level seen and `(1 − a) / (K − 1)` for each
    /// other. With one level, `π = 1`.
    ///
    /// # Errors
    /// An accuracy that is not above 0 and below 1, as certainty is no guess; an attribute there is none of.
    ///
    /// ```
    /// use recloop_agents::impressions::EstimatedGroups;
    /// use recloop_env::{Group, Population, Streams, UserId};
    /// let people = Population::new(vec![Group::new("half", &["a", "b"])], 100);
    /// let guessed = EstimatedGroups::with_accuracy(&people, 0, 0.9, &Streams::new(7))?;
    /// let right = (0..100).filter(|user| guessed.of(UserId(*user))[0] > 0.5).count();
    /// assert!((80..100).contains(&right));
    /// # Ok::<(), recloop_agents::AgentError>(())
    /// ```
    pub fn with_accuracy(
        people: &Population,
        attribute: usize,
        accuracy: f64,
        rng: &Streams,
    ) -> Result<Self, AgentError> {
        if !(accuracy > 0.0 && accuracy < 1.0) {
            return Err(AgentError::Share { name: "accuracy", value: accuracy as f32 });
        }
        let n_attributes = people.groups().len();
        let n_levels = people.groups().get(attribute).map_or(0, |group| group.levels.len());
        if n_levels == 0 {
            return Err(AgentError::NoAttribute { attribute, n_attributes });
        }
        let others = (n_levels - 1).max(1);
        let mut chances = Grid::zeros(people.n_users(), n_levels);
        for user in (0..people.n_users() as u32).map(UserId) {
            let words = rng.block(purpose::GROUP_GUESS, user, Tick(0), attribute as u32);
            let truth = usize::from(people.level(user, attribute));
            let is_right = n_levels == 1 || unit(words[0]) < accuracy;
            let step = if is_right { 0 } else { 1 + below(words[1], others as u32) as usize };
            let row = chances.row_mut(user.index());
            row.fill(if n_levels == 1 { 1.0 } else { ((1.0 - accuracy) / others as f64) as f32 });
            row[(truth + step) % n_levels] = if n_levels == 1 { 1.0 } else { accuracy as f32 };
        }
        Ok(Self { chances })
    }

    /// Certainty, which only a test may have.
    #[cfg(test)]
    pub(super) fn sure(levels: &[u16], n_levels: usize) -> Self {
        let mut chances = Grid::zeros(levels.len(), n_levels);
        (0..).zip(levels).for_each(|(user, level)| chances.row_mut(user)[usize::from(*level)] = 1.0);
        Self { chances }
    }

    /// `[K]` how likely `user` is of each level.
    ///
    /// # Panics
    /// For a user there is no guess about.
    #[must_use]
    pub fn of(&self, user: UserId) -> &[f32] {
        self.chances.row(user.index())
    }

    /// How many people there are guesses about.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.chances.rows()
    }

    /// K: how many levels the attribute has.
    #[must_use]
    pub fn n_levels(&self) -> usize {
        self.chances.width()
    }
}
