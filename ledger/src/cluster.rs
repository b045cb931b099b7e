//! What a ledger of a cluster has beside its commands: the book on Postgres, and the tasks that bring it up to date.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use syntopen_shared::clock::Clock;
use syntopen_shared::redis::Redis;
use syntopen_shared::shutdown::Shutdown;

use crate::balances::redis::{RedisBalances, RedisSettings};
use crate::book::{Book, shards};
use crate::config::{ClusterSettings, Retention};
use crate::drainer::stream::{self, Drained, Shards};
use crate::error::Unavailable;
use crate::metrics::Metrics;
use crate::reconcile;

/// How often the stream of a shard is drained before the book is asked about a request that Redis does not know.
const DRAINS_MAX: usize = 9;
/// Between two looks at a Redis or a book that is not there yet when the service starts.
const START_POLL: Duration = Duration::from_millis(250);

/// The book of a cluster and what brings it up to date. All of it runs on the ledger's own thread.
pub(crate) struct Cluster {
    pub(crate) book: Arc<Book>,
    /// Another connection than that of the commands, which run on other threads.
    pub(crate) redis: RedisBalances,
    pub(crate) shards: Shards,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reconcile_every: Duration,
    pub(crate) usage_retention: Retention,
}

impl Cluster {
    /// Waits for Redis and the book, and checks that both are fit to keep money.
    ///
    /// # Errors
    /// When they are not there in time or not fit.
    pub(crate) async fn connect(
        settings: &ClusterSettings,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let redis = balances(settings)?;
        let book = within(settings.start_max, || Book::connect(&settings.database_url, settings.connections_max)).await;
        let book = Arc::new(book.context("SYNTOPEN_DATABASE_URL: the book cannot be opened")?);
        shards::ensure(&book, settings.shards).await?;
        let fit =
            within(settings.start_max, || async { redis.preflight().await.context("Redis does not answer") }).await;
        let complaints = fit.context("SYNTOPEN_REDIS_URL")?;
        for complaint in &complaints {
            tracing::warn!("{complaint}");
        }
        if !complaints.is_empty() && !settings.accepts_unsafe_redis {
            let told = complaints.join("; ");
            bail!("this Redis may lose money: {told}. SYNTOPEN_LEDGER_REDIS_UNSAFE=1 starts the ledger all the same");
        }
        let (reconcile_every, usage_retention) = (settings.reconcile_every, settings.usage_retention);
        let shards = Shards::new(settings.shards);
        Ok(Self { book, redis, shards, metrics, clock, reconcile_every, usage_retention })
    }

    /// Books everything that the stream of `shard` holds now, so that the book is the last word on its requests.
    pub(crate) async fn drain(&self, shard: u32) -> Result<(), Unavailable> {
        for _ in 0..DRAINS_MAX {
            if stream::drain(self, shard).await? == Drained::Clean {
                return Ok(());
            }
        }
        Err(Unavailable)
    }

    /// Reconciles on a timer until the shutdown is requested.
    pub(crate) async fn reconcile(&self, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.reconcile_every) => {}
                () = shutdown.requested() => return,
            }
            let began_ms = self.clock.unix_ms();
            let report = tokio::select! {
                report = reconcile::cluster::run(self) => report,
                // All that it writes is written again by the next one.
                () = shutdown.requested() => return,
            };
            match report {
                Ok(report) => {
                    self.metrics.reconciled(&report);
                    reconcile::kept::note(&self.book, (began_ms, self.clock.unix_ms()), &report).await;
                }
                Err(error) => tracing::warn!(error = format!("{error:#}"), "the reconciliation failed"),
            }
        }
    }
}

/// Balances over a connection of their own.
///
/// # Errors
/// When the address is of no known form.
pub(crate) fn balances(settings: &ClusterSettings) -> anyhow::Result<RedisBalances> {
    let redis = Arc::new(Redis::open(&settings.redis_url)?);
    let (shards, stream_max) = (settings.shards, settings.backlog_max);
    Ok(RedisBalances::new(redis, RedisSettings { shards, stream_max, ..RedisSettings::default() }))
}

/// Tries until it succeeds or `most` has passed: the parts of a cluster start in any order.
async fn within<T, F: Future<Output = anyhow::Result<T>>>(
    most: Duration,
    mut attempt: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let deadline = tokio::time::Instant::now() + most;
    loop {
        match attempt().await {
            Err(error) if tokio::time::Instant::now() < deadline => {
                tracing::info!(error = format!("{error:#}"), "waiting");
                tokio::time::sleep(START_POLL).await;
            }
            done => return done,
        }
    }
}
