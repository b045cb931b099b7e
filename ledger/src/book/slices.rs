//! Pages of lists, as they are read: from the row at their edge on, the way the list goes or back, and one row more
//! than a page has, which tells whether there are more.

use syntopen_shared::wire::office::paging::{Place, Slice};

/// Behind all identifiers, which are hexadecimal, in every collation; before those of the house, which are words.
pub(crate) const BEHIND_IDS: &str = "g";
/// Rows of an operator's page.
pub(crate) const ROWS: u32 = 25;
/// No page has more rows, where whoever asks for it says how many.
const ROWS_MAX: u32 = 100;

/// How many rows a statement for an operator's page asks for: one more. Written out, so that PostgreSQL knows how few
/// they are when it plans the statement.
macro_rules! rows {
    () => {
        " LIMIT 26"
    };
}
pub(crate) use rows;

const _: () = assert!(ROWS == 25, "the statements ask for one row more");

/// The way from the edge of a page to its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As the list goes.
    On,
    /// Against it.
    Back,
}

/// The way to the rows of a page.
pub(crate) const fn way<C>(place: &Place<C>) -> Way {
    match place {
        Place::First | Place::After(_) => Way::On,
        Place::Before(_) => Way::Back,
    }
}

/// The way to the rows of a page, and the identifier beside which it begins, of a list whose largest one is its first.
pub(crate) fn edge<I: ToString>(place: &Place<I>) -> (Way, String) {
    let id = match place {
        Place::First => BEHIND_IDS.to_owned(),
        Place::After(id) | Place::Before(id) => id.to_string(),
    };
    (way(place), id)
}

/// How many rows a page has, of which so many are asked for.
pub(crate) fn limit(asked: u32) -> u32 {
    asked.clamp(1, ROWS_MAX)
}

/// The page at `place`, of the rows that were read on the way to it: `limit` of them, and one more where there are.
pub(crate) fn cut<T, C>(mut rows: Vec<T>, (place, limit): (&Place<C>, u32), cursor: impl Fn(&T) -> C) -> Slice<T, C> {
    let limit = limit as usize;
    let has_more = limit < rows.len();
    rows.truncate(limit);
    if way(place) == Way::Back {
        rows.reverse();
    }
    let (has_before, has_after) = match place {
        Place::First => (false, has_more),
        Place::After(_) => (true, has_more),
        Place::Before(_) => (has_more, true),
    };
    let edge = |row: Option<&T>, is_there: bool| row.filter(|_| is_there).map(&cursor);
    Slice { before: edge(rows.first(), has_before), after: edge(rows.last(), has_after), rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursors and the rows of a page of three, of so many numbers that were read.
    fn page(count: u8, place: &Place<u8>) -> (Option<u8>, Vec<u8>, Option<u8>) {
        let Slice { before, after, rows } = cut((0..count).collect(), (place, 3), |row| *row);
        (before, rows, after)
    }

    #[test]
    fn pages_name_their_neighbours() {
        let (after, before) = (Place::After(9), Place::Before(9));
        assert_eq!(page(0, &Place::First), (None, vec![], None));
        assert_eq!(page(3, &Place::First), (None, vec![0, 1, 2], None));
        assert_eq!(page(4, &Place::First), (None, vec![0, 1, 2], Some(2)));
        assert_eq!(page(4, &after), (Some(0), vec![0, 1, 2], Some(2)));
        assert_eq!(page(2, &after), (Some(0), vec![0, 1], None));
        assert_eq!(page(4, &before), (Some(2), vec![2, 1, 0], Some(0)), "read in reverse");
        assert_eq!(page(2, &before), (None, vec![1, 0], Some(0)));
        assert_eq!(page(0, &after), (None, vec![], None));
    }

    #[test]
    fn lists_begin_behind_all_identifiers() {
        assert_eq!(edge(&Place::<&str>::First), (Way::On, "g".to_owned()));
        assert_eq!(edge(&Place::After("0f")), (Way::On, "0f".to_owned()));
        assert_eq!(edge(&Place::Before("0f")), (Way::Back, "0f".to_owned()));
    }
}
