//! The rate limiter itself, with windows in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use syntopen_ratelimiter::app::{App, Decider};
use syntopen_ratelimiter::config::Config;
use syntopen_ratelimiter::metrics::Metrics;
use syntopen_ratelimiter::window::{MemoryWindow, Window};
use syntopen_shared::clock::SystemClock;
use syntopen_shared::shutdown::{Shutdown, ShutdownTrigger};

use super::TOKEN;

/// A replica of the rate limiter. Its windows are its own, and are kept when it is started again.
pub(crate) struct LimiterService {
    address: SocketAddr,
    window: Arc<dyn Window>,
    running: Option<(ShutdownTrigger, JoinHandle<()>)>,
}

impl LimiterService {
    pub(crate) fn start() -> Self {
        let window = Arc::new(MemoryWindow::new(Arc::new(SystemClock::default())));
        let mut service = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), window, running: None };
        service.run();
        service
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs, on the address that it had before.
    pub(crate) fn run(&mut self) {
        let (window, listen) = (Arc::clone(&self.window), self.address.to_string());
        let (trigger, shutdown) = Shutdown::new();
        let (started, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let settings = [
                    ("SYNTOPEN_LISTEN", listen.as_str()),
                    ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
                    ("SYNTOPEN_RATELIMITER_MEMORY", "1"),
                ];
                let decider = Decider { window, metrics: Arc::new(Metrics::new().unwrap()) };
                let app = App::bind(&Config::read(settings.into()).unwrap(), decider, shutdown).unwrap();
                started.send(app.address()).unwrap();
                app.run().await.unwrap();
            });
        });
        (self.address, self.running) = (address.recv().unwrap(), Some((trigger, thread)));
    }

    /// Ends as SIGTERM ends it.
    pub(crate) fn stop(&mut self) {
        if let Some((trigger, thread)) = self.running.take() {
            trigger.request();
            thread.join().unwrap();
        }
    }
}

impl Drop for LimiterService {
    fn drop(&mut self) {
        self.stop();
    }
}
