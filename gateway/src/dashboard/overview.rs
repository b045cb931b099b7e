//! The first page: what the account has and spends.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::usage::{Figures, ListChoices, Overview, ShowOverview};

use super::address;
use super::error::PageError;
use super::first_steps::{FirstSteps, Progress};
use super::page::{Page, Section, render};
use super::usage::days::{Asked, Days, RANGES};
use super::usage::words;
use super::viewer::Signed;
use crate::app::App;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    range: u32,
    ranges: [u32; 3],
    overview: Overview,
    available: NanoUsd,
    held: String,
    all: Figures,
    error_rate: String,
    latency: String,
    first_token: String,
    table: Vec<Row>,
    first_steps: Option<FirstSteps>,
}

/// One day in the table.
struct Row {
    day: String,
    requests: i64,
    failed: i64,
    tokens: i64,
    cost: NanoUsd,
}

/// Balance and spend.
pub(crate) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let account = signed.viewer.account;
    let range = address::read::<Asked>(&request)?.days()?;
    let overview = app.office.ask(ShowOverview { account, days: range }).await?;
    let page = Page::of(&signed, Section::Overview, "Overview");
    let mut first_steps = None;
    if !overview.is_used {
        let has_key = !app.office.ask(ListChoices { account }).await?.keys.is_empty();
        let has_balance = NanoUsd::ZERO < overview.balance;
        first_steps = Some(FirstSteps::of(&app, &page, Progress { has_balance, has_key, has_request: false })?);
    }
    let mut all = Figures::default();
    overview.sums.iter().for_each(|sum| all.add(&sum.figures));
    let available = NanoUsd::new(overview.balance.nanos().saturating_sub(overview.held.nanos()));
    let table = rows(Days::of(&overview, range));
    render(&OverviewPage {
        held: format!("{} held by running requests", overview.held),
        error_rate: format!("error rate {}", words::percent((all.failed, all.requests))),
        latency: words::mean((all.duration_ms, all.timed)),
        first_token: format!("first token after {}", words::mean((all.first_byte_ms, all.first_bytes))),
        ranges: RANGES,
        page,
        range,
        overview,
        available,
        all,
        table,
        first_steps,
    })
}

/// Newest first.
fn rows(days: Days) -> Vec<Row> {
    let figures = days.requests.into_iter().zip(days.failed).zip(days.tokens).zip(days.cost);
    let row = |(day, (((requests, failed), tokens), cost))| Row { day, requests, failed, tokens, cost };
    days.days.into_iter().zip(figures).map(row).rev().collect()
}
