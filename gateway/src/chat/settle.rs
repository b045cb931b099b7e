//! Stage 6: usage → cost → ledger, before the client is told that the answer is complete.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{Bytes, BytesMut};
use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::{Outcome, UsageSource};

use super::relay::stream::{Ended, write_event};
use super::relay::{Relayed, Whole};
use crate::answer::{CostDetails, ReportedUsage};
use crate::app::App;
use crate::guard::{Applied, HoldGuard, Settling};
use crate::meter::Route;

mod body;

const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const DONE: &[u8] = b"[DONE]";

/// Settles a whole answer and renders it, or lets a stream run to its settlement.
pub async fn settle(app: &Arc<App>, relayed: Relayed) -> HttpResponse {
    match relayed {
        Relayed::Json(whole) => {
            let rendered = json(app, *whole).await;
            HttpResponse::Ok().content_type("application/json").body(rendered)
        }
        Relayed::Stream(relay) => HttpResponse::Ok()
            .content_type("text/event-stream; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-cache"))
            .insert_header((NO_BUFFERING, "no"))
            .streaming(body::stream(Arc::clone(app), relay)),
    }
}

async fn json(app: &App, whole: Whole) -> Bytes {
    let Whole { answer, route, guard } = whole;
    let reported = answer.usage().filter(|usage| route.model.prices.cost(&usage.tokens).is_some()).cloned();
    if reported.is_none() {
        guard.meter().receive(|text| text.push_str(&answer.text()));
    }
    let counted = count(app, &guard, reported).await;
    let usage = counted.with_cost(&route);
    let settling = guard.settle(counted.reported.tokens, counted.source, Outcome::Completed);
    wait(app, settling).await;
    answer.render(&route.model.id, route.candidate.upstream.provider.as_str(), Some(&usage))
}

/// Settles a stream that has come to its end; the bytes that the client may be sent then.
async fn finish(app: &App, ended: Ended, outcome: Outcome) -> Bytes {
    let Ended { mut withheld, usage, usage_chunk, route, guard } = ended;
    let counted = count(app, &guard, usage).await;
    let settling = guard.settle(counted.reported.tokens, counted.source, outcome);
    wait(app, settling).await;
    if let Some(decoder) = usage_chunk {
        write_event(&mut withheld, &decoder.usage_chunk(&counted.with_cost(&route)));
    }
    write_event(&mut withheld, DONE);
    withheld.freeze()
}

struct Counted {
    reported: ReportedUsage,
    source: UsageSource,
}

/// The provider's figures, or our own count where it gave none, or none since the last of the text.
async fn count(app: &App, guard: &HoldGuard, reported: Option<ReportedUsage>) -> Counted {
    match reported.filter(|_| !guard.meter().has_text_since_report()) {
        Some(reported) => Counted { reported, source: UsageSource::Provider },
        None => {
            let tokens: Tokens = guard.meter().count(&app.tokenizer).await;
            Counted { reported: ReportedUsage::of(tokens), source: UsageSource::Estimated }
        }
    }
}

impl Counted {
    fn with_cost(&self, route: &Route) -> String {
        let tokens = &self.reported.tokens;
        let prices = route.model.prices.for_input(tokens.total_input());
        let cost = prices.cost(tokens).unwrap_or_default();
        self.reported.with_cost(cost, &CostDetails::of(prices, tokens))
    }
}

async fn wait(app: &App, settling: Settling) {
    if settling.applied_within(app.config.timeouts.settle).await == Applied::Unknown {
        app.metrics.settle_wait_exceeded.inc();
    }
}

/// One event that tells of a failure; after it the stream ends.
fn error_event(error: &crate::error::ApiError) -> Bytes {
    let mut event = BytesMut::new();
    write_event(&mut event, error.body().to_string().as_bytes());
    event.freeze()
}
