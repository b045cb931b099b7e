//! The ledger at a glance.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use syntopen_ledger::office::OfficeError;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::gateways::{Gateways, LookAtGateways};
use syntopen_shared::wire::office::operator::ledger::{
    Glance, LedgerState, LookAtLedger, Reconcile, Reconciliation, Scope, Store,
};

use super::figures;
use super::upstreams;
use super::{Button, OperatorForm};
use crate::app::App;
use crate::dashboard::error::PageError;
use crate::dashboard::page::{Page, Section, render, see_other};
use crate::dashboard::viewer::Operator;

const PATH: &str = "/dashboard/operator/ledger";

#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "operator/ledger.html")]
struct LedgerPage {
    page: Page,
    done: Option<&'static str>,
    /// Of this gateway.
    outbox: (usize, usize),
    gateways: Gateways,
    whole: Glance,
    silent: usize,
    store: Store,
    last: Option<Reconciliation>,
    last_hot: Option<Reconciliation>,
    is_running: bool,
}

/// The page.
pub(crate) async fn show(
    app: web::Data<App>,
    Operator(signed): Operator,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let LedgerState { store, reconciliations, .. } = app.office.ask(LookAtLedger {}).await?;
    let gateways = app.office.ask(LookAtGateways {}).await?;
    let (whole, silent) = sum(&store);
    let is_running = reconciliations.iter().any(|one| one.scope == Scope::Whole && one.ended_ms.is_none());
    let last = |scope| {
        let ended = |one: &&Reconciliation| one.scope == scope && one.ended_ms.is_some();
        reconciliations.iter().find(ended).cloned()
    };
    render(&LedgerPage {
        page: Page::of(&signed, Section::Ledger, "Ledger"),
        done: word(&query.done),
        outbox: (app.outbox.unapplied(), app.outbox.unbooked()),
        gateways,
        whole,
        silent,
        store,
        last: last(Scope::Whole),
        last_hot: last(Scope::Hot),
        is_running,
    })
}

/// Has the money be counted by every route.
pub(crate) async fn reconcile(
    app: web::Data<App>,
    OperatorForm(signed, Button {}): OperatorForm<Button>,
) -> Result<HttpResponse, PageError> {
    let done = match app.office.ask(Reconcile { by: signed.by() }).await {
        Ok(()) => "begun",
        Err(OfficeError::Refused(Refusal::Conflict { .. })) => "running",
        Err(error) => return Err(error.into()),
    };
    Ok(see_other(&format!("{PATH}?done={done}")))
}

/// All parts of the hot state together, and how many of them do not answer.
fn sum(store: &Store) -> (Glance, usize) {
    match store {
        Store::Memory(glance) => (*glance, 0),
        Store::Shards(shards) => {
            let silent = shards.iter().filter(|shard| shard.glance.is_none()).count();
            let glances = shards.iter().filter_map(|shard| shard.glance);
            let whole = glances.fold(Glance::default(), |sum, glance| Glance {
                waiting: sum.waiting.saturating_add(glance.waiting),
                lag_ms: sum.lag_ms.max(glance.lag_ms),
                holds: sum.holds.saturating_add(glance.holds),
                held: NanoUsd::new(sum.held.nanos().saturating_add(glance.held.nanos())),
            });
            (whole, silent)
        }
    }
}

/// Words of ours alone.
fn word(done: &str) -> Option<&'static str> {
    match done {
        "begun" => Some("The reconciliation has begun. Load the page again in a moment."),
        "running" => Some("A reconciliation is running. Load the page again in a moment."),
        _ => None,
    }
}
