#![doc = include_str!("../README.md")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a harness that cannot go on has failed, and says where")]

pub mod audit;
pub mod book;
pub mod cli;
pub mod clients;
pub mod cluster;
pub mod history;
pub mod journal;
pub mod mutants;
pub mod nemesis;
pub mod oracle;
pub mod run;
pub mod schedule;
