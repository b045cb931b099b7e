//! A load generator: so many connections, each of which asks again as soon as it was answered (a closed loop), or all
//! together so many times a second, whatever the answers do (an open loop).
//!
//! It spends little itself, and tells what the processes under test spent, because on one machine a throughput alone
//! says mostly who else was running.

mod connection;
mod process;
mod report;
mod response;
mod schedule;
mod target;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use syntopen_shared::secret::Secret;
use tokio::task::JoinSet;

pub use self::process::Watch;
pub use self::report::{Cpu, Latency, Report};
pub use self::schedule::Pace;
pub use self::target::{Reach, Target, TargetError};

use self::report::Tally;
use self::schedule::Schedule;

/// The most connections of a run.
pub const CONNECTIONS_MAX: usize = 10_000;
/// The most keys of a run.
pub const KEYS_MAX: usize = 10_000;
/// The most requests a second of an open loop.
pub const RATE_MAX: u32 = 100_000;
/// The longest run, in seconds.
pub const SECONDS_MAX: u64 = 3_600;

/// What a run does.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Who is asked, at least one; the connections are spread over them.
    pub targets: Vec<Target>,
    /// The API keys that are sent, at least one, by each connection in turn.
    pub keys: Vec<Secret>,
    /// What is asked.
    pub question: Question,
    /// Connections, each with one request at a time; at most [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// What begins a request.
    pub pace: Pace,
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
    targets: Vec<Asked>,
    form: Form,
    schedule: Schedule,
    tally: Mutex<Tally>,
}

/// A target, and the whole requests to it as they are written, one for each key.
struct Asked {
    target: Target,
    requests: Vec<Bytes>,
}

impl Run {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a load to its end. Requests that are under way when the time is over are waited for and counted.
pub async fn run(settings: LoadSettings) -> Report {
    let began = Instant::now();
    let spent_before: Vec<_> = settings.watches.iter().map(Watch::cpu_us).collect();
    let run = Arc::new(Run {
        targets: settings.targets.iter().map(|target| asked(target, &settings)).collect(),
        form: settings.question.form,
        schedule: Schedule::begin(&settings, began),
        tally: Mutex::new(Tally::new()),
    });
    let mut connections = JoinSet::new();
    for number in 0..settings.connections.clamp(1, CONNECTIONS_MAX) {
        connections.spawn(connection::drive(Arc::clone(&run), number));
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
    let mut tally = run.tally();
    tally.miss(run.schedule.missed());
    Report::new(&tally, elapsed, spent)
}

fn asked(target: &Target, settings: &LoadSettings) -> Asked {
    let body = settings.question.body();
    let request = |key: &Secret| {
        let head = format!(
            "POST {}/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            target.path(),
            target.host(),
            key.expose(),
            body.len()
        );
        Bytes::from(head + &body)
    };
    Asked { target: target.clone(), requests: settings.keys.iter().map(request).collect() }
}
