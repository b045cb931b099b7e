//! The services behind the gateway, in process (embedded profile).

pub mod ledger;
pub mod ratelimiter;

/// The service did not answer; whether it did what it was asked is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service is unavailable")]
pub struct Unavailable;
