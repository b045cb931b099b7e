//! Keys of an account, for its members.

use syntopen_shared::id::{AccountId, KeyId};
use syntopen_shared::wire::admin::{AllowedModels, Expiry};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus};
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::keys::{
    CreateKey, Created, KeyLine, KeyPage, ListKeys, RevokeKey, RotateKey, ShowKey, UpdateKey,
};

use super::members::belongs;
use super::{Handle, OfficeError};
use crate::book::audit::Who;
use crate::book::keys::lines;
use crate::error::AdminError;
use crate::ledger::Core;
use crate::ledger::admin::keys::{NewKey, Replaced};
use crate::validate;

/// Keys on a page.
const PAGE: u32 = 25;
/// A key that was replaced works on for a week at most.
const GRACE_MAX_MS: i64 = 7 * 86_400_000;
/// Nobody plans beyond the year 9999, and no page could say so.
const EXPIRY_MAX_MS: i64 = 253_402_300_799_000;

impl Handle<ListKeys> for Core {
    async fn handle(&self, command: ListKeys) -> Result<KeyPage, OfficeError> {
        Ok(lines::page(self.book.readers(), &command, (PAGE, self.clock.unix_ms())).await?)
    }
}

impl Handle<ShowKey> for Core {
    async fn handle(&self, command: ShowKey) -> Result<KeyLine, OfficeError> {
        own_key(self, command.account, command.key).await
    }
}

impl Handle<CreateKey> for Core {
    async fn handle(&self, command: CreateKey) -> Result<Created, OfficeError> {
        let CreateKey { account, by, form, name, rpm, limits, expiry, models } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        field("name", validate::name(&name))?;
        field("rpm", validate::rpm(rpm))?;
        field("limits", validate::spend_limits(&limits))?;
        allowed(&models)?;
        future(expiry, self.clock.unix_ms())?;
        let (expires_ms, allowed_models) = (expiry.expires_ms(), models.into_list());
        let new = NewKey { account, name, rpm, limits, expires_ms, allowed_models };
        Ok(self.create_key_once(new, Who::User(&by), &form).await?)
    }
}

impl Handle<UpdateKey> for Core {
    async fn handle(&self, command: UpdateKey) -> Result<KeyRecord, OfficeError> {
        let UpdateKey { account, by, change } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        live_key(self, account, change.key).await?;
        field("name", change.name.as_deref().map_or(Ok(()), validate::name))?;
        field("rpm", change.rpm.map_or(Ok(()), validate::rpm))?;
        field("limits", change.limits.as_ref().map_or(Ok(()), validate::spend_limits))?;
        change.models.as_ref().map_or(Ok(()), allowed)?;
        change.expiry.map_or(Ok(()), |expiry| future(expiry, self.clock.unix_ms()))?;
        Ok(self.update_key(&change, Who::User(&by)).await?)
    }
}

impl Handle<RotateKey> for Core {
    async fn handle(&self, command: RotateKey) -> Result<Created, OfficeError> {
        let RotateKey { account, by, form, key, grace_ms } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        if !(0..=GRACE_MAX_MS).contains(&grace_ms) {
            return Err(Refusal::invalid("grace", "The old key can work on for a week at most.").into());
        }
        Ok(self.rotate_key(Replaced { account, key, grace_ms }, Who::User(&by), &form).await?)
    }
}

impl Handle<RevokeKey> for Core {
    async fn handle(&self, command: RevokeKey) -> Result<KeyRecord, OfficeError> {
        let RevokeKey { account, by, key } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        own_key(self, account, key).await?;
        Ok(self.revoke_key(key, Who::User(&by)).await?)
    }
}

/// The key, where the account has it. It stays the account's for ever, so that this may be asked beforehand.
async fn own_key(core: &Core, account: AccountId, key: KeyId) -> Result<KeyLine, OfficeError> {
    let line = lines::of(core.book.readers(), (account, key), core.clock.unix_ms()).await?;
    line.ok_or_else(|| Refusal::NotFound.into())
}

async fn live_key(core: &Core, account: AccountId, key: KeyId) -> Result<(), OfficeError> {
    let line = own_key(core, account, key).await?;
    if line.record.status == KeyStatus::Revoked {
        return Err(Refusal::conflict("The key is revoked: nothing of it can be changed.").into());
    }
    Ok(())
}

fn allowed(models: &AllowedModels) -> Result<(), OfficeError> {
    match models {
        AllowedModels::All => Ok(()),
        AllowedModels::Only(only) if only.is_empty() => {
            Err(Refusal::invalid("models", "Choose at least one model, or allow all.").into())
        }
        AllowedModels::Only(only) => field("models", validate::models(only)),
    }
}

fn future(expiry: Expiry, now_ms: i64) -> Result<(), OfficeError> {
    match expiry {
        Expiry::At(at_ms) if at_ms <= now_ms || EXPIRY_MAX_MS < at_ms => {
            Err(Refusal::invalid("expiry", "The expiry must lie in the future.").into())
        }
        Expiry::Never | Expiry::At(_) => Ok(()),
    }
}

/// Says which field it is that cannot be.
fn field(name: &str, checked: Result<(), AdminError>) -> Result<(), OfficeError> {
    checked.map_err(|error| Refusal::invalid(name, error.to_string()).into())
}
