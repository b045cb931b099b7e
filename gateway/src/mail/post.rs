//! The way to the mail server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::letter::{Letter, Recipient};
use crate::config::MailSettings;
use crate::metrics::Metrics;

/// Messages that are being sent, or wait to be sent again, at once.
const UNDER_WAY_MAX: usize = 32;
/// A message is tried until then. An alert must have been given up before its claim lapses.
const GIVE_UP: Duration = Duration::from_secs(600);
/// How long the server may take for one step.
const STEP_MAX: Duration = Duration::from_secs(20);
/// How long one try may take.
const TRY_MAX: Duration = Duration::from_secs(60);
/// Between the first two tries; twice that before the next, and so on.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Sends messages, and counts what becomes of them.
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    metrics: Arc<Metrics>,
    turns: Arc<Semaphore>,
    /// Messages that were handed over and not sent or given up yet.
    pending: AtomicUsize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The server has it.
    Taken,
    /// It will never take it.
    Refused,
    /// It did not take it in time.
    TooLate,
}

impl Sent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "sent",
            Self::Refused => "refused",
            Self::TooLate => "too_late",
        }
    }
}

impl Post {
    pub(super) fn new(settings: &MailSettings, metrics: Arc<Metrics>) -> anyhow::Result<Self> {
        Ok(Self {
            transport: settings.server.transport(settings.authority.as_ref(), STEP_MAX)?,
            from: settings.from.clone(),
            metrics,
            turns: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
            pending: AtomicUsize::new(0),
        })
    }

    /// A message is handed over.
    pub(super) fn begins(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a message was handed over that is neither sent nor given up.
    pub(super) fn is_busy(&self) -> bool {
        0 < self.pending.load(Ordering::Relaxed)
    }

    /// The queue was full.
    pub(super) fn refused(&self, kind: &'static str) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
        self.metrics.mailed(kind, "queue_full");
        tracing::error!(mail.kind = kind, "a message was not sent: too many wait already");
    }

    /// The right to send one; never refused, as nobody closes the semaphore.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Sends a message, as often as it takes until the deadline.
    pub(super) async fn deliver(&self, recipient: &Recipient, letter: &Letter) -> Sent {
        let kind = letter.kind();
        let sent = match self.compose(recipient, letter) {
            Some(message) => self.attempt(&message, kind).await,
            None => Sent::Refused,
        };
        self.metrics.mailed(kind, sent.as_str());
        self.pending.fetch_sub(1, Ordering::Relaxed);
        sent
    }

    fn compose(&self, recipient: &Recipient, letter: &Letter) -> Option<Message> {
        let body = letter.body().inspect_err(|error| tracing::error!(%error, "a message cannot be made")).ok()?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(recipient.mailbox())
            .subject(letter.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(body);
        message.inspect_err(|_| tracing::error!(mail.kind = letter.kind(), "a message cannot be made")).ok()
    }

    async fn attempt(&self, message: &Message, kind: &'static str) -> Sent {
        let started = Instant::now();
        let mut pause = PAUSE_MIN;
        loop {
            // What the server says may have the address in it: only its code is told.
            let code = match tokio::time::timeout(TRY_MAX, self.transport.send(message.clone())).await {
                Ok(Ok(_)) => return Sent::Taken,
                Ok(Err(error)) if is_final(&error) => {
                    tracing::error!(mail.kind = kind, smtp.code = code(&error), "the mail server refuses a message");
                    return Sent::Refused;
                }
                Ok(Err(error)) => code(&error),
                Err(_) => None,
            };
            if GIVE_UP <= started.elapsed() + pause {
                tracing::error!(mail.kind = kind, smtp.code = code, "a message was given up");
                return Sent::TooLate;
            }
            tracing::warn!(mail.kind = kind, smtp.code = code, "a message was not taken, and is sent again");
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }
}

fn is_final(error: &SmtpError) -> bool {
    error.is_permanent() || error.is_client()
}

fn code(error: &SmtpError) -> Option<u16> {
    error.status().map(u16::from)
}
