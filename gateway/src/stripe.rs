//! Stripe: checkouts that customers pay in, and what it tells of them afterwards.
//!
//! Money is credited for what Stripe itself says, be it an event with its signature ([`signature`]) or its answer to a
//! question of ours ([`client`]), never for what a browser says. What it says is brought into the ledger's words here
//! ([`event`]), which books it once, whatever comes how often and in which order.

pub mod client;
pub mod event;
pub mod signature;

use syntopen_ledger::office::OfficeError;
use syntopen_shared::wire::office::payments::{Asked, Tell, Told};

use self::client::{Stripe, StripeError};
use crate::app::App;

/// Why news were not booked. Whoever brought them brings them again.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The ledger did not book them.
    #[error("{0}")]
    Office(#[from] OfficeError),
    /// Stripe was asked what they are of and did not say.
    #[error("{0}")]
    Stripe(#[from] StripeError),
}

/// Has the ledger book news. Where it knows no payment that they are of, Stripe is asked: a refund or dispute may be
/// told of before its payment is.
///
/// # Errors
/// [`TellError`]: nothing is booked, or nobody knows.
pub async fn tell(app: &App, stripe: &Stripe<'_>, mut tell: Tell) -> Result<Told, TellError> {
    let told = app.office.ask(tell.clone()).await?;
    let (Told::Ask, Some(intent)) = (told, tell.news.of.intent.clone()) else { return Ok(told) };
    if let Some(of) = stripe.retrieve_intent(&intent).await? {
        (tell.news.of.payment, tell.news.of.account) = (of.payment, of.account);
    }
    tell.asked = Asked::Yes;
    Ok(app.office.ask(tell).await?)
}
