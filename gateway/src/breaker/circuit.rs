//! The breakers of one upstream: its own, and one for each of its credentials.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::{IntCounter, IntGauge};
use syntopen_shared::clock::Clock;

use super::machine::{Breaker, BreakerSettings, Moment, Outcome, Shown, Ticket};
use super::tally::{Calls, Span, Tally};
use crate::catalog::Upstream;
use crate::metrics::Metrics;

/// Lets calls to an upstream through, each with one of its credentials.
pub struct Circuit {
    base_url: String,
    /// The names of its credentials.
    credentials: Vec<Arc<str>>,
    clock: Arc<dyn Clock>,
    /// Held for a few comparisons, never while anything is awaited.
    breakers: Mutex<Breakers>,
    watched: Watched,
}

struct Breakers {
    upstream: Breaker,
    credentials: Vec<Breaker>,
    /// The credential whose turn it is.
    turn: usize,
    tally: Tally,
}

/// How an upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its breaker.
    pub upstream: Shown,
    /// How many of its credentials have a breaker that is not closed.
    pub credentials_out: usize,
    /// The calls of the last minutes.
    pub calls: Calls,
}

/// Where the breakers' states are shown.
struct Watched {
    upstream: BreakerMetrics,
    credentials: Vec<BreakerMetrics>,
}

/// The metrics of one breaker.
pub struct BreakerMetrics {
    /// 0 closed, 1 half-open, 2 open.
    pub state: IntGauge,
    /// How often it opened.
    pub opened: IntCounter,
}

/// Of what a circuit consists.
pub(super) struct Parts<'a> {
    pub(super) settings: BreakerSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: &'a Metrics,
}

/// Credentials that a request does not want again, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused(u64);

/// How a call ended, as far as upstream and credential go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it says of the upstream.
    pub upstream: Outcome,
    /// What it says of the credential.
    pub credential: Outcome,
}

/// A call that may be made. Dropped without a verdict it says nothing, and gives back the probe that it may be.
pub struct Pass {
    circuit: Arc<Circuit>,
    credential: usize,
    began_us: i64,
    /// Of the upstream and of the credential; gone when it was told how the call ended.
    tickets: Option<(Ticket, Ticket)>,
}

impl Refused {
    /// Adds a credential.
    pub const fn add(&mut self, credential: usize) {
        self.0 |= 1 << (credential as u64 % u64::BITS as u64);
    }

    /// Whether a credential is among them.
    #[must_use]
    pub const fn has(self, credential: usize) -> bool {
        self.0 >> (credential as u64 % u64::BITS as u64) & 1 == 1
    }
}

impl Circuit {
    pub(super) fn new(upstream: &Upstream, parts: Parts<'_>) -> Self {
        let Parts { settings, clock, metrics } = parts;
        let watched = |credential: &Arc<str>| metrics.breakers.credential(&upstream.name, credential);
        let credentials: Vec<_> = upstream.credentials.iter().map(|known| Arc::clone(&known.name)).collect();
        let breakers = Breakers {
            upstream: Breaker::new(settings),
            credentials: credentials.iter().map(|_| Breaker::new(settings)).collect(),
            turn: 0,
            tally: Tally::default(),
        };
        let watched = Watched {
            upstream: metrics.breakers.upstream(&upstream.name),
            credentials: credentials.iter().map(watched).collect(),
        };
        watched.credentials.iter().chain([&watched.upstream]).for_each(|metrics| metrics.show(Shown::Closed));
        Self { base_url: upstream.base_url.clone(), credentials, clock, breakers: Mutex::new(breakers), watched }
    }

    /// Whether this is about `upstream` as the catalog has it now.
    pub(super) fn is_of(&self, upstream: &Upstream) -> bool {
        let names = upstream.credentials.iter().map(|known| &known.name);
        self.base_url == upstream.base_url && self.credentials.iter().eq(names)
    }

