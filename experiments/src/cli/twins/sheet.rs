//! Two lives on a page.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, TableComponent, Width, presets,
};
use indicatif::HumanCount;

use crate::cli::table::decimals;
use crate::{ItemTold, Life, Measure, Outcome, SessionTold, SlateTold, Twins, Verdict};

/// From so many columns on, lives stand side by side.
const WIDE: u16 = 100;
/// A page nobody told the width of.
const PAGE: u16 = 100;
/// Longer lines are hard to follow (chosen by us).
const WIDEST: u16 = 160;
/// What came of an item takes at least so many columns: "38 s, felt +3.1, like".
const OUTCOME: u16 = 26;
/// A space at which no line is broken; it becomes an ordinary one in the end.
const UNBROKEN: &str = "\u{a0}";
const SECS_PER_DAY: f64 = recloop_env::Clock::DAY_SECS;

/// How wide the page is: what COLUMNS says, else the terminal.
pub(super) fn columns() -> u16 {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| Table::new().width()).unwrap_or(PAGE)
}

/// How much is told, and on how wide a page.
pub(super) struct Page {
    pub(super) sessions: usize,
    pub(super) slates: usize,
    pub(super) columns: u16,
}

/// What happened, and what came of it.
type Line = (String, String);

impl Page {
    /// The whole story.
    pub(super) fn tell(&self, told: &Twins) -> String {
        let mut parts = vec![heading(told)];
        let from = self.first_session(told);
        if from > 0 {
            parts.push(format!("The first {} are the same and left out.", counted(from, "session")));
        }
        if self.columns >= WIDE {
            let n_sessions = told.lives.iter().map(|life| life.sessions.len()).max().unwrap_or(0);
            let [left, right] = told.lives.each_ref().map(|life| &life.recommender);
            parts.push(format!("Left under {left}, right under {right}:"));
            let sessions = (from..n_sessions).take(self.sessions);
            parts.extend(sessions.map(|at| self.side_by_side(&self.both(told, at))));
        } else {
            for (side, life) in told.lives.iter().enumerate() {
                parts.push(format!("Under {}:", life.recommender));
                let sessions = (from..life.sessions.len()).take(self.sessions);
                parts.extend(sessions.map(|at| self.alone(&self.both(told, at)[side])));
            }
        }
        parts.extend(self.left_out(told, from));
        parts.push(summary(told));
        parts.push(verdict(told));
        parts.join("\n\n")
    }

    /// From the beginning, unless the two part later than would be told.
    fn first_session(&self, told: &Twins) -> usize {
        let parting = told.first_difference.and_then(|at| place(told, at)).map_or(0, |(session, _)| session);
        if parting < self.sessions { 0 } else { parting }
    }

    /// Both sides of the `at`-th session, slate beside slate.
    fn both(&self, told: &Twins, at: usize) -> [Vec<Line>; 2] {
        let parting = told.first_difference.and_then(|first| place(told, first));
        let parting = parting.filter(|(session, _)| *session == at).map(|(_, slate)| slate);
        let from = parting.filter(|slate| *slate >= self.slates).unwrap_or(0);
        let sessions = told.lives.each_ref().map(|life| life.sessions.get(at));
        let n_slates = sessions.iter().flatten().map(|session| session.slates.len()).max().unwrap_or(0);
        let mut sides = sessions.map(|session| vec![opening(told, at, session)]);
        if from > 0 {
            let same = format!("({} the same)", counted(from, "slate"));
            sides.iter_mut().for_each(|side| side.push((same.clone(), String::new())));
        }
        for slate in (from..n_slates).take(self.slates) {
            let mark = if parting == Some(slate) { "◂ FIRST DIFFERENCE" } else { "" };
            let lines = sessions.map(|session| {
                session
                    .and_then(|session| session.slates.get(slate))
                    .map_or_else(Vec::new, |shown| lines(told, slate, shown))
            });
            let height = lines.iter().map(Vec::len).max().unwrap_or(0);
            for (side, mut lines) in sides.iter_mut().zip(lines) {
                if let Some((_, came)) = lines.first_mut() {
                    mark.clone_into(came);
                }
                lines.resize(height, Line::default());
                side.extend(lines);
            }
        }
        for (side, session) in sides.iter_mut().zip(sessions) {
            let more = session.map_or(0, |session| session.slates.len().saturating_sub(from + self.slates));
            if more > 0 {
                side.push((format!("({} more)", counted(more, "slate")), String::new()));
            }
        }
        sides
    }

