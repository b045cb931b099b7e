//! The load generator as a program: see the crate's documentation.

use std::io::Write as _;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::load::{
    CONNECTIONS_MAX, Form, KEYS_MAX, LoadSettings, Pace, Question, RATE_MAX, Reach, SECONDS_MAX, Target, Watch, run,
};
use anyhow::{Context as _, ensure};
use clap::Parser;
use syntopen_shared::secret::Secret;

/// Asks for completions on many connections, each again as soon as it was answered, or at a rate.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The base URL, without `/chat/completions`; may be repeated, and connections are spread over them.
    #[arg(long, default_value = "http://127.0.0.1:8080/api/v1")]
    url: Vec<String>,
    /// The API key.
    #[arg(long, required_unless_present = "keys")]
    key: Option<Secret>,
    /// A file of API keys, one a line, which each connection uses in turn.
    #[arg(long, conflicts_with = "key")]
    keys: Option<PathBuf>,
    /// The model's id.
    #[arg(long, default_value = "gpt-4o-mini")]
    model: String,
    /// How many requests are under way at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Begins so many requests a second, answered or not (open loop); without it each connection asks when it was
    /// answered (closed loop).
    #[arg(long)]
    rate: Option<NonZeroU32>,
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
    /// Processes whose CPU time is measured with that of their descendants, as NAME=PID[,PID...]; may be repeated.
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
    let pace = arguments.rate.map_or(Pace::Closed, Pace::Open);
    ensure!(arguments.rate.is_none_or(|rate| rate.get() <= RATE_MAX), "--rate must be 1 to {RATE_MAX}");
    let mut watches = arguments.watch;
    watches.push(Watch::own());
    let targets: Result<_, _> = arguments.url.iter().map(|url| Target::resolve(url, reach)).collect();
    let keys = arguments.keys.as_deref().map(read_keys).transpose()?;
    Ok(LoadSettings {
        targets: targets.context("--url is of no use")?,
        keys: keys.unwrap_or_else(|| arguments.key.into_iter().collect()),
        question: Question {
            model: arguments.model,
            form: if arguments.stream { Form::Stream } else { Form::Json },
            tokens: arguments.tokens,
            body_bytes: arguments.body_bytes,
        },
        connections: arguments.connections,
        pace,
        duration: Duration::from_secs(arguments.seconds),
        requests_max: arguments.requests,
        watches,
    })
}

fn read_keys(file: &Path) -> anyhow::Result<Vec<Secret>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Vec<Secret> = lines.map(str::parse).collect::<Result<_, _>>().context("--keys has a line of no use")?;
    ensure!((1..=KEYS_MAX).contains(&keys.len()), "--keys must name a file of 1 to {KEYS_MAX} keys");
    Ok(keys)
}
