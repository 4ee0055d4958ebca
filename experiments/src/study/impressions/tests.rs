//! Small versions of the study.

use super::*;

#[test]
#[ignore]
fn prototype() {
    let num = |name: &str, d: f64| std::env::var(name).ok().map_or(d, |x| x.parse().unwrap());
    let mut world = Table::new();
    for key in ["audience_tilt", "group_tilt", "audience_share", "demand_skew"] {
        if let Ok(x) = std::env::var(key) {
            world.insert(key.into(), toml::Value::Float(x.parse().unwrap()));
        }
    }
    world.insert("users".into(), (num("users", 1500.0) as i64).into());
    let config = ImpressionsConfig {
        world,
        seeds: (7..7 + num("n", 2.0) as u64).collect(),
        epsilons: vec![num("eps", 1.0)],
        gain: num("gain", 1.0) as f32,
        temperature: num("temp", 0.1) as f32,
        ticks: num("ticks", 60.0) as u32,
        period_ticks: num("period", 2.0) as u32,
        ..ImpressionsConfig::default()
    };
    let found = impressions(&config).unwrap();
    for a in &found.attributes {
        let m = |x: &Option<Interval>| x.map_or(f64::NAN, |x| x.mean);
        for c in &a.coverage {
            println!(
                "{} {:?} vol {}: {:.3} -> {:.3} fair {:.3} closed {:.3} var {:.3} -> {:.3} nj {:?}",
                a.attribute,
                c.counted,
                c.by_volume,
                m(&c.without),
                m(&c.controlled),
                m(&c.fair),
                m(&c.gap_closed),
                m(&c.variance[0]),
                m(&c.variance[1]),
                c.not_judged
            );
        }
        println!(
            "  rel {:.3} lost {:.3} clicks lost {:.3}",
            m(&a.cost.relevance_without),
            m(&a.cost.relevance_lost),
            m(&a.cost.clicks_lost)
        );
    }
}
