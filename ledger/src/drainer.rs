//! Brings charges into the book: everything that is pending goes in one transaction, and what arrives meanwhile goes in
//! the next. So there is no delay when idle, and no more transactions than the book can take.
//!
//! In the embedded profile the journal is in memory and whoever settles waits for the book; in a cluster it is a stream
//! of each shard in Redis, and any number of ledgers drain it at once, fenced by epoch and anchor.

pub(crate) mod journal;
pub(crate) mod stream;
