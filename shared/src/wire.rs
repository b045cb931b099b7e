//! What the services say to each other. In the embedded profile the same types are passed within the process.

pub mod admin;
pub mod ledger;
pub mod office;
pub mod ratelimiter;
