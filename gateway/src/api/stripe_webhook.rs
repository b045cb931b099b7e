//! `POST /webhooks/stripe`: what Stripe tells of payments.
//!
//! 200 is the answer when it is booked, or kept for the operator: everything else makes Stripe tell it again, for days.

use actix_web::http::header::HeaderName;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use serde_json::json;
use syntopen_shared::wire::office::payments::Told;

use crate::api::envelope;
use crate::app::App;
use crate::error::ApiError;
use crate::stripe::client::Stripe;
use crate::stripe::signature::Signature;
use crate::stripe::{self, event};

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");
/// A longer event is none of Stripe's: all that a checkout, a refund or a dispute can carry is a small part of it. It
/// is not kept, for whether it is Stripe's could only be told after reading all of it, and anybody can send one.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Books an event.
pub async fn receive((app, client): (Data<App>, Data<awc::Client>), head: HttpRequest, body: Payload) -> HttpResponse {
    let answered = envelope::guarded(&app, &head, async {
        match book((&app, &client), &head, body).await {
            Ok(()) => HttpResponse::Ok().json(json!({ "received": true })),
            Err(error) => error.error_response(),
        }
    });
    answered.await
}

async fn book((app, client): (&App, &awc::Client), head: &HttpRequest, body: Payload) -> Result<(), ApiError> {
    let Some(settings) = &app.config.payments.stripe else {
        return Err(ApiError::not_found("This gateway takes no payments through Stripe."));
    };
    let header = head.headers().get(SIGNATURE).and_then(|header| header.to_str().ok());
    let header = header.ok_or_else(|| ApiError::invalid_request("The Stripe-Signature header is missing."))?;
    let forged = |error: stripe::signature::Forged| {
        tracing::warn!(%error, "an event that is not Stripe's was refused");
        ApiError::invalid_request(format!("This is no event of Stripe's: {error}."))
    };
    let signature = Signature::read(header, app.clock.unix_ms()).map_err(forged)?;
    let body = read(app, body).await?;
    signature.verify(&body, &settings.webhook_secret).map_err(forged)?;
    let Some(tell) = event::read(&body) else { return Ok(()) };
    let named = tell.event.clone();
    let told = stripe::tell(app, &Stripe { client, settings }, tell).await;
    match told {
        Ok(Told::Booked | Told::Unmatched) => Ok(()),
        Ok(Told::Ask) => Err(ApiError::internal()),
        Err(error) => {
            tracing::error!(event = ?named, %error, "an event is not booked yet; it will come again");
            Err(ApiError::service_unavailable("The event cannot be booked at the moment."))
        }
    }
}

async fn read(app: &App, body: Payload) -> Result<Bytes, ApiError> {
    let reading = actix_rt::time::timeout(app.config.timeouts.body, body.to_bytes_limited(BODY_BYTES_MAX)).await;
    let read = reading.map_err(|_| ApiError::request_timeout())?;
    let read = read.map_err(|_| ApiError::payload_too_large(BODY_BYTES_MAX))?;
    read.map_err(|_| ApiError::invalid_request("The request body broke off."))
}
