//! Messages by mail: a bounded queue, and one task that sends from it, again and again until a deadline.
//!
//! Pages hand a message over and go on: whether it arrives, they cannot know. What fails is counted and logged, without
//! the address and without the link.

mod alerts;
mod letter;
mod post;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Arbiter;
use anyhow::Context as _;
use tokio::sync::mpsc;

pub(crate) use alerts::watch;
pub(crate) use letter::{Letter, Recipient};

use crate::config::{MailSettings, PublicUrl};
use crate::metrics::Metrics;
use post::{Post, Sent};

/// Messages that wait at most; beyond that they are refused.
const QUEUE_MAX: usize = 1_000;
/// How long the end of the process waits for messages that wait or are under way.
const DRAIN: Duration = Duration::from_secs(5);
const DRAIN_POLL: Duration = Duration::from_millis(5);

/// Sends messages.
pub struct Mail {
    queue: mpsc::Sender<(Recipient, Letter)>,
    post: Arc<Post>,
    settings: MailSettings,
}

impl Mail {
    /// Sends from the thread of `arbiter`; nothing is sent where no server is set.
    ///
    /// # Errors
    /// When the certificates of the mail server's authority cannot be used.
    pub fn start(
        arbiter: &Arbiter,
        settings: Option<MailSettings>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(settings) = settings else { return Ok(None) };
        let post = Post::new(&settings, Arc::clone(metrics)).context("SYNTOPEN_SMTP_URL")?;
        let post = Arc::new(post);
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        arbiter.spawn(run(Arc::clone(&post), waiting));
        Ok(Some(Self { queue, post, settings }))
    }

    /// Hands a message over.
    pub(crate) fn send(&self, recipient: Recipient, letter: Letter) {
        let kind = letter.kind();
        self.post.begins();
        if self.queue.try_send((recipient, letter)).is_err() {
            self.post.refused(kind);
        }
    }

    /// Where customers reach the gateway.
    #[must_use]
    pub(crate) const fn public_url(&self) -> &PublicUrl {
        &self.settings.public_url
    }

    /// Sends a message now; what became of it.
    async fn deliver(&self, recipient: &Recipient, letter: &Letter) -> Sent {
        self.post.begins();
        self.post.deliver(recipient, letter).await
    }

    /// Waits until all that was handed over has been sent or given up, but not for long.
    pub(crate) async fn drain(&self) {
        let started = Instant::now();
        while self.post.is_busy() && started.elapsed() < DRAIN {
            actix_rt::time::sleep(DRAIN_POLL).await;
        }
        if self.post.is_busy() {
            tracing::warn!("messages were not sent in time, and are lost");
        }
    }
}

async fn run(post: Arc<Post>, mut waiting: mpsc::Receiver<(Recipient, Letter)>) {
    while let Some((recipient, letter)) = waiting.recv().await {
        // Waits here, so that what waits for its second try is bounded too.
        let turn = post.turn().await;
        let post = Arc::clone(&post);
        actix_rt::spawn(async move {
            post.deliver(&recipient, &letter).await;
            drop(turn);
        });
    }
}
