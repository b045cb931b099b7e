//! The way from one page of a list to the next: the same for every list.

use std::str::FromStr;

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::paging::{Place, Slice};

use super::address;
use super::error::PageError;

/// No cursor is longer: the longest is an e-mail address.
const CURSOR_MAX: usize = 254;

/// How an address names a page of a list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    before: String,
    after: String,
}

/// The page of a list that the address of a request names; the first one, where it names none.
///
/// # Errors
/// [`PageError::NotFound`] where what it names is no page of this list. The first page in its place would be taken for
/// the one that was asked for.
pub(crate) fn place<C: FromStr>(request: &HttpRequest) -> Result<Place<C>, PageError> {
    read(request.query_string()).ok_or(PageError::NotFound)
}

fn read<C: FromStr>(query: &str) -> Option<Place<C>> {
    let Named { before, after } = serde_html_form::from_str(query).ok()?;
    match (before.as_str(), after.as_str()) {
        ("", "") => Some(Place::First),
        (before, "") => cursor(before).map(Place::Before),
        ("", after) => cursor(after).map(Place::After),
        _ => None,
    }
}

fn cursor<C: FromStr>(text: &str) -> Option<C> {
    let can_be = text.len() <= CURSOR_MAX && !text.chars().any(char::is_control);
    if can_be { text.parse().ok() } else { None }
}

/// The links of a page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pager {
    /// To the page before.
    pub(crate) before: Option<String>,
    /// To the page after.
    pub(crate) after: Option<String>,
}

/// The address of a page, behind its `?`.
#[derive(Serialize)]
struct Link<'a, F, C> {
    #[serde(flatten)]
    filter: &'a F,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a C>,
}

impl Pager {
    /// The links of the page at `place` of the list at `path`; they keep its filter.
    #[must_use]
    pub(crate) fn of<T, C: Serialize>(
        (place, slice): (&Place<C>, &Slice<T, C>),
        (path, filter): (&str, &impl Serialize),
    ) -> Self {
        let link = |before, after| address::write(path, &Link { filter, before, after });
        // The rows of a page may be gone since somebody linked to it.
        let is_lost = slice.rows.is_empty() && !matches!(place, Place::First);
        let first = is_lost.then(|| link(None, None));
        Self {
            before: slice.before.as_ref().map(|cursor| link(Some(cursor), None)).or(first),
            after: slice.after.as_ref().map(|cursor| link(None, Some(cursor))),
        }
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::id::KeyId;

    use super::*;

    const KEY: &str = "0193a1b2-c3d4-7000-8000-000000000000";

    #[test]
    fn addresses_name_pages() {
        let key: KeyId = KEY.parse().unwrap();
        for query in ["", "before=&after=", "show=all", "show=all&after="] {
            assert_eq!(read::<KeyId>(query), Some(Place::First), "{query}");
        }
        assert_eq!(read(&format!("show=all&after={KEY}")), Some(Place::After(key)));
        assert_eq!(read(&format!("before={KEY}&after=")), Some(Place::Before(key)));
        assert_eq!(read("after=ada%2B1%40example.com"), Some(Place::After("ada+1@example.com".to_owned())));
    }

    #[test]
    fn what_is_no_cursor_names_no_page() {
        for query in ["after=1", "before=%00", "after=%27%3B--", "after=%ff"] {
            assert_eq!(read::<KeyId>(query), None, "{query}");
        }
        let both = [format!("before={KEY}&after={KEY}"), format!("after={KEY}&after={KEY}")];
        assert!(both.iter().all(|query| read::<KeyId>(query).is_none()));
        for text in ["a%00b", "a%0Ab", &"a".repeat(255)] {
            assert_eq!(read::<String>(&format!("after={text}")), None, "{text}");
        }
    }

    #[test]
    fn links_keep_the_filter() {
        #[derive(Serialize)]
        struct Filter {
            q: &'static str,
        }
        let of = |place, slice| Pager::of((&place, &slice), ("/list", &Filter { q: "a b" }));
        let slice = |before, after| Slice { rows: vec![()], before, after };
        assert_eq!(of(Place::First, slice(None, None)), Pager::default());
        let pager = of(Place::First, slice(Some("x@y"), Some("z&")));
        assert_eq!(pager.before.as_deref(), Some("/list?q=a+b&before=x%40y"));
        assert_eq!(pager.after.as_deref(), Some("/list?q=a+b&after=z%26"));
        assert_eq!(of(Place::First, Slice::default()), Pager::default());
        let lost = of(Place::After("x"), Slice::default());
        assert_eq!((lost.before.as_deref(), lost.after), (Some("/list?q=a+b"), None), "there is a way out");
    }
}