    fn side_by_side(&self, [left, right]: &[Vec<Line>; 2]) -> String {
        let (what, came) = halves((self.columns.min(WIDEST) - 2) / 2);
        let line = |side: &Vec<Line>, at: usize| side.get(at).cloned().unwrap_or_default();
        let rows = (0..left.len().max(right.len())).map(|at| {
            let ([a, b], [c, d]) = (line(left, at).into(), line(right, at).into());
            [a, b, "│".into(), c, d]
        });
        grid([what, came, 2, what, came], rows)
    }

    fn alone(&self, lines: &[Line]) -> String {
        let (what, came) = halves(self.columns);
        let told = lines.iter().filter(|(what, _)| !what.is_empty());
        grid([what, came], told.map(|(what, came)| [what.clone(), came.clone()]))
    }

    fn left_out(&self, told: &Twins, from: usize) -> Option<String> {
        let more = told.lives.each_ref().map(|life| life.sessions.len().saturating_sub(from + self.sessions));
        let [a, b] = &told.lives;
        (more != [0, 0]).then(|| {
            format!(
                "Not told: {} more under {}, {} under {}; see `--sessions` and `--slates`, or `--format json`.",
                counted(more[0], "session"),
                a.recommender,
                more[1],
                b.recommender
            )
        })
    }
}

/// Columns for what happened and for what came of it.
fn halves(columns: u16) -> (u16, u16) {
    let came = (columns * 2 / 5).max(OUTCOME);
    (columns.saturating_sub(came).max(OUTCOME / 2), came)
}

/// Session and slate of the `at`-th slate, on whichever side has it.
fn place(told: &Twins, at: usize) -> Option<(usize, usize)> {
    told.lives.iter().filter_map(|life| life.place(at)).min()
}

fn heading(told: &Twins) -> String {
    let Twins { world, seed, user, lives: [a, b], .. } = told;
    let groups: Vec<String> = told.groups.iter().map(|(group, level)| format!("{group} {level}")).collect();
    let who = if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(", ")) };
    let parting = match told.first_difference {
        None if a.sessions.is_empty() => "This person never came.".to_owned(),
        None => format!("They never diverge: all {} are the same.", counted(a.slates().count(), "slate")),
        Some(0) => "The first slate differs.".to_owned(),
        Some(n) => format!("The first {} are the same; then they diverge.", counted(n, "slate")),
    };
    let mut text = format!(
        "User {user}{who} in {world}, seed {seed}: the same person, the same luck, under {} and under {}.\n{parting}",
        a.recommender, b.recommender
    );
    text.push_str("\n▸ marks what was clicked, with the time spent on it.");
    if !told.usual.is_empty() {
        let usual: Vec<String> =
            told.usual.iter().map(|(name, value)| format!("{name} {value:+.1}")).collect();
        text.push_str(&format!(
            " What this person clicks has\n{} on average;\n\
             what was looked at and declined shows the term that is furthest below that.",
            usual.join(", ")
        ));
    }
    text
}

fn opening(told: &Twins, at: usize, session: Option<&SessionTold>) -> Line {
    let Some(session) = session else { return (format!("Session {}", at + 1), "never came to be".into()) };
    let minutes: f64 = session.slates.iter().map(SlateTold::minutes).sum();
    let when = session.slates.first().map(|slate| moment(told, slate, true)).unwrap_or_default();
    (
        format!("Session {}, {when}", at + 1),
        format!("{}, {minutes:.1} min", counted(session.slates.len(), "slate")),
    )
}

/// `day 3 08:14`, or a tick where days mean nothing.
fn moment(told: &Twins, slate: &SlateTold, with_day: bool) -> String {
    if !told.calendar {
        return format!("tick {}", HumanCount(slate.tick.into()));
    }
    let secs = slate.time_secs % SECS_PER_DAY;
    let clock = format!("{:02}:{:02}", (secs / 3_600.0) as u32, (secs % 3_600.0 / 60.0) as u32);
    if with_day { format!("day {} {clock}", (slate.time_secs / SECS_PER_DAY) as u32) } else { clock }
}

fn lines(told: &Twins, at: usize, slate: &SlateTold) -> Vec<Line> {
    let head = (format!(" Slate {}, {}", at + 1, moment(told, slate, false)), String::new());
    let item = |(position, item): (usize, &ItemTold)| {
        let mark = if item.outcome == Outcome::Clicked { "▸" } else { " " };
        (format!(" {mark}{:>2} {}", position + 1, item.title), outcome(item))
    };
    [head].into_iter().chain(slate.items.iter().enumerate().map(item)).collect()
}

