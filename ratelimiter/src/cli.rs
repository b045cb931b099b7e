//! The program: reads settings, meets Redis, then serves.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::config::Environment;
use syntopen_shared::redis::Redis;
use syntopen_shared::shutdown::Shutdown;
use tokio::time::{Instant, sleep};

use crate::app::{App, Decider};
use crate::config::{Config, Store};
use crate::metrics::Metrics;
use crate::window::{MemoryWindow, RedisWindow, Window};

/// The exit code of a program whose settings are wrong (`EX_CONFIG` of `sysexits.h`).
const EXIT_CONFIG: u8 = 78;
/// How often the start asks for Redis, which may be starting too.
const REDIS_POLL: Duration = Duration::from_millis(200);

/// Runs the program to its end.
pub async fn run() -> ExitCode {
    let config = match Config::read(Environment::of_process()) {
        Ok(config) => config,
        Err(invalid) => {
            say(&invalid.to_string());
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    config.telemetry.init();
    // rustls wants its cryptography chosen before the first connection; a second choice would be the same one.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let metrics = Arc::new(Metrics::new()?);
    let window: Arc<dyn Window> = match &config.store {
        Store::Redis(url) => {
            let redis = Redis::open(url).context("SYNTOPEN_REDIS_URL")?;
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                met = meet(&redis, config.start) => met.context("SYNTOPEN_REDIS_URL")?,
            }
            Arc::new(RedisWindow::new(redis, Arc::clone(&metrics)))
        }
        Store::Memory => {
            tracing::warn!("windows are kept in memory: run one replica only, and a restart forgets the last 60 s");
            Arc::new(MemoryWindow::new(Arc::new(SystemClock::default())))
        }
    };
    App::bind(config, Decider { window, metrics }, shutdown)?.run().await
}

/// Waits until Redis answers, and refuses one that is too old.
async fn meet(redis: &Redis, patience: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    let mut told = false;
    loop {
        match redis.check_version().await {
            Ok(version) => return Ok(version?),
            Err(error) if Instant::now() < deadline => {
                if !told {
                    tracing::warn!(cause = %error, "Redis does not answer; waiting for it");
                    told = true;
                }
                sleep(REDIS_POLL).await;
            }
            Err(error) => return Err(error).context("Redis does not answer"),
        }
    }
}

/// Says why the program ends. Nothing is left to be done where even that fails.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "syntopen-ratelimiter: {text}");
}
