//! gateway

pub mod admin;
pub mod catalog;
pub mod protocol;
pub mod providers;
pub mod tokens;
