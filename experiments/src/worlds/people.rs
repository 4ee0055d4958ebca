//! Real people in a world: how many of them, and who they are.

use std::fmt;
use std::sync::Arc;

use recloop_users::{People, PeopleTable};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::import::FeedData;

/// How many users a world of real people has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// Everybody once; `"all"` in a config.
    All,
    /// This many: the first of them, or everybody over and over.
    Count(usize),
}

impl Serialize for Users {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::All => to.serialize_str("all"),
            Self::Count(n) => to.serialize_u64(n as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NumberOrAll;
        impl de::Visitor<'_> for NumberOrAll {
            type Value = Users;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of users, or \"all\"")
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Users, E> {
                // Ids are 32 bits wide.
                let n = u32::try_from(n).map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))?;
                Ok(Users::Count(n as usize))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Users, E> {
                match word {
                    "all" => Ok(Users::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        from.deserialize_any(NumberOrAll)
    }
}

impl Users {
    /// The number meant, of an import of `n` people.
    pub(super) fn count(self, n: usize) -> usize {
        match self {
            Self::All => n,
            Self::Count(n) => n,
        }
    }
}

/// The people of an import as a feed knows its users.
pub(super) fn population(feed: &FeedData) -> People {
    let FeedData { interest, activity, conformity, groups, levels, topics, .. } = feed;
    People::Given(Arc::new(PeopleTable {
        topics: Arc::new(topics.clone()),
        interest: interest.clone(),
        activity: activity.clone(),
        conformity: conformity.clone(),
        groups: groups.clone(),
        levels: levels.clone(),
    }))
}
