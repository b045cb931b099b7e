//! The gateway over HTTP, with a simulated provider behind it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_input;
mod cancelling;
mod chat_completions;
mod cluster;
mod expressing;
mod helpers;
mod kill;
mod lifecycle;
mod money;
mod odd_upstreams;
mod program;
mod rate_limit;
mod routing;
mod streaming;
mod upstream_faults;
