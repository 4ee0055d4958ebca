//! The claims of docs/dialogue.md and docs/agentic.md, on paired seeds: what being heard is worth, and that nothing else is.
//!
//! By default a small version that looks at means alone; with `RECLOOP_EVIDENCE` ten seeds of the default world.

use recloop_experiments::Comparison;
use recloop_tests::claims::{self, difference, in_full};

const HEARD: &str = "agentic";
const IGNORED: &str = "agentic:obey=false";
const SHUFFLED: &str = "agentic:obey=shuffled";
const OPPOSITE: &str = "agentic:obey=opposite";

fn compared(contenders: &[&str], settings: &[&str]) -> Comparison {
    let days = [&["run.days=15"], settings].concat();
    claims::compared("dialogue-feed-v0", contenders, &days, &["users=400"])
}

#[test]
fn obeying_pays_and_what_somebody_else_wants_does_not() {
    let all = compared(&[HEARD, IGNORED, SHUFFLED, OPPOSITE, "mf"], &[]);
    let gain = |metric, of, over| difference(&all, metric, over, of, "");
    for metric in ["slates_per_session", "retention_d7"] {
        let heard = gain(metric, HEARD, IGNORED);
        if in_full() {
            assert!(heard.low > 0.0, "{metric}: being heard is worth something");
            assert!(gain(metric, SHUFFLED, IGNORED).low <= 0.0, "{metric}: somebody else's wishes are not");
            assert!(gain(metric, OPPOSITE, IGNORED).mean < heard.mean, "{metric}: the opposite is worse");
            assert!(gain(metric, IGNORED, "mf").high >= 0.0, "{metric}: ignoring is no worse than mf");
        }
    }
    let minutes = gain("dwell_minutes_per_user", HEARD, IGNORED);
    assert!(if in_full() { minutes.low > 0.0 } else { minutes.mean > 0.0 });
    assert!(gain("dwell_minutes_per_user", OPPOSITE, HEARD).mean < 0.0);
}

#[test]
fn nobody_who_is_not_heard_can_be_obeyed() {
    let all = compared(&[HEARD, IGNORED], &["instructions=muted", "run.days=4"]);
    for metric in &all.metrics {
        for interval in metric.differences.iter().filter_map(|difference| difference.interval) {
            assert_eq!((interval.low, interval.high), (0.0, 0.0), "{}", metric.name);
        }
    }
}
