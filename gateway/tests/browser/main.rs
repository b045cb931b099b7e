//! The dashboard in a real browser: Chromium, driven over `WebDriver`, before a gateway with a simulated provider.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod data;
mod harness;
#[path = "../api/helpers.rs"]
#[expect(dead_code, reason = "the API's tests need more of it")]
mod helpers;
mod look;
mod stories;

/// What the double of the payment service calls it.
use helpers as gateway;
