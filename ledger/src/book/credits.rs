//! Money that comes in: top-ups, grants, refunds and adjustments.

use syntopen_shared::id::{AccountId, RequestId, TransferId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreditClass, CreditReceipt};

use super::accounts::{id, nanos};
use super::audit::{self, Act, Who};
use super::sql::{Executor, Transaction, is_transient, query};
use super::untold::{self, Subject};
use super::{Book, Result, TRIES_MAX, accounts};
use crate::balances::Credit;

/// A credit to be booked.
pub(crate) struct NewCredit<'a> {
    pub(crate) account: AccountId,
    pub(crate) amount: NanoUsd,
    pub(crate) class: CreditClass,
    pub(crate) reference: &'a str,
    pub(crate) created_ms: i64,
    /// Whose act it is.
    pub(crate) who: Who<'a>,
}

/// A movement between an account and one of the house's. Each class has a house of its own; but a payment that goes
/// back to the customer is an adjustment of the balance out of the house's cash, where it had come from.
pub(crate) struct Movement<'a> {
    pub(crate) account: AccountId,
    pub(crate) house: &'static str,
    pub(crate) amount: NanoUsd,
    pub(crate) class: CreditClass,
    pub(crate) reference: &'a str,
    pub(crate) created_ms: i64,
}

/// The house's cash: what customers have paid, less what they got back.
pub(crate) const CASH: &str = "house:cash";

/// A credit that the book has.
pub(crate) struct Booked {
    pub(crate) receipt: CreditReceipt,
    pub(crate) class: String,
}

/// Books a credit so that it survives a power cut; where its reference is known, answers what the book has. `None`
/// where the balance would exceed what can be stored.
pub(crate) async fn book(book: &Book, new: &NewCredit<'_>) -> Result<Option<Booked>> {
    let mut tries = 1;
    loop {
        match attempt(book, new).await {
            // Another account's credit took the reference meanwhile: the next look finds it.
            Err(error) if tries < TRIES_MAX && (is_transient(&error) || is_known(&error)) => tries += 1,
            booked => return booked,
        }
    }
}

async fn attempt(book: &Book, new: &NewCredit<'_>) -> Result<Option<Booked>> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await?;
    let booked = match enter(&mut transaction, new).await? {
        Entered::Known(booked) => return Ok(Some(booked)),
        Entered::TooMuch => return Ok(None),
        Entered::New(booked) => booked,
    };
    let subject = new.account.to_string();
    let act =
        Act { who: new.who, at_ms: new.created_ms, act: "account.credit", subject: &subject, detail: &booked.receipt };
    audit::record(&mut transaction, act).await?;
    transaction.commit().await?;
    Ok(Some(booked))
}

/// What became of a credit within a transaction.
pub(crate) enum Entered {
    /// It is there with the transaction.
    New(Booked),
    /// Its reference was there before, maybe with other figures.
    Known(Booked),
    /// The balance would exceed what can be stored.
    TooMuch,
}

/// Enters a credit in a transaction of the caller, who writes down whose act it is. Where another account takes the
/// reference at the same time, that is a unique violation.
pub(crate) async fn enter(transaction: &mut Transaction<'_>, new: &NewCredit<'_>) -> Result<Entered> {
    // Whoever credits the same account at the same time waits here, and then sees this credit.
    accounts::lock(transaction, new.account).await?;
    if let Some(booked) = by_reference(&mut *transaction, new.reference).await? {
        return Ok(Entered::Known(booked));
    }
    Ok(insert(transaction, new).await?.map_or(Entered::TooMuch, Entered::New))
}

/// What a request of this account has been charged in all; nothing where there is no such charge.
pub(crate) async fn charged(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    request: RequestId,
) -> Result<NanoUsd> {
    let row = query(
        "SELECT CAST(COALESCE(-SUM(amount), 0) AS BIGINT) AS charged FROM transfers \
         WHERE op = $1 AND account = $2 AND class IN ('charge', 'late')",
    )
    .bind(request)
    .bind(account)
    .fetch_one(executor)
    .await?;
    nanos(&row, "charged")
}

