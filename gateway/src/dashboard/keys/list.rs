//! The list of keys.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::office::keys::{KeyFilter, KeyLine, KeyPlace, ListKeys};

use super::{KEYS, State};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Signed;

/// What can be listed: how the address says it, and the people.
const FILTERS: [(KeyFilter, &str, &str); 3] = [
    (KeyFilter::All, "all", "All"),
    (KeyFilter::Active, "active", "Active"),
    (KeyFilter::Ended, "revoked", "Revoked or expired"),
];

#[derive(Deserialize)]
pub(crate) struct Query {
    show: Option<String>,
    before: Option<KeyId>,
    after: Option<KeyId>,
}

#[derive(Template)]
#[template(path = "keys/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    filter: KeyFilter,
    has_any: bool,
    newer: Option<String>,
    older: Option<String>,
}

struct Row {
    line: KeyLine,
    state: State,
}

/// Newest first.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, PageError> {
    let Query { show, before, after } = query.map_err(|_| PageError::NotFound)?.into_inner();
    let asked = show.unwrap_or_default();
    let found = FILTERS.into_iter().find(|(_, word, _)| *word == asked);
    let (filter, word, _) = found.unwrap_or(FILTERS[0]);
    let place = match (before, after) {
        (Some(key), _) => KeyPlace::Older(key),
        (None, Some(key)) => KeyPlace::Newer(key),
        (None, None) => KeyPlace::Newest,
    };
    let part = app.office.ask(ListKeys { account: signed.viewer.account, filter, place }).await?;
    let way = |exists: bool, side: &str, line: Option<&KeyLine>| {
        line.filter(|_| exists).map(|line| format!("{KEYS}?show={word}&{side}={}", line.record.key))
    };
    let newer = way(part.has_newer, "after", part.keys.first());
    let older = way(part.has_older, "before", part.keys.last());
    let rows = part.keys.into_iter().map(|line| Row { state: State::of(&line.record, &*app.clock), line }).collect();
    let page = Page::of(&signed, Section::Keys, "API keys");
    render(&List { page, rows, filter, has_any: part.has_any, newer, older })
}
