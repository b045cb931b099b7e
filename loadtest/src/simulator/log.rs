//! What the simulator truly served: the record that tests compare charges with.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Records kept, unless the settings say less.
pub const RECORDS_MAX: usize = 100_000;
/// Bytes of bodies and headers kept in all records together.
const RECORDS_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes kept of one body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What was received and written for one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Counts requests from 1, in the order in which they were read.
    pub id: u64,
    /// The test's own name of the request.
    pub tag: Option<String>,
    /// The model asked for; empty where the request named none.
    pub model: String,
    /// Method and target, such as `POST /v1/chat/completions`.
    pub request: String,
    /// Received headers: names in lower case, values as received.
    pub headers: Vec<(String, String)>,
    /// The received body, up to its first MiB.
    pub body: String,
    /// The answer's status; 0 as long as no head was written.
    pub status: u16,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the whole answer, reasoning included, as its usage would state them.
    pub completion_tokens: u64,
    /// Those of the prompt that are reported as cached.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Those of the prompt that are reported as written to a cache.
    #[serde(default)]
    pub cache_write_tokens: u64,
    /// Those of the answer that are reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
    /// Tokens of the answer handed to the socket so far, counted before each write. Reasoning is written only where its
    /// text is shown.
    pub tokens_written: u64,
    /// Whether the whole answer was written. It is set before the last write and unset if that fails.
    pub complete: bool,
    /// Whether the client went before the end.
    pub cancelled: bool,
    /// Whether nothing more will be written.
    pub ended: bool,
}

/// Where the log file is and what it is worth.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The file, to which lines are appended.
    pub path: PathBuf,
    /// When a line counts as written.
    pub durability: Durability,
}

/// When a line of the log file counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When the kernel has it: survives the end of the process.
    Process,
    /// When the disk has it: survives the end of the machine.
    Disk,
}

/// What a record begins with.
pub(super) struct Arrival {
    pub(super) tag: Option<String>,
    pub(super) model: String,
    pub(super) request: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) cached_tokens: u64,
    pub(super) cache_write_tokens: u64,
    pub(super) reasoning_tokens: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Broken,
    Cancelled,
}

/// A record in the making.
struct Record {
    id: u64,
    arrival: Arrival,
    status: AtomicU16,
    tokens_written: AtomicU64,
    complete: AtomicBool,
    cancelled: AtomicBool,
    ended: AtomicBool,
}

#[derive(Default)]
struct Ring {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
    last_id: u64,
}

/// All records of a simulator.
pub(super) struct Log {
    ring: Mutex<Ring>,
    records_max: usize,
    inflight: AtomicU64,
    file: Option<(Mutex<File>, Durability)>,
}

impl Log {
    pub(super) fn open(records_max: usize, file: Option<&LogFile>) -> io::Result<Self> {
        let file = match file {
            Some(LogFile { path, durability }) => Some((Mutex::new(append_to(path)?), *durability)),
            None => None,
        };
        let records_max = records_max.min(RECORDS_MAX);
        Ok(Self { ring: Mutex::default(), records_max, inflight: AtomicU64::new(0), file })
    }

    /// The records kept, oldest first.
    pub(super) fn served(&self) -> Vec<Served> {
        let records: Vec<_> =
            self.ring.lock().unwrap_or_else(PoisonError::into_inner).records.iter().cloned().collect();
        records.iter().map(|record| record.read()).collect()
    }

    /// Requests that were read and have not ended.
    pub(super) fn inflight(&self) -> u64 {
        self.inflight.load(Ordering::SeqCst)
    }

