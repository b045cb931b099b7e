//! What differs between a ledger alone and the ledgers of a cluster.

use std::sync::Arc;

use crate::balances::memory::MemoryBalances;
use crate::balances::redis::RedisBalances;
use crate::cluster::Cluster;
use crate::config::LedgerSettings;
use crate::drainer::journal::Booked;

/// Where the hot state lives, and with it how charges come into the book.
pub(crate) enum Profile {
    /// In this process, which has the book for itself: a command is applied when it is booked.
    Embedded {
        settings: LedgerSettings,
        /// The same as the core's balances.
        memory: Arc<MemoryBalances>,
        /// Up to where the journal is booked.
        booked: Booked,
    },
    /// In Redis, where many ledgers share it: a command is applied when Redis has it, and booked a moment later.
    Cluster {
        /// The same as the core's balances.
        redis: Arc<RedisBalances>,
        cluster: Arc<Cluster>,
    },
}
