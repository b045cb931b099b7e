//! Paying: to the payment service's page, and back.

use std::ops::RangeInclusive;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use syntopen_shared::money::{NANOS_PER_CENT, NanoUsd};
use syntopen_shared::wire::office::payments::{CreatePayment, FailPayment, OpenPayment, Payment};

use super::{HERE, Typed, again, error};
use crate::app::App;
use crate::config::StripeSettings;
use crate::dashboard::error::PageError;
use crate::dashboard::form::Form;
use crate::dashboard::format::count;
use crate::dashboard::page::see_other;
use crate::dashboard::throttle::{self, Attempt};
use crate::dashboard::viewer::Signed;
use crate::stripe::client::{Checkout, Returns, Stripe, StripeError};

/// For one account.
const OF_ACCOUNT: Attempt = Attempt { name: "top-up.account", limit: 10 };
const CENTS_PER_USD: i64 = 100;

#[derive(Deserialize)]
pub(crate) struct Fields {
    amount: String,
}

/// Begins a payment and sends the browser to where it is paid.
pub(crate) async fn submit(
    (app, client): (web::Data<App>, web::Data<awc::Client>),
    signed: Signed,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let settings = app.config.payments.stripe.as_ref().ok_or(PageError::NotFound)?;
    let account = signed.viewer.account;
    let errors = match cents(fields.amount.trim(), &app.config.payments.top_up_usd) {
        Err(message) => error("amount", message),
        Ok(cents) => {
            throttle::take(&app, OF_ACCOUNT, &account.to_string()).await?;
            let payment = app.office.ask(CreatePayment { account, by: signed.by(), cents }).await?;
            match checkout((&app, &client), settings, (&signed, &payment)).await? {
                Some(checkout) => {
                    let Checkout { session, url } = checkout;
                    // Before anybody can pay it is known what is paid.
                    app.office.ask(OpenPayment { payment: payment.payment, session }).await?;
                    return Ok(see_other(&url));
                }
                None => error("", "The payment service did not answer. Nothing was charged: try again."),
            }
        }
    };
    again(&app, &signed, (Typed { amount: Some(fields.amount), ..Typed::default() }, errors)).await
}

/// A checkout for the payment; nothing where the payment service makes none.
async fn checkout(
    (app, client): (&App, &awc::Client),
    settings: &StripeSettings,
    (signed, payment): (&Signed, &Payment),
) -> Result<Option<Checkout>, PageError> {
    let (base, id) = (&signed.visitor.origin.base, payment.payment);
    let returns = Returns { success: format!("{base}{HERE}/payments/{id}"), cancel: format!("{base}{HERE}") };
    match (Stripe { client, settings }).create_checkout(payment, &returns).await {
        Ok(checkout) => Ok(Some(checkout)),
        Err(error) => {
            tracing::error!(payment = %id, %error, "no checkout was made");
            // Where nobody knows whether one was made it stays as it is: nobody was sent to pay it.
            if matches!(error, StripeError::Refused { .. }) {
                app.office.ask(FailPayment { payment: id }).await?;
            }
            Ok(None)
        }
    }
}

/// What was typed in cents, where it can be paid.
fn cents(text: &str, limits: &RangeInclusive<i64>) -> Result<i64, String> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let amount: NanoUsd = text.parse().map_err(|_| "Enter an amount such as 25 or 25.50.".to_owned())?;
    if amount.nanos() % NANOS_PER_CENT != 0 {
        return Err("Enter whole cents.".to_owned());
    }
    let cents = amount.nanos() / NANOS_PER_CENT;
    let (min, max) = (limits.start(), limits.end());
    if !(min * CENTS_PER_USD..=max * CENTS_PER_USD).contains(&cents) {
        return Err(format!("Enter an amount from ${} to ${}.", count(*min), count(*max)));
    }
    Ok(cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_cents_within_limits() {
        for (text, expected) in [("5", 500), ("$25.50", 2_550), ("1000", 100_000), ("1000.00", 100_000)] {
            assert_eq!(cents(text, &(5..=1_000)), Ok(expected), "{text}");
        }
        for text in ["", "4.99", "1000.01", "-5", "5.001", "1e2", "NaN", "5,00", "9999999999999999999", "<b>"] {
            assert!(cents(text, &(5..=1_000)).is_err(), "{text}");
        }
    }
}
