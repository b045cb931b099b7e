//! Transfers as their account's owner sees them.

use syntopen_shared::id::{AccountId, TransferId};
use syntopen_shared::wire::office::billing::{ListTransfers, Receipt, Transfer, What, Which};
use syntopen_shared::wire::office::paging::Slice;

use super::accounts::{id, nanos};
use super::credits::CASH;
use super::slices::{self, Way};
use super::sql::{Executor, Row, query};
use super::{Result, corrupt};

/// The statement for a page of the transfers of an account; `$2` is where it begins and `$3` how many rows.
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

/// A page of the transfers of an account, newest first.
pub(crate) async fn list(
    executor: impl Into<Executor<'_>>,
    list: &ListTransfers,
) -> Result<Slice<Transfer, TransferId>> {
    let (way, edge) = slices::edge(&list.place);
    let text = match (list.which, way) {
        (Which::All, Way::Back) => part!("", "AND id > $2 ORDER BY id"),
        (Which::All, Way::On) => part!("", "AND id < $2 ORDER BY id DESC"),
        (Which::MoneyIn, Way::Back) => part!("AND credit_no IS NOT NULL ", "AND id > $2 ORDER BY id"),
        (Which::MoneyIn, Way::On) => part!("AND credit_no IS NOT NULL ", "AND id < $2 ORDER BY id DESC"),
    };
    let limit = slices::limit(list.limit);
    let rows = query(text).bind(list.account).bind(edge).bind(i64::from(limit) + 1).fetch_all(executor).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(slices::cut(rows, (&list.place, limit), |row: &Transfer| row.transfer))
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
