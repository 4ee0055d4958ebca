//! What a surrogate costs: people in front of slates of ten, features included.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recloop_env::{ItemId, Streams, Tick, UserId};
use recloop_users::minds::surrogate::{After, Lesson, Surrogate, SurrogateConfig};
use recloop_users::minds::{Act, Facing, Mind, Offer, Remembered};
use recloop_users::psyche::{Identity, Life, Mood, Personal};

const PEOPLE: u32 = 4_096;
const SLATE: u32 = 10;

/// As good as any: what a network costs does not depend on what it learned.
fn taught() -> Surrogate {
    let lesson = |user: u32| Lesson {
        user: UserId(user),
        tick: Tick(0),
        person: [0.1; 10],
        offers: vec![[(user % 7) as f32 / 7.0; 9]],
        acts: vec![Act { watches_secs: user.is_multiple_of(3).then_some(20.0), verdict: None }],
        satisfaction: 0.5,
        feeling: 0.0,
        after: if user.is_multiple_of(5) { After::Left } else { After::Stayed },
    };
    let lessons: Vec<Lesson> = (0..1_000).map(lesson).collect();
    let config = SurrogateConfig { rounds: 2, ..SurrogateConfig::default() };
    let folder = tempfile::tempdir().expect("a folder");
    Surrogate::distil(&lessons, &config, 1, folder.path()).expect("lessons to learn from").0
}

fn surrogate(c: &mut Criterion) {
    let topics: Vec<String> = (0..14).map(|topic| format!("topic {topic}")).collect();
    let person = |user: u32| {
        let likes = (0..5).map(|rank| topics[((user + 3 * rank) % 14) as usize].clone()).collect();
        let life = Some(Life { likes, ..Life::default() });
        Identity { personal: Some(Personal::default()), life, ..Identity::default() }
    };
    let people: Vec<Identity> = (0..PEOPLE).map(person).collect();
    let fatigue: Vec<f32> = (0..14).map(|topic| topic as f32 / 4.0).collect();
    let offer = |user: u32, k: u32| Offer {
        item: ItemId((user * 7 + k * 1_013) % 5_000),
        title: "",
        topic: ((user + k) % 14) as u16,
        appeal: k as f32 / 10.0,
        promise: (k % 5) as f32 - 2.0,
    };
    let felt = |topic| Remembered { topic, felt: 0.4, hours_ago: 5.0 };
    let told = (0..).zip(&people).map(|(user, identity)| Facing {
        user: UserId(user),
        tick: Tick(3),
        now_hours: 12.0,
        identity,
        mood: Mood::default(),
        baseline: Mood::default(),
        fatigue: &fatigue,
        memories: (0..5).map(felt).collect(),
        mindset: "",
        slates_seen: 3,
        may_speak: user % 2 == 0,
        offers: (0..SLATE).map(|k| offer(user, k)).collect(),
        topics: &topics,
    });
    let (told, mind, rng): (Vec<_>, _, _) = (told.collect(), taught(), Streams::new(5));
    let mut group = c.benchmark_group("surrogate");
    group.throughput(Throughput::Elements(PEOPLE.into())).sample_size(20);
    group.bench_function("decide", |b| b.iter(|| black_box(mind.decide(black_box(&told), &rng))));
    group.bench_function("laws", |b| b.iter(|| black_box(mind.laws(black_box(&told)))));
    group.finish();
}

criterion_group!(benches, surrogate);
criterion_main!(benches);
