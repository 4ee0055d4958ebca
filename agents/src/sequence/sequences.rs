//! What people clicked, in order.

use recloop_env::{EnvSpec, Event, Grid, ItemId, RecommendError, Transition};
use recloop_nn::blocks::Levels;

use super::NOBODY;
use super::looks::Looks;
use crate::scorer::need_durable;

/// The clicks of each person, oldest first, with what was observed of the person just before; and what the items look
/// like.
///
/// Fed with the transitions of a live run or a log, in order. A person who takes over a place starts a sequence of
/// their own. Several clicks on a slate count from the top down.
///
/// ```
/// use recloop_agents::sequence::Sequences;
/// use recloop_env::testing::{ToyRecommender, toy_feed};
/// use recloop_env::{Env, ResetOptions, play};
///
/// let mut world = toy_feed(20);
/// let mut clicks = Sequences::new(world.spec())?;
/// play(&mut world, &mut ToyRecommender::default(), 7, &ResetOptions::default(), |t| clicks.push(t))?;
/// assert!(clicks.n_people() > 10 && clicks.n_clicks() > clicks.n_people());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sequences {
    pub(super) looks: Looks,
    /// Of people whose places were taken over.
    left: Vec<Clicks>,
    /// By user.
    here: Vec<Clicks>,
    /// `[I, F]` features of everything published so far.
    pub(super) items: Grid<f32>,
    /// `[I]` how often each item was clicked.
    pub(super) counts: Vec<u32>,
    /// How many items there were in the beginning.
    n_first: Option<usize>,
}

/// One person's clicks.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Clicks {
    pub(super) items: Vec<u32>,
    /// `[n, F]` what was observed of the person before each.
    pub(super) seen: Vec<f32>,
}

impl Sequences {
    /// No clicks yet.
    ///
    /// # Errors
    /// [`RecommendError::Unfit`] for a world whose items do not last.
    pub fn new(spec: &EnvSpec) -> Result<Self, RecommendError> {
        need_durable("sequences", spec)?;
        let looks = Looks::of(spec);
        let items = Grid::new(looks.widths().item);
        Ok(Self {
            looks,
            left: Vec::new(),
            here: vec![Clicks::default(); spec.n_users],
            items,
            counts: Vec::new(),
            n_first: None,
        })
    }

    /// Takes the clicks of a tick.
    pub fn push(&mut self, t: &Transition<'_>) {
        let Some(catalogue) = t.seen.items.catalogue() else { return };
        for item in self.items.rows()..catalogue.len() {
            self.items.push_row(&vec![0.0; self.items.width()]);
            self.looks.write_item(catalogue, ItemId(item as u32), self.items.row_mut(item));
        }
        self.n_first.get_or_insert(catalogue.len());
        self.counts.resize(self.items.rows(), 0);
        for (row, user) in t.seen.users.iter().enumerate() {
            if user.index() >= self.here.len() {
                self.here.resize(user.index() + 1, Clicks::default());
            }
            let clicks = &mut self.here[user.index()];
            let shown = t.slates.items.row(row).iter().zip(t.step.responses.click.row(row));
            for item in shown.filter(|(_, clicked)| **clicked).map(|(item, _)| item) {
                clicks.items.push(item.0);
                clicks.seen.extend(self.looks.user(t.seen.user_features.row(row)));
                self.counts[item.index()] += 1;
            }
        }
        for event in &t.step.events {
            if let Event::Renew { user } = event
                && let Some(clicks) =
                    self.here.get_mut(user.index()).filter(|clicks| !clicks.items.is_empty())
            {
                self.left.push(std::mem::take(clicks));
            }
        }
    }

    /// How many people clicked anything.
    #[must_use]
    pub fn n_people(&self) -> usize {
        self.people().count()
    }

    /// How many clicks there are.
    #[must_use]
    pub fn n_clicks(&self) -> usize {
        self.people().map(|clicks| clicks.items.len()).sum()
    }

    /// How many items were published.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.items.rows()
    }

    /// Which ids can have vectors of their own: all, if the catalogue stayed as it was; if it grew, none, as there under
    /// another seed an id is another item, and looks are what carries over.
    #[must_use]
    pub fn levels(&self) -> Levels {
        if self.n_first == Some(self.n_items()) { Levels::Closed(self.n_items()) } else { NOBODY }
    }

    /// Who clicked anything, in a fixed order.
    pub(super) fn people(&self) -> impl Iterator<Item = &Clicks> {
        self.left.iter().chain(&self.here).filter(|clicks| !clicks.items.is_empty())
    }
}