fn outcome(item: &ItemTold) -> String {
    match &item.outcome {
        Outcome::NotReached => "not reached".into(),
        Outcome::PassedOver => "not clicked".into(),
        Outcome::Unlucky => {
            let chance = item.chance().map(|chance| format!(" ({:.0} %)", chance * 100.0));
            format!("declined by luck{}", chance.unwrap_or_default())
        }
        Outcome::Declined(term) => format!("declined: {term} {:+.1}", item.term(term).unwrap_or_default()),
        Outcome::Clicked => {
            let mut text = format!("{:.0} s", item.dwell_secs);
            text.extend(item.term("experience").map(|felt| format!(", felt {felt:+.1}")));
            for (name, value) in &item.signals {
                text.push_str(&if *value == 1.0 {
                    format!(", {name}")
                } else {
                    format!(", {name} {value:.1}")
                });
            }
            text
        }
    }
}

/// How the two lives ended.
fn summary(told: &Twins) -> String {
    let mut sheet = Table::new();
    sheet.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    sheet.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    let [a, b] = &told.lives;
    sheet.set_header([&format!("user {}", told.user), &a.recommender, &b.recommender]);
    let mut row = |name: &str, value: &dyn Fn(&Life) -> String| {
        sheet.add_row([name.to_owned(), value(a), value(b)]).clone()
    };
    row("sessions", &|life| life.sessions.len().to_string());
    row("slates", &|life| life.slates().count().to_string());
    row("clicks", &|life| life.clicks().to_string());
    row("minutes", &|life| format!("{:.1}", life.minutes()));
    row("last seen", &|life| life.slates().last().map_or("never".into(), |slate| moment(told, slate, true)));
    row("left for good", &|life| if life.left { "yes" } else { "no" }.into());
    for (name, value) in &a.state {
        // What no recommender moves tells nothing of them.
        if b.state.iter().any(|(other, theirs)| other == name && theirs != value) {
            let of = |life: &Life| {
                life.state.iter().find(|(known, _)| known == name).map_or(f32::NAN, |known| known.1)
            };
            row(&format!("{} at the end", name.replace('_', " ")), &|life| format!("{:.2}", of(life)));
        }
    }
    align(&mut sheet);
    sheet.to_string()
}

/// Everybody, second minus first.
fn verdict(told: &Twins) -> String {
    let mut sheet = Table::new();
    sheet.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    sheet.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    let Twins { world, lives: [a, b], .. } = told;
    let (a, b) = (&a.recommender, &b.recommender);
    sheet.set_header(["per user", a, b, "difference", "95 % interval", "more", "less", "n"]);
    sheet.add_rows(told.verdict.iter().map(cells));
    align(&mut sheet);
    let n = HumanCount(told.verdict.iter().map(|measure| measure.n as u64).max().unwrap_or(0));
    let same = told.verdict.iter().all(|measure| measure.difference.verdict == Verdict::Identical);
    let same = if same { "\nThe two are identical for everybody." } else { "" };
    format!(
        "All {n} users, {b} − {a}, each with themselves; shares of users with more and with less:\n{sheet}{same}\n\
         Intervals are over users of this one world and seed; for a claim beyond it: `recloop compare {world} {a} {b}`."
    )
}

fn cells(measure: &Measure) -> [String; 8] {
    let Measure { name, means, more, less, n, .. } = measure;
    let (decimals, difference, interval) = match measure.interval() {
        None => (2, "unknown".into(), "unknown".into()),
        Some(_) if measure.difference.verdict == Verdict::Identical => (2, "0".into(), "[0, 0]".into()),
        Some(interval) => {
            let decimals = decimals(interval.half());
            let bounds = format!("[{:+.decimals$}, {:+.decimals$}]", interval.low, interval.high);
            (decimals, format!("{:+.decimals$}", interval.mean), bounds)
        }
    };
    let [first, second] = means.map(|mean| format!("{mean:.decimals$}"));
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let n = HumanCount(*n as u64).to_string();
    [name.clone(), first, second, difference, interval, percent(*more), percent(*less), n]
}

fn align(sheet: &mut Table) {
    sheet.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
}

/// Rows on a grid of these widths, cut where they are too long.
fn grid<const N: usize>(widths: [u16; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut grid = Table::new();
    grid.load_preset(presets::NOTHING).set_truncation_indicator("…");
    grid.set_content_arrangement(ContentArrangement::Dynamic).set_width(widths.iter().sum());
    for row in rows {
        // Cut in the middle of a word rather than before a long one.
        let mut row = Row::from(row.map(|text| text.replace(' ', UNBROKEN)));
        row.max_height(1);
        grid.add_row(row);
    }
    for (column, width) in grid.column_iter_mut().zip(widths) {
        column.set_padding((0, 1)).set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    grid.trim_fmt().replace(UNBROKEN, " ")
}

/// `1 slate`, `2 slates`.
fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", HumanCount(n as u64), if n == 1 { "" } else { "s" })
}
