//! The three questions that we ask of Stripe.

use std::time::Duration;

use awc::http::StatusCode;
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use awc::{Client, ClientRequest};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use syntopen_shared::wire::office::payments::{Hints, Payment};

use super::event::{ACCOUNT, Intent, PAYMENT, Session};
use crate::config::StripeSettings;

/// How long Stripe may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A question is asked once more where nobody knows what came of it: the idempotency key makes that safe.
const TRIES_MAX: usize = 2;
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The version of the API that the answers are read by.
const VERSION: &str = "2024-11-20.acacia";
/// A customer may take so long to pay; Stripe wants 30 minutes at least.
const EXPIRES_S: i64 = 3_600;
const AGENT: &str = concat!("syntopen/", env!("CARGO_PKG_VERSION"));

/// Stripe, from one worker.
pub struct Stripe<'a> {
    /// The worker's client.
    pub client: &'a Client,
    /// Where it is.
    pub settings: &'a StripeSettings,
}

/// Where the browser comes back to.
#[derive(Clone, Debug)]
pub struct Returns {
    /// Once it is paid.
    pub success: String,
    /// Where the customer thinks better of it.
    pub cancel: String,
}

/// A checkout that was made.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// Its name.
    pub session: String,
    /// Where the customer pays.
    pub url: String,
}

/// Why Stripe gave no answer that is of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// It did not answer, or not in time, or has a fault of its own.
    #[error("Stripe does not answer: {0}")]
    Unavailable(String),
    /// It does not do what it was asked; says why.
    #[error("Stripe refuses with status {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// What it says cannot be read.
    #[error("Stripe's answer cannot be read")]
    Unreadable,
}

#[derive(Deserialize)]
struct Problem {
    error: ProblemText,
}

#[derive(Deserialize)]
struct ProblemText {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

impl Stripe<'_> {
    /// Makes a checkout for a payment. Asked twice it is the same checkout.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn create_checkout(&self, payment: &Payment, returns: &Returns) -> Result<Checkout, StripeError> {
        let (id, account) = (payment.payment.to_string(), payment.account.to_string());
        let (cents, expires) = (payment.cents.to_string(), (payment.created_ms / 1_000 + EXPIRES_S).to_string());
        let metadata = |of: &str, name: &str| format!("{of}[{name}]");
        let fields = [
            ("mode".to_owned(), "payment"),
            ("client_reference_id".to_owned(), &id),
            (metadata("metadata", PAYMENT), &id),
            (metadata("metadata", ACCOUNT), &account),
            // Refunds and disputes know the payment, not the checkout.
            (metadata("payment_intent_data[metadata]", PAYMENT), &id),
            (metadata("payment_intent_data[metadata]", ACCOUNT), &account),
            ("line_items[0][quantity]".to_owned(), "1"),
            ("line_items[0][price_data][currency]".to_owned(), "usd"),
            ("line_items[0][price_data][unit_amount]".to_owned(), &cents),
            ("line_items[0][price_data][product_data][name]".to_owned(), "Balance top-up"),
            // Paid in another currency it would not be the payment that was asked for.
            ("adaptive_pricing[enabled]".to_owned(), "false"),
            ("expires_at".to_owned(), &expires),
            ("success_url".to_owned(), &returns.success),
            ("cancel_url".to_owned(), &returns.cancel),
        ];
        let body = serde_html_form::to_string(fields).map_err(|_| StripeError::Unreadable)?;
        let url = self.settings.api_base.at("/v1/checkout/sessions");
        let session: Session = self
            .ask(|| {
                let post = self.client.post(&url).insert_header(("Idempotency-Key", id.as_str()));
                let post = post.insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"));
                (post, Bytes::from(body.clone()))
            })
            .await?;
        let url = session.url.filter(|url| self.settings.is_checkout(url)).ok_or(StripeError::Unreadable)?;
        Ok(Checkout { session: session.id, url })
    }

    /// A checkout as it is now.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn retrieve_session(&self, session: &str) -> Result<Session, StripeError> {
        self.get(&format!("/v1/checkout/sessions/{}", segment(session)?)).await
    }

    /// What a payment by Stripe's own name of it is of here; nothing where Stripe does not know it.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn retrieve_intent(&self, intent: &str) -> Result<Option<Hints>, StripeError> {
        let Ok(name) = segment(intent) else { return Ok(None) };
        match self.get::<Intent>(&format!("/v1/payment_intents/{name}")).await {
            Ok(intent) => Ok(Some(intent.hints())),
            Err(StripeError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, StripeError> {
        let url = self.settings.api_base.at(path);
        self.ask(|| (self.client.get(&url), Bytes::new())).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: impl Fn() -> (ClientRequest, Bytes)) -> Result<T, StripeError> {
        let mut last = StripeError::Unavailable("nobody was asked".to_owned());
        for _ in 0..TRIES_MAX {
            let (request, body) = request();
            let exchanged = actix_rt::time::timeout(TIMEOUT, self.exchange(request, body)).await;
            last = match exchanged.unwrap_or_else(|_| Err(StripeError::Unavailable("it took too long".to_owned()))) {
                Ok(answer) => return serde_json::from_slice(&answer).map_err(|_| StripeError::Unreadable),
                Err(error @ StripeError::Unavailable(_)) => error,
                Err(error) => return Err(error),
            };
        }
        Err(last)
    }

    async fn exchange(&self, request: ClientRequest, body: Bytes) -> Result<Bytes, StripeError> {
        let request = request
            .insert_header((AUTHORIZATION, format!("Bearer {}", self.settings.secret_key.expose())))
            .insert_header(("Stripe-Version", VERSION))
            .insert_header((USER_AGENT, AGENT));
        let gone = |error: String| StripeError::Unavailable(error);
        let mut response = request.send_body(body).await.map_err(|error| gone(error.to_string()))?;
        let status = response.status();
        let answer = response.body().limit(ANSWER_BYTES_MAX).await.map_err(|error| gone(error.to_string()))?;
        match status {
            StatusCode::OK => Ok(answer),
            // 409: the same question is being answered now.
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => Err(gone(status.to_string())),
            status if status.is_server_error() => Err(gone(status.to_string())),
            status => Err(StripeError::Refused { status: status.as_u16(), message: problem(status, &answer) }),
        }
    }
}

/// What Stripe says is wrong. A refused key is told with parts of it, which belong into no log.
fn problem(status: StatusCode, answer: &[u8]) -> String {
    let problem: Option<Problem> = serde_json::from_slice(answer).ok();
    let text = problem.map(|problem| problem.error);
    match (status, text) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => "it does not take STRIPE_SECRET_KEY".to_owned(),
        (_, Some(ProblemText { message: Some(message), .. })) => message.chars().take(300).collect(),
        (_, Some(ProblemText { kind: Some(kind), .. })) => kind.chars().take(100).collect(),
        _ => "no reason given".to_owned(),
    }
}

/// A name as a segment of a path.
fn segment(name: &str) -> Result<&str, StripeError> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { Ok(name) } else { Err(StripeError::Unreadable) }
}
