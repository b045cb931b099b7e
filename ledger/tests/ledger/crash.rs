//! A process that is killed under load loses nothing that it acknowledged.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use syntopen_shared::clock::ManualClock;
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::FinishKind;
use tempfile::TempDir;

use crate::support::{Bench, EMAIL, START_MS, connect, open, populate};

const CHILD_DIR: &str = "LEDGER_CRASH_DIR";
const FINISHES: usize = 300;
const COST: i64 = 7;
const CREDIT: i64 = 1_000;

#[test]
fn acknowledged_money_survives_a_kill() {
    let dir = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(CHILD_DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut credits = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(id) = line.strip_prefix("finished ") {
            acknowledged.push(id.parse::<RequestId>().unwrap());
        }
        credits += i64::from(line == "credited");
        if FINISHES <= acknowledged.len() {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(FINISHES <= acknowledged.len() && 0 < credits, "{} finishes, {credits} credits", acknowledged.len());
    tokio::runtime::Runtime::new().unwrap().block_on(check(&dir, &acknowledged, credits));
}

async fn check(dir: &TempDir, acknowledged: &[RequestId], credits: i64) {
    let clock = Arc::new(ManualClock::at(START_MS));
    let ledger = open(dir.path(), &clock).await;
    let report = ledger.reconcile().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    ledger.close().await;

    let mut book = connect(dir.path()).await;
    for id in acknowledged {
        let charged = sqlx::query_scalar::<_, i64>("SELECT charged FROM usage WHERE id = $1").bind(id.to_string());
        assert_eq!(charged.fetch_optional(&mut book).await.unwrap(), Some(COST), "{id}");
    }
    let top_ups =
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM transfers WHERE class = 'top_up' AND op <> 'first'");
    assert!(credits <= top_ups.fetch_one(&mut book).await.unwrap());
}

/// Not a test of its own: the process that is killed.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let clock = Arc::new(ManualClock::at(START_MS));
        let ledger = open(dir.as_ref(), &clock).await;
        let (account, key) = populate(&ledger, 1_000_000_000).await;
        let bench = Arc::new(Bench { ledger, clock, dir: TempDir::new().unwrap(), account, key });
        for worker in 0..16 {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                for round in 0.. {
                    request(&bench).await;
                    if round % 10 == 0 {
                        bench.credit(CREDIT, &format!("{EMAIL} {worker} {round}")).await;
                        say("credited");
                    }
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

async fn request(bench: &Bench) {
    let id = RequestId::mint();
    bench.hold(id, 10).await.unwrap();
    bench.checkpoint(id, 10, 3).await;
    bench.finish(id, FinishKind::Settle, COST).await.unwrap();
    say(&format!("finished {id}"));
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
