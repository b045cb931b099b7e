//! Which way is tried next, and when. Pure: time and chance are arguments.

use std::time::Duration;

use crate::answer::{UpstreamError, UpstreamErrorKind};
use crate::breaker::{Moment, Refused};

/// The wait before a way is tried for the second time; it doubles with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// Waits are no longer than this, and an upstream that asks for a longer one is not waited for.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The ways of one request, and how they have fared.
#[derive(Debug)]
pub struct Plan {
    ways: Vec<Way>,
    limits: Limits,
    attempts: u32,
}

/// Bounds of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls at most.
    pub attempts: u32,
    /// From this moment on no call begins.
    pub deadline_us: i64,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    failures: u32,
    refused: Refused,
    /// When it may be tried; never again where there is none.
    from_us: Option<i64>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try this way.
    Try(usize),
    /// Wait, and ask again.
    Wait(Duration),
    /// Give up.
    Stop,
}

/// What may help after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing: it is the request that is wrong.
    Nowhere,
    /// Other ways only.
    Elsewhere,
    /// The same way at once, with another credential.
    OtherCredential,
    /// The same way after a wait, which the upstream may have named.
    Later(Option<Duration>),
}

/// Whether the upstream would take a call with another credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Siblings {
    /// It would.
    Ready,
    /// There is no other, or the others are left alone.
    None,
}

impl Again {
    /// What may help after `failure`.
    #[must_use]
    pub fn after(failure: &UpstreamError, siblings: Siblings) -> Self {
        use UpstreamErrorKind as Kind;
        match failure.kind {
            Kind::BadRequest => Self::Nowhere,
            Kind::Credential | Kind::Billing | Kind::RateLimited if siblings == Siblings::Ready => {
                Self::OtherCredential
            }
            _ if failure.is_retryable() => Self::Later(failure.retry_after_ms.map(Duration::from_millis)),
            _ => Self::Elsewhere,
        }
    }
}

impl Plan {
    /// A plan for so many ways, the preferred first.
    #[must_use]
    pub fn new(ways: usize, limits: Limits) -> Self {
        let way = Way { failures: 0, refused: Refused::default(), from_us: Some(i64::MIN) };
        Self { ways: vec![way; ways], limits, attempts: 0 }
    }

    /// What is to be done now: of the ways that may be tried, the one that has failed least.
    #[must_use]
    pub fn next(&self, now_us: i64) -> Next {
        if self.limits.attempts <= self.attempts || self.limits.deadline_us <= now_us {
            return Next::Stop;
        }
        let open = || self.ways.iter().enumerate().filter_map(|(way, state)| Some((way, state, state.from_us?)));
        let ready = open().filter(|(_, _, from_us)| *from_us <= now_us);
        if let Some((way, ..)) = ready.min_by_key(|(way, state, _)| (state.failures, *way)) {
            return Next::Try(way);
        }
        match open().map(|(_, _, from_us)| from_us).min() {
            // What would begin at the deadline is not waited for.
            Some(from_us) if from_us < self.limits.deadline_us => {
                Next::Wait(Duration::from_micros(u64::try_from(from_us - now_us).unwrap_or(0)))
            }
            _ => Next::Stop,
        }
    }

    /// How many calls have begun.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The credentials that were refused on this way.
    #[must_use]
    pub fn refused(&self, way: usize) -> Refused {
        self.ways[way].refused
    }

    /// A call begins.
    pub const fn begun(&mut self) {
        self.attempts += 1;
    }

    /// A way is of no use for this request.
    pub fn leave_out(&mut self, way: usize) {
        self.ways[way].from_us = None;
    }

    /// One of the credentials of a way was refused.
    pub fn refuse(&mut self, way: usize, credential: usize) {
        self.ways[way].refused.add(credential);
    }

    /// A call has failed.
    pub fn failed(&mut self, way: usize, again: Again, at: Moment) {
        let state = &mut self.ways[way];
        match again {
            Again::Nowhere => self.ways.iter_mut().for_each(|way| way.from_us = None),
            Again::Elsewhere => state.from_us = None,
            Again::OtherCredential => {}
            Again::Later(asked) => {
                // By then they may be taken again.
                state.refused = Refused::default();
                state.failures += 1;
                let wait = wait(state.failures, asked, at.chance);
                state.from_us = wait.map(|wait| at.now_us.saturating_add(micros(wait)));
            }
        }
    }
}

/// How long to wait; `None` where the upstream asks for too much. What it asks for is never cut short, and what it does
/// not ask for is shortened at random by up to half.
fn wait(failures: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
    let chance = chance.clamp(0.0, 1.0);
    if let Some(asked) = asked {
        return (asked <= BACKOFF_MAX).then(|| asked.mul_f64(1.0 + chance / 4.0));
    }
    let full = BACKOFF_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(BACKOFF_MAX);
    Some(full.mul_f64(1.0 - chance / 2.0))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
