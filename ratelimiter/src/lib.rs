#![doc = include_str!("../README.md")]

mod api;
pub mod app;
pub mod cli;
pub mod config;
mod error;
pub mod metrics;
pub mod window;
