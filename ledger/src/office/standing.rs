//! Whether an account may be used: in the book first, then in the hot state.

use serde::Serialize;
use syntopen_shared::id::AccountId;
use syntopen_shared::wire::ledger::AccountStatus;
use syntopen_shared::wire::office::Refusal;

use super::OfficeError;
use crate::book::accounts;
use crate::book::audit::{self, Act};
use crate::ledger::Core;

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
        Ok(self.tell(account).await?)
    }
}
