//! One user's life in a log, as something to read.

use std::io::Write;
use std::path::Path;

use recloop_data::LogSource;
use recloop_env::{Clock, Fate, Message, Said, Transition, UserId};

use super::CliError;
use crate::RunError;

/// Characters of a text that are shown.
const SHOWN: usize = 400;

/// Writes what one user said, was shown and did, visit by visit; of one visit only, if asked.
pub(super) fn transcript(
    out: &mut dyn Write,
    dir: &Path,
    user: UserId,
    visit: Option<u32>,
) -> Result<(), CliError> {
    let mut source = LogSource::open(dir).map_err(RunError::from)?;
    let manifest = source.manifest();
    writeln!(out, "{} with {}, user {}.", manifest.world, manifest.recommender, user.0)?;
    let (mut last, mut met) = (None, false);
    while let Some(tick) = source.next().map_err(RunError::from)? {
        let t = tick.transition;
        let Some(row) = t.seen.row_of(user).filter(|row| is_of(&t, *row, visit)) else { continue };
        let this = t.seen.sessions[row].visit();
        if last != Some(this) {
            writeln!(out, "\nVisit {this}, {}", at(t.seen.time_secs[row]))?;
            last = Some(this);
        }
        met = true;
        slate(out, &t, row)?;
    }
    if !met {
        let which = visit.map_or(String::new(), |visit| format!(" of visit {visit}"));
        writeln!(out, "\nNothing{which} was shown to this user.")?;
    }
    Ok(())
}

/// The first user who said something to the recommender.
pub(super) fn first_to_speak(dir: &Path) -> Result<Option<UserId>, CliError> {
    first(dir, |t| t.step.responses.replies.first().and_then(|reply| t.seen.users.get(reply.row)).copied())
}

/// The first user who was shown anything.
pub(super) fn first_to_come(dir: &Path) -> Result<Option<UserId>, CliError> {
    first(dir, |t| t.seen.users.first().copied())
}

fn first(dir: &Path, user: impl Fn(&Transition<'_>) -> Option<UserId>) -> Result<Option<UserId>, CliError> {
    let mut source = LogSource::open(dir).map_err(RunError::from)?;
    while let Some(tick) = source.next().map_err(RunError::from)? {
        if let Some(found) = user(&tick.transition) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn is_of(t: &Transition<'_>, row: usize, visit: Option<u32>) -> bool {
    visit.is_none_or(|visit| t.seen.sessions[row].visit() == visit)
}

/// `day 3, 18:20`.
fn at(secs: f64) -> String {
    let (day, rest) = ((secs / Clock::DAY_SECS).floor(), secs.rem_euclid(Clock::DAY_SECS));
    format!("day {day}, {:02}:{:02}", (rest / 3600.0) as u32, (rest / 60.0) as u32 % 60)
}

fn slate(out: &mut dyn Write, t: &Transition<'_>, row: usize) -> Result<(), CliError> {
    let Transition { seen, slates, step } = *t;
    writeln!(out, "  slate at tick {}", seen.tick.0)?;
    say(out, &slates.messages, row)?;
    for (position, &item) in slates.items.row(row).iter().enumerate() {
        let title = seen.items.catalogue().map_or("", |catalogue| catalogue.title(item));
        let name = if title.is_empty() { format!("item {}", item.0) } else { plain(title) };
        let clicked = step.responses.click.row(row)[position];
        let dwell = step.responses.dwell_secs.row(row)[position];
        let did = if clicked { format!("  <- watched for {dwell:.0} s") } else { String::new() };
        writeln!(out, "    {}. {name}{did}", position + 1)?;
    }
    say(out, &step.responses.replies, row)?;
    match step.fate[row] {
        Fate::Stays(_) => {}
        Fate::Returns(secs) => writeln!(out, "  leaves, and is back after {:.1} hours", secs / 3600.0)?,
        Fate::Gone => writeln!(out, "  leaves for good")?,
    }
    Ok(())
}

fn say(out: &mut dyn Write, messages: &[Message], row: usize) -> Result<(), CliError> {
    for message in messages.iter().filter(|message| message.row == row) {
        let who = match message.said {
            Said::Instruction | Said::Answer => "user",
            Said::Question | Said::Explanation => "recommender",
            Said::Trace => "(reasoning)",
        };
        writeln!(out, "    {who}: {}", plain(&message.text))?;
    }
    Ok(())
}

/// A text on one line, without what a terminal would obey, cut where it is too long.
fn plain(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || is_format(c) { ' ' } else { c };
    let mut line: String = text.chars().take(SHOWN).map(harmless).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

/// Characters that are not seen but turn or hide others.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_harmless_line() {
        assert_eq!(plain("a\nb\u{1b}[2J\u{202e}c"), "a b [2J c");
        let long = plain(&"x".repeat(100_000));
        assert!(long.ends_with('…') && long.chars().count() == SHOWN + 1);
        assert_eq!(at(3.0 * 86_400.0 + 18.0 * 3_600.0 + 20.0 * 60.0 + 5.0), "day 3, 18:20");
    }
}
