//! The ledger at a glance.

use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;
use crate::office_commands;
use crate::wire::office::By;

office_commands! {
    Look "operator/ledger" LookAtLedger => LedgerState;
    Act "operator/reconcile" Reconcile => ();
}

/// Asks how the ledger is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LookAtLedger {}

/// Has the money be counted by every route. Answered when that has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reconcile {
    /// Who, and from where.
    pub by: By,
}

/// How the ledger is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Where the hot state is, and what waits there for the book.
    pub store: Store,
    /// The last reconciliations, the newest first.
    pub reconciliations: Vec<Reconciliation>,
}

/// Where the hot state is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// In the ledger's own process.
    Memory(Glance),
    /// In Redis, by shards.
    Shards(Vec<Shard>),
}

/// A shard of the hot state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number.
    pub shard: u32,
    /// How often its hot state was lost.
    pub epoch: i64,
    /// What it holds; nothing where it does not answer, or is being recovered.
    pub glance: Option<Glance>,
}

/// What a hot state holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// Ends of requests that wait for the book.
    pub waiting: i64,
    /// For how long the oldest of them has waited, in milliseconds.
    pub lag_ms: i64,
    /// Open holds.
    pub holds: i64,
    /// What they reserve.
    pub held: NanoUsd,
}

/// A comparison of the routes by which the money can be counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// When it began, in milliseconds since the Unix epoch.
    pub began_ms: i64,
    /// When it ended; it still runs, or was cut short, where there is nothing.
    pub ended_ms: Option<i64>,
    /// Which routes were compared.
    pub scope: Scope,
    /// Why it came to nothing.
    pub failure: Option<String>,
    /// How much the routes differ, all differences added up.
    pub drift: NanoUsd,
    /// Charges, or accounts with charges, that waited for the book.
    pub pending: i64,
    /// What each route came to.
    pub routes: Vec<Route>,
    /// The first differences, a sentence each.
    pub findings: Vec<String>,
}

/// Which routes a reconciliation compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All.
    Whole,
    /// The hot state with the book, as the ledgers of a cluster do by themselves.
    Hot,
}

impl Scope {
    /// The word for it in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Hot => "hot",
        }
    }
}

/// What one route came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// What must be so.
    pub check: String,
    /// How often it was looked at.
    pub compared: u64,
    /// How often it was not so.
    pub differences: u64,
    /// All differences added up.
    pub drift: NanoUsd,
}
