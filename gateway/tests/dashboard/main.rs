//! The dashboard over HTTP, as a browser without scripts uses it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod billing;
mod cluster;
mod docs;
#[path = "../api/helpers.rs"]
#[expect(dead_code, reason = "the tests of the API use what these do not")]
mod gateway;
mod helpers;
mod identity;
mod keys;
mod mail;
mod operator;
mod pages;
mod playground;
mod rubbish;
mod usage;
