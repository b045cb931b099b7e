//! What the ledger promises, tested from outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod administration;
mod api;
mod balances;
mod book;
mod cluster;
mod commands;
mod crash;
mod property;
mod restart;
mod support;
