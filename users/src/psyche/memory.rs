//! What somebody remembers: a bounded stream of moments, of any kind.

use super::{Cue, Mood, Recall};

/// One moment, kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory<T> {
    /// What it is of: words, or a topic and a value.
    pub what: T,
    /// How much it mattered, on any scale.
    pub importance: f32,
    /// When it last came to mind, in hours on the user's clock.
    pub last_hours: f64,
    /// How one felt.
    pub mood: Mood,
}

/// A bounded memory stream.
///
/// A new moment pushes out, when the stream is full, the one with the least `γ^hours · importance` (forgetting; the rule is ours).
/// What comes to mind is as fresh as new. When the importance of what was lived since the last reflection adds up to a threshold, it is time
/// to reflect: the owner draws its conclusion and remembers that.
///
/// ```
/// use recloop_users::psyche::{Memories, Mood, Recall};
/// let mut memories = Memories::new(Recall::default(), 2, 1.5);
/// for (hour, (what, importance)) in [("bread", 0.2), ("a long match", 0.9), ("jazz", 0.6)].into_iter().enumerate() {
///     memories.remember(what, importance, hour as f64, Mood::default());
/// }
/// let about = |what: &&str| if *what == "jazz" { 1.0 } else { 0.0 };
/// let first = memories.retrieve(3.0, Mood::default(), about, 1)[0];
/// assert_eq!(memories.all()[first].what, "jazz");
/// assert!(memories.all().iter().all(|memory| memory.what != "bread"), "the least of them is forgotten");
/// assert!(memories.is_reflection_due());
/// ```
///
/// # Source
/// Park et al. (2023), "Generative Agents: Interactive Simulacra of Human Behavior".
#[derive(Debug, Clone, PartialEq)]
pub struct Memories<T> {
    recall: Recall,
    capacity: usize,
    threshold: f32,
    since_reflection: f32,
    all: Vec<Memory<T>>,
}

impl<T> Memories<T> {
    /// No memories yet, at most `capacity` of them (at least one), and a reflection when `threshold` of importance is lived.
    #[must_use]
    pub fn new(recall: Recall, capacity: usize, threshold: f32) -> Self {
        Self { recall, capacity: capacity.max(1), threshold, since_reflection: 0.0, all: Vec::new() }
    }

    /// Everything remembered, in no particular order.
    #[must_use]
    pub fn all(&self) -> &[Memory<T>] {
        &self.all
    }

    /// Keeps a moment.
    pub fn remember(&mut self, what: T, importance: f32, now_hours: f64, mood: Mood) {
        let new = Memory { what, importance, last_hours: now_hours, mood };
        self.since_reflection += importance;
        if self.all.len() < self.capacity {
            self.all.push(new);
            return;
        }
        let worth = |memory: &Memory<T>| {
            self.recall.recency((now_hours - memory.last_hours) as f32) * memory.importance
        };
        let least = (0..self.all.len()).min_by(|&a, &b| worth(&self.all[a]).total_cmp(&worth(&self.all[b])));
        self.all[least.expect("the capacity is at least one")] = new;
    }

    /// The places in [`all`](Memories::all) of the `n` memories that come to mind now, best first; they are fresh from then on.
    pub fn retrieve(
        &mut self,
        now_hours: f64,
        mood: Mood,
        relevance: impl Fn(&T) -> f32,
        n: usize,
    ) -> Vec<usize> {
        let cue = |memory: &Memory<T>| Cue {
            age_hours: (now_hours - memory.last_hours) as f32,
            importance: memory.importance,
            relevance: relevance(&memory.what),
            likeness: mood.likeness(memory.mood),
        };
        let cues: Vec<Cue> = self.all.iter().map(cue).collect();
        let found = self.recall.order(&cues, n);
        found.iter().for_each(|&at| self.all[at].last_hours = now_hours);
        found
    }

    /// Whether enough was lived to think about it.
    #[must_use]
    pub fn is_reflection_due(&self) -> bool {
        self.since_reflection >= self.threshold
    }

    /// Keeps what was concluded, and starts counting again.
    pub fn reflect(&mut self, conclusion: T, importance: f32, now_hours: f64, mood: Mood) {
        self.remember(conclusion, importance, now_hours, mood);
        self.since_reflection = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psyche_memories_are_bounded_and_the_faintest_goes_first() {
        let mut memories = Memories::new(Recall { keep_per_hour: 0.5, ..Recall::default() }, 3, 10.0);
        for (what, importance, hour) in [(0, 1.0, 0.0), (1, 0.3, 2.0), (2, 0.6, 2.0)] {
            memories.remember(what, importance, hour, Mood::default());
        }
        // At hour 2: .25, .3, .6.
        memories.remember(3, 0.1, 2.0, Mood::default());
        let kept = |memories: &Memories<i32>| memories.all().iter().map(|it| it.what).collect::<Vec<_>>();
        assert_eq!(kept(&memories), [3, 1, 2]);
        for hour in 3..1_000 {
            memories.remember(hour, 0.5, f64::from(hour), Mood::default());
        }
        assert_eq!(memories.all().len(), 3);
    }

    #[test]
    fn psyche_what_comes_to_mind_is_fresh_again_and_reflection_starts_over() {
        let mut memories = Memories::new(Recall { keep_per_hour: 0.5, ..Recall::default() }, 2, 1.0);
        memories.remember("old", 0.5, 0.0, Mood::default());
        memories.remember("new", 0.4, 1.0, Mood::default());
        assert!(!memories.is_reflection_due());
        let found = memories.retrieve(5.0, Mood::default(), |what| f32::from(*what == "old") * 9.0, 1);
        assert_eq!(found, [0]);
        assert_eq!(memories.all()[0].last_hours, 5.0);
        memories.remember("third", 0.1, 5.0, Mood::default());
        assert!(memories.is_reflection_due() && memories.all().iter().any(|it| it.what == "old"));
        memories.reflect("old ones last", 1.0, 5.0, Mood::default());
        assert!(!memories.is_reflection_due());
    }
}
