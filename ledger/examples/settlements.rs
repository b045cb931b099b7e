//! Measures what a settlement costs: CPU time of the process per request that is held and settled.
//!
//! `cargo run --release -p syntopen-ledger --example settlements -- 64` for 64 requests at a time.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use syntopen_ledger::{Ledger, LedgerSettings};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::{PicoUsdPerToken, Prices, Tokens};
use syntopen_shared::wire::admin::{CreateAccount, CreateKey, CreditAccount, CreditClass};
use syntopen_shared::wire::ledger::{Finish, FinishKind, Hold, KeyRecord, Outcome, SpendLimits, Usage, UsageSource};

const REQUESTS: usize = 50_000;
/// Clock ticks of `/proc/self/stat` per second, the same on every Linux that we run on.
const TICKS_PER_SECOND: u64 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let workers = std::env::args().nth(1).map_or(Ok(64), |text| text.parse::<usize>())?;
    let dir = std::env::temp_dir().join(format!("syntopen-settlements-{}", std::process::id()));
    let ledger = Ledger::open(LedgerSettings::new(dir.clone()), Arc::new(SystemClock::default())).await?;
    let key = Arc::new(populate(&ledger).await?);

    let (cpu, begun) = (cpu_ticks()?, Instant::now());
    let left = Arc::new(AtomicUsize::new(REQUESTS));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let (ledger, key, left) = (Arc::clone(&ledger), Arc::clone(&key), Arc::clone(&left));
        tasks.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                request(&ledger, &key).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let cpu_us = (cpu_ticks()? - cpu) * 1_000_000 / TICKS_PER_SECOND;
    let wall = begun.elapsed();
    writeln!(
        std::io::stdout(),
        "{REQUESTS} requests, {workers} at a time: {} us of CPU and {} us each, drift {}",
        cpu_us / REQUESTS as u64,
        wall.as_micros() / REQUESTS as u128,
        ledger.reconcile().await?.drift,
    )?;
    ledger.close().await;
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

async fn populate(ledger: &Ledger) -> anyhow::Result<KeyRecord> {
    let email = "measure@example.com".to_owned();
    ledger.create_account(CreateAccount { email: email.clone(), password: None, operator: false }).await?;
    let amount = NanoUsd::new(1_000_000_000_000);
    let (class, reference) = (CreditClass::Grant, None);
    ledger.credit_account(CreditAccount { email: email.clone(), amount, class, reference }).await?;
    let limits = SpendLimits::default();
    let name = "measure".to_owned();
    let create = CreateKey { email, name, rpm: 0, limits, expires_ms: None, allowed_models: None };
    Ok(ledger.create_key(create).await?.record)
}

async fn request(ledger: &Ledger, key: &KeyRecord) -> anyhow::Result<()> {
    let (id, account, key) = (RequestId::mint(), key.account, key.key);
    let amount = NanoUsd::new(50_000);
    let hold = Hold { id, account, key, min: amount, want: amount, usage: usage(0) };
    ledger.hold(hold).await??;
    ledger.finish(Finish { id, account, key, kind: FinishKind::Settle, usage: usage(200) }).await??;
    Ok(())
}

fn usage(output: u64) -> Usage {
    let tokens = Tokens { input: output * 4, output, ..Tokens::default() };
    let price = PicoUsdPerToken::new(150_000);
    let prices = Prices { input: price, output: price, ..Prices::default() };
    Usage {
        model: "openai/gpt-4o-mini".into(),
        provider: "openai".into(),
        upstream: "openai".into(),
        cost: prices.cost(&tokens).unwrap_or_default(),
        tokens,
        prices,
        cost_price: None,
        source: Some(UsageSource::Provider),
        outcome: Outcome::Completed,
        stream: true,
        attempts: 1,
        started_ms: 0,
        first_byte_ms: Some(100),
        duration_ms: 1_000,
    }
}

/// User and system time of this process so far.
fn cpu_ticks() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("there is no /proc")?;
    let after_name = stat.rsplit_once(')').context("unlike any stat file")?.1;
    let fields = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(fields.collect::<Result<Vec<_>, _>>()?.into_iter().sum())
}