    /// Whether a call would be let through with a credential that is not among `refused`.
    ///
    /// # Errors
    /// When to ask again.
    pub fn ready(&self, refused: Refused) -> Result<(), i64> {
        let now_us = self.clock.monotonic_us();
        self.breakers().choose(refused, now_us).map(drop)
    }

    /// Lets a call through, with the credential whose turn it is.
    ///
    /// # Errors
    /// When to ask again.
    pub fn admit(self: &Arc<Self>, refused: Refused) -> Result<Pass, i64> {
        let now_us = self.clock.monotonic_us();
        let mut breakers = self.breakers();
        // It has asked both breakers already, so that the first is not left with a probe that is refused by the second.
        let credential = breakers.choose(refused, now_us)?;
        let upstream_ticket = breakers.upstream.admit(now_us)?;
        let ticket = breakers.credentials[credential].admit(now_us)?;
        breakers.turn = credential + 1;
        if upstream_ticket.is_probe() || ticket.is_probe() {
            self.watched.show(&breakers, credential);
        }
        Ok(Pass { circuit: Arc::clone(self), credential, began_us: now_us, tickets: Some((upstream_ticket, ticket)) })
    }

    /// How the upstream is now.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let now_us = self.clock.monotonic_us();
        let breakers = self.breakers();
        let out = breakers.credentials.iter().filter(|breaker| breaker.shown() != Shown::Closed);
        Condition {
            upstream: breakers.upstream.shown(),
            credentials_out: out.count(),
            calls: breakers.tally.calls(now_us),
        }
    }

    fn ended(&self, (credential, began_us): (usize, i64), tickets: (Ticket, Ticket), verdict: Verdict) {
        let at = Moment { now_us: self.clock.monotonic_us(), chance: rand::random() };
        let mut breakers = self.breakers();
        breakers.tally.ended(verdict, Span { began_us, ended_us: at.now_us });
        if breakers.upstream.ended(tickets.0, verdict.upstream, at) {
            self.watched.upstream.opened.inc();
        }
        if breakers.credentials[credential].ended(tickets.1, verdict.credential, at) {
            self.watched.credentials[credential].opened.inc();
        }
        self.watched.show(&breakers, credential);
    }

    fn breakers(&self) -> MutexGuard<'_, Breakers> {
        // Nothing in them can be left half done.
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Breakers {
    /// The credential to use, if upstream and credential let a call through.
    fn choose(&self, refused: Refused, now_us: i64) -> Result<usize, i64> {
        self.upstream.ready(now_us)?;
        let count = self.credentials.len();
        let mut soonest_us = i64::MAX;
        for step in 0..count {
            let credential = (self.turn + step) % count;
            if refused.has(credential) {
                continue;
            }
            match self.credentials[credential].ready(now_us) {
                Ok(()) => return Ok(credential),
                Err(until_us) => soonest_us = soonest_us.min(until_us),
            }
        }
        Err(soonest_us)
    }
}

impl Watched {
    fn show(&self, breakers: &Breakers, credential: usize) {
        self.upstream.show(breakers.upstream.shown());
        self.credentials[credential].show(breakers.credentials[credential].shown());
    }
}

impl BreakerMetrics {
    fn show(&self, shown: Shown) {
        self.state.set(match shown {
            Shown::Closed => 0,
            Shown::HalfOpen => 1,
            Shown::Open => 2,
        });
    }
}

impl Pass {
    /// Which of the upstream's credentials it is for.
    #[must_use]
    pub const fn credential(&self) -> usize {
        self.credential
    }

    /// The call has ended.
    pub fn ended(mut self, verdict: Verdict) {
        self.end(verdict);
    }

    fn end(&mut self, verdict: Verdict) {
        if let Some(tickets) = self.tickets.take() {
            self.circuit.ended((self.credential, self.began_us), tickets, verdict);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.end(Verdict { upstream: Outcome::Unknown, credential: Outcome::Unknown });
    }
}
