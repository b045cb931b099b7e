//! What the ledger promises, tested from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod administration;
mod api;
mod balances;
mod book;
mod cluster;
mod commands;
mod crash;
mod keys;
mod office;
mod people;
mod property;
mod restart;
mod retention;
mod support;
