//! Closing the account.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::members::{CloseAccount, Closing, LookUpClosing};
use syntopen_shared::wire::office::{Password, Refusal};

use super::owner;
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::{Page, Section, render, render_as, see_other};
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::dashboard::{BASE, cookie};

/// For one user: nobody is to find the password here by trying.
const OF_USER: Attempt = Attempt { name: "close-account.user", limit: 5 };
/// What has to be typed.
const WORDS: &str = "close account";

#[derive(Deserialize)]
pub(crate) struct Fields {
    confirmation: String,
    password: String,
}

#[derive(Template)]
#[template(path = "members/closing.html")]
struct ClosingPage {
    page: Page,
    email: String,
    closing: Closing,
    confirmation: String,
    errors: Errors,
}

/// What closing comes to, and the form.
pub(super) async fn show(app: web::Data<App>, signed: Signed) -> Result<HttpResponse, PageError> {
    render(&ClosingPage::of(&app, &signed).await?)
}

/// Closes it.
pub(super) async fn submit(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    owner(&signed)?;
    let mut errors = Errors::default();
    if fields.confirmation.trim() != WORDS {
        errors.add("confirmation", format!("Type “{WORDS}”."));
        return again(&app, &signed, (fields.confirmation, errors)).await;
    }
    throttle::take(&app, OF_USER, &signed.viewer.user.to_string()).await?;
    let password = Password::new(fields.password);
    match app.office.ask(CloseAccount { account: signed.viewer.account, by: signed.by(), password }).await {
        Ok(()) => {
            let mut response = see_other(&format!("{BASE}/done/closed"));
            let ended = response.add_cookie(&cookie::end_session(&signed.visitor.origin));
            ended.map_err(|_| PageError::Internal)?;
            Ok(response)
        }
        Err(OfficeError::Refused(Refusal::WrongCredentials)) => {
            errors.add("password", "This is not your password.");
            again(&app, &signed, (fields.confirmation, errors)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn again(
    app: &App,
    signed: &Signed,
    (confirmation, errors): (String, Errors),
) -> Result<HttpResponse, PageError> {
    let page = ClosingPage { confirmation, errors, ..ClosingPage::of(app, signed).await? };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl ClosingPage {
    async fn of(app: &App, signed: &Signed) -> Result<Self, PageError> {
        owner(signed)?;
        let look_up = LookUpClosing { account: signed.viewer.account, user: signed.viewer.user };
        Ok(Self {
            page: Page::of(signed, Section::Settings, "Close the account"),
            email: signed.viewer.email.clone(),
            closing: app.office.ask(look_up).await?,
            confirmation: String::new(),
            errors: Errors::default(),
        })
    }
}
