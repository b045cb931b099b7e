//! Below which balance the owners are told.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::alerts::SetAlert;

use super::{HERE, Typed, again, error};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::{Errors, Form};
use crate::dashboard::page::see_other;
use crate::dashboard::viewer::Signed;

#[derive(Deserialize)]
pub(crate) struct Fields {
    alert_below: String,
}

/// Sets it.
pub(crate) async fn submit(
    app: web::Data<App>,
    signed: Signed,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let text = fields.alert_below.trim();
    let parsed = if text.is_empty() { Ok(None) } else { text.parse::<NanoUsd>().map(Some) };
    let errors = match parsed {
        Ok(below) => match app.office.ask(SetAlert { account: signed.viewer.account, by: signed.by(), below }).await {
            Ok(()) => return Ok(see_other(HERE)),
            Err(refused) => Errors::of_refusal(refused)?,
        },
        Err(wrong) => error("alert_below", format!("The amount {wrong}.")),
    };
    again(&app, &signed, (Typed { alert_below: Some(fields.alert_below), ..Typed::default() }, errors)).await
}
