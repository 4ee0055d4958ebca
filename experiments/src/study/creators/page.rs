//! A study as a page: no network, no script.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use recloop_nn::NnError;
use serde::Serialize;

use super::conditions::KINDS;
use super::summary::{CreatorStudy, KindFound, RerankFound, Share};
use crate::compare::student_t;
use crate::study::chart::{Chart, Line, Point};

/// The page, in the folder of a study.
pub const PAGE: &str = "study.html";

/// Half a 95 % interval.
fn half(share: &Share) -> f64 {
    student_t(share.n - 1) * share.se
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    study: &'a CreatorStudy,
    kinds: Vec<Row>,
    exploitation: String,
    rewards: Vec<(String, String)>,
    trades: Vec<(String, String, String)>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    cells: Vec<String>,
}

pub(super) fn of(study: &CreatorStudy) -> Result<String, NnError> {
    let kinds = || KINDS.iter().filter_map(|(name, _)| Some((*name, study.creators.get(*name)?)));
    let nulls = study.nulls.iter().map(|(name, found)| (name.as_str(), found));
    let rewards = std::iter::once((&study.recommender, &study.creators)).chain(&study.recommenders);
    let trade = |(base, rerankers): (&String, &BTreeMap<String, Vec<RerankFound>>)| {
        let survival = trade(base, rerankers, ("creator_survival", "creators still there"))?;
        Ok::<_, NnError>((
            base.clone(),
            survival,
            trade(base, rerankers, ("provider_gini", "Gini of exposure"))?,
        ))
    };
    let page = Page {
        study,
        kinds: kinds().chain(nulls.clone()).map(|(name, found)| row(name, found)).collect(),
        exploitation: exploitation(kinds().chain(nulls))?,
        rewards: rewards
            .map(|(name, found)| Ok((name.clone(), bars(found)?)))
            .collect::<Result<_, NnError>>()?,
        trades: study.rerankers.iter().map(trade).collect::<Result<_, _>>()?,
    };
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    pages.render_str(include_str!("page.html"), Value::from(Serde(page))).map_err(NnError::learner)
}

fn row(name: &str, found: &KindFound) -> Row {
    let share = |share: Option<Share>, decimals: usize| {
        share.map_or("none".into(), |it| format!("{:.decimals$} ± {:.decimals$}", it.mean, half(&it)))
    };
    let lead = found
        .belief_lead
        .map_or("none".into(), |it| format!("{:+.3} [{:+.3}, {:+.3}]", it.mean, it.low, it.high));
    let curve = found.exploit_share_by_reward_quintile;
    let curve = curve.map(|share| share.map_or("–".into(), |share| format!("{share:.2}"))).join(" ");
    let cells = vec![
        share(found.reward, 0),
        share(found.reward_vs_random, 2),
        share(found.reward_vs_full_information, 3),
        lead,
        share(found.survival, 2),
        curve,
    ];
    Row { name: name.into(), cells }
}

fn exploitation<'a>(kinds: impl Iterator<Item = (&'a str, &'a KindFound)>) -> Result<String, NnError> {
    let line = |(name, found): (&str, &KindFound)| {
        let shares = found.exploit_share_by_reward_quintile.iter().enumerate();
        let points =
            shares.filter_map(|(at, share)| Some(Point { x: at as f64 + 1.0, y: (*share)?, half: [0.0; 2] }));
        Line { name: name.into(), points: points.collect() }
    };
    let lines = kinds.map(line).collect();
    let (title, across) = ("exploitation by reward".into(), "quintile of the last item's clicks".into());
    Chart { title, across, up: "share of decisions that exploit".into(), lines }.svg()
}

/// Reward as a share of full information, a line of one point for each kind.
fn bars(found: &BTreeMap<String, KindFound>) -> Result<String, NnError> {
    let line = |(at, (name, _)): (usize, &(&str, &[&str]))| {
        let share = found.get(*name).and_then(|found| found.reward_vs_full_information);
        let point = share.map(|it| Point { x: at as f64, y: it.mean, half: [0.0, half(&it)] });
        Line { name: (*name).into(), points: point.into_iter().collect() }
    };
    let lines = KINDS.iter().enumerate().map(line).collect();
    let (title, across) = ("reward by kind".into(), "kind of creator".into());
    Chart { title, across, up: "clicks beside full information".into(), lines }.svg()
}

fn trade(
    base: &str,
    rerankers: &BTreeMap<String, Vec<RerankFound>>,
    (metric, meaning): (&str, &str),
) -> Result<String, NnError> {
    let line = |(name, dials): (&String, &Vec<RerankFound>)| {
        let points = dials.iter().filter_map(|found| {
            let (x, y) = (found.metrics.get("dwell_minutes_per_user")?, found.metrics.get(metric)?);
            Some(Point { x: x.mean, y: y.mean, half: [half(x), half(y)] })
        });
        Line { name: name.clone(), points: points.collect() }
    };
    let lines = rerankers.iter().map(line).collect();
    let title = format!("{meaning} against minutes under {base}");
    Chart { title, across: "minutes per reader".into(), up: meaning.into(), lines }.svg()
}
