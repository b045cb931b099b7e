//! The simulator as a client sees it, over real sockets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod anthropic;
mod client;
mod faults;
mod gates;
mod google;
mod load;
mod record;
mod refusals;
mod robustness;
mod streams;
