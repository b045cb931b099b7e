//! Pages of lists. A page is told by the row at its edge and not by a number, so that the last one costs what the first
//! one does, and rows that are added meanwhile move nothing.

use serde::{Deserialize, Serialize};

/// Which page of a list. A cursor names a row by what the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place<C> {
    /// The first one.
    #[default]
    First,
    /// The one that begins after this row.
    After(C),
    /// The one that ends before this row.
    Before(C),
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice<T, C> {
    /// Its rows, in the order of the list.
    pub rows: Vec<T>,
    /// The row that the page before ends before, where there is one.
    pub before: Option<C>,
    /// The row that the page after begins after, where there is one.
    pub after: Option<C>,
}

impl<T, C> Default for Slice<T, C> {
    fn default() -> Self {
        Self { rows: Vec::new(), before: None, after: None }
    }
}
