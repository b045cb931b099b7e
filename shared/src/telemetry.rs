//! Structured logs. What they may say is a rule of its own: never a key, a credential or a prompt.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::Reader;

/// What is logged unless something else is asked for: the web server's own lines tell an operator nothing.
const FILTER: &str = "info,actix_server=warn";

/// How a service logs.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// `SYNTOPEN_LOG`: what is logged, as tracing directives (`info`, `warn,syntopen_gateway=debug`); default
    /// `info,actix_server=warn`.
    pub filter: String,
    /// `SYNTOPEN_LOG_FORMAT`: `text` (default) or `json`.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be text or json"),
        }
    }
}

impl TelemetrySettings {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let filter = reader.value("SYNTOPEN_LOG", FILTER.to_owned());
        if let Err(error) = filter.parse::<EnvFilter>() {
            reader.refuse("SYNTOPEN_LOG", format!("must be tracing directives such as info: {error}"));
        }
        Self { filter, format: reader.value("SYNTOPEN_LOG_FORMAT", LogFormat::Text) }
    }

    /// Starts logging to standard error. A second call in one process changes nothing.
    pub fn init(&self) {
        let filter = self.filter.parse::<EnvFilter>().unwrap_or_else(|_| EnvFilter::new(FILTER));
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_span_events(FmtSpan::NONE);
        // The only error is that a subscriber is set already.
        let _already_set = match self.format {
            LogFormat::Text => subscriber.try_init(),
            LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
        };
    }
}
