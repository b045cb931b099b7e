//! Transfers as their account's owner sees them.

use syntopen_shared::id::{AccountId, TransferId};
use syntopen_shared::wire::office::billing::{ListTransfers, Place, Receipt, Slice, Transfer, What, Which};

use super::accounts::{id, nanos};
use super::credits::CASH;
use super::sql::{Executor, Row, query};
use super::{Result, corrupt};

/// No list shows more at once.
const LIMIT_MAX: i64 = 100;

/// The statement for a part of the transfers of an account; `$2` is where it begins and `$3` how many rows.
macro_rules! part {
    ($which:literal, $from:literal) => {
        concat!(
            "SELECT id, house, op, class, amount, credit_no, posted_after, created_ms FROM transfers ",
            "WHERE account = $1 ",
            $which,
            $from,
            " LIMIT $3"
        )
    };
}

/// A part of the transfers of an account. One row more than asked for is read, which tells whether there are others.
pub(crate) async fn list(executor: impl Into<Executor<'_>>, list: &ListTransfers) -> Result<Slice<Transfer>> {
    let text = match (list.which, list.from) {
        (Which::All, Place::NewerThan(_)) => part!("", "AND id > $2 ORDER BY id"),
        (Which::All, _) => part!("", "AND id < $2 ORDER BY id DESC"),
        (Which::MoneyIn, Place::NewerThan(_)) => part!("AND credit_no IS NOT NULL ", "AND id > $2 ORDER BY id"),
        (Which::MoneyIn, _) => part!("AND credit_no IS NOT NULL ", "AND id < $2 ORDER BY id DESC"),
    };
    let limit = list.limit.clamp(1, LIMIT_MAX);
    let rows = query(text).bind(list.account).bind(edge(list.from)).bind(limit + 1).fetch_all(executor).await?;
    let rows: Vec<Transfer> = rows.iter().map(read).collect::<Result<_>>()?;
    Ok(slice(rows, (list.from, limit)))
}

/// A transfer of an account, with who it is of.
pub(crate) async fn receipt(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    transfer: TransferId,
) -> Result<Option<Receipt>> {
    let row = query(
        "SELECT t.id, t.house, t.op, t.class, t.amount, t.credit_no, t.posted_after, t.created_ms, \
         (SELECT u.email FROM users u WHERE u.account = t.account AND u.removed_ms IS NULL \
         ORDER BY u.id LIMIT 1) AS email \
         FROM transfers t WHERE t.account = $1 AND t.id = $2",
    )
    .bind(account)
    .bind(transfer)
    .fetch_optional(executor)
    .await?;
    let receipt = |row: Row| {
        let email: Option<String> = row.get("email")?;
        Ok(Receipt { transfer: read(&row)?, account, email: email.unwrap_or_default() })
    };
    row.map(receipt).transpose()
}

/// The id beside which a part begins. Ids are hexadecimal: `g` comes after all of them, in every collation.
pub(crate) fn edge<I: ToString>(from: Place<I>) -> String {
    match from {
        Place::Newest => "g".to_owned(),
        Place::OlderThan(id) | Place::NewerThan(id) => id.to_string(),
    }
}

/// The part of a list of which one row more than `limit` was read, in the direction in which the list goes on.
pub(crate) fn slice<T, I>(mut rows: Vec<T>, (from, limit): (Place<I>, i64)) -> Slice<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    match from {
        Place::Newest => Slice { rows, has_newer: false, has_older: has_more },
        Place::OlderThan(_) => Slice { rows, has_newer: true, has_older: has_more },
        Place::NewerThan(_) => {
            rows.reverse();
            Slice { rows, has_newer: has_more, has_older: true }
        }
    }
}

fn read(row: &Row) -> Result<Transfer> {
    let (op, house): (String, &str) = (row.get("op")?, row.get("house")?);
    let is_credit = row.get::<Option<i64>>("credit_no")?.is_some();
    let what = match row.get::<&str>("class")? {
        "charge" => What::Charge,
        "late" => What::Late,
        "top_up" => What::TopUp,
        "grant" => What::Grant,
        "refund" => What::Refund,
        "adjustment" if house == CASH => What::Returned,
        "adjustment" => What::Adjustment,
        _ => return Err(corrupt("a transfer is of no known class")),
    };
    Ok(Transfer {
        transfer: id(row, "id")?,
        what,
        amount: nanos(row, "amount")?,
        balance: row.get::<Option<i64>>("posted_after")?.map(syntopen_shared::money::NanoUsd::new),
        request: if is_credit { None } else { op.parse().ok() },
        reference: is_credit.then_some(op),
        at_ms: row.get("created_ms")?,
    })
}
