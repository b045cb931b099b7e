#![doc = include_str!("../README.md")]

pub mod account;
pub mod api;
pub mod app;
pub mod balances;
mod book;
pub mod cli;
mod cluster;
pub mod config;
mod data_dir;
mod drainer;
pub mod error;
pub mod ledger;
pub mod metrics;
pub mod office;
mod password;
mod reaper;
pub mod reconcile;
mod recovery;
mod retention;
mod seal;
mod telling;
mod totp;
mod validate;

pub use api::{configure, configure_office};
pub use config::{LedgerSettings, Retention, SecondFactorKey};
pub use error::{AdminError, Unavailable};
pub use ledger::Ledger;
pub use reconcile::ReconcileReport;
