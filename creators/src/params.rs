//! What the creators of a feed are made of: every number in one place, checked once.

use serde::{Deserialize, Serialize};

use crate::{CreatorsError, TopicRule};

/// When a creator posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Posting {
    /// As it comes: a Poisson number of items a turn.
    #[default]
    Poisson,
    /// Like a clock: as many items a turn as the rate has brought together by then.
    Regular,
}

/// Parameters of [`FeedCreators`](crate::FeedCreators).
///
/// Those marked *feed* come from the prototype of the feed world; the others are chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedCreatorsParams {
    /// Creators when the world opens (*feed*).
    pub n_creators: usize,
    /// How a creator chooses the topic of its next item.
    pub rule: TopicRule,
    /// How many creators, the first ones, follow that rule; 0 is everybody.
    pub focal: usize,
    /// What all others follow, if there are any.
    pub rivals: TopicRule,
    /// Step η of the rules that learn (published: 0.1).
    pub learning_step: f32,
    /// Mean items a creator makes a day (*feed*).
    pub posts_per_day: f32,
    /// When they come.
    pub posting: Posting,
    /// Seconds between two turns of a creator; rounded to whole ticks.
    pub turn_secs: f32,
    /// Days an item is on offer (*feed*); rounded to whole turns.
    pub lifetime_days: f32,
    /// Items on offer when the world opens (*feed*).
    pub opening_items: usize,
    /// Share of a creator's opening items that are about its home topic; the others are about any topic, without which
    /// nobody could compare topics by own feedback.
    pub opening_home_share: f32,
    /// A creator's mean quality ~ Beta of these two (*feed*).
    pub quality_beta: [f32; 2],
    /// A creator's mean bait ~ Beta of these two (*feed*).
    pub bait_beta: [f32; 2],
    /// Standard deviation of an item's quality, and of its bait, around its creator's mean (*feed*).
    pub item_sd: f32,
    /// Weight of the creator's own style beside the topic's centre, which weighs 1.
    pub style_weight: f32,
    /// Length of the random part of an item's direction beside the topic's centre, root mean square.
    pub spread: f32,
    /// Median length of an item, seconds.
    pub length_median_secs: f32,
    /// Standard deviation of the logarithm of an item's length.
    pub length_log_sd: f32,
    /// Shortest and longest item, seconds.
    pub length_secs: [f32; 2],
}

impl Default for FeedCreatorsParams {
    fn default() -> Self {
        Self {
            n_creators: 100,
            rule: TopicRule::Static,
            focal: 0,
            rivals: TopicRule::Static,
            learning_step: 0.1,
            posts_per_day: 4.0,
            posting: Posting::Poisson,
            turn_secs: 3_600.0,
            lifetime_days: 7.0,
            opening_items: 2_000,
            opening_home_share: 0.8,
            quality_beta: [3.0, 3.0],
            bait_beta: [1.2, 1.5],
            item_sd: 0.15,
            style_weight: 0.3,
            spread: 0.3,
            length_median_secs: 25.0,
            length_log_sd: 0.8,
            length_secs: [5.0, 180.0],
        }
    }
}

impl FeedCreatorsParams {
    /// What a creator follows.
    pub(crate) fn rule_of(&self, at: usize) -> TopicRule {
        if self.focal == 0 || at < self.focal { self.rule } else { self.rivals }
    }

    /// Whether anybody follows a rule.
    pub(crate) fn anybody(&self, rule: TopicRule) -> bool {
        self.rule == rule || (self.focal > 0 && self.rivals == rule)
    }

    /// Refuses the first number outside its range.
    pub(crate) fn check(&self) -> Result<(), CreatorsError> {
        let ([quality_a, quality_b], [bait_a, bait_b]) = (self.quality_beta, self.bait_beta);
        let [shortest, longest] = self.length_secs;
        within("n_creators", self.n_creators as f32, 1.0, 1e6)?;
        within("learning_step", self.learning_step, 0.0, 10.0)?;
        within("posts_per_day", self.posts_per_day, 0.0, MAX_POSTS_PER_DAY)?;
        within("lifetime_days", self.lifetime_days, 1e-3, 3_650.0)?;
        within("opening_items", self.opening_items as f32, 0.0, 1e7)?;
        within("opening_home_share", self.opening_home_share, 0.0, 1.0)?;
        for (name, value) in [("quality_beta", quality_a), ("quality_beta", quality_b)] {
            within(name, value, 0.01, 1e4)?;
        }
        for (name, value) in [("bait_beta", bait_a), ("bait_beta", bait_b)] {
            within(name, value, 0.01, 1e4)?;
        }
        within("item_sd", self.item_sd, 0.0, 10.0)?;
        within("style_weight", self.style_weight, 0.0, 100.0)?;
        within("spread", self.spread, 0.0, 100.0)?;
        within("length_median_secs", self.length_median_secs, 0.1, 86_400.0)?;
        within("length_log_sd", self.length_log_sd, 0.0, 10.0)?;
        within("length_secs", shortest, 0.1, 86_400.0)?;
        within("length_secs", longest, shortest, 86_400.0)
    }
}

