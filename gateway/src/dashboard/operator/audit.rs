//! Who did what, when, and from where.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::operator::audit::{AuditPage, AuditRow, ReadAudit};

use super::detail;
use crate::app::App;
use crate::dashboard::address;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::pager::{self, Pager};
use crate::dashboard::viewer::Operator;

const PATH: &str = "/dashboard/operator/audit";
/// No address, and no kind of act, is longer.
const FILTER_MAX: usize = 254;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    act: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    person: String,
}

#[derive(Template)]
#[template(path = "operator/audit.html")]
struct AuditLog {
    page: Page,
    query: Query,
    kinds: Vec<String>,
    rows: Vec<AuditRow>,
    pager: Pager,
}

impl AuditLog {
    /// The account that an act was about, where it was about one.
    fn account<'a>(&self, row: &'a AuditRow) -> Option<&'a str> {
        row.act.starts_with("account.").then_some(row.subject.as_str()).filter(|subject| !subject.is_empty())
    }
}

/// The log.
pub(crate) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    Operator(signed): Operator,
) -> Result<HttpResponse, PageError> {
    let (query, place) = (address::read::<Query>(&request)?, pager::place(&request)?);
    let filter = |text: &str| {
        let cut: String = text.trim().chars().filter(|char| *char != '\0').take(FILTER_MAX).collect();
        Some(cut).filter(|text| !text.is_empty())
    };
    let read = ReadAudit { act: filter(&query.act), person: filter(&query.person), place };
    let AuditPage { acts, kinds } = app.office.ask(read).await?;
    let pager = Pager::of((&place, &acts), (PATH, &query));
    let page = Page::of(&signed, Section::Audit, "Audit log");
    render(&AuditLog { page, query, kinds, rows: acts.rows, pager })
}
