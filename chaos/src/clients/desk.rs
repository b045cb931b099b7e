//! The administration of the cluster, through whichever ledger answers.

use std::time::Duration;

use awc::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;
use syntopen_ledger::reconcile::ReconcileReport;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreateKey, CreatedKey, CreditAccount, CreditReceipt, RevokeKey, ShowAccount, UpdateKey,
};
use syntopen_shared::wire::ledger::{KeyRecord, SpendLimits};

use super::{Payer, client};
use crate::cluster::Map;

/// How long one ledger may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts.
const REST: Duration = Duration::from_millis(100);
/// Attempts of those who cannot go on without an answer.
const ATTEMPTS_MAX: usize = 600;
const BODY_MAX: usize = 16 * 1024 * 1024;

/// Someone who administers.
pub struct Desk {
    client: Client,
    map: Map,
}

impl Desk {
    /// A desk at a cluster.
    #[must_use]
    pub fn new(map: Map) -> Self {
        Self { client: client(), map }
    }

    /// An account with money, and a key of `rpm` requests a minute.
    pub async fn payer(&self, name: &str, amount: NanoUsd, rpm: u32) -> Payer {
        let email = format!("{name}@example.com");
        let account = CreateAccount { email: email.clone(), password: None, operator: false };
        let account: Account = self.insist("account/create", &account).await;
        let created = self.key(&email, rpm).await;
        if amount != NanoUsd::ZERO {
            let _receipt = self.insist::<_, CreditReceipt>("account/credit", &credit(&email, amount, name)).await;
        }
        Payer { email, account: account.account, key: created.record.key, api_key: created.api_key, rpm }
    }

    /// A new key of an account.
    pub async fn key(&self, email: &str, rpm: u32) -> CreatedKey {
        let (email, name, limits) = (email.to_owned(), "chaos".to_owned(), SpendLimits::default());
        self.insist("key/create", &CreateKey { email, name, rpm, limits, expires_ms: None, allowed_models: None }).await
    }

    /// Money that comes in: whether it was acknowledged, by one attempt at one ledger.
    pub async fn credit(&self, ledger: usize, command: &CreditAccount) -> Option<CreditReceipt> {
        self.ask(ledger, "account/credit", command).await.ok()
    }

    /// The account of a payer.
    pub async fn show(&self, payer: &Payer) -> Account {
        self.insist("account/show", &ShowAccount { email: payer.email.clone() }).await
    }

    /// The account of a payer as one ledger has it, where it answers.
    pub async fn show_at(&self, ledger: usize, payer: &Payer) -> Result<Account, String> {
        self.ask(ledger, "account/show", &ShowAccount { email: payer.email.clone() }).await
    }

    /// Revokes a key through one ledger, and the others if that does not answer.
    pub async fn revoke(&self, command: &RevokeKey) -> KeyRecord {
        self.insist("key/revoke", command).await
    }

    /// Changes a key.
    pub async fn update(&self, command: &UpdateKey) -> KeyRecord {
        self.insist("key/update", command).await
    }

    /// Counts the money by every route.
    ///
    /// # Errors
    /// Why it could not be counted.
    pub async fn reconcile(&self, ledger: usize) -> Result<ReconcileReport, String> {
        let get = self.client.get(format!("http://{}/admin/reconcile", self.map.ledgers[ledger]));
        let sent = get.bearer_auth(self.map.token).timeout(PATIENCE * 6).send().await;
        let mut response = sent.map_err(|error| error.to_string())?;
        let body = response.body().limit(BODY_MAX).await.map_err(|error| error.to_string())?;
        serde_json::from_slice(&body).map_err(|_| String::from_utf8_lossy(&body).into_owned())
    }

    /// Asks one ledger after the other until one answers.
    async fn insist<C: Serialize, A: DeserializeOwned>(&self, path: &str, command: &C) -> A {
        let mut last = String::new();
        for attempt in 0..ATTEMPTS_MAX {
            match self.ask(attempt % self.map.ledgers.len(), path, command).await {
                Ok(answer) => return answer,
                Err(error) => last = error,
            }
            actix_rt::time::sleep(REST).await;
        }
        panic!("no ledger answers {path}: {last}");
    }

    async fn ask<C: Serialize, A: DeserializeOwned>(
        &self,
        ledger: usize,
        path: &str,
        command: &C,
    ) -> Result<A, String> {
        let post = self.client.post(format!("http://{}/admin/{path}", self.map.ledgers[ledger]));
        let sent = post.bearer_auth(self.map.token).timeout(PATIENCE).send_json(command).await;
        let mut response = sent.map_err(|error| error.to_string())?;
        let body = response.body().limit(BODY_MAX).await.map_err(|error| error.to_string())?;
        let told = || format!("{}: {}", response.status(), String::from_utf8_lossy(&body));
        if response.status() == 200 { serde_json::from_slice(&body).map_err(|_| told()) } else { Err(told()) }
    }
}

fn credit(email: &str, amount: NanoUsd, name: &str) -> CreditAccount {
    let reference = Some(format!("opening-{name}"));
    CreditAccount { email: email.to_owned(), amount, class: Default::default(), reference }
}
