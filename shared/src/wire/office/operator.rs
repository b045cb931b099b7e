//! What operators look at and do. The acts name the person, and are refused where that person is no operator.

pub mod accounts;
pub mod audit;
pub mod gateways;
pub mod ledger;

use serde::{Deserialize, Serialize};

/// Rows of one page of a list.
pub const PAGE_MAX: usize = 25;

/// Which page of a list: the cursors are those of a [`Slice`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The first one.
    #[default]
    First,
    /// The one that ends before this row.
    Before(String),
    /// The one that begins after this row.
    After(String),
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice<T> {
    /// Its rows, in their order.
    pub rows: Vec<T>,
    /// The cursor of the page before, where there is one.
    pub before: Option<String>,
    /// The cursor of the page after, where there is one.
    pub after: Option<String>,
}

impl<T> Default for Slice<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), before: None, after: None }
    }
}
