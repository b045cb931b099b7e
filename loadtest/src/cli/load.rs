//! The load generator as a program: see the crate's documentation.

use std::io::Write as _;
use std::time::Duration;

use crate::load::{CONNECTIONS_MAX, Form, LoadSettings, Question, Reach, SECONDS_MAX, Target, Watch, run};
use anyhow::{Context as _, ensure};
use clap::Parser;
use syntopen_shared::secret::Secret;

/// Asks for completions on many connections, each again as soon as it was answered.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The base URL, without `/chat/completions`.
    #[arg(long, default_value = "http://127.0.0.1:8080/api/v1")]
    url: String,
    /// The API key.
    #[arg(long)]
    key: Secret,
    /// The model's id.
    #[arg(long, default_value = "gpt-4o-mini")]
    model: String,
    /// How many requests are under way at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long requests are begun.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many requests are begun at most.
    #[arg(long, default_value_t = u64::MAX)]
    requests: u64,
    /// Asks for streams.
    #[arg(long)]
    stream: bool,
    /// Length of an answer in tokens.
    #[arg(long, default_value_t = 50)]
    tokens: u64,
    /// Size of a request's body; the prompt is padded.
    #[arg(long, default_value_t = 0)]
    body_bytes: usize,
    /// A process whose CPU time is measured, as NAME=PID; may be repeated.
    #[arg(long)]
    watch: Vec<Watch>,
    /// Prints the report in JSON.
    #[arg(long)]
    json: bool,
    /// Allows targets that are not this machine.
    #[arg(long)]
    allow_remote: bool,
}

/// Runs the program to its end.
///
/// # Errors
/// What kept it from its work, for the person who started it.
pub async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let json = arguments.json;
    let report = run(settings(arguments)?).await;
    let text = if json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    std::io::stdout().write_all(text.as_bytes())?;
    ensure!(0 < report.requests, "not one request succeeded");
    Ok(())
}

fn settings(arguments: Arguments) -> anyhow::Result<LoadSettings> {
    let reach = if arguments.allow_remote { Reach::Anywhere } else { Reach::Loopback };
    ensure!((1..=CONNECTIONS_MAX).contains(&arguments.connections), "--connections must be 1 to {CONNECTIONS_MAX}");
    ensure!((1..=SECONDS_MAX).contains(&arguments.seconds), "--seconds must be 1 to {SECONDS_MAX}");
    let mut watches = arguments.watch;
    watches.push(Watch::own());
    Ok(LoadSettings {
        target: Target::resolve(&arguments.url, reach).context("--url is of no use")?,
        key: arguments.key,
        question: Question {
            model: arguments.model,
            form: if arguments.stream { Form::Stream } else { Form::Json },
            tokens: arguments.tokens,
            body_bytes: arguments.body_bytes,
        },
        connections: arguments.connections,
        duration: Duration::from_secs(arguments.seconds),
        requests_max: arguments.requests,
        watches,
    })
}
