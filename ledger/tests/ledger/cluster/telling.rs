//! A ledger that dies when the book has a change and Redis has not been told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use syntopen_ledger::config::ClusterSettings;
use syntopen_shared::id::RequestId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateAccount, CreateKey, RevokeKey, SetAccountStanding, ShowAccount};
use syntopen_shared::wire::ledger::{AccountStatus, Hold, HoldRefused, KeyStatus, SpendLimits};

use super::stage::{Stage, connect, until};
use crate::support::{credit_command, usage};

const REDIS: &str = "LEDGER_TELLING_REDIS";
const DATABASE: &str = "LEDGER_TELLING_DATABASE";
const KEY: &str = "LEDGER_TELLING_KEY";
const EVE: &str = "eve@example.com";
/// The others tell it within a second; reconciliation would after five minutes.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn what_a_dead_ledger_did_not_tell_is_told_by_others() {
    let stage = Stage::with(1_000).await;
    let create = CreateAccount { email: EVE.to_owned(), password: None, operator: false };
    let eve = stage.ledger(0).create_account(create).await.unwrap().account;
    let limits = SpendLimits::default();
    let key = CreateKey {
        email: EVE.to_owned(),
        name: "eve".to_owned(),
        rpm: 60,
        limits,
        expires_ms: None,
        allowed_models: None,
    };
    let key = stage.ledger(0).create_key(key).await.unwrap().record.key;
    let hold_of_eve =
        || Hold { id: RequestId::mint(), account: eve, key, min: NanoUsd::ZERO, want: NanoUsd::ZERO, usage: usage(0) };
    stage.hold(RequestId::mint(), 10).await.unwrap();
    stage.ledger(1).hold(hold_of_eve()).await.unwrap().unwrap();

    // Redis takes nothing more of the ledger that dies, whatever it sends.
    stage.redis.command("ACL SETUSER mortal on >secret ~* &* +@all");
    let mut mortal = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cluster::telling::mortal", "--nocapture"])
        .env(REDIS, stage.redis.url().replace("redis://", "redis://mortal:secret@"))
        .env(DATABASE, stage.settings.database_url.expose())
        .env(KEY, stage.key.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(mortal.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "connected"));
    stage.redis.command("ACL SETUSER mortal -@all");
    writeln!(mortal.stdin.as_mut().unwrap(), "go").unwrap();
    assert!(lines.any(|line| line.unwrap() == "credited"));
    until("the book has the revocation", async || {
        stage.ledger(0).refresh(&[stage.key]).await.unwrap()[0].status == KeyStatus::Revoked
    })
    .await;
    until("the book has the suspension", async || {
        let eve = stage.ledger(0).show_account(ShowAccount { email: EVE.to_owned() }).await.unwrap();
        eve.status == AccountStatus::Suspended
    })
    .await;
    mortal.kill().unwrap();
    mortal.wait().unwrap();
    let died = Instant::now();

    until("the key is refused", async || {
        let hold = stage.hold_command(RequestId::mint(), 10);
        stage.ledger(1).hold(hold).await.unwrap() == Err(HoldRefused::KeyRevoked)
    })
    .await;
    until("the account is refused", async || {
        stage.ledger(0).hold(hold_of_eve()).await.unwrap() == Err(HoldRefused::AccountSuspended)
    })
    .await;
    until("the money is there", async || stage.balance().await.0 == 1_500).await;
    assert!(died.elapsed() < SOON, "{:?}", died.elapsed());
}

/// Not a test of its own: the process that is killed.
#[test]
fn mortal() {
    let Ok(redis) = std::env::var(REDIS) else { return };
    let (database, key) = (std::env::var(DATABASE).unwrap(), std::env::var(KEY).unwrap().parse().unwrap());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let settings = [
            ("SYNTOPEN_REDIS_URL", redis.as_str()),
            ("SYNTOPEN_DATABASE_URL", database.as_str()),
            ("SYNTOPEN_LEDGER_SHARDS", "4"),
        ];
        let ledger = connect(&ClusterSettings::read(settings.into()).unwrap()).await.unwrap();
        say("connected");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        ledger.credit_account(credit_command(500, "late")).await.unwrap();
        say("credited");
        loop {
            let status = AccountStatus::Suspended;
            let suspend = SetAccountStanding { email: EVE.to_owned(), status };
            let (revoked, suspended) =
                tokio::join!(ledger.revoke_key(RevokeKey { key }), ledger.set_account_standing(suspend));
            assert!(revoked.is_err() && suspended.is_err(), "Redis has not been told");
        }
    });
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
