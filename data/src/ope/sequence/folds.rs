//! Cross-fitting by user: who is asked about is never who was learned from.

use recloop_env::philox4x32;

use super::walk::Walks;
use crate::ope::OpeError;

/// Sets these hashes apart from others of the same ids (chosen by us).
const KEY: [u32; 2] = [0x666f_6c64, 0];

/// The fold of a user: the same in every log and on every machine.
pub(super) fn fold_of(user: u64, folds: usize) -> usize {
    let words = philox4x32([user as u32, (user >> 32) as u32, 0, 0], KEY);
    ((u64::from(words[0]) << 32 | u64::from(words[1])) % folds.max(1) as u64) as usize
}

/// Who is in which fold.
pub(super) struct Folds {
    /// `[n]` the fold of each trajectory.
    pub(super) of: Vec<usize>,
    pub(super) n: usize,
}

impl Folds {
    /// The folds of `walks`; everybody must have somebody else to learn from.
    pub(super) fn cut(walks: &Walks<'_>, n: usize) -> Result<Self, OpeError> {
        let of: Vec<_> = walks.all.iter().map(|walk| fold_of(walk.user, n)).collect();
        if n > 1 && of.iter().all(|fold| *fold == of[0]) {
            let reason = "all users fall into one of them, and none is left to learn from; give more users, \
                          or 1 to learn from those who are asked about"
                .into();
            return Err(OpeError::Request { what: format!("{n} folds"), reason });
        }
        Ok(Self { of, n })
    }

    /// Whether those who are asked about in fold `asked` learn from fold `other`.
    pub(super) fn learns(&self, asked: usize, other: usize) -> bool {
        self.n == 1 || asked != other
    }
}
