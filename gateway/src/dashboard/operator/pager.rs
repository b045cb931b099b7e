//! The way from one page of a list to the next.

use serde::Serialize;
use syntopen_shared::wire::office::operator::{Place, Slice};

/// No cursor is longer.
const CURSOR_MAX: usize = 300;

/// Where in a list a request wants to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursors {
    before: Option<String>,
    after: Option<String>,
}

impl Cursors {
    /// The cursors of a request.
    #[must_use]
    pub(crate) const fn new(before: Option<String>, after: Option<String>) -> Self {
        Self { before, after }
    }

    /// The page that is meant. What cannot be a cursor is the first page.
    #[must_use]
    pub(crate) fn place(self) -> Place {
        let is_cursor = |cursor: &String| !cursor.is_empty() && cursor.len() <= CURSOR_MAX && !cursor.contains('\0');
        match (self.after.filter(is_cursor), self.before.filter(is_cursor)) {
            (Some(after), _) => Place::After(after),
            (None, Some(before)) => Place::Before(before),
            (None, None) => Place::First,
        }
    }
}

/// The links of a list.
#[derive(Clone, Debug)]
pub(crate) struct Pager {
    /// To the page before.
    pub(crate) before: Option<String>,
    /// To the page after.
    pub(crate) after: Option<String>,
}

#[derive(Serialize)]
struct Link<'a, F> {
    #[serde(flatten)]
    filter: &'a F,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

impl Pager {
    /// The links of a list at `path`, which keep its filter.
    #[must_use]
    pub(crate) fn of<T, F: Serialize>(slice: &Slice<T>, path: &str, filter: &F) -> Self {
        let link = |before: Option<&str>, after: Option<&str>| {
            let query = serde_html_form::to_string(Link { filter, before, after }).unwrap_or_default();
            format!("{path}?{query}")
        };
        Self {
            before: slice.before.as_deref().map(|cursor| link(Some(cursor), None)),
            after: slice.after.as_deref().map(|cursor| link(None, Some(cursor))),
        }
    }
}
