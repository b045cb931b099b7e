//! Who is to be told of a low balance, and who has been.

use syntopen_shared::id::AccountId;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::alerts::DueAlert;

use super::Result;
use super::accounts::{id, nanos};
use super::sql::{Executor, Transaction, query};

/// A claim of what is due.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    /// Now.
    pub(crate) now_ms: i64,
    /// Claims until then have lapsed.
    pub(crate) lapsed_ms: i64,
    /// So many at most.
    pub(crate) limit: i64,
}

/// Below which balance the owners of an account are told.
pub(crate) async fn threshold(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Option<NanoUsd>> {
    let row = query("SELECT alert_below FROM accounts WHERE id = $1").bind(account).fetch_optional(executor).await?;
    let nanos = row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten();
    Ok(nanos.map(NanoUsd::new))
}

/// Says below which balance they are told; what was sent for another one does not count. Whether there is such an
/// account.
pub(crate) async fn set(transaction: &mut Transaction<'_>, account: AccountId, below: Option<NanoUsd>) -> Result<bool> {
    let done = query(
        "UPDATE accounts SET alert_below = $2, alert_claimed_ms = NULL, alert_sent_ms = NULL \
         WHERE id = $1 AND kind = 'customer' AND closed_ms IS NULL",
    )
    .bind(account)
    .bind(below)
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// Whether anything is to be armed or claimed.
pub(crate) async fn is_any_due(executor: impl Into<Executor<'_>>, lapsed_ms: i64) -> Result<bool> {
    let row = query(
        "SELECT 1 FROM accounts WHERE alert_below IS NOT NULL AND closed_ms IS NULL AND ( \
         (posted < alert_below AND alert_sent_ms IS NULL AND (alert_claimed_ms IS NULL OR alert_claimed_ms <= $1)) \
         OR (posted >= alert_below AND alert_sent_ms IS NOT NULL)) LIMIT 1",
    )
    .bind(lapsed_ms)
    .fetch_optional(executor)
    .await?;
    Ok(row.is_some())
}

/// Whoever has enough again will be told again. A credit does the same at once.
pub(crate) async fn arm(transaction: &mut Transaction<'_>) -> Result<()> {
    query(
        "UPDATE accounts SET alert_sent_ms = NULL, alert_claimed_ms = NULL \
         WHERE alert_below IS NOT NULL AND alert_sent_ms IS NOT NULL AND posted >= alert_below",
    )
    .execute(transaction)
    .await
    .map(drop)
}

/// Claims what is due, without its owners; who asks at the same time waits for the row, and then finds it claimed.
pub(crate) async fn claim(transaction: &mut Transaction<'_>, claim: Claim) -> Result<Vec<DueAlert>> {
    let rows = query(
        "UPDATE accounts SET alert_claimed_ms = $1 WHERE id IN ( \
         SELECT id FROM accounts WHERE alert_below IS NOT NULL AND posted < alert_below AND alert_sent_ms IS NULL \
         AND closed_ms IS NULL AND (alert_claimed_ms IS NULL OR alert_claimed_ms <= $2) ORDER BY id LIMIT $3) \
         AND posted < alert_below AND alert_sent_ms IS NULL AND (alert_claimed_ms IS NULL OR alert_claimed_ms <= $2) \
         RETURNING id, posted, alert_below",
    )
    .bind(claim.now_ms)
    .bind(claim.lapsed_ms)
    .bind(claim.limit)
    .fetch_all(transaction)
    .await?;
    rows.iter()
        .map(|row| {
            let (balance, below) = (nanos(row, "posted")?, nanos(row, "alert_below")?);
            Ok(DueAlert { account: id(row, "id")?, balance, below, owners: Vec::new(), claimed_ms: claim.now_ms })
        })
        .collect()
}

/// The addresses of an account's owners.
pub(crate) async fn owners(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<String>> {
    let rows =
        query("SELECT email FROM users WHERE account = $1 AND role = 'owner' AND removed_ms IS NULL ORDER BY id")
            .bind(account)
            .fetch_all(executor)
            .await?;
    rows.iter().map(|row| row.get("email")).collect()
}

/// They have been told, by whoever has this claim.
pub(crate) async fn confirm(
    transaction: &mut Transaction<'_>,
    (account, claimed_ms): (AccountId, i64),
    now_ms: i64,
) -> Result<()> {
    query(
        "UPDATE accounts SET alert_sent_ms = $3, alert_claimed_ms = NULL \
         WHERE id = $1 AND alert_claimed_ms = $2 AND alert_sent_ms IS NULL",
    )
    .bind(account)
    .bind(claimed_ms)
    .bind(now_ms)
    .execute(transaction)
    .await
    .map(drop)
}
