//! A closed-loop load generator: so many connections, each of which asks again as soon as it was answered.
//!
//! It spends little itself, and tells what the processes under test spent, because on one machine a throughput alone
//! says mostly who else was running.

mod connection;
mod process;
mod report;
mod response;
mod target;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use syntopen_shared::secret::Secret;
use tokio::task::JoinSet;

pub use self::process::Watch;
pub use self::report::{Cpu, Latency, Report};
pub use self::target::{Reach, Target, TargetError};

use self::report::Tally;

/// The most connections of a run.
pub const CONNECTIONS_MAX: usize = 10_000;
/// The longest run, in seconds.
pub const SECONDS_MAX: u64 = 3_600;

/// What a run does.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Who is asked.
    pub target: Target,
    /// The API key that is sent.
    pub key: Secret,
    /// What is asked.
    pub question: Question,
    /// Connections, each with one request at a time; at most [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// How long requests are begun; at most [`SECONDS_MAX`].
    pub duration: Duration,
    /// How many requests are begun at most.
    pub requests_max: u64,
    /// Processes whose CPU time is measured.
    pub watches: Vec<Watch>,
}

/// The one completion that is asked for again and again.
#[derive(Debug, Clone)]
pub struct Question {
    /// The model's id.
    pub model: String,
    /// The form of the answer.
    pub form: Form,
    /// Length of the answer in tokens, which is also the maximum that is named.
    pub tokens: u64,
    /// The prompt is padded until the body has so many bytes.
    pub body_bytes: usize,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// Server-sent events.
    Stream,
}

impl Question {
    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> String {
        let body = |padding: usize| {
            json!({
                "model": self.model,
                "messages": [{"role": "user", "content": format!("Say something.{}", " more".repeat(padding / 5))}],
                "max_tokens": self.tokens,
                "stream": self.form == Form::Stream,
                "simulator": {"tokens": self.tokens},
            })
            .to_string()
        };
        let bare = body(0);
        body(self.body_bytes.saturating_sub(bare.len()))
    }
}

/// What all connections of a run share.
struct Run {
    target: Target,
    /// The whole request, as it is written.
    request: Bytes,
    form: Form,
    deadline: Instant,
    /// Requests that may still be begun.
    left: AtomicU64,
    tally: Mutex<Tally>,
}

impl Run {
    /// Takes the permission to begin one more request.
    fn may_begin(&self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        Instant::now() < self.deadline && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a load to its end. Requests that are under way when the time is over are waited for and counted.
pub async fn run(settings: LoadSettings) -> Report {
    let began = Instant::now();
    let spent_before: Vec<_> = settings.watches.iter().map(Watch::cpu_us).collect();
    let run = Arc::new(Run {
        request: request(&settings),
        target: settings.target,
        form: settings.question.form,
        deadline: began + settings.duration.min(Duration::from_secs(SECONDS_MAX)),
        left: AtomicU64::new(settings.requests_max),
        tally: Mutex::new(Tally::new()),
    });
    let mut connections = JoinSet::new();
    for _ in 0..settings.connections.clamp(1, CONNECTIONS_MAX) {
        connections.spawn(connection::drive(Arc::clone(&run)));
    }
    connections.join_all().await;
    let elapsed = began.elapsed();
    let spent: Vec<_> = settings
        .watches
        .iter()
        .zip(spent_before)
        .map(|(watch, before)| {
            (watch.clone(), before.zip(watch.cpu_us()).map(|(before, after)| after.saturating_sub(before)))
        })
        .collect();
    Report::new(&run.tally(), elapsed, spent)
}

fn request(settings: &LoadSettings) -> Bytes {
    let body = settings.question.body();
    let (target, key) = (&settings.target, settings.key.expose());
    let head = format!(
        "POST {}/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        target.path(),
        target.host(),
        body.len()
    );
    Bytes::from(head + &body)
}
