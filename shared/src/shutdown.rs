//! Graceful shutdown: one signal, heard by every part of a process.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells whoever holds one that the process is to end. Cloned freely; cheap to ask.
#[derive(Clone, Debug)]
pub struct Shutdown {
    requested: watch::Receiver<bool>,
}

/// The end that requests the shutdown; dropping it requests it too.
#[derive(Debug)]
pub struct ShutdownTrigger {
    request: watch::Sender<bool>,
}

impl Shutdown {
    /// A shutdown and the trigger that requests it.
    #[must_use]
    pub fn new() -> (ShutdownTrigger, Self) {
        let (request, requested) = watch::channel(false);
        (ShutdownTrigger { request }, Self { requested })
    }

    /// A shutdown requested by SIGTERM or SIGINT. Must be called within a Tokio runtime, which then listens.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub fn on_signals() -> std::io::Result<Self> {
        let (trigger, shutdown) = Self::new();
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "shutting down"),
                _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "shutting down"),
            }
            trigger.request();
        });
        Ok(shutdown)
    }

    /// Whether the shutdown has been requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        // Without its trigger nothing else could ever end whoever asks.
        *self.requested.borrow() || self.requested.has_changed().is_err()
    }

    /// Returns when the shutdown is requested.
    pub async fn requested(&self) {
        // An error says that the trigger is gone, which requests the shutdown too.
        drop(self.requested.clone().wait_for(|requested| *requested).await);
    }
}

impl ShutdownTrigger {
    /// Requests the shutdown.
    pub fn request(&self) {
        self.request.send_replace(true);
    }
}
