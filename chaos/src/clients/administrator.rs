//! An administrator who makes keys and revokes them, and looks whether that is heeded.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::admin::RevokeKey;

use super::plan::FREE;
use super::{Desk, Payer, Plan, Scene, Seen, ask, client};

/// Requests with a key before it is revoked, and after.
const BEFORE: usize = 2;
const AFTER: usize = 6;
const REST: Duration = Duration::from_millis(100);

/// A key that was revoked.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Revocation {
    /// The key.
    pub key: KeyId,
    /// When the ledger had said so.
    pub at: Duration,
}

/// Makes and revokes keys of an account until it is over; what was revoked, and what their holders saw.
pub async fn revoke_keys(scene: Scene, owner: Payer) -> (Vec<Revocation>, Vec<Seen>) {
    let (desk, client) = (Desk::new(scene.map.clone()), client());
    let (mut revocations, mut seen) = (Vec::new(), Vec::new());
    while !scene.over.get() {
        let created = desk.key(&owner.email, owner.rpm).await;
        let payer = Payer { key: created.record.key, api_key: created.api_key, ..owner.clone() };
        for number in 0..BEFORE + AFTER {
            if number == BEFORE {
                desk.revoke(&RevokeKey { key: payer.key }).await;
                let revocation = Revocation { key: payer.key, at: scene.journal.now() };
                scene.journal.write(&json!({"revoked": revocation})).await;
                revocations.push(revocation);
            }
            let gateway = number % scene.map.gateways.len();
            let plan = Plan::plain(format!("revoked-{}-{number}", revocations.len()), FREE, 1);
            seen.push(ask(&client, &scene, (&payer, gateway), plan).await);
            actix_rt::time::sleep(REST).await;
        }
    }
    (revocations, seen)
}
