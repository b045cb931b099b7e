//! Accounts, suspended and resumed.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::wire::ledger::AccountStatus;
use syntopen_shared::wire::office::operator::accounts::SetStanding;

use super::account::{self, Standing, Typed};
use super::{OperatorForm, money};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::see_other;
use crate::dashboard::viewer::Signed;

#[derive(Deserialize)]
pub(crate) struct Fields {
    standing_reason: String,
}

/// Refuses the account's requests from now on.
pub(crate) async fn suspend(
    (app, path): (web::Data<App>, web::Path<String>),
    OperatorForm(signed, fields): OperatorForm<Fields>,
) -> Result<HttpResponse, PageError> {
    set(&app, &signed, (&path, AccountStatus::Suspended, fields)).await
}

/// Lets the account be used again.
pub(crate) async fn resume(
    (app, path): (web::Data<App>, web::Path<String>),
    OperatorForm(signed, fields): OperatorForm<Fields>,
) -> Result<HttpResponse, PageError> {
    set(&app, &signed, (&path, AccountStatus::Active, fields)).await
}

async fn set(
    app: &App,
    signed: &Signed,
    (path, status, fields): (&str, AccountStatus, Fields),
) -> Result<HttpResponse, PageError> {
    let account = account::named(path)?;
    let reason = fields.standing_reason;
    let standing = SetStanding { by: signed.by(), account, status, reason: reason.clone() };
    let done = match status {
        AccountStatus::Active => "resume",
        AccountStatus::Suspended => "suspend",
    };
    match app.office.ask(standing).await {
        Ok(()) => Ok(see_other(&account::path(account, done))),
        Err(error) => {
            let standing = Standing { reason, errors: money::refused(error)? };
            account::again(app, signed, (account, Typed { standing, ..Typed::default() })).await
        }
    }
}
