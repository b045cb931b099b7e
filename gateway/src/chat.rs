//! The life of a chat completion: six stages, in order, one file each.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use awc::Client;
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::KeyRecord;

use crate::app::App;
use crate::body::Body;
use crate::error::ApiError;

pub mod authenticate;
pub mod check_rate;
pub mod headers;
pub mod hold;
pub mod pick;
pub mod relay;
pub mod settle;

use headers::AnswerHeaders;

/// A completion request as it arrives.
pub struct Arrival<'a> {
    /// Its id, which is the hold's id too.
    pub id: RequestId,
    /// When it came in.
    pub started: Instant,
    /// Who asks, and what.
    pub asking: Asking<'a>,
    /// This worker's client for upstreams.
    pub upstreams: &'a Client,
}

/// Who asks, and what.
pub enum Asking<'a> {
    /// A client, by the bearer key in the head.
    Client {
        /// The request's head.
        head: &'a HttpRequest,
        /// Its body.
        body: Payload,
    },
    /// Somebody who is signed in to the dashboard, with a key of the account.
    Person {
        /// The key.
        record: KeyRecord,
        /// What is asked.
        body: Body,
    },
}

/// Answers a completion request. Refusals carry the headers that were known by then.
pub async fn complete(app: &Arc<App>, arrival: Arrival<'_>) -> HttpResponse {
    let mut headers = AnswerHeaders::default();
    let answer = stages(app, arrival, &mut headers).await;
    let mut response = answer.unwrap_or_else(|error| error.error_response());
    headers.write(response.headers_mut());
    response
}

async fn stages(app: &Arc<App>, arrival: Arrival<'_>, headers: &mut AnswerHeaders) -> Result<HttpResponse, ApiError> {
    let upstreams = arrival.upstreams;
    let mut order = authenticate::authenticate(app, arrival).await?;
    check_rate::check_rate(app, &order, headers).await?;
    let held = hold::hold(app, &mut order).await?;
    headers.max_tokens = held.max_output_tokens;
    let ways = pick::pick(&mut order, &held);
    let relayed = relay::relay(app, upstreams, &order, relay::Going { ways, held, headers }).await?;
    Ok(settle::settle(app, relayed).await)
}
