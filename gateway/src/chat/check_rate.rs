//! Stage 2: one slot in the key's window, or 429.

use syntopen_shared::wire::ratelimiter::Check;

use super::authenticate::Order;
use super::headers::{AnswerHeaders, RateHeaders};
use crate::app::App;
use crate::error::ApiError;

const MICROS_PER_MS: u64 = 1_000;

/// Takes a slot, and tells the client of its window either way. What fails later keeps the slot.
pub async fn check_rate(app: &App, order: &Order, headers: &mut AnswerHeaders) -> Result<(), ApiError> {
    let (key, limit) = (order.caller.record.key, order.caller.record.rpm);
    let answer = app.limiter.check(Check { key, limit, count: 1 }).await;
    let unavailable = |_| ApiError::service_unavailable("Rate limits cannot be checked at the moment.");
    let decision = answer.map_err(unavailable)?;
    headers.rate = Some(RateHeaders::new(limit, &decision));
    if decision.admitted == 0 {
        return Err(ApiError::rate_limit_exceeded(limit, decision.next_us.div_ceil(MICROS_PER_MS)));
    }
    Ok(())
}
