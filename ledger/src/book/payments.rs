//! Payments of customers through a payment service.

use syntopen_shared::id::{AccountId, PaymentId, UserId};
use syntopen_shared::wire::office::payments::{Hints, Payment, PaymentState};

use super::accounts::{id, nanos};
use super::returns::Sum;
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// A payment with everything that the book knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) payment: Payment,
    pub(crate) intent: Option<String>,
    /// Whether the operator said whose it is, rather than a customer having begun it here.
    pub(crate) is_adopted: bool,
    pub(crate) is_credited: bool,
    pub(crate) refunded: Sum,
    pub(crate) refunds_booked: i64,
    pub(crate) disputes_booked: i64,
    pub(crate) moves: i64,
}

/// Writes a new payment; without a user it is one that the operator adopts.
pub(crate) async fn insert(
    transaction: &mut Transaction<'_>,
    payment: &Payment,
    (user, intent): (Option<UserId>, Option<&str>),
) -> Result<()> {
    query(
        "INSERT INTO payments (id, account, user_id, state, cents, amount, session, intent, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(payment.payment)
    .bind(payment.account)
    .bind(user.map(|user| user.to_string()))
    .bind(payment.state.as_str())
    .bind(payment.cents)
    .bind(payment.amount)
    .bind(payment.session.as_deref())
    .bind(intent)
    .bind(payment.created_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// A payment of an account.
pub(crate) async fn of_account(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    payment: PaymentId,
) -> Result<Option<Payment>> {
    let query = query("SELECT * FROM payments WHERE account = $1 AND id = $2").bind(account).bind(payment);
    let row = query.fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The newest `limit` payments of an account that have begun since and not ended.
pub(crate) async fn waiting(
    executor: impl Into<Executor<'_>>,
    (account, since_ms): (AccountId, i64),
    limit: i64,
) -> Result<Vec<Payment>> {
    let rows = query(
        "SELECT * FROM payments WHERE account = $1 AND state = 'open' AND created_ms > $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(account)
    .bind(since_ms)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter().map(read).collect()
}

/// The payment that is meant: the one with this checkout, else the one that the service calls so, else ours.
pub(crate) async fn find(transaction: &mut Transaction<'_>, hints: &Hints) -> Result<Option<Booked>> {
    let by = [
        ("SELECT * FROM payments WHERE session = $1", hints.session.clone()),
        ("SELECT * FROM payments WHERE intent = $1", hints.intent.clone()),
        ("SELECT * FROM payments WHERE id = $1", hints.payment.map(|payment| payment.to_string())),
    ];
    for (text, name) in by {
        let Some(name) = name else { continue };
        if let Some(row) = query(text).bind(name).fetch_optional(&mut *transaction).await? {
            return booked(&row).map(Some);
        }
    }
    Ok(None)
}

/// A payment as it is now; its account is locked, and it is with this, so that its checkout is not named meanwhile.
pub(crate) async fn again(transaction: &mut Transaction<'_>, payment: PaymentId) -> Result<Booked> {
    let locked = query("UPDATE payments SET updated_ms = updated_ms WHERE id = $1 RETURNING *").bind(payment);
    booked(&locked.fetch_one(transaction).await?)
}

/// Writes the name of the checkout of a payment that was just made; says whether there is such a payment.
pub(crate) async fn open(
    transaction: &mut Transaction<'_>,
    payment: PaymentId,
    (session, now_ms): (&str, i64),
) -> Result<bool> {
    let done = query(
        "UPDATE payments SET session = $2, updated_ms = $3, \
         state = CASE state WHEN 'created' THEN 'open' ELSE state END \
         WHERE id = $1 AND (session IS NULL OR session = $2)",
    )
    .bind(payment)
    .bind(session)
    .bind(now_ms)
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// Ends a payment that nobody can pay, for it has no checkout.
pub(crate) async fn fail(transaction: &mut Transaction<'_>, payment: PaymentId, now_ms: i64) -> Result<()> {
    query("UPDATE payments SET state = 'failed', updated_ms = $2 WHERE id = $1 AND state = 'created'")
        .bind(payment)
        .bind(now_ms)
        .execute(transaction)
        .await
        .map(drop)
}

/// Writes everything that may change; the account is locked.
pub(crate) async fn update(transaction: &mut Transaction<'_>, booked: &Booked, now_ms: i64) -> Result<()> {
    query(
        "UPDATE payments SET state = $2, session = $3, intent = $4, credited = $5, refunded_cents = $6, \
         refunds_booked = $7, disputes_booked = $8, moves = $9, updated_ms = $10, refunded_told_s = $11 WHERE id = $1",
    )
    .bind(booked.payment.payment)
    .bind(booked.payment.state.as_str())
    .bind(booked.payment.session.as_deref())
    .bind(booked.intent.as_deref())
    .bind(i64::from(booked.is_credited))
    .bind(booked.refunded.cents)
    .bind(booked.refunds_booked)
    .bind(booked.disputes_booked)
    .bind(booked.moves)
    .bind(now_ms)
    .bind(booked.refunded.told_s)
    .execute(transaction)
    .await
    .map(drop)
}

fn booked(row: &Row) -> Result<Booked> {
    Ok(Booked {
        payment: read(row)?,
        intent: row.get("intent")?,
        is_adopted: row.get::<Option<&str>>("user_id")?.is_none(),
        is_credited: row.get::<i64>("credited")? != 0,
        refunded: Sum { told_s: row.get("refunded_told_s")?, cents: row.get("refunded_cents")? },
        refunds_booked: row.get("refunds_booked")?,
        disputes_booked: row.get("disputes_booked")?,
        moves: row.get("moves")?,
    })
}

fn read(row: &Row) -> Result<Payment> {
    Ok(Payment {
        payment: id(row, "id")?,
        account: id(row, "account")?,
        state: state(row.get("state")?)?,
        cents: row.get("cents")?,
        amount: nanos(row, "amount")?,
        session: row.get("session")?,
        created_ms: row.get("created_ms")?,
    })
}

fn state(word: &str) -> Result<PaymentState> {
    match word {
        "created" => Ok(PaymentState::Created),
        "open" => Ok(PaymentState::Open),
        "paid" => Ok(PaymentState::Paid),
        "expired" => Ok(PaymentState::Expired),
        "failed" => Ok(PaymentState::Failed),
        _ => Err(corrupt("a payment has no known state")),
    }
}
