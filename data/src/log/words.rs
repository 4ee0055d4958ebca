//! Enums as the log's words: a value's code is its place in the column's vocabulary in [`schema`](super::schema).

use recloop_env::{CreatorId, End, Event, Fate, ItemId, Known, Said, UserId};

/// Beside what a message was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// Heard with the observation.
    Observation,
    /// Said with the slates.
    Slates,
    /// Replied to them.
    Responses,
}

pub(super) const CHANNELS: [Channel; 3] = [Channel::Observation, Channel::Slates, Channel::Responses];
pub(super) const SAID: [Said; 5] =
    [Said::Instruction, Said::Question, Said::Answer, Said::Explanation, Said::Trace];
pub(super) const ENDS: [End; 2] = [End::Terminated, End::Truncated];

pub(super) fn known(known: Known) -> u8 {
    match known {
        Known::Exact => 0,
        Known::Estimated { .. } => 1,
        Known::Unavailable => 2,
    }
}

pub(super) fn to_known(code: u8, draws: Option<u32>) -> Option<Known> {
    match (code, draws) {
        (0, None) => Some(Known::Exact),
        (1, Some(draws)) => Some(Known::Estimated { draws }),
        (2, None) => Some(Known::Unavailable),
        _ => None,
    }
}

pub(super) fn fate(fate: Fate) -> (u8, Option<f32>) {
    match fate {
        Fate::Stays(secs) => (0, Some(secs)),
        Fate::Returns(secs) => (1, Some(secs)),
        Fate::Gone => (2, None),
    }
}

pub(super) fn to_fate(code: u8, after_secs: Option<f32>) -> Option<Fate> {
    match (code, after_secs) {
        (0, Some(secs)) => Some(Fate::Stays(secs)),
        (1, Some(secs)) => Some(Fate::Returns(secs)),
        (2, None) => Some(Fate::Gone),
        _ => None,
    }
}

pub(super) fn end(end: End) -> u8 {
    end as u8
}

pub(super) fn said(said: Said) -> u8 {
    said as u8
}

/// An event as a row: kind, item, creator, user.
pub(super) type EventRow = (u8, Option<u32>, Option<u32>, Option<u32>);

/// `None` if the schema has no word for it.
pub(super) fn event(event: &Event) -> Option<EventRow> {
    match event {
        Event::Publish { item, creator } => Some((0, Some(item.0), Some(creator.0), None)),
        Event::Enter { creator } => Some((1, None, Some(creator.0), None)),
        Event::Exit { creator } => Some((2, None, Some(creator.0), None)),
        Event::Renew { user } => Some((3, None, None, Some(user.0))),
        _ => None,
    }
}

pub(super) fn to_event(row: EventRow) -> Option<Event> {
    match row {
        (0, Some(item), Some(creator), None) => {
            Some(Event::Publish { item: ItemId(item), creator: CreatorId(creator) })
        }
        (1, None, Some(creator), None) => Some(Event::Enter { creator: CreatorId(creator) }),
        (2, None, Some(creator), None) => Some(Event::Exit { creator: CreatorId(creator) }),
        (3, None, None, Some(user)) => Some(Event::Renew { user: UserId(user) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn codes_are_places_in_the_vocabulary() {
        let word = |said: Said| serde_json::to_value(said).unwrap();
        assert!(SAID.iter().all(|kind| word(*kind) == schema::SAID[said(*kind) as usize]));
        let word = |end: End| serde_json::to_value(end).unwrap();
        assert!(ENDS.iter().all(|kind| word(*kind) == schema::ENDS[end(*kind) as usize]));
        let channel = |channel: Channel| format!("{channel:?}").to_lowercase();
        assert!(CHANNELS.iter().all(|kind| channel(*kind) == schema::CHANNELS[*kind as usize]));
        for (code, word) in schema::EVENTS.iter().enumerate() {
            let rows = [(Some(1), Some(2), None), (None, Some(2), None), (None, None, Some(3))];
            let event = rows.iter().find_map(|row| to_event((code as u8, row.0, row.1, row.2))).unwrap();
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json.as_object().unwrap().keys().next().unwrap(), word);
            assert_eq!(self::event(&event).unwrap().0, code as u8);
        }
    }

    #[test]
    fn fates_and_knowledge_come_back() {
        for kind in [Fate::Stays(1.5), Fate::Returns(0.0), Fate::Gone] {
            let (code, secs) = fate(kind);
            assert_eq!(to_fate(code, secs), Some(kind));
        }
        for (kind, draws) in
            [(Known::Exact, None), (Known::Estimated { draws: 9 }, Some(9)), (Known::Unavailable, None)]
        {
            assert_eq!(to_known(known(kind), draws), Some(kind));
        }
        assert_eq!((to_fate(2, Some(1.0)), to_known(1, None)), (None, None));
    }
}
