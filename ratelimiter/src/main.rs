//! Starts the rate limiter and runs it until SIGTERM or SIGINT.

use std::sync::Arc;

use syntopen_ratelimiter::app::App;
use syntopen_ratelimiter::config::Config;
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::clock::SystemClock;
use syntopen_shared::config::Environment;
use syntopen_shared::shutdown::Shutdown;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::read(Environment::of_process())?;
    config.telemetry.init();
    tracing::warn!("windows are kept in memory: run one replica only, and a restart forgets the last 60 s");
    let window = Arc::new(MemoryWindow::new(Arc::new(SystemClock::default())));
    App::bind(&config, window, Shutdown::on_signals()?)?.run().await
}
