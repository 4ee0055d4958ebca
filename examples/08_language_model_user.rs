//! Users a language model decides for, who ask for what they want.
//!
//! A script stands in for the server, so that this runs anywhere: people who like nothing but cooking. A server is
//! `Http::connect(HttpConfig::new(URL, NAME))`, or `recloop run dialogue-feed-v0 --llm-users 40 --llm URL --model NAME`.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use recloop::experiments::{Models, Playing, RunConfig, RunError, Visitor};
use recloop::llm::{ChatReply, ChatRequest, LlmError, Scripted};
use recloop::{Facts, Said, Transition, UserId, World};
use serde_json::json;

/// What the model says: it was told who it is and what is shown, and answers in the form that was asked for.
fn cook(request: &ChatRequest) -> Result<ChatReply, LlmError> {
    let told = &request.turns[1].text;
    let shown = told.lines().filter(|line| line.contains("\" about "));
    let is_liked = |line: &str| line.contains("\" about cooking");
    let items: Vec<_> = shown
        .map(|line| if is_liked(line) { ("like", 40) } else { ("skip", 0) })
        .map(|(does, seconds)| json!({"does": does, "seconds": seconds}))
        .collect();
    let fine = told.lines().filter(|line| is_liked(line)).count() >= 3;
    let may_ask = told.contains("You may ask");
    let unhappy = if may_ask { "ask" } else { "leave" };
    let happy = if told.contains("Slates seen on this visit: 3") { "leave" } else { "stay" };
    let answer = json!({
        "items": items, "stars": if fine { 5 } else { 1 }, "feeling": if fine { "better" } else { "worse" },
        "next": if fine { happy } else { unhappy }, "wish": "more", "topic": "cooking", "strength": "strong",
        "reason": "there is nothing to cook here", "mindset": if fine { "my kind of feed" } else { "not for me" },
    });
    ChatReply::said(request, answer.to_string())
}

/// Cooking among what was shown: before somebody ever asked for it, and since.
#[derive(Default)]
struct Kitchen {
    spoke: BTreeSet<UserId>,
    before: (u32, u32),
    since: (u32, u32),
}

impl Visitor for Kitchen {
    fn done(&mut self, _: &World, facts: &Facts<'_>, t: &Transition<'_>) -> Result<(), RunError> {
        let topics = facts.spec.item_features.blocks().iter().find(|block| block.name == "topic");
        let cooking = topics.and_then(|block| block.labels.iter().position(|name| name == "cooking"));
        let topic = t.seen.items.layout().find("topic").expect("feeds have topics");
        for (row, user) in t.seen.users.iter().enumerate() {
            let (found, shown) = if self.spoke.contains(user) { &mut self.since } else { &mut self.before };
            let slate = t.slates.items.row(row);
            let code = |item| usize::from(t.seen.items.code(topic, row, item));
            *found += slate.iter().filter(|item| Some(code(**item)) == cooking).count() as u32;
            *shown += slate.len() as u32;
        }
        let said = t.step.responses.replies.iter().filter(|it| it.said == Said::Instruction);
        self.spoke.extend(said.map(|it| t.seen.users[it.row]));
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = "world = { name = \"dialogue-feed-v0\", users = 40, llm_users = 40 }
                  recommender = { name = \"agentic\", base = \"recency\" }
                  run = { days = 1 }";
    let config = RunConfig::resolve([config.parse()?])?;
    let models = Models::answering(Arc::new(Scripted::new(cook)), "a script");
    let mut kitchen = Kitchen::default();
    Playing::begin_with(&config, models.clone())?.to_end(&mut kitchen, |_, _| {})?;
    let share = |(found, shown): (u32, u32)| f64::from(found) / f64::from(shown);
    let (before, since) = (share(kitchen.before), share(kitchen.since));
    println!("{}", models.report().ok_or("nobody was asked")?.words());
    println!("Cooking is {:.2} of what is shown before anybody asks, {:.2} since.", before, since);
    assert!(since > 0.4 && since > 4.0 * before);
    Ok(())
}
