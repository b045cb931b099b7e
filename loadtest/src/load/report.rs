//! What a run found out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::load::process::Watch;
use crate::load::response::Response;

const SIGNIFICANT_DIGITS: u8 = 3;
/// Longer than any answer is waited for.
const LATENCY_US_MAX: u64 = 120_000_000;
const FAILURES_MAX: usize = 100;

/// Counts of a run that goes on.
pub(super) struct Tally {
    /// See [`Latency`].
    latencies_us: Option<Histogram<u64>>,
    requests: u64,
    events: u64,
    body_bytes: u64,
    failures: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn new() -> Self {
        // The only error is an impossible range or number of digits.
        let latencies_us = Histogram::new_with_max(LATENCY_US_MAX, SIGNIFICANT_DIGITS).ok();
        Self { latencies_us, requests: 0, events: 0, body_bytes: 0, failures: BTreeMap::new() }
    }

    pub(super) fn succeed(&mut self, latency: Duration, response: &Response) {
        self.requests += 1;
        self.events += response.events;
        self.body_bytes += response.body_bytes;
        if let Some(latencies) = &mut self.latencies_us {
            latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Requests that an open loop owed and never began.
    pub(super) fn miss(&mut self, count: u64) {
        if 0 < count {
            self.failures.insert("never begun".to_owned(), count);
        }
    }

    pub(super) fn fail(&mut self, failure: String) {
        if self.failures.len() < FAILURES_MAX || self.failures.contains_key(&failure) {
            *self.failures.entry(failure).or_default() += 1;
        }
    }
}

/// What a run found out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How long it took.
    pub seconds: f64,
    /// Answers that were whole and of status 200.
    pub requests: u64,
    /// Of these, in a second.
    pub requests_per_second: f64,
    /// Events of streams in these answers.
    pub chunks: u64,
    /// Of these, in a second.
    pub chunks_per_second: f64,
    /// Mean size of a body, in bytes.
    pub body_bytes: f64,
    /// How long these answers took.
    pub latency: Latency,
    /// Everything else, by what happened.
    pub errors: BTreeMap<String, u64>,
    /// What the watched processes spent.
    pub cpu: Vec<Cpu>,
}

/// Microseconds to the last byte of an answer from the first of the request, or in an open loop from the moment at
/// which it was due.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Half of the answers took no longer.
    pub p50_us: u64,
    /// Nine in ten.
    pub p90_us: u64,
    /// Ninety-nine in a hundred.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
}

/// What one process spent.
#[derive(Debug, Clone, Serialize)]
pub struct Cpu {
    /// The process.
    pub name: String,
    /// Microseconds of CPU time; `None` when the process was not there at both ends of the run.
    pub cpu_us: Option<u64>,
    /// The same for each answer.
    pub us_per_request: Option<f64>,
    /// The same for each event.
    pub us_per_chunk: Option<f64>,
}

impl Report {
    pub(super) fn new(tally: &Tally, elapsed: Duration, spent: Vec<(Watch, Option<u64>)>) -> Self {
        let seconds = elapsed.as_secs_f64();
        let cpu = spent.into_iter().map(|(watch, cpu_us)| Cpu {
            name: watch.name,
            cpu_us,
            us_per_request: cpu_us.and_then(|cpu_us| per(cpu_us, tally.requests)),
            us_per_chunk: cpu_us.and_then(|cpu_us| per(cpu_us, tally.events)),
        });
        Self {
            seconds,
            requests: tally.requests,
            requests_per_second: tally.requests as f64 / seconds,
            chunks: tally.events,
            chunks_per_second: tally.events as f64 / seconds,
            body_bytes: per(tally.body_bytes, tally.requests).unwrap_or(0.0),
            latency: tally.latencies_us.as_ref().map(Latency::of).unwrap_or_default(),
            errors: tally.failures.clone(),
            cpu: cpu.collect(),
        }
    }
}

impl Latency {
    fn of(latencies_us: &Histogram<u64>) -> Self {
        let quantile = |share| latencies_us.value_at_quantile(share);
        Self { p50_us: quantile(0.5), p90_us: quantile(0.9), p99_us: quantile(0.99), max_us: latencies_us.max() }
    }
}

fn per(total: u64, count: u64) -> Option<f64> {
    (0 < count).then(|| total as f64 / count as f64)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { p50_us, p90_us, p99_us, max_us } = self.latency;
        writeln!(f, "requests   {} in {:.2} s: {:.0}/s", self.requests, self.seconds, self.requests_per_second)?;
        writeln!(f, "chunks     {}: {:.0}/s", self.chunks, self.chunks_per_second)?;
        writeln!(f, "body       {:.0} bytes", self.body_bytes)?;
        writeln!(f, "latency    p50 {p50_us} µs, p90 {p90_us} µs, p99 {p99_us} µs, max {max_us} µs")?;
        for (failure, count) in &self.errors {
            writeln!(f, "failed     {count} × {failure}")?;
        }
        for Cpu { name, us_per_request, us_per_chunk, .. } in &self.cpu {
            match (us_per_request, us_per_chunk) {
                (Some(request), Some(chunk)) => {
                    writeln!(f, "cpu        {name}: {request:.1} µs a request, {chunk:.2} µs a chunk")?;
                }
                (Some(request), None) => writeln!(f, "cpu        {name}: {request:.1} µs a request")?,
                (None, _) => writeln!(f, "cpu        {name}: not measured")?,
            }
        }
        Ok(())
    }
}
