//! The life of a chat completion: six stages, in order, one file each.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use awc::Client;
use syntopen_shared::id::RequestId;

use crate::app::App;
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
    /// Its head.
    pub head: &'a HttpRequest,
    /// Its body.
    pub body: Payload,
    /// This worker's client for upstreams.
    pub upstreams: &'a Client,
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
