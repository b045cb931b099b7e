//! API keys: their records, never the keys.

use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{Expiry, UpdateKey};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};

use super::accounts::id;
use super::sql::{Executor, Row, Sql, Transaction, query};
use super::{Result, accounts, corrupt, json, untold};

pub(crate) mod lines;

const BY_IDS: Sql = Sql {
    sqlite: "SELECT * FROM api_keys WHERE id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT * FROM api_keys WHERE id IN (SELECT json_array_elements_text(CAST($1 AS JSON)))",
};

/// Writes a new key.
pub(crate) async fn insert(
    transaction: &mut Transaction<'_>,
    record: &KeyRecord,
    hash: KeyHash,
    created_ms: i64,
) -> Result<()> {
    let models = record.allowed_models.as_ref().map(json).transpose()?;
    query(
        "INSERT INTO api_keys (id, account, hash, prefix, name, version, expires_ms, rpm, allowed_models, \
         limit_day, limit_month, limit_total, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(record.key)
    .bind(record.account)
    .bind(hash.to_hex())
    .bind(record.prefix.as_str())
    .bind(record.name.as_str())
    .bind(record.version)
    .bind(record.expires_ms)
    .bind(i64::from(record.rpm))
    .bind(models)
    .bind(record.limits.day)
    .bind(record.limits.month)
    .bind(record.limits.total)
    .bind(created_ms)
    .execute(transaction)
    .await?;
    Ok(())
}

/// Ends a key for good; one that has ended is left as it is. Says whether there is such a key.
pub(crate) async fn revoke(transaction: &mut Transaction<'_>, key: KeyId) -> Result<bool> {
    // The note first, as where an account is closed, so that neither waits for the other.
    untold::note_key(transaction, key).await?;
    let done = query(
        "UPDATE api_keys SET version = version + CASE status WHEN 'active' THEN 1 ELSE 0 END, status = 'revoked' \
         WHERE id = $1",
    )
    .bind(key)
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// Changes what a key may do; what is `None` stays. Says whether there is such a key.
pub(crate) async fn update(transaction: &mut Transaction<'_>, change: &UpdateKey) -> Result<bool> {
    let limits = change.limits.unwrap_or_default();
    let models = match &change.models {
        Some(models) => models.clone().into_list().as_ref().map(json).transpose()?,
        None => None,
    };
    untold::note_key(transaction, change.key).await?;
    let done = query(
        "UPDATE api_keys SET version = version + 1, rpm = COALESCE($2, rpm), name = COALESCE($7, name), \
         limit_day = CASE WHEN $3 = 1 THEN $4 ELSE limit_day END, \
         limit_month = CASE WHEN $3 = 1 THEN $5 ELSE limit_month END, \
         limit_total = CASE WHEN $3 = 1 THEN $6 ELSE limit_total END, \
         expires_ms = CASE WHEN $8 = 1 THEN $9 ELSE expires_ms END, \
         allowed_models = CASE WHEN $10 = 1 THEN $11 ELSE allowed_models END WHERE id = $1",
    )
    .bind(change.key)
    .bind(change.rpm.map(i64::from))
    .bind(i64::from(change.limits.is_some()))
    .bind(limits.day)
    .bind(limits.month)
    .bind(limits.total)
    .bind(change.name.as_deref())
    .bind(i64::from(change.expiry.is_some()))
    .bind(change.expiry.and_then(Expiry::expires_ms))
    .bind(i64::from(change.models.is_some()))
    .bind(models)
    .execute(transaction)
    .await?;
    Ok(done == 1)
}

/// How many keys an account has; nobody else adds one until the transaction ends.
pub(crate) async fn count(transaction: &mut Transaction<'_>, account: AccountId) -> Result<i64> {
    accounts::lock(transaction, account).await?;
    query("SELECT COUNT(*) FROM api_keys WHERE account = $1").bind(account).fetch_one(transaction).await?.get(0)
}

/// The record of the key that hashes to this.
pub(crate) async fn by_hash(executor: impl Into<Executor<'_>>, hash: KeyHash) -> Result<Option<KeyRecord>> {
    let row = query("SELECT * FROM api_keys WHERE hash = $1").bind(hash.to_hex()).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The record of a key.
pub(crate) async fn by_id(executor: impl Into<Executor<'_>>, key: KeyId) -> Result<Option<KeyRecord>> {
    let row = query("SELECT * FROM api_keys WHERE id = $1").bind(key).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The records of those keys that exist.
pub(crate) async fn by_ids(executor: impl Into<Executor<'_>>, keys: &[KeyId]) -> Result<Vec<KeyRecord>> {
    let rows = query(BY_IDS).bind(json(&keys)?).fetch_all(executor).await?;
    rows.iter().map(read).collect()
}

/// The newest `limit` keys of an account, newest first.
pub(crate) async fn of_account(
    executor: impl Into<Executor<'_>>,
    account: AccountId,
    limit: i64,
) -> Result<Vec<KeyRecord>> {
    let rows = query("SELECT * FROM api_keys WHERE account = $1 ORDER BY id DESC LIMIT $2")
        .bind(account)
        .bind(limit)
        .fetch_all(executor)
        .await?;
    rows.iter().map(read).collect()
}

/// The record in a row of `api_keys`.
pub(crate) fn read(row: &Row) -> Result<KeyRecord> {
    let models: Option<&str> = row.get("allowed_models")?;
    let models = models.map(serde_json::from_str).transpose();
    let rpm: i64 = row.get("rpm")?;
    Ok(KeyRecord {
        key: id(row, "id")?,
        account: id(row, "account")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        version: row.get("version")?,
        status: status(row)?,
        expires_ms: row.get("expires_ms")?,
        rpm: u32::try_from(rpm).map_err(|_| corrupt("a rate limit is out of range"))?,
        allowed_models: models.map_err(|_| corrupt("a list of models is no JSON"))?,
        limits: limits(row)?,
    })
}

/// The status of a key.
pub(crate) fn status(row: &Row) -> Result<KeyStatus> {
    match row.get::<&str>("status")? {
        "active" => Ok(KeyStatus::Active),
        "revoked" => Ok(KeyStatus::Revoked),
        _ => Err(corrupt("a key has no known status")),
    }
}

/// The spend limits of a key.
pub(crate) fn limits(row: &Row) -> Result<SpendLimits> {
    let limit = |column| row.get::<Option<i64>>(column).map(|nanos| nanos.map(NanoUsd::new));
    Ok(SpendLimits { day: limit("limit_day")?, month: limit("limit_month")?, total: limit("limit_total")? })
}
