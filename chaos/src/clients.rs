//! Those who use the cluster, each remembering what it saw: the half of the oracle that is outside.

mod administrator;
mod answer;
mod customer;
mod desk;
mod paying;
mod plan;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use awc::{Client, Connector};
use serde::Serialize;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;

use crate::cluster::Map;
use crate::journal::Journal;

pub use administrator::{Revocation, revoke_keys};
pub use answer::Told;
pub use customer::{Customer, Manner, ask};
pub use desk::Desk;
pub use paying::{Payment, pay};
pub use plan::{FREE, OUTPUT_ONLY, Plan};

/// Who asks, and who pays for it.
#[derive(Clone, Debug, Serialize)]
pub struct Payer {
    /// The account's first user.
    pub email: String,
    /// The account.
    pub account: AccountId,
    /// A key of it.
    pub key: KeyId,
    /// The key's plaintext.
    #[serde(skip)]
    pub api_key: String,
    /// Requests that the key may make in a minute.
    pub rpm: u32,
}

/// What a customer saw of an answer. Moments count from the beginning of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// The customer's own name of the request.
    pub tag: String,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// The model.
    pub model: &'static str,
    /// Whether it asked for a stream.
    pub stream: bool,
    /// Which gateway it asked.
    pub gateway: usize,
    /// When it began to ask.
    pub sent: Duration,
    /// When the head had come.
    pub head: Option<Duration>,
    /// When it turned away: the end had come, the connection broke, or it lost patience.
    pub end: Duration,
    /// The longest that it waited for any piece.
    pub waited: Duration,
    /// Known as soon as the head has come.
    pub id: Option<String>,
    /// 0 before the head.
    pub status: u16,
    /// What came.
    pub told: Told,
}

/// What all who use a cluster share.
#[derive(Clone)]
pub struct Scene {
    /// Where everything is.
    pub map: Map,
    /// Where they write down what they do and see.
    pub journal: Journal,
    /// Nothing new is begun any more.
    pub over: Rc<Cell<bool>>,
}

impl Scene {
    /// The users of a cluster.
    #[must_use]
    pub fn new(map: Map, journal: Journal) -> Self {
        Self { map, journal, over: Rc::default() }
    }
}

/// A client with connections of its own, which waits as long as its user does.
#[must_use]
pub fn client() -> Client {
    // A second choice of the same cryptography changes nothing.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder().disable_timeout().connector(Connector::new().limit(0)).finish()
}

/// What one of these figures stands for in dollars.
#[must_use]
pub fn usd(text: &str) -> NanoUsd {
    text.parse().unwrap()
}
