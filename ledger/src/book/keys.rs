//! API keys: their records, never the keys.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqliteExecutor};
use syntopen_shared::api_key::KeyHash;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};

use super::accounts::id;
use super::{Result, corrupt};

/// Writes a new key.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    record: &KeyRecord,
    hash: KeyHash,
    created_ms: i64,
) -> Result<()> {
    let models = record.allowed_models.as_ref().map(serde_json::to_string).transpose();
    sqlx::query(
        "INSERT INTO api_keys (id, account, hash, prefix, name, version, expires_ms, rpm, allowed_models, \
         limit_day, limit_month, limit_total, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(record.key.to_string())
    .bind(record.account.to_string())
    .bind(hash.to_hex())
    .bind(&record.prefix)
    .bind(&record.name)
    .bind(record.version)
    .bind(record.expires_ms)
    .bind(i64::from(record.rpm))
    .bind(models.map_err(|error| sqlx::Error::Encode(error.into()))?)
    .bind(record.limits.day.map(NanoUsd::nanos))
    .bind(record.limits.month.map(NanoUsd::nanos))
    .bind(record.limits.total.map(NanoUsd::nanos))
    .bind(created_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a key for good; one that has ended is left as it is. Says whether there is such a key.
pub(crate) async fn revoke(connection: &mut SqliteConnection, key: KeyId) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE api_keys SET version = version + CASE status WHEN 'active' THEN 1 ELSE 0 END, status = 'revoked' \
         WHERE id = $1",
    )
    .bind(key.to_string())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many keys an account has.
pub(crate) async fn count(connection: &mut SqliteConnection, account: AccountId) -> Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM api_keys WHERE account = $1")
        .bind(account.to_string())
        .fetch_one(connection)
        .await
}

/// The record of the key that hashes to this.
pub(crate) async fn by_hash(executor: impl SqliteExecutor<'_>, hash: KeyHash) -> Result<Option<KeyRecord>> {
    let row =
        sqlx::query("SELECT * FROM api_keys WHERE hash = $1").bind(hash.to_hex()).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The record of a key.
pub(crate) async fn by_id(executor: impl SqliteExecutor<'_>, key: KeyId) -> Result<Option<KeyRecord>> {
    let row =
        sqlx::query("SELECT * FROM api_keys WHERE id = $1").bind(key.to_string()).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
}

/// The records of those keys that exist.
pub(crate) async fn by_ids(executor: impl SqliteExecutor<'_>, keys: &[KeyId]) -> Result<Vec<KeyRecord>> {
    let ids = serde_json::to_string(keys).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let rows = sqlx::query("SELECT * FROM api_keys WHERE id IN (SELECT value FROM json_each($1))")
        .bind(ids)
        .fetch_all(executor)
        .await?;
    rows.iter().map(read).collect()
}

/// The newest `limit` keys of an account, newest first.
pub(crate) async fn of_account(
    executor: impl SqliteExecutor<'_>,
    account: AccountId,
    limit: i64,
) -> Result<Vec<KeyRecord>> {
    let rows = sqlx::query("SELECT * FROM api_keys WHERE account = $1 ORDER BY id DESC LIMIT $2")
        .bind(account.to_string())
        .bind(limit)
        .fetch_all(executor)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<KeyRecord> {
    let models: Option<&str> = row.try_get("allowed_models")?;
    let models = models.map(serde_json::from_str).transpose();
    let rpm: i64 = row.try_get("rpm")?;
    Ok(KeyRecord {
        key: id(row, "id")?,
        account: id(row, "account")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        version: row.try_get("version")?,
        status: status(row)?,
        expires_ms: row.try_get("expires_ms")?,
        rpm: u32::try_from(rpm).map_err(|_| corrupt("a rate limit is out of range"))?,
        allowed_models: models.map_err(|_| corrupt("a list of models is no JSON"))?,
        limits: limits(row)?,
    })
}

/// The status of a key.
pub(crate) fn status(row: &SqliteRow) -> Result<KeyStatus> {
    match row.try_get::<&str, _>("status")? {
        "active" => Ok(KeyStatus::Active),
        "revoked" => Ok(KeyStatus::Revoked),
        _ => Err(corrupt("a key has no known status")),
    }
}

/// The spend limits of a key.
pub(crate) fn limits(row: &SqliteRow) -> Result<SpendLimits> {
    let limit = |column| row.try_get::<Option<i64>, _>(column).map(|nanos| nanos.map(NanoUsd::new));
    Ok(SpendLimits { day: limit("limit_day")?, month: limit("limit_month")?, total: limit("limit_total")? })
}
