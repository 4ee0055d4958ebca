//! `dialogue-feed-v0`: the feed, with users who may say what they want before they leave.

use std::path::Path;

use recloop_env::{Sharded, World};
use recloop_users::{Dialogue, DialogueParams};
use toml::Table;

use super::keys::{Keys, merged};
use super::{feed, part, table_of};
use crate::ConfigError;

pub(super) fn defaults() -> Table {
    merged([feed::defaults(), table_of::<DialogueParams>()])
}

pub(super) fn build(table: &Table, _data: Option<&Path>) -> Result<World, ConfigError> {
    let mut keys = Keys::of(table);
    let psyche: DialogueParams = keys.take(table_of::<DialogueParams>())?;
    feed::assemble("dialogue-feed-v0", keys, |users, n| {
        let users = Dialogue::new(psyche, users).map_err(part("the users"))?;
        Ok(Sharded::new(users, n))
    })
}
