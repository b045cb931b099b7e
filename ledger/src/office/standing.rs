//! Whether an account may be used: in the book first, then in the hot state.

use std::time::Duration;

use serde::Serialize;
use syntopen_shared::id::AccountId;
use syntopen_shared::wire::ledger::AccountStatus;
use syntopen_shared::wire::office::Refusal;

use super::OfficeError;
use crate::balances::Seed;
use crate::book::audit::{self, Act};
use crate::book::{accounts, balances};
use crate::error::Unavailable;
use crate::ledger::Core;

/// How often a change is brought to a hot state that does not take it, and how long between.
const TELLS_MAX: usize = 20;
const TELL_AGAIN: Duration = Duration::from_millis(100);

impl Core {
    /// Suspends an account or lets it be used again, and writes down whose act that is. From its return on, the hot
    /// state refuses the holds of one that is suspended. An account that has the status already gets it once more; one
    /// that was closed keeps its own.
    pub(crate) async fn set_standing<D: Serialize + Sync>(
        &self,
        (account, status): (AccountId, AccountStatus),
        act: Act<'_, D>,
    ) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !accounts::set_status(&mut transaction, account, status).await? {
            return Err(Refusal::NotFound.into());
        }
        if accounts::is_closed(&mut transaction, account).await? {
            return Err(Refusal::conflict("The account was closed.").into());
        }
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        drop(writer);
        Ok(self.tell_standing(account).await?)
    }

    /// Brings the status of an account into the hot state. Until that has it, the change is not answered.
    pub(crate) async fn tell_standing(&self, account: AccountId) -> Result<(), Unavailable> {
        let seed = balances::of_account(self.book.readers(), account).await?.ok_or(Unavailable)?;
        self.tell(&seed).await
    }

    /// Brings the status of every key of an account into the hot state.
    pub(crate) async fn tell_keys(&self, account: AccountId) -> Result<(), Unavailable> {
        let mut seed = balances::of_account(self.book.readers(), account).await?.ok_or(Unavailable)?;
        for key in balances::keys_of(self.book.readers(), &[account]).await? {
            seed.key = Some(key);
            self.tell(&seed).await?;
        }
        Ok(())
    }

    async fn tell(&self, seed: &Seed) -> Result<(), Unavailable> {
        for _ in 0..TELLS_MAX {
            if self.balances.set_status(seed).await.is_ok() {
                return Ok(());
            }
            // A shard that is being recovered is open again in a moment.
            self.mark(seed.account);
            tokio::time::sleep(TELL_AGAIN).await;
        }
        Err(Unavailable)
    }
}
