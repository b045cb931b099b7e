//! The provider simulator as a program: see the crate's documentation for what a request can ask of it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::simulator::{Control, Durability, LogFile, RECORDS_MAX, Simulator, SimulatorSettings};
use anyhow::Context as _;
use clap::Parser;
use syntopen_shared::secret::Secret;
use syntopen_shared::shutdown::Shutdown;

/// A provider that answers as it is told. The first line it prints says where it listens.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Threads that serve.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Milliseconds from the request to the answer's head.
    #[arg(long)]
    ttft_ms: Option<u64>,
    /// Milliseconds between two tokens.
    #[arg(long)]
    token_ms: Option<u64>,
    /// Length of an answer in tokens.
    #[arg(long)]
    tokens: Option<u64>,
    /// Defaults for everything that a request may ask for, in JSON; the options above win over it.
    #[arg(long, value_parser = parse_control)]
    defaults: Option<Control>,
    /// The one key it accepts; any without it.
    #[arg(long)]
    api_key: Option<Secret>,
    /// What the list of models contains; may be repeated.
    #[arg(long = "model")]
    models: Vec<String>,
    /// A file to which the record is appended, one JSON object a line. It holds received headers and bodies.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Has each line of the log on the disk before the bytes that it speaks of go out.
    #[arg(long, requires = "log")]
    fsync: bool,
    /// Records kept in memory.
    #[arg(long, default_value_t = RECORDS_MAX)]
    records: usize,
}

/// Runs the program to its end.
///
/// # Errors
/// What kept it from its work, for the person who started it.
pub async fn main() -> anyhow::Result<()> {
    let simulator = Simulator::start(settings(Arguments::parse())).context("the simulator does not start")?;
    let shutdown = Shutdown::on_signals()?;
    let mut output = std::io::stdout();
    writeln!(output, "listening on {}", simulator.base_url())?;
    output.flush()?;
    shutdown.requested().await;
    simulator.stop();
    Ok(())
}

fn settings(arguments: Arguments) -> SimulatorSettings {
    let durability = if arguments.fsync { Durability::Disk } else { Durability::Process };
    let given = Control {
        ttft_ms: arguments.ttft_ms,
        token_ms: arguments.token_ms,
        tokens: arguments.tokens,
        ..Control::default()
    };
    let usual = SimulatorSettings::default();
    SimulatorSettings {
        listen: arguments.listen,
        workers: arguments.workers,
        api_key: arguments.api_key,
        defaults: given.or(&arguments.defaults.unwrap_or_default()),
        models: if arguments.models.is_empty() { usual.models } else { arguments.models },
        records: arguments.records,
        log: arguments.log.map(|path| LogFile { path, durability }),
    }
}

fn parse_control(text: &str) -> Result<Control, String> {
    Control::parse(&serde_json::from_str(text).map_err(|error| error.to_string())?)
}
