//! Pages of lists, told apart by the row at their edge, so that the last page costs what the first one does.

use syntopen_shared::wire::office::operator::{PAGE_MAX, Place, Slice};

/// How many rows a statement asks for: one more than a page has tells that there are more. Written out, so that
/// PostgreSQL knows how few they are when it plans the statement.
macro_rules! rows {
    () => {
        " LIMIT 26"
    };
}
pub(crate) use rows;

const _: () = assert!(PAGE_MAX == 25, "the statements ask for one row more");

/// The page at `place`, of rows that were read away from its cursor: of a page before one, in reverse.
pub(crate) fn slice<T>(mut rows: Vec<T>, place: &Place, cursor: impl Fn(&T) -> String) -> Slice<T> {
    let has_more = PAGE_MAX < rows.len();
    rows.truncate(PAGE_MAX);
    let (has_before, has_after) = match place {
        Place::First => (false, has_more),
        Place::After(_) => (true, has_more),
        Place::Before(_) => {
            rows.reverse();
            (has_more, true)
        }
    };
    let edge = |row: Option<&T>, is_there: bool| row.filter(|_| is_there).map(&cursor);
    Slice { before: edge(rows.first(), has_before), after: edge(rows.last(), has_after), rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(count: usize, place: &Place) -> (Option<String>, Option<String>, usize) {
        let Slice { before, after, rows } = slice((0..count).collect(), place, ToString::to_string);
        (before, after, rows.len())
    }

    #[test]
    fn pages_name_their_neighbours() {
        let (some, none) = (|text: &str| Some(text.to_owned()), None::<String>);
        let (after, before) = (Place::After("x".to_owned()), Place::Before("x".to_owned()));
        assert_eq!(edges(0, &Place::First), (none.clone(), none.clone(), 0));
        assert_eq!(edges(25, &Place::First), (none.clone(), none.clone(), 25));
        assert_eq!(edges(26, &Place::First), (none.clone(), some("24"), 25));
        assert_eq!(edges(26, &after), (some("0"), some("24"), 25));
        assert_eq!(edges(3, &after), (some("0"), none.clone(), 3));
        assert_eq!(edges(26, &before), (some("24"), some("0"), 25), "read in reverse");
        assert_eq!(edges(3, &before), (none.clone(), some("0"), 3));
        assert_eq!(edges(0, &after), (none.clone(), none, 0));
    }
}
