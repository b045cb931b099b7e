//! Refunds and disputes: payments that go back to the customer.
//!
//! What is written here only grows, so that the sums are the same in whatever order the news come.

use syntopen_shared::id::PaymentId;
use syntopen_shared::wire::office::payments::{ReturnKind, ReturnState};

use super::Result;
use super::sql::{Transaction, query};

/// What the service told of one refund or dispute.
pub(crate) struct Told<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: ReturnKind,
    pub(crate) cents: i64,
    pub(crate) state: ReturnState,
}

/// Sums over the returns of a payment, in cents.
pub(crate) struct Sums {
    /// All that went, whether or not it came back.
    pub(crate) gone: i64,
    /// What came back.
    pub(crate) back: i64,
}

/// Writes it down, or what is new of it. Says whether it is one of this payment.
pub(crate) async fn note(transaction: &mut Transaction<'_>, payment: PaymentId, told: &Told<'_>) -> Result<bool> {
    let done = query(
        "INSERT INTO payment_returns (id, payment, kind, cents, state) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET \
         cents = CASE WHEN excluded.cents > payment_returns.cents THEN excluded.cents ELSE payment_returns.cents END, \
         state = CASE WHEN excluded.state > payment_returns.state THEN excluded.state ELSE payment_returns.state END \
         WHERE payment_returns.payment = excluded.payment AND payment_returns.kind = excluded.kind",
    )
    .bind(told.id)
    .bind(payment)
    .bind(told.kind.as_str())
    .bind(told.cents)
    .bind(rank(told.state))
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// The sums of one kind.
pub(crate) async fn sums(transaction: &mut Transaction<'_>, payment: PaymentId, kind: ReturnKind) -> Result<Sums> {
    let row = query(
        "SELECT CAST(COALESCE(SUM(CASE WHEN state >= 1 THEN cents ELSE 0 END), 0) AS BIGINT) AS gone, \
         CAST(COALESCE(SUM(CASE WHEN state = 2 THEN cents ELSE 0 END), 0) AS BIGINT) AS back \
         FROM payment_returns WHERE payment = $1 AND kind = $2",
    )
    .bind(payment)
    .bind(kind.as_str())
    .fetch_one(transaction)
    .await?;
    Ok(Sums { gone: row.get("gone")?, back: row.get("back")? })
}

/// States only grow.
const fn rank(state: ReturnState) -> i64 {
    match state {
        ReturnState::Announced => 0,
        ReturnState::Gone => 1,
        ReturnState::Back => 2,
    }
}
