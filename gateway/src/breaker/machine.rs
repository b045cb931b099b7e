//! The breaker as a pure state machine: time and chance are arguments.
//!
//! It opens on the *share* of failures in a sliding window, not on failures in a row. At a thousand calls a second an
//! upstream that fails every tenth call has five failures in a row every two minutes, and is still far better than
//! none; and where half of all calls fail it opens all the same, though good ones stand between them. A least number of
//! failures keeps it from opening over a handful of calls.

use std::time::Duration;

use super::window::Window;

/// However often a probe fails, the next one is not further away than this, but for the jitter.
const OPEN_MAX: Duration = Duration::from_secs(120);
/// Failures at which it opens, as a share of all calls: one of so many.
const FAILED_ONE_IN: u64 = 2;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerSettings {
    /// `SYNTOPEN_BREAKER_FAILURES`, default 10: failures within 30 s, at least half of all calls, at which it opens;
    /// 0 switches all breakers off.
    pub failures: u32,
    /// `SYNTOPEN_BREAKER_OPEN_SECONDS`, default 5: how long it is open at first, before one call probes the upstream;
    /// doubled with each probe that fails, up to 2 minutes.
    pub open: Duration,
}

/// Decides whether calls may be made.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    window: Window,
    /// How often it has opened since it was closed last.
    openings: u32,
    /// Changes with the state, so that the end of a call that began in another state is known.
    generation: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Half-open from that moment on: the first call then is the probe.
    Open {
        until_us: i64,
    },
    /// Half-open, and the probe is under way.
    Probing,
    /// The upstream has asked not to be called before that moment; closed afterwards.
    Paused {
        until_us: i64,
    },
}

/// What a breaker shows of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Calls go through.
    Closed,
    /// One call is under way to see whether others may follow.
    HalfOpen,
    /// No call goes through.
    Open,
}

/// A call that was let through; it is told how the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    generation: u64,
    probe: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Good,
    /// It failed, which may happen.
    Bad,
    /// It failed, and the next ones would, too.
    Refused,
    /// The upstream asked to be left alone for so long.
    Wait(Duration),
    /// Nobody knows: it was given up.
    Unknown,
}

/// When something happens, and a number of 0 to 1 that is drawn for it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// By a clock that never runs backwards.
    pub now_us: i64,
    /// Spreads the probes of many gateways.
    pub chance: f64,
}

impl Ticket {
    /// Whether the call is the one that probes an upstream.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.probe
    }
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed, window: Window::default(), openings: 0, generation: 0 }
    }

    /// Whether a call would be let through.
    ///
    /// # Errors
    /// When to ask again.
    pub fn ready(&self, now_us: i64) -> Result<(), i64> {
        match self.state {
            State::Open { until_us } | State::Paused { until_us } if now_us < until_us => Err(until_us),
            // Nobody knows how long the probe takes.
            State::Probing => Err(now_us.saturating_add(micros(self.settings.open))),
            State::Closed | State::Open { .. } | State::Paused { .. } => Ok(()),
        }
    }

    /// Lets a call through, or not.
    ///
    /// # Errors
    /// When to ask again.
    pub fn admit(&mut self, now_us: i64) -> Result<Ticket, i64> {
        self.ready(now_us)?;
        match self.state {
            State::Open { .. } => self.go(State::Probing),
            State::Paused { .. } => self.close(),
            State::Closed | State::Probing => {}
        }
        Ok(Ticket { generation: self.generation, probe: self.state == State::Probing })
    }

    /// A call has ended. Returns whether that has opened the breaker.
    pub fn ended(&mut self, ticket: Ticket, outcome: Outcome, at: Moment) -> bool {
        if self.settings.failures == 0 {
            return false;
        }
        if ticket.generation != self.generation {
            // What it tells is of an earlier time, unless the upstream names a later one.
            return matches!(outcome, Outcome::Wait(wait) if !wait.is_zero() && self.pause(wait, at.now_us));
        }
        match (self.state, outcome) {
            // A probe that may be followed at once has not failed either.
            (State::Probing, Outcome::Good | Outcome::Wait(Duration::ZERO)) => {
                self.close();
                false
            }
            (State::Probing, Outcome::Unknown) => {
                self.go(State::Open { until_us: at.now_us });
                false
            }
            (_, Outcome::Unknown | Outcome::Wait(Duration::ZERO)) => false,
            (_, Outcome::Wait(wait)) => self.pause(wait, at.now_us),
            (State::Probing, Outcome::Bad) | (_, Outcome::Refused) => self.open(at),
            (_, Outcome::Good) => {
                self.window.good(at.now_us);
                false
            }
            (_, Outcome::Bad) => {
                self.window.bad(at.now_us);
                self.is_bad(at.now_us) && self.open(at)
            }
        }
    }

    /// Whether the end of a call will be heard.
    #[cfg(test)]
    pub(super) const fn is_current(&self, ticket: Ticket) -> bool {
        ticket.generation == self.generation
    }

    /// What is shown of it.
    #[must_use]
    pub const fn shown(&self) -> Shown {
        match self.state {
            State::Closed => Shown::Closed,
            State::Probing => Shown::HalfOpen,
            State::Open { .. } | State::Paused { .. } => Shown::Open,
        }
    }

    fn is_bad(&self, now_us: i64) -> bool {
        let counts = self.window.counts(now_us);
        u64::from(self.settings.failures) <= counts.bad && counts.good + counts.bad <= counts.bad * FAILED_ONE_IN
    }

    fn open(&mut self, at: Moment) -> bool {
        let doubled = self.settings.open.saturating_mul(1 << self.openings.min(16));
        let full = doubled.min(OPEN_MAX.max(self.settings.open));
        let spread = full.mul_f64(0.75 + at.chance.clamp(0.0, 1.0) / 2.0);
        self.openings = self.openings.saturating_add(1);
        self.go(State::Open { until_us: at.now_us.saturating_add(micros(spread)) });
        true
    }

    /// Pauses from a closed state or after a probe; a longer pause replaces a shorter one.
    fn pause(&mut self, wait: Duration, now_us: i64) -> bool {
        let asked = now_us.saturating_add(micros(wait));
        match self.state {
            State::Open { until_us } => {
                self.state = State::Open { until_us: until_us.max(asked) };
                false
            }
            State::Paused { until_us } => {
                self.state = State::Paused { until_us: until_us.max(asked) };
                false
            }
            State::Closed | State::Probing => {
                self.go(State::Paused { until_us: asked });
                true
            }
        }
    }

    fn close(&mut self) {
        self.openings = 0;
        self.window = Window::default();
        self.go(State::Closed);
    }

    const fn go(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
