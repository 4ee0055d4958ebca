use super::*;

fn layer(text: &str) -> Table {
    text.parse().unwrap()
}

fn resolve(layers: &[&str]) -> Result<RunConfig, ConfigError> {
    RunConfig::resolve(layers.iter().map(|text| layer(text)))
}

fn refused(layers: &[&str]) -> String {
    resolve(layers).unwrap_err().to_string()
}

#[test]
fn a_later_layer_wins_key_by_key() {
    let config =
        resolve(&["run.seed = 1\nworld.users = 10\nworld.slate = 2", "run.seed = 2", "world.users = 30"]);
    let config = config.unwrap();
    assert_eq!(config.seed(), 2);
    assert_eq!(config.world.keys["users"].as_integer(), Some(30));
    assert_eq!(config.world.keys["slate"].as_integer(), Some(2));
    assert_eq!(config.world.keys["topics"].as_integer(), Some(14), "the default");
}

#[test]
fn a_section_starts_anew_under_another_name_only() {
    let named = "recommender.name = \"popularity\"\nrecommender.half_life_ticks = 5";
    let same = resolve(&[named, "recommender.name = \"popularity\""]).unwrap();
    assert_eq!(same.recommender.keys["half_life_ticks"].as_integer(), Some(5));
    let other = resolve(&[named, "recommender.name = \"random\""]).unwrap();
    assert!(!other.recommender.keys.contains_key("half_life_ticks"));
    // A layer without a name is meant for whatever world comes above it.
    let unnamed = resolve(&["world.users = 9", "world.name = \"long-term-satisfaction-v1\""]).unwrap();
    assert_eq!(unnamed.world.keys["users"].as_integer(), Some(9));
}

#[test]
fn the_resolved_config_gives_the_same_run() {
    let config =
        resolve(&["run.steps = 12\nrun.threads = 2\nrun.out = \"x\"\nrecommender.temperature = 1"]).unwrap();
    let text = toml::to_string(&config.to_table()).unwrap();
    let again = resolve(&[&text]).unwrap();
    assert_eq!(config.differences(&again), Vec::<String>::new());
    assert_eq!((again.out(), again.horizon()), (None, Horizon::Steps(12)));
    assert!(text.contains("examination = 0.93\n"), "{text}");
}

#[test]
fn differences_are_named_and_what_only_carries_a_run_out_is_not_one() {
    let here = resolve(&["run.seed = 8\nrun.threads = 1\nworld.slate = 2"]).unwrap();
    let there =
        resolve(&["run.threads = 2\nrun.checkpoint_secs = 1\nrecommender.temperature = 0.5"]).unwrap();
    let named = [
        "recommender.temperature is 0.5 there and absent here",
        "run.seed is 7 there and 8 here",
        "world.slate is 10 there and 2 here",
    ];
    assert_eq!(here.differences(&there), named);
}

#[test]
fn a_name_nobody_knows_is_refused_with_the_nearest_one_that_is() {
    for (text, wanted) in [
        (
            "world.name = \"interest-evolution\"",
            "world `interest-evolution`: did you mean `interest-evolution-v0`?",
        ),
        ("recommender.name = \"popular\"", "recommender `popular`: did you mean `popularity`?"),
        ("world.bait_wieght = 5", "key of [world] `bait_wieght`: did you mean `bait_weight`? it is one of "),
        ("world.temperature = 5", "key of [world] `temperature`: did you mean `recommender.temperature`?"),
        ("run.sed = 5", "key of [run] `sed`: did you mean `seed`?"),
        ("log.enable = true", "key of [log] `enable`: did you mean `enabled`?"),
        ("wrld.users = 5", "section `wrld`: did you mean `world`?"),
        (
            "world.name = \"zzz\"",
            "world `zzz`: there are feed-v0, dialogue-feed-v0, creators-v0, interest-evolution-v0",
        ),
    ] {
        let message = refused(&[text]);
        assert!(message.starts_with(&format!("find {wanted}")), "{message}");
    }
}

