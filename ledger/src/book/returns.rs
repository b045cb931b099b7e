//! Refunds and disputes: payments that go back to the customer.
//!
//! News come in any order, and more than once. Of each refund and dispute the service's latest word counts, by its own
//! clock; of their movements of money, all that were ever told, each once. So the sums are the same in every order.

use syntopen_shared::id::PaymentId;
use syntopen_shared::wire::office::payments::{Movement, ReturnKind, ReturnState};

use super::Result;
use super::sql::{Transaction, query};

/// What the service told of one refund or dispute.
pub(crate) struct Told<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: ReturnKind,
    pub(crate) word: Word,
    pub(crate) movements: &'a [Movement],
}

/// What is known of a refund or dispute: of two words the greater one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    /// Whether money has moved, which no announcement takes back.
    has_moved: bool,
    told_s: i64,
    state: i64,
    cents: i64,
}

/// A sum over all refunds of a payment, as the service told it: the later one counts, and of the same second the
/// higher one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum {
    pub(crate) told_s: i64,
    pub(crate) cents: i64,
}

impl Word {
    /// So much was told at this time, in seconds since the Unix epoch.
    pub(crate) fn new(state: ReturnState, told_s: i64, cents: i64) -> Self {
        Self { has_moved: state != ReturnState::Announced, told_s, state: rank(state), cents }
    }
}

/// Writes it down, or what is new of it; the payment's account is locked. Says whether it is one of this payment.
pub(crate) async fn note(transaction: &mut Transaction<'_>, payment: PaymentId, told: &Told<'_>) -> Result<bool> {
    let known = query("SELECT payment, kind, state, told_s, cents FROM payment_returns WHERE id = $1")
        .bind(told.id)
        .fetch_optional(&mut *transaction)
        .await?;
    let text = match known {
        None => "INSERT INTO payment_returns (id, payment, kind, state, told_s, cents) VALUES ($1, $2, $3, $4, $5, $6)",
        Some(row) => {
            if row.get::<&str>("payment")? != payment.to_string() || row.get::<&str>("kind")? != told.kind.as_str() {
                return Ok(false);
            }
            let (state, told_s, cents) = (row.get("state")?, row.get("told_s")?, row.get("cents")?);
            let known = Word { has_moved: state != rank(ReturnState::Announced), told_s, state, cents };
            if told.word <= known {
                return remember(transaction, told).await.map(|()| true);
            }
            "UPDATE payment_returns SET state = $4, told_s = $5, cents = $6 WHERE id = $1 AND payment = $2 AND kind = $3"
        }
    };
    query(text)
        .bind(told.id)
        .bind(payment)
        .bind(told.kind.as_str())
        .bind(told.word.state)
        .bind(told.word.told_s)
        .bind(told.word.cents)
        .execute(&mut *transaction)
        .await?;
    remember(transaction, told).await.map(|()| true)
}

async fn remember(transaction: &mut Transaction<'_>, told: &Told<'_>) -> Result<()> {
    for movement in told.movements {
        query("INSERT INTO payment_movements (id, return_id, cents) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING")
            .bind(movement.id.as_str())
            .bind(told.id)
            .bind(movement.cents)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(())
}

/// What of a payment is refunded, in cents. A refund may be known by its own news, by the sum over all of them, or by
/// both; a sum leaves out what had failed when it was told.
pub(crate) async fn refunded(transaction: &mut Transaction<'_>, payment: PaymentId, sum: Sum) -> Result<i64> {
    let row = query(
        "SELECT CAST(COALESCE(SUM(cents), 0) AS BIGINT) AS gone, \
         CAST(COALESCE(SUM(CASE WHEN state = 2 THEN cents ELSE 0 END), 0) AS BIGINT) AS back, \
         CAST(COALESCE(SUM(CASE WHEN state = 2 AND told_s >= $2 THEN cents ELSE 0 END), 0) AS BIGINT) AS back_since \
         FROM payment_returns WHERE payment = $1 AND kind = 'refund' AND state >= 1",
    )
    .bind(payment)
    .bind(sum.told_s)
    .fetch_one(transaction)
    .await?;
    let gone: i64 = row.get("gone")?;
    if sum.cents <= gone {
        return Ok(gone - row.get::<i64>("back")?);
    }
    Ok(sum.cents - row.get::<i64>("back_since")?)
}

/// What disputes have taken of a payment and not given back, in cents: what their movements come to, where those are
/// known, else what is said of each. None takes more than what is disputed.
pub(crate) async fn disputed(transaction: &mut Transaction<'_>, payment: PaymentId) -> Result<i64> {
    let rows = query(
        "SELECT state, cents, (SELECT CAST(SUM(cents) AS BIGINT) FROM payment_movements WHERE return_id = r.id) \
         AS moved FROM payment_returns r WHERE payment = $1 AND kind = 'dispute'",
    )
    .bind(payment)
    .fetch_all(transaction)
    .await?;
    rows.iter().try_fold(0_i64, |sum, row| {
        let (state, cents): (i64, i64) = (row.get("state")?, row.get("cents")?);
        let taken = match row.get::<Option<i64>>("moved")? {
            Some(moved) => moved.saturating_neg().clamp(0, cents),
            None if state == rank(ReturnState::Gone) => cents,
            None => 0,
        };
        Ok(sum.saturating_add(taken))
    })
}

const fn rank(state: ReturnState) -> i64 {
    match state {
        ReturnState::Announced => 0,
        ReturnState::Gone => 1,
        ReturnState::Back => 2,
    }
}
