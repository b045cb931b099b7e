//! A receipt to print.

use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::wire::office::billing::{Receipt, ShowReceipt};

use super::words;
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::format::utc;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Signed;

#[derive(Template)]
#[template(path = "billing/receipt.html")]
struct ReceiptPage {
    page: Page,
    receipt: Receipt,
    from: String,
    support: Option<String>,
}

/// One transfer.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    transfer: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let transfer = transfer.parse().map_err(|_| PageError::NotFound)?;
    let receipt = app.office.ask(ShowReceipt { account: signed.viewer.account, transfer }).await?;
    let support = app.config.payments.support_email.as_ref().map(|email| email.as_str().to_owned());
    let from = signed.visitor.origin.base.clone();
    render(&ReceiptPage { page: Page::of(&signed, Section::Billing, "Receipt"), receipt, from, support })
}
