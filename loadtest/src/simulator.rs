//! A provider simulator: answers as a provider does, to the token, with latency and faults under control.
//!
//! It keeps a record of what it truly served, which tests compare charges with. They start it in process; as a program
//! it is `syntopen-simulator`.

mod answer;
mod anthropic;
mod api;
mod base64;
mod connection;
mod control;
mod faults;
mod gates;
mod google;
mod http;
mod leaks;
mod log;
mod openai;
mod schema;
mod script;
mod service;
mod text;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;

use syntopen_shared::secret::Secret;
use syntopen_shared::shutdown::{Shutdown, ShutdownTrigger};
use tokio::runtime::{Builder, Runtime};

pub use self::control::{Control, PAUSE_MS_MAX, TOKENS_MAX};
pub use self::faults::{ErrorBody, Fault};
pub use self::log::{Durability, LogFile, RECORDS_MAX, Served};

use self::faults::Strikes;
use self::gates::Gates;
use self::log::Log;
use self::text::Counter;

/// How a simulator is to be.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that serve.
    pub workers: usize,
    /// The one key it accepts; unset: any.
    pub api_key: Option<Secret>,
    /// What holds for a request that does not ask for anything else.
    pub defaults: Control,
    /// What `GET /v1/models` lists. A completion may name any model.
    pub models: Vec<String>,
    /// Records kept, at most [`RECORDS_MAX`].
    pub records: usize,
    /// Where the record is written too.
    pub log: Option<LogFile>,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 1,
            api_key: None,
            defaults: Control::default(),
            models: ["gpt-4o", "gpt-4o-mini", "o1", "o1-mini"].map(str::to_owned).to_vec(),
            records: RECORDS_MAX,
            log: None,
        }
    }
}

/// A running simulator. Dropping it stops it and cuts its connections.
pub struct Simulator {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<ShutdownTrigger>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections of a simulator share.
struct State {
    api_key: Option<Secret>,
    defaults: Control,
    models: Vec<String>,
    counter: Counter,
    gates: Gates,
    strikes: Strikes,
    log: Arc<Log>,
    /// Numbers answers, whose ids must differ.
    answers: AtomicU64,
}

impl Simulator {
    /// Starts a simulator on threads of its own; it accepts connections when this returns.
    ///
    /// # Errors
    /// When the address cannot be bound, the log file not opened or a thread not started.
    pub fn start(settings: SimulatorSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            log: Arc::new(Log::open(settings.records, settings.log.as_ref())?),
            api_key: settings.api_key,
            defaults: settings.defaults,
            models: settings.models,
            counter: Counter::new(),
            gates: Gates::new(),
            strikes: Strikes::default(),
            answers: AtomicU64::new(0),
        });
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.workers.max(1))
            .thread_name("simulator")
            .enable_all()
            .build()?;
        let (stop, stopped) = Shutdown::new();
        let shared = Arc::clone(&state);
        let accepting = move || accept_until(&runtime, listener, shared, &stopped);
        let thread = std::thread::Builder::new().name("simulator-accept".to_owned()).spawn(accepting)?;
        Ok(Self { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for an OpenAI client, such as `http://127.0.0.1:9090/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where all protocols are, such as `http://127.0.0.1:9090`: Anthropic's below `/v1`, Google's below `/v1beta`.
    #[must_use]
    pub fn root_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The record of what was served, oldest first. Requests to the simulator's own paths are not in it.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.state.log.served()
    }

    /// Requests that were read and whose answer has not ended.
    #[must_use]
    pub fn inflight(&self) -> u64 {
        self.state.log.inflight()
    }

    /// Requests that wait at a gate.
    #[must_use]
    pub fn waiting_at(&self, gate: &str) -> usize {
        self.state.gates.waiting(gate)
    }

    /// Opens a gate, for whoever waits at it and whoever comes later.
    pub fn open_gate(&self, name: &str) {
        self.state.gates.open(name);
    }

    /// Stops: no connection is left when this returns.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // An error says that the thread panicked; then it has ended too.
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept_until(runtime: &Runtime, listener: TcpListener, state: Arc<State>, stopped: &Shutdown) {
    runtime.block_on(async {
        // A listener that the reactor refuses leaves nothing to serve: clients see refused connections.
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        tokio::select! {
            () = connection::accept(listener, state) => {}
            () = stopped.requested() => {}
        }
    });
}