    /// Begins the record of a request.
    pub(super) fn begin(self: &Arc<Self>, mut arrival: Arrival) -> Tracker {
        if BODY_BYTES_MAX < arrival.body.len() {
            arrival.body = Bytes::copy_from_slice(&arrival.body[..BODY_BYTES_MAX]);
        }
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.last_id += 1;
        let record = Arc::new(Record::new(ring.last_id, arrival));
        ring.bytes += record.size();
        ring.records.push_back(Arc::clone(&record));
        while self.records_max < ring.records.len() || (RECORDS_BYTES_MAX < ring.bytes && 1 < ring.records.len()) {
            let Some(oldest) = ring.records.pop_front() else { break };
            ring.bytes -= oldest.size();
        }
        drop(ring);
        self.inflight.fetch_add(1, Ordering::SeqCst);
        let tracker = Tracker { log: Arc::clone(self), record };
        tracker.write_line("start");
        tracker
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// The one who writes a record. Dropping it without an end means that the connection broke.
pub(super) struct Tracker {
    log: Arc<Log>,
    record: Arc<Record>,
}

impl Tracker {
    pub(super) fn id(&self) -> u64 {
        self.record.id
    }

    /// A head is about to be written.
    pub(super) fn head(&self, status: u16) {
        self.record.status.store(status, Ordering::SeqCst);
    }

    /// So many tokens are about to be written.
    pub(super) fn tokens(&self, tokens: u64) {
        if tokens != 0 {
            self.record.tokens_written.fetch_add(tokens, Ordering::SeqCst);
            self.write_line("chunk");
        }
    }

    /// The last byte is about to be written, or nothing more will be.
    pub(super) fn end(&self, outcome: Outcome) {
        self.record.complete.store(outcome == Outcome::Complete, Ordering::SeqCst);
        self.record.cancelled.store(outcome == Outcome::Cancelled, Ordering::SeqCst);
        if !self.record.ended.swap(true, Ordering::SeqCst) {
            self.log.inflight.fetch_sub(1, Ordering::SeqCst);
        }
        self.write_line("end");
    }

    fn write_line(&self, event: &str) {
        let Some((file, durability)) = &self.log.file else { return };
        let mut line = self.record.line(event).to_string();
        line.push('\n');
        let write = || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes())?;
            if *durability == Durability::Disk { file.sync_data() } else { Ok(()) }
        };
        // A log that cannot be written makes every test that reads it fail, which says so better than a message here.
        let _: io::Result<()> =
            if *durability == Durability::Disk { tokio::task::block_in_place(write) } else { write() };
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        if !self.record.ended.load(Ordering::SeqCst) {
            self.end(Outcome::Broken);
        }
    }
}

impl Record {
    const fn new(id: u64, arrival: Arrival) -> Self {
        Self {
            id,
            arrival,
            status: AtomicU16::new(0),
            tokens_written: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    fn size(&self) -> usize {
        let headers: usize = self.arrival.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        size_of::<Self>() + self.arrival.body.len() + headers
    }

    fn read(&self) -> Served {
        let arrival = &self.arrival;
        Served {
            id: self.id,
            tag: arrival.tag.clone(),
            model: arrival.model.clone(),
            request: arrival.request.clone(),
            headers: arrival.headers.clone(),
            body: String::from_utf8_lossy(&arrival.body).into_owned(),
            status: self.status.load(Ordering::SeqCst),
            prompt_tokens: arrival.prompt_tokens,
            completion_tokens: arrival.completion_tokens,
            cached_tokens: arrival.cached_tokens,
            cache_write_tokens: arrival.cache_write_tokens,
            reasoning_tokens: arrival.reasoning_tokens,
            tokens_written: self.tokens_written.load(Ordering::SeqCst),
            complete: self.complete.load(Ordering::SeqCst),
            cancelled: self.cancelled.load(Ordering::SeqCst),
            ended: self.ended.load(Ordering::SeqCst),
        }
    }

    fn line(&self, event: &str) -> serde_json::Value {
        if event == "start" {
            let served = self.read();
            return json!({"event": event, "id": self.id, "tag": served.tag, "model": served.model,
                "request": served.request, "headers": served.headers, "body": served.body,
                "prompt_tokens": served.prompt_tokens, "completion_tokens": served.completion_tokens,
                "cached_tokens": served.cached_tokens, "cache_write_tokens": served.cache_write_tokens,
                "reasoning_tokens": served.reasoning_tokens});
        }
        json!({"event": event, "id": self.id, "tag": self.arrival.tag,
            "status": self.status.load(Ordering::SeqCst),
            "tokens_written": self.tokens_written.load(Ordering::SeqCst),
            "complete": self.complete.load(Ordering::SeqCst),
            "cancelled": self.cancelled.load(Ordering::SeqCst)})
    }
}
