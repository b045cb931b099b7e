//! One payment: where the customer comes back to.

use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::wire::office::payments::{Asked, Payment, PaymentState, ShowPayment, Tell, Told};

use super::HERE;
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Form;
use crate::dashboard::page::{Page, Section, render, see_other};
use crate::dashboard::sign_out::Fields;
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::stripe::client::Stripe;

/// For one account: each asks the payment service.
const OF_ACCOUNT: Attempt = Attempt { name: "payment-check.account", limit: 20 };

#[derive(Template)]
#[template(path = "billing/payment.html")]
struct PaymentPage {
    page: Page,
    payment: Payment,
}

/// What became of it, as far as the payment service has told.
pub(crate) async fn show(
    app: web::Data<App>,
    signed: Signed,
    payment: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let payment = find(&app, &signed, &payment).await?;
    render(&PaymentPage { page: Page::of(&signed, Section::Billing, "Payment"), payment })
}

/// Asks the payment service what became of it.
pub(crate) async fn check(
    (app, client): (web::Data<App>, web::Data<awc::Client>),
    (signed, payment): (Signed, web::Path<String>),
    _: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let settings = app.config.payments.stripe.as_ref().ok_or(PageError::NotFound)?;
    let payment = find(&app, &signed, &payment).await?;
    if payment.state != PaymentState::Paid
        && let Some(session) = &payment.session
    {
        throttle::take(&app, OF_ACCOUNT, &payment.account.to_string()).await?;
        let stripe = Stripe { client: &client, settings };
        let session = stripe.retrieve_session(session).await.map_err(|error| {
            tracing::warn!(payment = %payment.payment, %error, "a payment could not be checked");
            PageError::bad("The payment service does not answer at the moment. Your payment is not lost: try again.")
        })?;
        let told = app.office.ask(Tell { event: None, news: session.news(), asked: Asked::No }).await?;
        if told != Told::Booked {
            tracing::error!(payment = %payment.payment, "a payment that was checked cannot be matched");
        }
    }
    Ok(see_other(&format!("{HERE}/payments/{}", payment.payment)))
}

async fn find(app: &App, signed: &Signed, payment: &str) -> Result<Payment, PageError> {
    let payment = payment.parse().map_err(|_| PageError::NotFound)?;
    Ok(app.office.ask(ShowPayment { account: signed.viewer.account, payment }).await?)
}
