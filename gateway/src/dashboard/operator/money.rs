//! Money that the operator gives, takes or gives back.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::CreditClass;
use syntopen_shared::wire::office::operator::accounts::{GiveCredit, RefundRequest};

use super::OperatorForm;
use super::account::{self, Credit, Refund, Typed};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Errors;
use crate::dashboard::page::see_other;

#[derive(Deserialize)]
pub(crate) struct CreditFields {
    amount: String,
    class: String,
    reason: String,
    submission: String,
}

#[derive(Deserialize)]
pub(crate) struct RefundFields {
    request: String,
    refund_amount: String,
    refund_reason: String,
}

/// Gives or takes money. The form books once, however often it is sent.
pub(crate) async fn credit(
    (app, path): (web::Data<App>, web::Path<String>),
    OperatorForm(signed, fields): OperatorForm<CreditFields>,
) -> Result<HttpResponse, PageError> {
    let account = account::named(&path)?;
    let CreditFields { amount, class, reason, submission } = fields;
    let submission = submission.parse().map_err(|_| PageError::bad("The form cannot be read. Load the page again."))?;
    let mut errors = Errors::default();
    let parsed = (dollars(&amount, &mut errors), kind(&class, &mut errors));
    if let (Some(amount), Some(class)) = parsed {
        let give = GiveCredit { by: signed.by(), account, amount, class, reason: reason.clone(), submission };
        match app.office.ask(give).await {
            Ok(_) => return Ok(see_other(&account::path(account, "credit"))),
            Err(error) => errors = refused(error)?,
        }
    }
    let credit = Credit { amount, class, reason, submission: Some(submission), errors };
    account::again(&app, &signed, (account, Typed { credit, ..Typed::default() })).await
}

/// Gives back what a request was charged.
pub(crate) async fn refund(
    (app, path): (web::Data<App>, web::Path<String>),
    OperatorForm(signed, fields): OperatorForm<RefundFields>,
) -> Result<HttpResponse, PageError> {
    let account = account::named(&path)?;
    let RefundFields { request: typed, refund_amount: amount, refund_reason: reason } = fields;
    let mut errors = Errors::default();
    let request = typed.trim().parse().ok();
    if request.is_none() {
        errors.add("request", "This is no request's id.");
    }
    if let (Some(amount), Some(request)) = (dollars(&amount, &mut errors), request) {
        let refund = RefundRequest { by: signed.by(), account, request, amount, reason: reason.clone() };
        match app.office.ask(refund).await {
            Ok(_) => return Ok(see_other(&account::path(account, "refund"))),
            Err(error) => errors = refused(error)?,
        }
    }
    let refund = Refund { request: typed, amount, reason, errors };
    account::again(&app, &signed, (account, Typed { refund, ..Typed::default() })).await
}

/// What a refusal says of the form.
pub(crate) fn refused(error: OfficeError) -> Result<Errors, PageError> {
    Errors::of_refusal(error)
}

fn dollars(text: &str, errors: &mut Errors) -> Option<NanoUsd> {
    match text.trim().parse() {
        Ok(amount) => Some(amount),
        Err(error) => {
            errors.add("amount", format!("The amount {error}."));
            None
        }
    }
}

fn kind(text: &str, errors: &mut Errors) -> Option<CreditClass> {
    let kinds = [CreditClass::TopUp, CreditClass::Grant, CreditClass::Adjustment];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == text);
    if kind.is_none() {
        errors.add("class", "Choose one of these.");
    }
    kind
}
