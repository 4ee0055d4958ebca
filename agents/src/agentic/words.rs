//! What an agentic recommender says of its slates.

use recloop_env::{Observation, Wish};

use super::advised::Done;
use super::planner::Toolbox;

/// Characters of what somebody said that a trace repeats (chosen by us).
const REPEATED: usize = 200;

/// One line for the user: what was done of what it asked, or what its past says.
pub(super) fn explanation(
    seen: &Observation,
    row: usize,
    done: &Done,
    toolbox: &Toolbox,
    topics: &[String],
) -> String {
    let mut moving = done.calls.iter().filter(|(_, moved)| *moved > 0).map(|(call, _)| call);
    let worked = |tool: &str| moving.clone().any(|call| call.tool == tool);
    let latest = done.asks.iter().rev().find(|ask| match ask.instruction.wish {
        Wish::MoreOf | Wish::LessOf => {
            let topic = ask.instruction.topic;
            moving.clone().any(|call| call.tool == "topic" && call.topic == topic)
        }
        Wish::SomethingNew => worked("familiar"),
        Wish::Calmer => worked("loud"),
        Wish::Shorter => worked("long"),
        Wish::Free => {
            let words = &ask.instruction.text;
            moving.clone().any(|call| call.tool == "words" && call.words == *words)
        }
    });
    if let Some(ask) = latest {
        let topic = ask.instruction.topic.and_then(|topic| topics.get(usize::from(topic)));
        let topic = topic.map_or("that", String::as_str);
        return match ask.instruction.wish {
            Wish::MoreOf => format!("More {topic}, as you asked."),
            Wish::LessOf => format!("Less {topic}, as you asked."),
            Wish::SomethingNew => "Topics you have not met lately, as you asked.".into(),
            Wish::Calmer => "Quieter titles, as you asked.".into(),
            Wish::Shorter => "Shorter ones, as you asked.".into(),
            Wish::Free => "Titles with your words in them.".into(),
        };
    }
    // A planner may have found another way than the wish names.
    if let Some(call) = moving.next_back() {
        let (more, about) =
            (call.weight > 0.0, toolbox.find(&call.tool).map_or("these", |tool| tool.about()));
        let topic = call.topic.and_then(|topic| topics.get(usize::from(topic)));
        let topic = topic.map_or_else(String::new, |topic| format!(": {topic}"));
        return format!("For what you asked: {} {about}{topic}.", if more { "more" } else { "fewer" });
    }
    if !done.asks.is_empty() {
        return "You asked for something that nothing here answers to.".into();
    }
    match favourite(seen, row, topics) {
        Some(topic) => format!("You asked for nothing; of late you clicked {topic} most."),
        None => "You asked for nothing; tell me what you would like.".into(),
    }
}

/// The topic clicked most of late; the first of equal ones.
fn favourite<'a>(seen: &Observation, row: usize, topics: &'a [String]) -> Option<&'a String> {
    let block =
        seen.items.layout().find("topic").filter(|_| seen.items.is_durable() && !topics.is_empty())?;
    let mut clicks = vec![0_u32; block.length()];
    for (item, _) in seen.row(row).history().filter(|(_, clicked)| *clicked) {
        clicks[usize::from(seen.items.code(block, row, item))] += 1;
    }
    let best = (0..clicks.len()).rev().max_by_key(|topic| clicks[*topic])?;
    (clicks[best] > 0).then(|| topics.get(best)).flatten()
}

/// For the log: what is asked, each call with its weight and how many items it moved, and what the planner says of it, as
/// `asked: Less music, please. (3 slates ago); called: topic(music, -1.7) -> 41 items`. One line, whatever was said.
pub(super) fn trace(done: &Done, topics: &[String]) -> String {
    let asked = done.asks.iter().map(|ask| {
        let words = line(&ask.said);
        if ask.slates_ago == 0 { words } else { format!("{words} ({} slates ago)", ask.slates_ago) }
    });
    let called = done.calls.iter().map(|(call, moved)| {
        let topic = call.topic.and_then(|topic| topics.get(usize::from(topic)));
        let about = line(topic.map_or(call.words.as_str(), String::as_str));
        let comma = if about.is_empty() { "" } else { ", " };
        format!("{}({about}{comma}{:+.2}) -> {moved} items", call.tool, call.weight)
    });
    let called: Vec<String> = called.collect();
    let called = if called.is_empty() { "nothing fits".into() } else { called.join(" | ") };
    let note = if done.note.is_empty() { String::new() } else { format!("; {}", done.note) };
    format!("asked: {}; called: {called}{note}", asked.collect::<Vec<_>>().join(" | "))
}

/// Others' words on one line, the beginning of them.
fn line(text: &str) -> String {
    let mut chars = text.chars();
    let kept: String = chars.by_ref().take(REPEATED).collect();
    let words: Vec<&str> =
        kept.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ") + if chars.next().is_some() { "…" } else { "" }
}
