//! Money that comes in. Whoever pays repeats a payment under its reference until it is acknowledged, and sometimes
//! after that.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;
use serde_json::json;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::CreditAccount;

use super::{Desk, Payer, Scene};

const AMOUNT_MAX: i64 = 500_000_000;
const REST: Duration = Duration::from_millis(60);

/// A payment, and whether the ledger said that it has it.
#[derive(Clone, Debug, Serialize)]
pub struct Payment {
    /// The name under which it is made.
    pub reference: String,
    /// To whose account.
    pub payer: usize,
    /// How much.
    pub amount: NanoUsd,
    /// Whether the ledger said so.
    pub acknowledged: bool,
}

/// Pays until it is over; all payments.
pub async fn pay(scene: Scene, payers: Vec<Payer>, seed: u64) -> Vec<Payment> {
    let (desk, mut random) = (Desk::new(scene.map.clone()), StdRng::seed_from_u64(seed));
    let mut payments: Vec<Payment> = Vec::new();
    while !scene.over.get() {
        let unknown = payments.iter().position(|payment| !payment.acknowledged);
        let again = !payments.is_empty() && random.random_bool(0.2);
        let at = match unknown {
            Some(at) if random.random_bool(0.7) => at,
            _ if again => random.random_range(0..payments.len()),
            _ => {
                let (reference, payer) = (format!("{seed}-{}", payments.len()), random.random_range(0..payers.len()));
                let amount = NanoUsd::new(random.random_range(1..=AMOUNT_MAX));
                payments.push(Payment { reference, payer, amount, acknowledged: false });
                payments.len() - 1
            }
        };
        let payment = payments[at].clone();
        scene.journal.write(&json!({"pay": payment})).await;
        let email = payers[payment.payer].email.clone();
        let reference = Some(payment.reference);
        let command = CreditAccount { email, amount: payment.amount, class: Default::default(), reference };
        let ledger = random.random_range(0..scene.map.ledgers.len());
        if desk.credit(ledger, &command).await.is_some() {
            payments[at].acknowledged = true;
            scene.journal.write(&json!({"acknowledged": payments[at].reference})).await;
        }
        actix_rt::time::sleep(REST).await;
    }
    payments
}
