//! gateway

pub mod protocol;
pub mod providers;
