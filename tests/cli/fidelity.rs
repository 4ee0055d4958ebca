//! A surrogate of users a model decided for, and what may be claimed of it, from the command line.

use recloop::llm::testing::{Asked, Canned, Stub};
use serde_json::{Value, json};

use crate::{refusal, stdout};

/// A model of people who watch what they like: topics their persona names.
fn fond(asked: &Asked) -> Canned {
    if asked.path.ends_with("/models") {
        return Canned::Json(json!({"data": [{"id": "stub"}]}));
    }
    let told = asked.body["messages"].as_array().and_then(|all| all.last()).map(|turn| &turn["content"]);
    let told = told.and_then(Value::as_str).unwrap_or_default();
    let liked = told.split("You like ").nth(1).and_then(|rest| rest.split('.').next()).unwrap_or_default();
    let shown = told.lines().filter_map(|line| line.split("\" about ").nth(1));
    let topic = |rest: &str| rest.split(',').next().unwrap_or_default().to_owned();
    let mut n_liked = 0;
    let items: Vec<Value> = shown
        .map(|rest| match liked.contains(&topic(rest)) {
            true => {
                n_liked += 1;
                json!({"does": "watch", "seconds": 20})
            }
            false => json!({"does": "skip", "seconds": 0}),
        })
        .collect();
    let luck = asked.body["seed"].as_u64().unwrap_or(0) % 8;
    let next = if luck < 2 + 3 * u64::from(n_liked == 0) { "leave" } else { "stay" };
    let answer = json!({"items": items, "stars": (1 + n_liked).min(5), "feeling": "same", "next": next, "wish": "none",
        "topic": "none", "strength": "plain", "reason": "", "mindset": ""});
    Canned::says(answer.to_string())
}

#[test]
fn a_surrogate_is_distilled_lives_beside_its_panel_and_is_judged() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    let stub = Stub::start(fond);
    let run = |users: u32, rest: &str| {
        let url = stub.url();
        stdout(dir, &format!("run dialogue-feed-v0 --users {users} --days 2 --llm {url} --model stub {rest}"))
    };
    run(60, "--llm-users 60 --record tape --out panel");
    let said = stdout(dir, "distil panel --out surrogate");
    assert!(said.contains("decisions of 60 users"), "{said}");
    let same = "--llm-users 40 --set surrogate=surrogate --record more --out";
    run(160, &format!("{same} audited"));
    let judged: Value = serde_json::from_str(&stdout(dir, "fidelity audited --format json")).unwrap();
    assert_eq!((&judged["n_panel"], &judged["n_users"]), (&json!(40), &json!(160)));
    let gates = judged["fidelity"]["verdicts"].as_array().unwrap();
    let gate = |name: &str| gates.iter().find(|gate| gate["gate"] == name).unwrap();
    assert_eq!(gate("js_overall")["n"], 40);
    // Sixty users teach little, and forty differ from each other: what matters here is that it is said.
    assert!(
        gate("js_overall")["floor"].as_f64().unwrap() > 0.0 && gate("leave_ece")["n"].as_u64() > Some(50),
        "{judged}"
    );
    assert_eq!(gate("tau")["ruling"], "not-judged", "there is one recommender");
    for outcome in judged["outcomes"].as_array().unwrap() {
        let (guess, found) = (&outcome["uncorrected"]["mean"], &outcome["corrected"]["estimate"]);
        let (guess, mean) = (guess.as_f64().unwrap(), found["mean"].as_f64().unwrap());
        let off = outcome["corrected"]["rectifier"]["mean"].as_f64().unwrap();
        assert!((guess + off - mean).abs() < 1e-9 && found["se"].as_f64().unwrap() > 0.0, "{outcome}");
    }
    // Another surrogate in the same place is no longer the one that lived there.
    let card = dir.join("surrogate/card.json");
    let old = std::fs::read_to_string(&card).unwrap();
    std::fs::write(&card, format!("{old} ")).unwrap();
    let refused = refusal(dir, "fidelity audited");
    assert!(
        refused.contains("world.surrogate_digest") && refused.contains("is not what it was"),
        "{refused}"
    );
    std::fs::write(&card, old).unwrap();
    let told = stdout(dir, "fidelity audited");
    assert!(
        told.contains("A model decided for 40 of 160 users") && told.contains("back_another_day"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_distilled_or_judged_is_refused() {
    let here = tempfile::tempdir().unwrap();
    let dir = here.path();
    stdout(dir, "run dialogue-feed-v0 --users 5 --steps 5 --out plain");
    let refused = refusal(dir, "distil plain --out surrogate");
    assert!(refused.contains("its model was not recorded: run it with --record DIR"), "{refused}");
    let refused = refusal(dir, "fidelity plain");
    assert!(refused.contains("it has no panel beside a surrogate"), "{refused}");
    let refused = refusal(dir, "run dialogue-feed-v0 --users 5 --steps 5 --set surrogate=plain");
    assert!(refused.contains("failed to build the surrogate"), "{refused}");
    assert!(refusal(dir, "fidelity nowhere").contains("nowhere"));
}
