//! Keys: the book first, then the hot state.

use serde_json::json;
use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::admin::{CreatedKey, Expiry, UpdateKey};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};
use syntopen_shared::wire::office::keys::{Created, Plaintext};

use super::KEYS_MAX;
use crate::book::audit::{self, Act, Who};
use crate::book::keys;
use crate::book::keys::lines;
use crate::book::sql::Transaction;
use crate::error::AdminError;
use crate::ledger::Core;

/// A key that is to be made.
pub(crate) struct NewKey {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) rpm: u32,
    pub(crate) limits: SpendLimits,
    pub(crate) expires_ms: Option<i64>,
    pub(crate) allowed_models: Option<Vec<String>>,
}

/// The key that is to be replaced, and how long it still works.
#[derive(Clone, Copy)]
pub(crate) struct Replaced {
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
    pub(crate) grace_ms: i64,
}

impl Core {
    /// Makes a key.
    pub(crate) async fn create_key(&self, new: NewKey, who: Who<'_>) -> Result<CreatedKey, AdminError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        has_room(&mut transaction, new.account).await?;
        let created = self.insert_key(&mut transaction, new, who).await?;
        transaction.commit().await?;
        Ok(created)
    }

    /// Makes a key for a form, once.
    pub(crate) async fn create_key_once(
        &self,
        new: NewKey,
        who: Who<'_>,
        form: &TokenHash,
    ) -> Result<Created, AdminError> {
        let account = new.account;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let room = has_room(&mut transaction, account).await;
        if let Some(before) = lines::by_form(&mut transaction, account, form).await? {
            return Ok(Created::Before(before));
        }
        room?;
        let created = self.insert_key(&mut transaction, new, who).await?;
        lines::made_by_form(&mut transaction, created.record.key, form).await?;
        transaction.commit().await?;
        Ok(now(created))
    }

    /// Makes a key with the settings of another one, which ends after its grace; for a form, once.
    pub(crate) async fn rotate_key(
        &self,
        old: Replaced,
        who: Who<'_>,
        form: &TokenHash,
    ) -> Result<Created, AdminError> {
        let Replaced { account, key, grace_ms } = old;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let room = has_room(&mut transaction, account).await;
        if let Some(before) = lines::by_form(&mut transaction, account, form).await? {
            return Ok(Created::Before(before));
        }
        let at_ms = self.clock.unix_ms();
        let line = lines::of(&mut transaction, (account, key), at_ms).await?;
        let record = line.ok_or_else(|| AdminError::NotFound(format!("there is no key {key}")))?.record;
        can_rotate(&record, at_ms)?;
        room?;
        let end_ms = at_ms.saturating_add(grace_ms);
        let old_end_ms = record.expires_ms.map_or(end_ms, |expires_ms| expires_ms.min(end_ms));
        let KeyRecord { name, rpm, limits, expires_ms, allowed_models, .. } = record;
        let new = NewKey { account, name, rpm, limits, expires_ms, allowed_models };
        let created = self.insert_key(&mut transaction, new, who).await?;
        lines::made_by_form(&mut transaction, created.record.key, form).await?;
        if grace_ms == 0 {
            keys::revoke(&mut transaction, key).await?;
        } else {
            let change = UpdateKey { expiry: Some(Expiry::At(old_end_ms)), ..UpdateKey::of(key) };
            keys::update(&mut transaction, &change).await?;
        }
        let detail = json!({ "replaced_by": created.record.key, "grace_ms": grace_ms });
        let (act, subject) = ("key.rotate", key.to_string());
        audit::record(&mut transaction, Act { who, at_ms, act, subject: &subject, detail: &detail }).await?;
        transaction.commit().await?;
        drop(writer);
        self.told(key).await?;
        Ok(now(created))
    }

    /// Changes what a key may do.
    pub(crate) async fn update_key(&self, change: &UpdateKey, who: Who<'_>) -> Result<KeyRecord, AdminError> {
        let key = change.key;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !keys::update(&mut transaction, change).await? {
            return Err(AdminError::NotFound(format!("there is no key {key}")));
        }
        let (at_ms, act, subject) = (self.clock.unix_ms(), "key.update", key.to_string());
        audit::record(&mut transaction, Act { who, at_ms, act, subject: &subject, detail: change }).await?;
        transaction.commit().await?;
        drop(writer);
        self.told(key).await
    }

    /// Ends a key for good.
    pub(crate) async fn revoke_key(&self, key: KeyId, who: Who<'_>) -> Result<KeyRecord, AdminError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !keys::revoke(&mut transaction, key).await? {
            return Err(AdminError::NotFound(format!("there is no key {key}")));
        }
        let (at_ms, act, subject) = (self.clock.unix_ms(), "key.revoke", key.to_string());
        audit::record(&mut transaction, Act { who, at_ms, act, subject: &subject, detail: &() }).await?;
        transaction.commit().await?;
        drop(writer);
        self.told(key).await
    }

    async fn insert_key(
        &self,
        transaction: &mut Transaction<'_>,
        new: NewKey,
        who: Who<'_>,
    ) -> Result<CreatedKey, AdminError> {
        let api_key = ApiKey::generate();
        let record = KeyRecord {
            key: KeyId::mint(),
            account: new.account,
            name: new.name,
            prefix: api_key.display_prefix(),
            version: 1,
            status: KeyStatus::Active,
            expires_ms: new.expires_ms,
            rpm: new.rpm,
            allowed_models: new.allowed_models,
            limits: new.limits,
        };
        let (at_ms, act, subject) = (self.clock.unix_ms(), "key.create", record.key.to_string());
        keys::insert(transaction, &record, api_key.hash(), at_ms).await?;
        audit::record(transaction, Act { who, at_ms, act, subject: &subject, detail: &record }).await?;
        Ok(CreatedKey { api_key: api_key.expose().to_owned(), record })
    }

    /// The record of a key that was changed, once the hot state has the change.
    async fn told(&self, key: KeyId) -> Result<KeyRecord, AdminError> {
        let record = keys::by_id(self.book.readers(), key).await?.ok_or(AdminError::Unavailable)?;
        self.tell(record.account).await?;
        Ok(record)
    }
}

/// Whether the account may have one more key; nobody else adds one until the transaction ends.
async fn has_room(transaction: &mut Transaction<'_>, account: AccountId) -> Result<(), AdminError> {
    if keys::count(transaction, account).await? < KEYS_MAX {
        return Ok(());
    }
    Err(AdminError::Conflict(format!("the account has {KEYS_MAX} keys already")))
}

/// Whoever rotates a key goes on using it: a new one that does not work either would be no help.
fn can_rotate(record: &KeyRecord, now_ms: i64) -> Result<(), AdminError> {
    if record.status == KeyStatus::Revoked {
        return Err(AdminError::Conflict("the key is revoked: create a new one".to_owned()));
    }
    if record.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
        return Err(AdminError::Conflict("the key has expired: change its expiry first".to_owned()));
    }
    Ok(())
}

fn now(created: CreatedKey) -> Created {
    Created::Now { plaintext: Plaintext::new(created.api_key), record: created.record }
}
