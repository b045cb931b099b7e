//! Operator: what the payment service told and what belongs to no payment.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_ledger::office::OfficeError;
use syntopen_shared::id::UnmatchedId;
use syntopen_shared::money::{NANOS_PER_CENT, NanoUsd};
use syntopen_shared::wire::office::payments::{
    AssignUnmatched, DismissUnmatched, Fact, Handled, ListUnmatched, News, ReturnKind, ReturnState, ShowUnmatched,
    Unmatched,
};

use super::address;
use super::error::PageError;
use super::form::{Errors, Form};
use super::page::{Page, Section, render, render_as, see_other};
use super::pager::{self, Pager};
use super::viewer::Operator;
use crate::app::App;

const HERE: &str = "/dashboard/operator/payments";
const ROWS: u32 = 50;

/// The pages of this area.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(super::page("/operator/payments").route(web::get().to(list)))
        .service(super::page("/operator/payments/{unmatched}").route(web::get().to(show)))
        .service(super::page("/operator/payments/{unmatched}/assign").route(web::post().to(assign)))
        .service(super::page("/operator/payments/{unmatched}/dismiss").route(web::post().to(dismiss)));
}

/// Which of them.
#[derive(Deserialize, Serialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Assign {
    email: String,
}

#[derive(Deserialize)]
pub(crate) struct Dismiss {
    reason: String,
}

#[derive(Template)]
#[template(path = "payments/list.html")]
struct ListPage {
    page: Page,
    is_all: bool,
    rows: Vec<Unmatched>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "payments/one.html")]
struct OnePage {
    page: Page,
    row: Unmatched,
    email: String,
    reason: String,
    errors: Errors,
}

impl OnePage {
    /// Whether only the payment service can tell what it says.
    fn is_unreadable(&self) -> bool {
        self.row.news.fact == Fact::Unreadable
    }

    /// Whether the payment service knows it by this name.
    fn is_named(&self) -> bool {
        !self.row.event.id.starts_with("sha256:")
    }
}

/// The list.
pub(crate) async fn list(
    (app, request): (web::Data<App>, HttpRequest),
    Operator(signed): Operator,
) -> Result<HttpResponse, PageError> {
    let (query, place) = (address::read::<Query>(&request)?, pager::place(&request)?);
    let is_all = query.show.as_deref() == Some("all");
    let which = if is_all { Handled::All } else { Handled::Open };
    let slice = app.office.ask(ListUnmatched { which, place, limit: ROWS }).await?;
    let pager = Pager::of((&place, &slice), (HERE, &query));
    let page = Page::of(&signed, Section::Payments, "Unmatched payments");
    render(&ListPage { page, is_all, rows: slice.rows, pager })
}

/// One of them.
pub(crate) async fn show(
    app: web::Data<App>,
    operator: Operator,
    unmatched: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    render(&one((&app, &operator), id(&unmatched)?).await?)
}

/// It is an account's.
pub(crate) async fn assign(
    app: web::Data<App>,
    (operator, unmatched): (Operator, web::Path<String>),
    Form(fields): Form<Assign>,
) -> Result<HttpResponse, PageError> {
    let unmatched = id(&unmatched)?;
    let command = AssignUnmatched { unmatched, email: fields.email.clone(), by: operator.0.by() };
    match app.office.ask(command).await {
        Ok(()) => Ok(see_other(HERE)),
        Err(refused) => {
            let page = again((&app, &operator), unmatched, refused).await?;
            render_as(StatusCode::UNPROCESSABLE_ENTITY, &OnePage { email: fields.email, ..page })
        }
    }
}

/// It is nobody's.
pub(crate) async fn dismiss(
    app: web::Data<App>,
    (operator, unmatched): (Operator, web::Path<String>),
    Form(fields): Form<Dismiss>,
) -> Result<HttpResponse, PageError> {
    let unmatched = id(&unmatched)?;
    let command = DismissUnmatched { unmatched, reason: fields.reason.clone(), by: operator.0.by() };
    match app.office.ask(command).await {
        Ok(()) => Ok(see_other(HERE)),
        Err(refused) => {
            let page = again((&app, &operator), unmatched, refused).await?;
            render_as(StatusCode::UNPROCESSABLE_ENTITY, &OnePage { reason: fields.reason, ..page })
        }
    }
}

async fn again(asked: (&App, &Operator), unmatched: UnmatchedId, refused: OfficeError) -> Result<OnePage, PageError> {
    let errors = Errors::of_refusal(refused)?;
    Ok(OnePage { errors, ..one(asked, unmatched).await? })
}

async fn one((app, Operator(signed)): (&App, &Operator), unmatched: UnmatchedId) -> Result<OnePage, PageError> {
    let row = app.office.ask(ShowUnmatched { unmatched }).await?;
    let page = Page::of(signed, Section::Payments, "Unmatched payment");
    Ok(OnePage { page, row, email: String::new(), reason: String::new(), errors: Errors::default() })
}

fn id(text: &str) -> Result<UnmatchedId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// An amount in whatever currency it is: only of ours is known how many of its smallest units make one.
fn amount(news: &News) -> String {
    match news.currency.as_str() {
        "usd" => NanoUsd::new(news.cents.saturating_mul(NANOS_PER_CENT)).to_string(),
        "" => "unknown".to_owned(),
        other => format!("{} (smallest unit) {}", news.cents, other.to_uppercase()),
    }
}

/// What happened, in words.
const fn fact(news: &News) -> &'static str {
    match news.fact {
        Fact::Waiting => "A payment is on its way",
        Fact::Paid => "Paid",
        Fact::Failed => "A payment was refused",
        Fact::Expired => "A checkout is over",
        Fact::Refunded => "Refunded until now",
        Fact::Return { kind: ReturnKind::Refund, state: ReturnState::Back, .. } => "A refund failed",
        Fact::Return { kind: ReturnKind::Refund, .. } => "Refund",
        Fact::Return { state: ReturnState::Announced, .. } => "A dispute is announced",
        Fact::Return { state: ReturnState::Gone, .. } => "A dispute took the money",
        Fact::Return { state: ReturnState::Back, .. } => "A dispute was settled for us",
        Fact::Unreadable => "It cannot be read",
    }
}
