//! What every backend of the window must do, and the service around it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod memory;
mod oracle;
mod redis;
mod suite;
mod traffic;
