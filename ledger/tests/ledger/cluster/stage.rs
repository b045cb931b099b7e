//! Two ledgers over one Redis and one Postgres, and an account with a key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use syntopen_ledger::Ledger;
use syntopen_ledger::config::ClusterSettings;
use syntopen_ledger::metrics::Metrics;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::testing::{PostgresServer, RedisServer};
use syntopen_shared::wire::admin::ShowAccount;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishKind, FinishRefused, Finished, Granted, Hold, HoldRefused,
};

use crate::support::{EMAIL, credit_command, populate, usage};

const LEDGERS: usize = 2;
/// Longer than any recovery or any booking takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

pub(crate) struct Stage {
    pub(crate) redis: RedisServer,
    pub(crate) postgres: PostgresServer,
    pub(crate) settings: ClusterSettings,
    ledgers: Vec<Arc<Ledger>>,
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
}

/// Settings over these servers.
pub(crate) async fn settings(redis: &RedisServer, postgres: &PostgresServer) -> ClusterSettings {
    ClusterSettings::read(
        [
            ("SYNTOPEN_REDIS_URL", redis.url().as_str()),
            ("SYNTOPEN_DATABASE_URL", postgres.database().await.url.as_str()),
            ("SYNTOPEN_LEDGER_SHARDS", "4"),
            ("SYNTOPEN_START_SECONDS", "5"),
        ]
        .into(),
    )
    .unwrap()
}

pub(crate) async fn connect(settings: &ClusterSettings) -> anyhow::Result<Arc<Ledger>> {
    Ledger::connect(settings.clone(), Arc::new(SystemClock::default()), Arc::new(Metrics::new().unwrap())).await
}

impl Stage {
    /// With a balance of so many nano-dollars.
    pub(crate) async fn with(balance: i64) -> Self {
        let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
        let settings = settings(&redis, &postgres).await;
        let mut ledgers = Vec::new();
        for _ in 0..LEDGERS {
            ledgers.push(connect(&settings).await.unwrap());
        }
        let (account, key) = populate(&ledgers[0], balance).await;
        let stage = Self { redis, postgres, settings, ledgers, account, key };
        stage.until_open().await;
        stage
    }

    pub(crate) fn ledger(&self, number: usize) -> Arc<Ledger> {
        Arc::clone(&self.ledgers[number])
    }

    pub(crate) fn hold_command(&self, id: RequestId, amount: i64) -> Hold {
        let amount = NanoUsd::new(amount);
        Hold { id, account: self.account, key: self.key, min: amount, want: amount, usage: usage(0) }
    }

    pub(crate) fn finish_command(&self, id: RequestId, kind: FinishKind, cost: i64) -> Finish {
        Finish { id, account: self.account, key: self.key, kind, usage: usage(cost) }
    }

    pub(crate) fn checkpoint_command(&self, id: RequestId, amount: i64, cost: i64) -> Checkpoint {
        let amount = NanoUsd::new(amount);
        Checkpoint { id, account: self.account, key: self.key, amount, usage: usage(cost) }
    }

    pub(crate) async fn hold(&self, id: RequestId, amount: i64) -> Result<Granted, HoldRefused> {
        self.ledgers[0].hold(self.hold_command(id, amount)).await.unwrap()
    }

    pub(crate) async fn finish(&self, id: RequestId, kind: FinishKind, cost: i64) -> Result<Finished, FinishRefused> {
        self.ledgers[0].finish(self.finish_command(id, kind, cost)).await.unwrap()
    }

    /// Books money that comes in, whatever becomes of it in Redis.
    pub(crate) async fn credit(&self, amount: i64, reference: &str) {
        // It is booked where Redis is away, too; then the answer is that nothing is known.
        let _told_or_not = self.ledgers[1].credit_account(credit_command(amount, reference)).await;
    }

    /// Posted and held.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let account = self.ledgers[0].show_account(ShowAccount { email: EMAIL.to_owned() }).await.unwrap();
        (account.balance.nanos(), account.held.nanos())
    }

    /// Waits until holds are granted.
    pub(crate) async fn until_open(&self) {
        until("the shard is open", async || {
            let id = RequestId::mint();
            let granted = matches!(self.ledgers[0].hold(self.hold_command(id, 0)).await, Ok(Ok(_)));
            granted && self.ledgers[0].finish(self.finish_command(id, FinishKind::Release, 0)).await.is_ok()
        })
        .await;
    }

    /// Waits until the book has the end of a request with this total.
    pub(crate) async fn until_booked(&self, id: RequestId, total: i64) {
        let confirm = Confirm { id, total: NanoUsd::new(total) };
        until("the book has it", async || {
            matches!(self.ledgers[0].confirm(vec![confirm]).await.as_deref(), Ok([true]))
        })
        .await;
    }

    pub(crate) async fn assert_no_drift(&self) {
        let report = self.ledgers[0].reconcile().await.unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert_eq!((report.drift, report.pending), (NanoUsd::ZERO, 0));
    }
}

/// Polls until `is_so`.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(POLL).await;
    }
}
