//! Telling the owners of an account that its balance is low.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::alerts::{ClaimAlerts, ConfirmAlert, DueAlert, LookUpAlert, SetAlert};

use super::members::belongs;
use super::{Handle, OfficeError};
use crate::book::alerts::{self, Claim};
use crate::book::audit::{self, Act, Who};
use crate::ledger::Core;

/// So many are given out at once.
const LIMIT_MAX: u32 = 100;
/// A claim that was not confirmed lapses after this time: longer than anybody tries to send a message.
const CLAIM_MS: i64 = 15 * 60 * 1_000;

impl Handle<LookUpAlert> for Core {
    async fn handle(&self, command: LookUpAlert) -> Result<Option<NanoUsd>, OfficeError> {
        Ok(alerts::threshold(self.book.readers(), command.account).await?)
    }
}

impl Handle<SetAlert> for Core {
    async fn handle(&self, command: SetAlert) -> Result<(), OfficeError> {
        let SetAlert { account, by, below } = command;
        belongs(self.book.readers(), (account, &by)).await?;
        if below.is_some_and(|below| below <= NanoUsd::ZERO || !below.is_storable()) {
            return Err(Refusal::invalid("alert_below", "It must be more than nothing, and not too large.").into());
        }
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !alerts::set(&mut transaction, account, below).await? {
            return Err(Refusal::NotFound.into());
        }
        let (at_ms, subject) = (self.clock.unix_ms(), account.to_string());
        let act = Act { who: Who::User(&by), at_ms, act: "account.alert", subject: &subject, detail: &Below { below } };
        audit::record(&mut transaction, act).await?;
        Ok(transaction.commit().await?)
    }
}

#[derive(serde::Serialize)]
struct Below {
    below: Option<NanoUsd>,
}

impl Handle<ClaimAlerts> for Core {
    async fn handle(&self, command: ClaimAlerts) -> Result<Vec<DueAlert>, OfficeError> {
        let now_ms = self.clock.unix_ms();
        let limit = i64::from(command.limit.min(LIMIT_MAX));
        // Nearly always there is nothing to do, for which nobody waits to write.
        if !alerts::is_any_due(self.book.readers(), now_ms - CLAIM_MS).await? {
            return Ok(Vec::new());
        }
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        alerts::arm(&mut transaction).await?;
        let claim = Claim { now_ms, lapsed_ms: now_ms - CLAIM_MS, limit };
        let mut due = alerts::claim(&mut transaction, claim).await?;
        for alert in &mut due {
            alert.owners = alerts::owners(&mut transaction, alert.account).await?;
        }
        transaction.commit().await?;
        Ok(due)
    }
}

impl Handle<ConfirmAlert> for Core {
    async fn handle(&self, command: ConfirmAlert) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        alerts::confirm(&mut transaction, (command.account, command.claimed_ms), self.clock.unix_ms()).await?;
        Ok(transaction.commit().await?)
    }
}
