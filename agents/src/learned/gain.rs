//! Which item of a slate a reward is owed to.

use recloop_env::{EnvSpec, Part, Responses, RewardPart};

/// What a response to one item is worth: the parts of a world's reward that are sums over a slate.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Worth {
    click: f32,
    minute: f32,
    /// Place and weight.
    signals: Vec<(usize, f32)>,
}

impl Worth {
    /// By the weights of a world; other parts of its reward are owed to no single item.
    pub(crate) fn of_world(spec: &EnvSpec) -> Self {
        let weight = |part: Part| {
            let name = part.name();
            spec.reward_parts.iter().filter(|(other, _)| *other == name).map(|(_, weight)| weight).sum()
        };
        let signals = spec.signals.iter().enumerate();
        Self {
            click: weight(Part::Clicks),
            minute: weight(Part::DwellMinutes),
            signals: signals
                .map(|(at, name)| (at, weight(Part::Signal { name: name.clone(), at })))
                .collect(),
        }
    }

    /// What position `k` of row `row` brought.
    pub(crate) fn of(&self, did: &Responses, row: usize, k: usize) -> f32 {
        let click = f32::from(u8::from(did.click.row(row)[k]));
        let signals = self.signals.iter().map(|(at, weight)| weight * did.signal(*at, row)[k]);
        self.click * click + self.minute * did.dwell_secs.row(row)[k] / 60.0 + signals.sum::<f32>()
    }
}
