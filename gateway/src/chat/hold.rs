//! Stage 3: bound the cost and place the hold, or 402.
//!
//! The hold is also the authoritative check of account and key: a key revoked a moment ago is refused here.

use std::sync::Arc;

use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{Granted, Hold, HoldRefused, Outcome, Period};

use super::authenticate::Order;
use super::pick;
use crate::app::App;
use crate::catalog::Model;
use crate::clients::Unavailable;
use crate::error::{ApiError, Funds};
use crate::guard::{Admission, HoldGuard};
use crate::meter::{Job, Meter, count_input};
use crate::pricing::Bound;

/// Text has hardly ever fewer tokens than this share of its bytes: what is not affordable so is not counted.
const BYTES_PER_TOKEN_MOST: u64 = 32;
/// Open holds end sooner or later; a client that could be served then asks again after this.
const RETRY_WHEN_HELD_MS: u64 = 2_000;

/// A hold that has been granted.
pub struct Held {
    /// Ends the hold, however the request ends.
    pub guard: HoldGuard,
    /// The output maximum to set, where less was granted than the request may use.
    pub max_output_tokens: Option<u64>,
}

/// Places the hold, unless nobody could serve the request now. The guard exists before the hold is sent, so that a
/// request that is given up meanwhile releases it.
pub async fn hold(app: &App, order: &mut Order) -> Result<Held, ApiError> {
    pick::ready(app, order)?;
    let guard = guard(app, order)?;
    let order = &*order;
    let models: Vec<&Model> = order.ways.models().map(Arc::as_ref).collect();
    let floor = app.config.limits.output_floor_tokens;
    let mut bound = Bound::of(&order.request, &models, floor);
    let mut answer = ask(app, &guard, bound).await;
    let least =
        || Bound::counted(&order.request, &models, floor, order.request.shape().text_bytes / BYTES_PER_TOKEN_MOST);
    if room(&answer).is_some_and(|room| least().min() <= room) {
        // A third of the bytes is a generous bound; the true count may be affordable.
        let exact = Bound::counted(&order.request, &models, floor, count(app, order).await);
        if exact.min() < bound.min() {
            bound = exact;
            answer = ask(app, &guard, bound).await;
        }
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(unavailable) => {
            match unavailable {
                // There is nothing to give back: a ledger that is gone must not find a release of every request.
                Unavailable::Unsent => guard.refused(),
                Unavailable::Unknown => guard.release(Outcome::Aborted),
            }
            return Err(ApiError::service_unavailable("Balances cannot be checked at the moment."));
        }
    };
    match answer {
        Ok(granted) => Ok(accept(app, order, Grant { guard, bound, granted })),
        Err(refused) => {
            match refused {
                // Another try of this hold may have been granted: an earlier answer was lost.
                HoldRefused::Conflict => guard.release(Outcome::Aborted),
                _ => guard.refused(),
            }
            Err(explain(app, order, &bound, refused))
        }
    }
}

struct Grant {
    guard: HoldGuard,
    bound: Bound,
    granted: Granted,
}

fn guard(app: &App, order: &mut Order) -> Result<HoldGuard, ApiError> {
    let full = "The gateway is full at the moment.";
    let place = app.outbox.reserve().ok_or_else(|| ApiError::service_unavailable(full))?;
    let slot = Arc::clone(&app.upstream_calls).try_acquire_owned();
    let slot = slot.map_err(|_| ApiError::service_unavailable(full))?;
    let job = Job {
        id: order.id,
        account: order.caller.record.account,
        key: order.caller.record.key,
        request: Arc::clone(&order.request),
        body_share: order.body_share.take(),
        started_ms: app.clock.unix_ms() - i64::try_from(order.started.elapsed().as_millis()).unwrap_or(0),
        started: order.started,
    };
    let first = order.ways.routes.first().ok_or_else(|| ApiError::model_not_found(order.request.model()))?;
    let meter = Arc::new(Meter::new(job, first.clone()));
    Ok(HoldGuard::new(meter, app.checkpointer.clone(), Admission { place, slot }))
}

