//! Newtypes and plumbing that every Syntopen service uses. No business rules live here: those of the money
//! are in `syntopen-ledger`, those of the window in `syntopen-ratelimiter`, those of a request in
//! `syntopen-gateway`.

pub mod api_key;
pub mod chaos;
pub mod clock;
pub mod config;
pub mod id;
pub mod money;
pub mod price;
mod random;
pub mod redis;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
pub mod wire;
