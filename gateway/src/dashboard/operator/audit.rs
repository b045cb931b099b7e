//! Who did what, when, and from where.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::wire::office::operator::audit::{AuditPage, AuditRow, ReadAudit};

use super::detail;
use super::pager::{Cursors, Pager};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Operator;

const PATH: &str = "/dashboard/operator/audit";
/// No address, and no kind of act, is longer.
const FILTER_MAX: usize = 254;

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    act: String,
    #[serde(default)]
    person: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Filter<'a> {
    act: &'a str,
    person: &'a str,
}

#[derive(Template)]
#[template(path = "operator/audit.html")]
struct AuditLog {
    page: Page,
    act: String,
    person: String,
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
    app: web::Data<App>,
    Operator(signed): Operator,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let Query { act, person, before, after } = query.into_inner();
    let (act, person) = (act.trim().to_owned(), person.trim().to_owned());
    let filter = |text: &String| {
        let cut: String = text.chars().filter(|char| *char != '\0').take(FILTER_MAX).collect();
        Some(cut).filter(|text| !text.is_empty())
    };
    let place = Cursors::new(before, after).place();
    let AuditPage { acts, kinds } =
        app.office.ask(ReadAudit { act: filter(&act), person: filter(&person), place }).await?;
    let pager = Pager::of(&acts, PATH, &Filter { act: &act, person: &person });
    let page = Page::of(&signed, Section::Audit, "Audit log");
    render(&AuditLog { page, act, person, kinds, rows: acts.rows, pager })
}
