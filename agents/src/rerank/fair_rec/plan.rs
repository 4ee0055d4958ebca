//! Who takes what: a round robin of creators with so many places each.

/// A creator somebody may be shown, by the best item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// Larger for what is liked better.
    pub(super) key: u64,
    pub(super) creator: usize,
    /// Where the item stands on the row's list.
    pub(super) place: usize,
}

/// `[P]` how many places each creator has to give: L, or 0 to whom nobody may be shown anything of.
pub(super) fn guarantee(dial: f32, slate_size: usize, wishes: &[Vec<Wish>]) -> Vec<usize> {
    let mut copies = Vec::new();
    for wish in wishes.iter().flatten() {
        if wish.creator >= copies.len() {
            copies.resize(wish.creator + 1, 0);
        }
        copies[wish.creator] = 1;
    }
    let n: usize = copies.iter().sum();
    let an_equal_part = wishes.len() * slate_size / n.max(1);
    let each = ((dial * an_equal_part as f32) as usize).min(wishes.len());
    copies.iter_mut().for_each(|copies| *copies *= each);
    copies
}

/// `[B]` the places of what each row takes: in turn, the best of the creators with places left that the row has nothing of.
///
/// `wishes[row]` is best first. It ends when a whole round takes nothing, or when a row has all the creators that have
/// places left; a row to whom they are barred is passed over.
pub(super) fn divide(
    turns: &[usize],
    wishes: &[Vec<Wish>],
    slate_size: usize,
    mut copies: Vec<usize>,
) -> Vec<Vec<usize>> {
    let mut taken = vec![Vec::new(); wishes.len()];
    // How far each row has read its wishes: what it took or found empty stays so.
    let mut read = vec![0; wishes.len()];
    let mut with_places = copies.iter().filter(|copies| **copies > 0).count();
    let mut anybody = true;
    while anybody && with_places > 0 {
        anybody = false;
        for &row in turns.iter().filter(|_| slate_size > 0) {
            if taken[row].len() == slate_size {
                continue;
            }
            let (wishes, read) = (&wishes[row], &mut read[row]);
            *read += wishes[*read..].iter().take_while(|wish| copies[wish.creator] == 0).count();
            let Some(wish) = wishes.get(*read) else {
                if has_all(wishes, &copies, with_places) {
                    return taken;
                }
                continue;
            };
            taken[row].push(wish.place);
            *read += 1;
            anybody = true;
            copies[wish.creator] -= 1;
            with_places -= usize::from(copies[wish.creator] == 0);
        }
    }
    taken
}

/// Whether somebody who found nothing has taken of all who have places left, rather than being barred from some.
fn has_all(wishes: &[Wish], copies: &[usize], with_places: usize) -> bool {
    with_places > 0 && wishes.iter().filter(|wish| copies[wish.creator] > 0).count() == with_places
}
