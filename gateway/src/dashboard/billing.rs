//! Billing: balance, top-ups, transfers and receipts.

mod alert;
mod payment;
mod receipt;
mod top_up;
mod words;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use syntopen_shared::id::TransferId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::alerts::LookUpAlert;
use syntopen_shared::wire::office::billing::{Balance, ListTransfers, ShowBalance, Transfer, Which};
use syntopen_shared::wire::office::paging::Place;
use syntopen_shared::wire::office::payments::{ListWaiting, Payment};

use super::address;
use super::error::PageError;
use super::form::Errors;
use super::format::count;
use super::page::{Page, Section, render_as};
use super::pager::{self, Pager};
use super::viewer::Signed;
use crate::app::App;

/// Where this page is.
const HERE: &str = "/dashboard/billing";
/// So many transfers are on one page.
const ROWS: u32 = 50;
/// What is offered beside an amount of the customer's own.
const OFFERED_USD: [i64; 4] = [10, 25, 50, 100];
/// A payment that began so long ago is over, whatever came of it.
const WAITING_MS: i64 = 24 * 3_600 * 1_000;

/// The pages of this area.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(super::page("/billing").route(web::get().to(show)))
        .service(super::page("/billing/top-up").route(web::post().to(top_up::submit)))
        .service(super::page("/billing/alert").route(web::post().to(alert::submit)))
        .service(super::page("/billing/payments/{payment}").route(web::get().to(payment::show)))
        .service(super::page("/billing/payments/{payment}/check").route(web::post().to(payment::check)))
        .service(super::page("/billing/transfers/{transfer}").route(web::get().to(receipt::show)));
}

/// Which transfers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<String>,
}

/// What was typed into the forms of the page.
#[derive(Clone, Debug, Default)]
struct Typed {
    amount: Option<String>,
    alert_below: Option<String>,
}

#[derive(Template)]
#[template(path = "billing/billing.html")]
struct BillingPage {
    page: Page,
    balance: Balance,
    available: NanoUsd,
    waiting: Vec<Payment>,
    can_pay: bool,
    hint: String,
    offered: Vec<i64>,
    amount: String,
    email: String,
    support: Option<String>,
    alert_below: String,
    has_mail: bool,
    is_all: bool,
    transfers: Vec<Transfer>,
    pager: Pager,
    errors: Errors,
}

/// The page.
pub(crate) async fn show(
    (app, request): (web::Data<App>, HttpRequest),
    signed: Signed,
) -> Result<HttpResponse, PageError> {
    let asked = (address::read(&request)?, pager::place(&request)?);
    let page = build((&app, &signed), asked, (Typed::default(), Errors::default())).await?;
    render_as(StatusCode::OK, &page)
}

/// The page again, with what is wrong with one of its forms.
async fn again(app: &App, signed: &Signed, form: (Typed, Errors)) -> Result<HttpResponse, PageError> {
    let page = build((app, signed), (Query::default(), Place::First), form).await?;
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn build(
    (app, signed): (&App, &Signed),
    (query, place): (Query, Place<TransferId>),
    (typed, errors): (Typed, Errors),
) -> Result<BillingPage, PageError> {
    let account = signed.viewer.account;
    let which = if query.show.as_deref() == Some("all") { Which::All } else { Which::MoneyIn };
    let list = ListTransfers { account, which, place, limit: ROWS };
    let since_ms = app.clock.unix_ms() - WAITING_MS;
    let balance = app.office.ask(ShowBalance { account }).await?;
    let below = app.office.ask(LookUpAlert { account }).await?;
    let waiting = app.office.ask(ListWaiting { account, since_ms }).await?;
    let slice = app.office.ask(list).await?;
    let settings = &app.config.payments;
    let limits = &settings.top_up_usd;
    Ok(BillingPage {
        page: Page::of(signed, Section::Billing, "Billing"),
        balance,
        available: balance.posted.checked_sub(balance.held).unwrap_or(balance.posted),
        waiting,
        can_pay: settings.stripe.is_some(),
        hint: format!("From ${} to ${}.", count(*limits.start()), count(*limits.end())),
        offered: OFFERED_USD.into_iter().filter(|usd| limits.contains(usd)).collect(),
        amount: typed.amount.unwrap_or_default(),
        email: signed.viewer.email.clone(),
        support: settings.support_email.as_ref().map(|email| email.as_str().to_owned()),
        alert_below: typed.alert_below.or_else(|| below.map(NanoUsd::to_decimal)).unwrap_or_default(),
        has_mail: app.config.mail.is_some(),
        is_all: which == Which::All,
        pager: Pager::of((&place, &slice), (HERE, &query)),
        transfers: slice.rows,
        errors,
    })
}

/// One field that is wrong.
fn error(field: &str, message: impl Into<String>) -> Errors {
    let mut errors = Errors::default();
    errors.add(field, message);
    errors
}
