//! What a user model carries, as arrays with names.

use crate::Grid;

/// A user model's state: a struct of arrays that can name its arrays; write it with [`state!`](crate::state).
///
/// Naming them once buys snapshots, forks, interventions and truth logs. Everything that evolves must be named:
/// the contract kit steps a restored copy beside the original and compares.
pub trait State: Clone + Send + Sync + 'static {
    /// Every array `[n, width]`, a row for every user, always in the same order.
    fn fields(&self) -> Vec<(&'static str, &Grid<f32>)>;

    /// The same arrays, to write.
    fn fields_mut(&mut self) -> Vec<(&'static str, &mut Grid<f32>)>;
}

/// Declares a state: a struct of `Grid<f32>` arrays that is a [`State`].
///
/// ```
/// recloop_env::state! {
///     /// What a reader carries from slate to slate.
///     pub struct Reader {
///         /// `[n, 3]` interest in each topic, in [−1, 1].
///         interest,
///         /// `[n, 1]` minutes left.
///         budget_minutes,
///     }
/// }
/// use recloop_env::{Grid, State};
/// let state = Reader { interest: Grid::zeros(2, 3), budget_minutes: Grid::zeros(2, 1) };
/// assert_eq!(state.fields()[0].0, "interest");
/// ```
#[macro_export]
macro_rules! state {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($(#[$field_doc:meta])* $field:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[$field_doc])* $vis $field: $crate::Grid<f32>),+
        }

        impl $crate::State for $name {
            fn fields(&self) -> Vec<(&'static str, &$crate::Grid<f32>)> {
                vec![$((stringify!($field), &self.$field)),+]
            }

            fn fields_mut(&mut self) -> Vec<(&'static str, &mut $crate::Grid<f32>)> {
                vec![$((stringify!($field), &mut self.$field)),+]
            }
        }
    };
}
