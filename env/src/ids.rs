//! Names of things: newtypes, so that an item never answers where a user was asked for.

use serde::{Deserialize, Serialize};

/// Something a random stream can be named after: see [`Purpose`](crate::random::Purpose).
pub trait Entity: Copy {
    /// The 32 bits that stand for this entity in a counter.
    fn word(self) -> u32;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as a place in an array.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl Entity for $name {
            fn word(self) -> u32 {
                self.0
            }
        }
    };
}

id! {
    /// A simulated person. Ids are dense: `0..n_users`, cohort after cohort.
    UserId
}
id! {
    /// An item. Durable items have one id for good, in order of publication; an ephemeral item's id is its place
    /// in its own row's candidates this tick, so that row *r* of a batch and a batch of one name it alike.
    ItemId
}
id! {
    /// Who made an item.
    CreatorId
}
id! {
    /// One step of the clock.
    Tick
}
id! {
    /// A shared candidate set; changes whenever the set's content does.
    SetId
}

impl Tick {
    /// The tick after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One visit of one user: the user's id in the high half, the visit's number (from 0) in the low half.
///
/// Naming a session after its user keeps the id independent of everybody else's visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

impl SessionId {
    /// The `visit`-th session of `user`.
    #[must_use]
    pub const fn new(user: UserId, visit: u32) -> Self {
        Self(((user.0 as u64) << 32) | visit as u64)
    }

    /// Whose session this is.
    #[must_use]
    pub const fn user(self) -> UserId {
        UserId((self.0 >> 32) as u32)
    }

    /// How many sessions this user had before.
    #[must_use]
    pub const fn visit(self) -> u32 {
        self.0 as u32
    }
}
