//! One account, and what can be done to it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_shared::id::{AccountId, SubmissionId};
use syntopen_shared::wire::ledger::{AccountStatus, KeyStatus};
use syntopen_shared::wire::office::operator::accounts::{AccountDetails, LookAtAccount};

use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Errors;
use crate::dashboard::page::{Page, Section, render, render_as};
use crate::dashboard::viewer::{Operator, Signed};

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    done: String,
    /// The request that is to be refunded.
    #[serde(default)]
    refund: String,
}

/// What was typed into the forms of the page, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub(crate) credit: Credit,
    pub(crate) refund: Refund,
    pub(crate) standing: Standing,
}

#[derive(Debug, Default)]
pub(crate) struct Credit {
    pub(crate) amount: String,
    pub(crate) class: String,
    pub(crate) reason: String,
    /// The form's own; a fresh one where there is none.
    pub(crate) submission: Option<SubmissionId>,
    pub(crate) errors: Errors,
}

#[derive(Debug, Default)]
pub(crate) struct Refund {
    pub(crate) request: String,
    pub(crate) amount: String,
    pub(crate) reason: String,
    pub(crate) errors: Errors,
}

#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) reason: String,
    pub(crate) errors: Errors,
}

#[derive(Template)]
#[template(path = "operator/account.html")]
struct AccountPage {
    page: Page,
    details: AccountDetails,
    is_own: bool,
    done: Option<&'static str>,
    submission: SubmissionId,
    typed: Typed,
}

/// The page.
pub(crate) async fn show(
    (app, path): (web::Data<App>, web::Path<String>),
    Operator(signed): Operator,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let Query { done, refund } = query.into_inner();
    let mut typed = Typed::default();
    typed.refund.request = refund;
    let account = named(&path)?;
    let page = AccountPage { done: word(&done), ..load(&app, &signed, (account, typed)).await? };
    render(&page)
}

/// The page again, beside whose fields stands what is wrong.
pub(crate) async fn again(
    app: &App,
    signed: &Signed,
    (account, typed): (AccountId, Typed),
) -> Result<HttpResponse, PageError> {
    let page = load(app, signed, (account, typed)).await?;
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The account that a path names.
pub(crate) fn named(text: &str) -> Result<AccountId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// Where the page is, with word of what was done.
pub(crate) fn path(account: AccountId, done: &str) -> String {
    format!("/dashboard/operator/accounts/{account}?done={done}")
}

async fn load(app: &App, signed: &Signed, (account, typed): (AccountId, Typed)) -> Result<AccountPage, PageError> {
    let mut details = app.office.ask(LookAtAccount { account }).await?;
    let mut typed = typed;
    if !typed.refund.request.is_empty() && typed.refund.amount.is_empty() && typed.refund.errors.is_empty() {
        let asked = details.requests.iter().find(|row| row.request.to_string() == typed.refund.request);
        typed.refund.amount = asked.map(|row| row.charged.to_decimal()).unwrap_or_default();
    }
    details.keys.sort_by_key(|key| key.status == KeyStatus::Revoked);
    Ok(AccountPage {
        page: Page::of(signed, Section::Accounts, "Account"),
        is_own: details.account == signed.viewer.account,
        done: None,
        submission: typed.credit.submission.unwrap_or_else(SubmissionId::mint),
        details,
        typed,
    })
}

/// Words of ours alone: nothing of an address is shown as if we had said it.
fn word(done: &str) -> Option<&'static str> {
    match done {
        "credit" => Some("The money is booked."),
        "refund" => Some("The refund is booked."),
        "suspend" => Some("The account is suspended: its requests are refused from now on."),
        "resume" => Some("The account can be used again."),
        _ => None,
    }
}
