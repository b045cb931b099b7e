//! The list of keys.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::keys::{KeyFilter, KeyLine, KeyPage, ListKeys};

use super::{KEYS, State};
use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::pager::{self, Pager};
use crate::dashboard::viewer::Signed;

/// What can be listed: how the address says it, and the people.
const FILTERS: [(KeyFilter, &str, &str); 3] = [
    (KeyFilter::All, "all", "All"),
    (KeyFilter::Active, "active", "Active"),
    (KeyFilter::Ended, "revoked", "Revoked or expired"),
];

#[derive(Deserialize, Serialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<String>,
}

#[derive(Template)]
#[template(path = "keys/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    filter: KeyFilter,
    has_any: bool,
    pager: Pager,
}

struct Row {
    line: KeyLine,
    state: State,
}

/// Newest first.
pub(crate) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let (query, place) = (address::read::<Query>(&request)?, pager::place(&request)?);
    let found = FILTERS.into_iter().find(|(_, word, _)| query.show.as_deref() == Some(*word));
    let (filter, ..) = found.unwrap_or(FILTERS[0]);
    let KeyPage { keys, has_any } = app.office.ask(ListKeys { account: signed.viewer.account, filter, place }).await?;
    let pager = Pager::of((&place, &keys), (KEYS, &query));
    let rows = keys.rows.into_iter().map(|line| Row { state: State::of(&line.record, &*app.clock), line }).collect();
    let page = Page::of(&signed, Section::Keys, "API keys");
    render(&List { page, rows, filter, has_any, pager })
}