fn is_known(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// The credit with this reference.
pub(crate) async fn by_reference(executor: impl Into<Executor<'_>>, reference: &str) -> Result<Option<Booked>> {
    let row = query(
        "SELECT id, account, class, op, amount, posted_after FROM transfers \
         WHERE op = $1 AND credit_no IS NOT NULL",
    )
    .bind(reference)
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        let receipt = CreditReceipt {
            transfer: id(&row, "id")?,
            account: id(&row, "account")?,
            reference: row.get("op")?,
            amount: nanos(&row, "amount")?,
            balance: nanos(&row, "posted_after")?,
        };
        Ok(Booked { receipt, class: row.get("class")? })
    })
    .transpose()
}

async fn insert(transaction: &mut Transaction<'_>, new: &NewCredit<'_>) -> Result<Option<Booked>> {
    let &NewCredit { account, amount, class, reference, created_ms, .. } = new;
    add(transaction, &Movement { account, house: house(class), amount, class, reference, created_ms }).await
}

/// Books money that comes in, or goes out. The account is locked, and the reference is new. `None`, and nothing is
/// written, where the balance would exceed what can be stored.
pub(crate) async fn add(transaction: &mut Transaction<'_>, movement: &Movement<'_>) -> Result<Option<Booked>> {
    let &Movement { account, house, amount, class, reference, created_ms } = movement;
    let row = query("SELECT posted, credit_no FROM accounts WHERE id = $1")
        .bind(account)
        .fetch_one(&mut *transaction)
        .await?;
    let Some(balance) = nanos(&row, "posted")?.checked_add(amount) else {
        return Ok(None);
    };
    let number = row.get::<i64>("credit_no")? + 1;
    let transfer = TransferId::mint();
    query(
        "INSERT INTO transfers (id, account, house, op, class, total, amount, credit_no, posted_after, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
    )
    .bind(transfer)
    .bind(account)
    .bind(house)
    .bind(reference)
    .bind(class.as_str())
    .bind(amount)
    .bind(number)
    .bind(balance)
    .bind(created_ms)
    .execute(&mut *transaction)
    .await?;
    // Whoever has enough again is told again when it is low.
    query(
        "UPDATE accounts SET posted = posted + $2, credit_no = credit_no + 1, \
         alert_sent_ms = CASE WHEN posted + $2 >= alert_below THEN NULL ELSE alert_sent_ms END, \
         alert_claimed_ms = CASE WHEN posted + $2 >= alert_below THEN NULL ELSE alert_claimed_ms END WHERE id = $1",
    )
    .bind(account)
    .bind(amount)
    .execute(&mut *transaction)
    .await?;
    untold::note(transaction, account, Subject::Credits).await?;
    // The house last: all credits of a class wait for this row.
    query("UPDATE accounts SET posted = posted - $2 WHERE id = $1")
        .bind(house)
        .bind(amount)
        .execute(transaction)
        .await?;
    let receipt = CreditReceipt { transfer, account, reference: reference.to_owned(), amount, balance };
    Ok(Some(Booked { receipt, class: class.as_str().to_owned() }))
}

/// The credits of an account after number `have`, in order, `limit` at most.
pub(crate) async fn after(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    have: i64,
    limit: i64,
) -> Result<Vec<Credit>> {
    let rows = query(
        "SELECT credit_no, amount FROM transfers WHERE account = $1 AND credit_no IS NOT NULL AND credit_no > $2 \
         ORDER BY credit_no LIMIT $3",
    )
    .bind(account)
    .bind(have)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter()
        .map(|row| Ok(Credit { account, number: row.get("credit_no")?, amount: nanos(row, "amount")? }))
        .collect()
}

/// The account on the other side.
const fn house(class: CreditClass) -> &'static str {
    match class {
        CreditClass::TopUp => CASH,
        CreditClass::Grant => "house:promotions",
        CreditClass::Refund => "house:revenue",
        CreditClass::Adjustment => "house:adjustments",
    }
}
