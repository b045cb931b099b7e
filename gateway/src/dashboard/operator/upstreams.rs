//! How the upstreams are for every gateway, and what is earned with each model.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices};
use syntopen_shared::wire::office::operator::gateways::{
    BreakerState, Earned, Gateways, LookAtEarnings, LookAtGateways,
};

use super::figures::{margin, percent, span};
use crate::app::App;
use crate::catalog::{Candidate, Model};
use crate::dashboard::error::PageError;
use crate::dashboard::format;
use crate::dashboard::page::{Page, Section, render};
use crate::dashboard::viewer::Operator;

/// Over how many days what was earned is summed.
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "operator/upstreams.html")]
struct Upstreams {
    page: Page,
    gateways: usize,
    upstreams: Vec<Upstream>,
    earnings: Vec<Earning>,
    earned: Vec<Real>,
}

/// An upstream over all gateways.
struct Upstream {
    name: String,
    calls: i64,
    failed: i64,
    error_rate: Option<String>,
    latency: Option<String>,
    replicas: Vec<Replica>,
}

/// An upstream as one gateway sees it.
struct Replica {
    gateway: String,
    state: BreakerState,
    calls: i64,
    error_rate: Option<String>,
    latency: Option<String>,
    credentials: i64,
    credentials_out: i64,
    ago: String,
}

/// What is earned with a model at one upstream.
struct Earning {
    model: String,
    upstream: String,
    is_costed: bool,
    kinds: [Kind; 4],
}

/// What was earned with a model at one upstream.
struct Real {
    sums: Earned,
    /// What is left of requests whose cost price is known.
    left: NanoUsd,
    margin: Option<String>,
}

/// What is earned with one kind of tokens, in dollars per million.
struct Kind {
    name: &'static str,
    sell: String,
    cost: Option<String>,
    margin: Option<String>,
    is_loss: bool,
}

/// The page.
pub(crate) async fn show(app: web::Data<App>, Operator(signed): Operator) -> Result<HttpResponse, PageError> {
    let seen = app.office.ask(LookAtGateways {}).await?;
    let earned = app.office.ask(LookAtEarnings { days: DAYS }).await?;
    let catalog = app.catalog.current();
    let ways = catalog.models().flat_map(|model| model.candidates.iter().map(move |way| (model, way)));
    render(&Upstreams {
        page: Page::of(&signed, Section::Upstreams, "Upstreams"),
        gateways: seen.seen.len(),
        upstreams: by_upstream(&seen),
        earned: earned.into_iter().map(real).collect(),
        earnings: ways.map(|(model, way)| earning(model, way)).collect(),
    })
}

/// A price of a list.
type Bucket = fn(&Prices) -> PicoUsdPerToken;

/// What is told of each model.
const KINDS: [(&str, Bucket); 4] = [
    ("Input", |prices| prices.input),
    ("Cached input", |prices| prices.cached_input),
    ("Cache writes", |prices| prices.cache_write),
    ("Output", |prices| prices.output),
];

fn by_upstream(seen: &Gateways) -> Vec<Upstream> {
    let mut upstreams: BTreeMap<&str, (Upstream, i64)> = BTreeMap::new();
    for gateway in &seen.seen {
        for report in &gateway.report.upstreams {
            let (upstream, latency_ms) = upstreams.entry(&report.upstream).or_insert_with(|| {
                let (error_rate, latency, replicas) = (None, None, Vec::new());
                (Upstream { name: report.upstream.clone(), calls: 0, failed: 0, error_rate, latency, replicas }, 0)
            });
            upstream.calls = upstream.calls.saturating_add(report.calls);
            upstream.failed = upstream.failed.saturating_add(report.failed);
            *latency_ms = latency_ms.saturating_add(report.latency_ms);
            upstream.replicas.push(Replica {
                gateway: name(&gateway.report.host, &gateway.report.gateway.to_string()),
                state: report.state,
                calls: report.calls,
                error_rate: percent(report.failed, report.calls),
                latency: mean(report.latency_ms, report.calls),
                credentials: report.credentials,
                credentials_out: report.credentials_out,
                ago: span(seen.now_ms.saturating_sub(gateway.reported_ms).max(0)),
            });
        }
    }
    let summed = upstreams.into_values().map(|(upstream, latency_ms)| Upstream {
        error_rate: percent(upstream.failed, upstream.calls),
        latency: mean(latency_ms, upstream.calls),
        ..upstream
    });
    summed.collect()
}

/// What a gateway is called: its machine, and the end of its id, by which two on one machine differ.
pub(crate) fn name(host: &str, id: &str) -> String {
    let end = id.len().checked_sub(6).and_then(|from| id.get(from..)).unwrap_or(id);
    if host.is_empty() { end.to_owned() } else { format!("{host} · {end}") }
}

fn mean(sum_ms: i64, calls: i64) -> Option<String> {
    sum_ms.checked_div(calls).map(span)
}

fn earning(model: &Model, way: &Candidate) -> Earning {
    let (sell, cost) = (model.prices.base(), way.cost.as_ref().map(crate::catalog::PriceList::base));
    Earning {
        model: model.id.to_string(),
        upstream: way.upstream.name.to_string(),
        is_costed: cost.is_some(),
        kinds: KINDS.map(|(name, of)| kind(name, of(sell), cost.map(of))),
    }
}

fn real(sums: Earned) -> Real {
    let (charged, paid) = (sums.charged_of_priced.nanos(), sums.paid.nanos());
    let left = NanoUsd::new(charged.saturating_sub(paid));
    Real { sums, left, margin: margin(charged, paid) }
}

fn kind(name: &'static str, sell: PicoUsdPerToken, cost: Option<PicoUsdPerToken>) -> Kind {
    let picos = |price: PicoUsdPerToken| i64::try_from(price.picos()).unwrap_or(i64::MAX);
    Kind {
        name,
        sell: format::price(sell),
        cost: cost.map(format::price),
        margin: cost.and_then(|cost| margin(picos(sell), picos(cost))),
        is_loss: cost.is_some_and(|cost| sell < cost),
    }
}
