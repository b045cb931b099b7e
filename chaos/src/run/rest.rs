//! Whether a healed cluster has come to rest: nothing runs, nothing is held, and the book has everything.

use std::time::{Duration, Instant};

use awc::Client;
use syntopen_shared::money::NanoUsd;

use crate::clients::{Desk, Payer, client};
use crate::cluster::{LEDGERS, Map};

const POLL: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until all rests; what does not, where the time was not enough.
pub async fn reached(map: &Map, payers: &[Payer], time: Duration) -> Vec<String> {
    let (client, desk, deadline) = (client(), Desk::new(map.clone()), Instant::now() + time);
    loop {
        let restless = restless(&client, &desk, (map, payers)).await;
        if restless.is_empty() || deadline < Instant::now() {
            return restless;
        }
        actix_rt::time::sleep(POLL).await;
    }
}

async fn restless(client: &Client, desk: &Desk, (map, payers): (&Map, &[Payer])) -> Vec<String> {
    let mut restless = Vec::new();
    let inflight = text(client, &format!("http://{}/simulator/inflight", map.simulator)).await;
    if inflight.as_deref() != Some("{\"inflight\":0}") {
        restless.push(format!("the provider is busy: {inflight:?}"));
    }
    for (number, ops) in map.ops.iter().enumerate() {
        let metrics = text(client, &format!("http://{ops}/metrics")).await.unwrap_or_default();
        for empty in ["gateway_outbox_entries 0", "gateway_outbox_unbooked 0"] {
            if !metrics.lines().any(|line| line == empty) {
                let (gauge, _) = empty.split_once(' ').unwrap_or_default();
                let found = metrics.lines().find(|line| line.starts_with(gauge));
                restless.push(format!("the outbox of gateway {number} is not empty: {found:?}"));
            }
        }
    }
    for payer in payers {
        match desk.show_at(0, payer).await {
            Ok(account) if account.held == NanoUsd::ZERO => {}
            other => restless.push(format!("{} still holds: {other:?}", payer.email)),
        }
    }
    // The dearest question is asked last, and only when it may be the only one.
    if restless.is_empty() {
        for ledger in 0..LEDGERS {
            match desk.reconcile(ledger).await {
                Ok(report) if report.pending == 0 => {}
                other => restless.push(format!("the streams are not drained: {other:?}")),
            }
        }
    }
    restless
}

async fn text(client: &Client, url: &str) -> Option<String> {
    let mut response = client.get(url).timeout(PATIENCE).send().await.ok()?;
    let body = response.body().limit(16 * 1024 * 1024).await.ok()?;
    Some(String::from_utf8_lossy(&body).into_owned())
}
