//! The services behind the gateway: in process (embedded profile), or over HTTP (cluster profile).

pub mod address;
pub mod ledger;
pub mod office;
pub mod ratelimiter;
pub mod replicas;
pub mod service;

/// The service did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// It was surely not done: nobody was told.
    #[error("the service cannot be reached")]
    Unsent,
    /// Whether it did what it was asked is not known.
    #[error("the service did not answer")]
    Unknown,
}