#[test]
fn values_of_the_wrong_type_or_range_are_refused_by_key() {
    for (text, wanted) in [
        ("run.seed = -1", "read `run.seed`: "),
        ("run.checkpoint_secs = -1", "read `run.checkpoint_secs`: -1 is no time to wait"),
        ("run.threads = 0", "read `run.threads`: "),
        ("run.steps = 0", "read `run.steps`: it is 0; allowed is a whole number of ticks above 0"),
        ("run.days = \"many\"", "read `run.days`: it is \"many\"; allowed is a number of days above 0"),
        ("run.days = -1", "read `run.days`: it is -1; allowed is a number of days above 0"),
        ("run.until_done = false", "read `run.until_done`: it is false; allowed is true"),
        ("world = 5", "read `world`: it is a section"),
        ("world.name = 5", "read `world.name`: 5 is no name"),
    ] {
        let message = refused(&[text]);
        assert!(message.starts_with(wanted), "{message}");
    }
    let config = resolve(&["world.slate = \"x\""]).unwrap();
    let message = config.build_world().unwrap_err().to_string();
    assert!(message.starts_with("read `world.slate`: invalid type"), "{message}");
    let config = resolve(&["recommender.temperature = 0"]).unwrap();
    assert!(matches!(config.build_player(), Err(ConfigError::Part { .. })));
}

#[test]
fn a_run_stops_in_one_way() {
    assert!(matches!(resolve(&["run.steps = 1\nrun.days = 2"]), Err(ConfigError::Exclusive { .. })));
    assert_eq!(resolve(&["run.steps = 1", "run.until_done = true"]).unwrap().horizon(), Horizon::UntilDone);
    assert_eq!(resolve(&[]).unwrap().horizon(), Horizon::Days(30.0), "the default world's");
    let leaving = "world.name = \"interest-evolution-v0\"";
    assert_eq!(resolve(&[leaving]).unwrap().horizon(), Horizon::UntilDone);
    let days = resolve(&[leaving, "run.days = 3"]).unwrap();
    let spec = recloop_env::Env::spec(&days.build_world().unwrap()).clone();
    assert!(matches!(days.horizon().tick(&spec), Err(ConfigError::NoCalendar { .. })));
    let clock = Clock { tick_secs: 7_000.0, calendar: true };
    let tick = days.horizon().tick(&EnvSpec { clock, ..spec }).unwrap();
    assert_eq!(tick, Some(Tick(38)), "3 days are 37.03 ticks of 7,000 s, and the last one counts");
}

#[test]
fn where_nobody_leaves_a_run_has_an_end_of_its_own() {
    let endless = "world.name = \"interest-exploration-v0\"";
    let config = resolve(&[endless]).unwrap();
    assert_eq!((config.horizon(), config.recommender()), (Horizon::Steps(100), "random"));
    assert!(matches!(resolve(&[endless, "run.until_done = true"]), Err(ConfigError::Endless { .. })));
}

#[test]
fn every_world_runs_with_its_own_recommender() {
    for (name, entry) in worlds::registry().iter().filter(|(_, entry)| !entry.needs_data) {
        let config = resolve(&[&format!("world.name = \"{name}\"\nworld.users = 2")]).unwrap();
        assert_eq!(config.recommender(), entry.recommender);
        let world = config.build_world().unwrap();
        config.build_player().unwrap().begin(recloop_env::Env::spec(&world)).unwrap();
    }
}

#[test]
fn data_is_for_worlds_that_read_it() {
    assert!(matches!(resolve(&["world.data = \"ml\""]), Err(ConfigError::UnusedData { .. })));
}

#[test]
fn settings_are_toml_and_bare_words_are_strings() {
    let mut layer = Table::new();
    for text in
        ["candidates=5", " slate = 2", "recommender.name=mf-v1", "run.out=\"a b\"", "log.enabled=false"]
    {
        set(&mut layer, text).unwrap();
    }
    let wanted = "world.candidates = 5\nworld.slate = 2\nrecommender.name = \"mf-v1\"\nrun.out = \"a b\"\nlog.enabled = false";
    assert_eq!(layer, self::layer(wanted));
    for text in ["candidates", "=5", "a.b.c=5", "slate=", "slate=[1", "slate=1\nusers=2"] {
        assert!(matches!(set(&mut layer, text), Err(ConfigError::Set { .. })), "{text}");
    }
}
