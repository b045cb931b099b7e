#![doc = include_str!("../README.md")]

mod api;
pub mod app;
pub mod config;
mod error;
pub mod window;
