//! The key that the playground pays with.

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus, SpendLimits};
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::playground::OpenPlayground;

use super::members::belongs;
use super::{Handle, OfficeError};
use crate::book::audit::{self, Act, Who};
use crate::book::{keys, playground};
use crate::ledger::Core;
use crate::ledger::admin::KEYS_MAX;

/// What the key is called, in the list of keys and in usage.
const NAME: &str = "Playground";
/// Requests per minute, until somebody sets others.
const RPM: u32 = 60;

impl Handle<OpenPlayground> for Core {
    async fn handle(&self, command: OpenPlayground) -> Result<KeyRecord, OfficeError> {
        let OpenPlayground { account, by } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        let at_ms = self.clock.unix_ms();
        let known = playground::key(self.book.readers(), account).await?;
        if let Some(record) = known.filter(|record| works(record, at_ms)) {
            return Ok(record);
        }
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let count = keys::count(&mut transaction, account).await?;
        // Nobody else makes one from here on; somebody may have before.
        if let Some(record) = playground::key(&mut transaction, account).await?.filter(|record| works(record, at_ms)) {
            return Ok(record);
        }
        if KEYS_MAX <= count {
            let message = format!("The account has {KEYS_MAX} keys already, and the playground needs one of its own.");
            return Err(Refusal::conflict(message).into());
        }
        let (record, unseen) = fresh(account);
        keys::insert(&mut transaction, &record, unseen.hash(), at_ms).await?;
        playground::set(&mut transaction, account, record.key).await?;
        let subject = record.key.to_string();
        let act = Act { who: Who::User(&by), at_ms, act: "key.create", subject: &subject, detail: &record };
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        Ok(record)
    }
}

fn works(record: &KeyRecord, now_ms: i64) -> bool {
    record.status == KeyStatus::Active && record.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)
}

/// A key that nobody is told: the gateway names it by its id.
fn fresh(account: AccountId) -> (KeyRecord, ApiKey) {
    let unseen = ApiKey::generate();
    let record = KeyRecord {
        key: KeyId::mint(),
        account,
        name: NAME.to_owned(),
        prefix: unseen.display_prefix(),
        version: 1,
        status: KeyStatus::Active,
        expires_ms: None,
        rpm: RPM,
        allowed_models: None,
        limits: SpendLimits::default(),
    };
    (record, unseen)
}