/// Most items a creator may make a day: about one a minute.
pub(crate) const MAX_POSTS_PER_DAY: f32 = 1_000.0;

/// How creators leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Nobody leaves.
    Never,
    /// After so many days in a row under a share of the mean decayed clicks of all creators (*feed*).
    #[default]
    UnderShare,
    /// After five items in a row without a click, the published rule.
    FiveSilent,
    /// When creating has brought less, after cost, than what else the creator could do.
    OutsideOption,
}

/// Parameters of a [`Market`](crate::Market).
///
/// Those marked *feed* come from the prototype of the feed world; the others are chosen by us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarketParams {
    /// Mean number of creators who arrive a day.
    pub entries_per_day: f32,
    /// How creators leave.
    pub exit: Exit,
    /// [`Exit::UnderShare`]: the share of the mean under which a day is a bad one (*feed*).
    pub exit_share: f32,
    /// [`Exit::UnderShare`]: bad days in a row after which a creator leaves (*feed*).
    pub exit_days: u32,
    /// [`Exit::OutsideOption`]: what else a creator could do is worth so many clicks a day.
    pub outside_option: f32,
    /// [`Exit::UnderShare`], [`Exit::OutsideOption`]: days after its arrival during which no creator leaves (*feed*).
    pub grace_days: f32,
    /// [`Exit::UnderShare`]: share of its clicks a creator keeps overnight, as popularity does (*feed*).
    pub keep_per_day: f32,
    /// [`Exit::FiveSilent`]: first turn at which a creator may leave (published: 15).
    pub silent_from_turn: u32,
}

impl Default for MarketParams {
    fn default() -> Self {
        Self {
            entries_per_day: 1.0,
            exit: Exit::UnderShare,
            exit_share: 0.25,
            exit_days: 7,
            outside_option: 0.0,
            grace_days: 7.0,
            keep_per_day: 0.9,
            silent_from_turn: 15,
        }
    }
}

impl MarketParams {
    /// Refuses the first number outside its range.
    pub(crate) fn check(&self) -> Result<(), CreatorsError> {
        within("entries_per_day", self.entries_per_day, 0.0, 1e5)?;
        within("exit_share", self.exit_share, 0.0, 1.0)?;
        within("exit_days", self.exit_days as f32, 1.0, 3_650.0)?;
        within("outside_option", self.outside_option, -1e6, 1e6)?;
        within("grace_days", self.grace_days, 0.0, 3_650.0)?;
        within("keep_per_day", self.keep_per_day, 0.0, 1.0)
    }
}

/// A value that must lie in `low..=high`; NaN does not.
pub(crate) fn within(name: &'static str, value: f32, low: f32, high: f32) -> Result<(), CreatorsError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(CreatorsError::Parameter { name, value, allowed: format!("[{low}, {high}]") })
}

/// The turns of creators in a world with a clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Turns {
    /// Ticks from one turn to the next.
    pub(crate) period: u32,
    /// Days from one turn to the next.
    pub(crate) days: f64,
}

impl Turns {
    pub(crate) const DAY_SECS: f64 = 86_400.0;

    pub(crate) fn new(turn_secs: f32, tick_secs: f64) -> Result<Self, CreatorsError> {
        within("tick_secs", tick_secs as f32, 1.0, 86_400.0)?;
        within("turn_secs", turn_secs, 1.0, 86_400.0)?;
        let period = (f64::from(turn_secs) / tick_secs).round().max(1.0);
        Ok(Self { period: period as u32, days: period * tick_secs / Self::DAY_SECS })
    }

    /// Whole turns in so many days, at least one.
    pub(crate) fn in_days(&self, days: f32) -> u32 {
        (f64::from(days) / self.days).round().max(1.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_key_value_and_range() {
        let bad = FeedCreatorsParams { posts_per_day: -1.0, ..FeedCreatorsParams::default() };
        let said = bad.check().unwrap_err().to_string();
        assert_eq!(said, "set `posts_per_day` to -1: allowed is [0, 1000]");
        let bad = FeedCreatorsParams { length_secs: [60.0, 30.0], ..FeedCreatorsParams::default() };
        let said = bad.check().unwrap_err().to_string();
        assert_eq!(said, "set `length_secs` to 30: allowed is [60, 86400]");
        let bad = MarketParams { exit_share: f32::NAN, ..MarketParams::default() };
        assert!(bad.check().is_err());
    }

    #[test]
    fn a_turn_is_a_whole_number_of_ticks() {
        let hourly = Turns::new(3_600.0, 120.0).unwrap();
        assert_eq!((hourly.period, hourly.in_days(7.0)), (30, 168));
        let coarse = Turns::new(3_600.0, 7_200.0).unwrap();
        assert_eq!((coarse.period, coarse.in_days(1.0), coarse.in_days(0.001)), (1, 12, 1));
        assert!(Turns::new(3_600.0, 0.0).is_err() && Turns::new(1e6, 120.0).is_err());
    }
}
