//! Money that comes in: top-ups, grants, refunds and adjustments.

use sqlx::{Row as _, SqliteConnection, SqliteExecutor};
use syntopen_shared::id::{AccountId, TransferId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreditClass, CreditReceipt};

use super::Result;
use super::accounts::{id, nanos};
use crate::balances::Credit;

/// A credit to be booked.
pub(crate) struct NewCredit<'a> {
    pub(crate) account: AccountId,
    pub(crate) amount: NanoUsd,
    pub(crate) class: CreditClass,
    pub(crate) reference: &'a str,
    pub(crate) created_ms: i64,
}

/// A credit that the book has.
pub(crate) struct Booked {
    pub(crate) receipt: CreditReceipt,
    pub(crate) class: String,
    pub(crate) number: i64,
}

/// The credit of this reference.
pub(crate) async fn by_reference(executor: impl SqliteExecutor<'_>, reference: &str) -> Result<Option<Booked>> {
    let row = sqlx::query(
        "SELECT id, account, class, op, amount, credit_no, posted_after FROM transfers \
         WHERE op = $1 AND credit_no IS NOT NULL",
    )
    .bind(reference)
    .fetch_optional(executor)
    .await?;
    row.map(|row| {
        let receipt = CreditReceipt {
            transfer: id(&row, "id")?,
            account: id(&row, "account")?,
            reference: row.try_get("op")?,
            amount: nanos(&row, "amount")?,
            balance: nanos(&row, "posted_after")?,
        };
        Ok(Booked { receipt, class: row.try_get("class")?, number: row.try_get("credit_no")? })
    })
    .transpose()
}

/// Books a credit, within the caller's transaction. `None` where the balance would exceed what can be stored.
pub(crate) async fn insert(connection: &mut SqliteConnection, new: &NewCredit<'_>) -> Result<Option<Booked>> {
    let row = sqlx::query("SELECT posted, credit_no FROM accounts WHERE id = $1")
        .bind(new.account.to_string())
        .fetch_one(&mut *connection)
        .await?;
    let Some(balance) = nanos(&row, "posted")?.checked_add(new.amount) else {
        return Ok(None);
    };
    let number = row.try_get::<i64, _>("credit_no")? + 1;
    let transfer = TransferId::mint();
    sqlx::query(
        "INSERT INTO transfers (id, account, house, op, class, total, amount, credit_no, posted_after, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
    )
    .bind(transfer.to_string())
    .bind(new.account.to_string())
    .bind(house(new.class))
    .bind(new.reference)
    .bind(new.class.as_str())
    .bind(new.amount.nanos())
    .bind(number)
    .bind(balance.nanos())
    .bind(new.created_ms)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE accounts SET posted = posted + $2, credit_no = credit_no + 1 WHERE id = $1")
        .bind(new.account.to_string())
        .bind(new.amount.nanos())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE accounts SET posted = posted - $2 WHERE id = $1")
        .bind(house(new.class))
        .bind(new.amount.nanos())
        .execute(connection)
        .await?;
    let reference = new.reference.to_owned();
    let receipt = CreditReceipt { transfer, account: new.account, reference, amount: new.amount, balance };
    Ok(Some(Booked { receipt, class: new.class.as_str().to_owned(), number }))
}

/// The credits of an account after number `have`, in order, `limit` at most.
pub(crate) async fn after(
    executor: impl SqliteExecutor<'_>,
    account: AccountId,
    have: i64,
    limit: i64,
) -> Result<Vec<Credit>> {
    let rows = sqlx::query(
        "SELECT credit_no, amount FROM transfers WHERE account = $1 AND credit_no IS NOT NULL AND credit_no > $2 \
         ORDER BY credit_no LIMIT $3",
    )
    .bind(account.to_string())
    .bind(have)
    .bind(limit)
    .fetch_all(executor)
    .await?;
    rows.iter()
        .map(|row| Ok(Credit { account, number: row.try_get("credit_no")?, amount: nanos(row, "amount")? }))
        .collect()
}

/// The account on the other side.
const fn house(class: CreditClass) -> &'static str {
    match class {
        CreditClass::TopUp => "house:cash",
        CreditClass::Grant => "house:promotions",
        CreditClass::Refund => "house:revenue",
        CreditClass::Adjustment => "house:adjustments",
    }
}
