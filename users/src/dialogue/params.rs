//! What can be set about users who talk.

use serde::{Deserialize, Serialize};

use crate::UserError;
use crate::psyche::{Blocks, Congruence, MoodLaw, Recall};

/// Whether what users say is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Instructions {
    /// It is.
    #[default]
    On,
    /// They stay and say it all the same, and it reaches nobody.
    Muted,
}

/// Parameters of [`Dialogue`](super::Dialogue) beyond those of [`Feed`](crate::Feed). Every default is chosen by us unless its field
/// says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DialogueParams {
    /// Whether instructions are heard. Default on.
    pub instructions: Instructions,
    /// Whether people differ in character; otherwise everybody has traits of 0. Default true.
    pub personality: bool,
    /// Most slates somebody stays for after an instruction, in 0 … 100; 0 is nobody speaking. Default 1.
    pub grace_slates: u8,
    /// Most instructions of one session, in 0 … 100. Default 1.
    pub instructions_per_session: u8,
    /// Risk of leaving from which on a leaver may speak, in \[0, 1\]. Default 0.25.
    pub risk_threshold: f32,
    /// How far a slate moves the running risk, in \[0, 1\]. Default 0.5.
    pub risk_rate: f32,
    /// Chance that such a leaver of average extraversion speaks, in \[0, 1\]. Default 0.7.
    pub candour: f32,
    /// What a unit of extraversion adds to that chance, in \[0, 1\]. Default 0.2.
    pub candour_extraversion: f32,
    /// Scale of the Gumbel noise, in log-odds, with which people know what they want, in \[0, 100\]; 0 is the truth. Default 0.3.
    pub report_noise: f32,
    /// Value s of a slate that leaves nobody without patience, in \[0, 1\]. Default 0.6.
    pub relief_value: f32,
    /// Patience left after such a slate, at least, in \[0, 100\]; 0 is no relief. Default 3.
    pub relief_patience: f32,
    /// k: share of the way back to its baseline that mood goes with a slate, in \[0, 1\]. Default 0.2.
    pub mood_spring: f32,
    /// Hours away after which half of the distance is left, in \[0.01, 1000\]. Default 6.
    pub mood_half_life_hours: f32,
    /// What a slate better than expected by 1 does to valence, in \[0, 10\]. Default 0.6.
    pub mood_pleasure: f32,
    /// What one that is otherwise than expected by 1 does to arousal, in \[0, 10\]. Default 0.4.
    pub mood_surprise: f32,
    /// What an empty promise of 1 does to valence and to dominance, in \[0, 10\]. Default 0.4.
    pub mood_sting: f32,
    /// What an impression of the topic seen most does to valence, in \[0, 10\]. Default 0.005.
    pub mood_tedium: f32,
    /// Log-odds of wanting another slate per unit of valence beyond its baseline, in \[0, 100\]. Default 0.5.
    pub stay_valence: f32,
    /// Log-odds of coming back within a window, per the same, in \[0, 100\]. Default 0.5.
    pub return_valence: f32,
    /// How far a slate with clicks moves the running disappointment, in \[0, 1\]. Default 0.3.
    pub bait_rate: f32,
    /// γ: recency of a memory that an hour leaves, in (0, 1\]. Default 0.995 (Park et al. 2023).
    pub memory_keep_per_hour: f32,
    /// Weight of mood in what comes to mind, in \[0, 100\]. Default 0.5.
    pub memory_emotion: f32,
    /// How mood joins in: none, sum, product or two-stage. Default sum.
    pub memory_congruence: Congruence,
    /// Importance after which memories of a topic become one, in \[0.01, 1000\]. Default 4.
    pub reflection_threshold: f32,
}

impl Default for DialogueParams {
    fn default() -> Self {
        Self {
            instructions: Instructions::On,
            personality: true,
            grace_slates: 1,
            instructions_per_session: 1,
            risk_threshold: 0.25,
            risk_rate: 0.5,
            candour: 0.7,
            candour_extraversion: 0.2,
            report_noise: 0.3,
            relief_value: 0.6,
            relief_patience: 3.0,
            mood_spring: 0.2,
            mood_half_life_hours: 6.0,
            mood_pleasure: 0.6,
            mood_surprise: 0.4,
            mood_sting: 0.4,
            mood_tedium: 0.005,
            stay_valence: 0.5,
            return_valence: 0.5,
            bait_rate: 0.3,
            memory_keep_per_hour: 0.995,
            memory_emotion: 0.5,
            memory_congruence: Congruence::Sum,
            reflection_threshold: 4.0,
        }
    }
}

impl DialogueParams {
    /// Nothing that a feed user does not have: with these a [`Dialogue`](super::Dialogue) lives as its
    /// [`Feed`](crate::Feed) does, click by click.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            grace_slates: 0,
            relief_patience: 0.0,
            stay_valence: 0.0,
            return_valence: 0.0,
            ..Self::default()
        }
    }

    /// Refuses the first number that is not in its range; NaN is in none.
    pub(super) fn check(&self) -> Result<(), UserError> {
        let counts = [
            ("grace_slates", f32::from(self.grace_slates)),
            ("instructions_per_session", f32::from(self.instructions_per_session)),
        ];
        let to_100 = [
            ("report_noise", self.report_noise),
            ("relief_patience", self.relief_patience),
            ("stay_valence", self.stay_valence),
            ("return_valence", self.return_valence),
            ("memory_emotion", self.memory_emotion),
        ];
        let to_10 = [
            ("mood_pleasure", self.mood_pleasure),
            ("mood_surprise", self.mood_surprise),
            ("mood_sting", self.mood_sting),
            ("mood_tedium", self.mood_tedium),
        ];
        let shares = [
            ("risk_threshold", self.risk_threshold),
            ("risk_rate", self.risk_rate),
            ("candour", self.candour),
            ("candour_extraversion", self.candour_extraversion),
            ("relief_value", self.relief_value),
            ("mood_spring", self.mood_spring),
            ("bait_rate", self.bait_rate),
        ];
        within(&[counts.as_slice(), &to_100].concat(), 0.0, 100.0, "[0, 100]")?;
        within(&to_10, 0.0, 10.0, "[0, 10]")?;
        within(&shares, 0.0, 1.0, "[0, 1]")?;
        within(&[("mood_half_life_hours", self.mood_half_life_hours)], 0.01, 1000.0, "[0.01, 1000]")?;
        within(&[("memory_keep_per_hour", self.memory_keep_per_hour)], f32::MIN_POSITIVE, 1.0, "(0, 1]")?;
        within(&[("reflection_threshold", self.reflection_threshold)], 0.01, 1000.0, "[0.01, 1000]")
    }

    /// How moods move.
    pub(super) fn mood(&self) -> MoodLaw {
        MoodLaw { spring: self.mood_spring }
    }

    /// How memories come to mind.
    pub(super) fn recall(&self) -> Recall {
        Recall {
            keep_per_hour: self.memory_keep_per_hour,
            emotion: self.memory_emotion,
            congruence: self.memory_congruence,
            ..Recall::default()
        }
    }

    /// Which blocks of an identity these users have.
    pub(super) fn blocks(&self) -> Blocks {
        Blocks { personal: self.personality, ..Blocks::default() }
    }
}

fn within(all: &[(&'static str, f32)], low: f32, high: f32, allowed: &'static str) -> Result<(), UserError> {
    match all.iter().find(|(_, value)| !(low..=high).contains(value)) {
        Some(&(name, value)) => Err(UserError::Parameter { name, value, allowed }),
        None => Ok(()),
    }
}