/// What there was for a request that was refused for lack of funds.
fn room(answer: &Result<Result<Granted, HoldRefused>, Unavailable>) -> Option<NanoUsd> {
    match answer {
        Ok(Err(HoldRefused::InsufficientBalance { available, .. })) => Some(*available),
        Ok(Err(HoldRefused::KeyBudgetExceeded { limit, spent, held, .. })) => {
            Some(NanoUsd::new(limit.nanos().saturating_sub(spent.nanos()).saturating_sub(held.nanos())))
        }
        _ => None,
    }
}

async fn ask(app: &App, guard: &HoldGuard, bound: Bound) -> Result<Result<Granted, HoldRefused>, Unavailable> {
    let meter = guard.meter();
    let hold = Hold {
        id: meter.id(),
        account: meter.account(),
        key: meter.key(),
        min: bound.min(),
        want: bound.want(),
        usage: meter.at_start(),
    };
    app.ledger.hold(hold).await
}

/// Counts the input. Those who cannot pay must not keep the processors busy, so that few are counted at once.
async fn count(app: &App, order: &Order) -> u64 {
    let _slot = app.counters.acquire().await;
    let (tokenizer, request) = (Arc::clone(&app.tokenizer), Arc::clone(&order.request));
    // Fails only while the process ends; then nothing is affordable.
    tokio::task::spawn_blocking(move || count_input(&tokenizer, &request)).await.unwrap_or(u64::MAX)
}

fn accept(app: &App, order: &Order, grant: Grant) -> Held {
    let Grant { guard, bound, granted } = grant;
    guard.meter().granted(granted.amount);
    guard.granted();
    if granted.key_version > order.caller.record.version {
        forget(app, order);
    }
    let clamped = granted.amount < bound.want();
    Held { guard, max_output_tokens: clamped.then(|| bound.affordable_output(granted.amount)) }
}

/// The key is read again at its next use.
fn forget(app: &App, order: &Order) {
    if let Some(hash) = &order.caller.hash {
        app.keys.forget(hash);
    }
}

fn explain(app: &App, order: &Order, bound: &Bound, refused: HoldRefused) -> ApiError {
    match refused {
        HoldRefused::InsufficientBalance { available, held } => {
            let message = format!(
                "Your balance does not cover this request: it needs up to {}, and {available} is available. Top up your balance.",
                bound.min()
            );
            payment_required(message, Shortage { bound, available, held })
        }
        HoldRefused::KeyBudgetExceeded { period, limit, spent, held } => {
            let per = match period {
                Period::Day => "per day",
                Period::Month => "per month",
                Period::Total => "in total",
            };
            let message = format!(
                "This API key's own spend limit of {limit} {per} does not cover this request: {spent} is spent."
            );
            let left = limit.nanos().saturating_sub(spent.nanos());
            let available = NanoUsd::new(left.saturating_sub(held.nanos()));
            payment_required(message, Shortage { bound, available, held })
        }
        HoldRefused::KeyRevoked => {
            forget(app, order);
            ApiError::invalid_api_key("This API key has been revoked.")
        }
        HoldRefused::KeyExpired => ApiError::invalid_api_key("This API key has expired."),
        HoldRefused::AccountSuspended => ApiError::account_suspended(),
        HoldRefused::Frozen | HoldRefused::BacklogFull => {
            ApiError::service_unavailable("Balances cannot be charged at the moment.")
        }
        HoldRefused::Finished | HoldRefused::Conflict => internal(order.id, refused),
    }
}

/// Request ids are ours alone and fresh, so that this cannot happen but by a fault of ours.
fn internal(request: RequestId, refused: HoldRefused) -> ApiError {
    tracing::error!(%request, %refused, "the ledger knows the id of a new request");
    ApiError::internal()
}

struct Shortage<'a> {
    bound: &'a Bound,
    available: NanoUsd,
    held: NanoUsd,
}

fn payment_required(message: String, shortage: Shortage<'_>) -> ApiError {
    let Shortage { bound, available, held } = shortage;
    let required = bound.min();
    let affordable_tokens = bound.affordable_output(available);
    let shown = available.max(NanoUsd::ZERO);
    let funds = Funds { required, available: shown, held, affordable_tokens };
    let error = ApiError::insufficient_balance(message, funds);
    let enough_later = available.checked_add(held).is_some_and(|later| later >= required);
    if enough_later { error.retry_after_ms(RETRY_WHEN_HELD_MS) } else { error }
}
