//! Users who talk: the contract, the feed underneath, and what being heard does not do.

use recloop_env::testing::check_users;
use recloop_env::{Message, Observation, Said, Sharded, Slates, Step, Supply, UserModel, World};

use super::{Dialogue, DialogueParams, Instructions};
use crate::feed::tests::{axes, begin, feed, item, latent, observed, shelf, show, step, world_of};
use crate::{Feed, FeedParams, People};

fn items() -> Supply {
    shelf((0..8_u8).map(|i| item(u16::from(i % 2), f32::from(i) / 8.0, 1.0 - f32::from(i) / 16.0)).collect())
}

fn talkative() -> DialogueParams {
    DialogueParams { risk_threshold: 0.0, candour: 1.0, ..DialogueParams::default() }
}

/// Strangers of short sessions who return at once.
fn strangers() -> Feed {
    let params =
        FeedParams { patience_mean: 1.0, return_bias: 8.0, observe_interest: true, ..FeedParams::default() };
    Feed::new(params, People::drawn(axes()), &observed(), &latent()).unwrap()
}

fn talking(params: DialogueParams) -> World {
    world_of(Sharded::new(Dialogue::new(params, strangers()).unwrap(), 60), items(), 3)
}

/// Plays some ticks of the same slate for everybody, and tells everything.
fn live(mut world: World, ask: Option<&str>) -> Vec<(Slates, Step, Observation)> {
    let mut seen = begin(&mut world, 4);
    let mut all = Vec::new();
    for _ in 0..20 {
        let mut slates = show(&seen, &[0, 1, 6]);
        let question = |row| ask.map(|text| Message { row, said: Said::Question, text: text.into() });
        slates.messages.extend((0..seen.len()).filter_map(question));
        let done = step(&mut world, &slates);
        let next = done.next.clone();
        all.push((slates, done, seen));
        seen = next;
        if seen.is_empty() {
            break;
        }
    }
    all
}

#[test]
fn dialogue_users_keep_the_contract() {
    check_users(&Dialogue::new(talkative(), strangers()).unwrap(), items, 3).unwrap();
    check_users(&Dialogue::new(DialogueParams::default(), feed(FeedParams::default())).unwrap(), items, 3)
        .unwrap();
}

#[test]
fn dialogue_users_without_a_psyche_that_matters_are_feed_users() {
    let plain = live(world_of(Sharded::new(strangers(), 60), items(), 3), None);
    let silent = live(talking(DialogueParams::silent()), None);
    for ((_, a, seen), (_, b, also)) in plain.iter().zip(&silent) {
        assert_eq!(seen, also);
        assert_eq!((&a.responses, &a.fate, &a.reward), (&b.responses, &b.fate, &b.reward));
    }
}

#[test]
fn dialogue_instructions_that_nobody_hears_change_nothing_else() {
    let heard = live(talking(talkative()), None);
    let muted = live(talking(DialogueParams { instructions: Instructions::Muted, ..talkative() }), None);
    let mut said = 0;
    for ((_, a, _), (_, b, also)) in heard.iter().zip(&muted) {
        assert_eq!(
            (&a.responses.click, &a.responses.dwell_secs, &a.fate),
            (&b.responses.click, &b.responses.dwell_secs, &b.fate)
        );
        said += a.responses.replies.len();
        assert!(b.responses.replies.is_empty() && also.messages.is_empty());
    }
    assert!(said > 50, "only {said} instructions");
    let words = heard.iter().flat_map(|(_, step, _)| &step.responses.replies);
    assert!(words.into_iter().all(|it| it.said == Said::Instruction && it.text.contains(" Because ")));
    assert!(heard.iter().any(|(.., seen)| !seen.messages.is_empty()), "they arrive");
}

#[test]
fn dialogue_somebody_who_speaks_stays_for_the_grace_and_no_longer() {
    // Nobody has patience for a second slate.
    let impatient = FeedParams { stay_bias: -100.0, ..FeedParams::default() };
    for grace in [1, 2, 5] {
        let params = DialogueParams {
            grace_slates: grace,
            instructions_per_session: 1,
            candour_extraversion: 0.0,
            report_noise: 100.0,
            ..talkative()
        };
        let users = Dialogue::new(params, feed(impatient)).unwrap();
        let mut world = world_of(Sharded::new(users, 1), items(), 3);
        let mut seen = begin(&mut world, 4);
        let mut stays = Vec::new();
        while stays.iter().all(|it| *it) && !seen.is_empty() {
            let done = step(&mut world, &show(&seen, &[0, 1, 6]));
            stays.push(matches!(done.fate[0], recloop_env::Fate::Stays(_)));
            seen = done.next.clone();
        }
        // The slate after which it spoke, and those it stayed for.
        assert_eq!(stays.len(), 1 + usize::from(grace));
    }
}

#[test]
fn dialogue_questions_are_answered_by_taste() {
    // Everybody likes (0.6, 0.8): north more than east.
    for (question, answer) in [
        ("Do you like north?", "Yes."),
        ("Do you like east?", "No."),
        ("Which of east, north?", "north."),
        ("Which of east or north do you like most, or none of these?", "north."),
        ("Which of east do you like most, or none of these?", "None of these."),
        ("Who are you?", "I cannot say."),
    ] {
        let users = Dialogue::new(DialogueParams::silent(), feed(FeedParams::default())).unwrap();
        let all = live(world_of(Sharded::new(users, 40), items(), 3), Some(question));
        let replies: Vec<&Message> = all.iter().flat_map(|(_, step, _)| &step.responses.replies).collect();
        assert!(replies.len() > 9 && replies.iter().all(|it| it.said == Said::Answer && it.text == answer));
    }
}

#[test]
fn dialogue_users_can_be_described() {
    let users = Dialogue::new(DialogueParams::default(), strangers()).unwrap();
    let mut state = users.blank(3);
    let rng = recloop_env::Streams::new(2);
    for at in 0..3 {
        users.begin(&mut state, at, recloop_env::UserId(at as u32), recloop_env::Tick(0), &rng);
        let persona = users.identity(&state, at).persona();
        assert!(persona.contains("age: ") && persona.contains("You like "), "{persona}");
    }
}
