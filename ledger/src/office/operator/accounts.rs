//! Accounts, found and shown.

use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::Slice;
use syntopen_shared::wire::office::operator::accounts::{AccountDetails, AccountRow, FindAccounts, LookAtAccount};

use crate::book::{balances, directory};
use crate::ledger::Core;
use crate::office::{Handle, OfficeError};

impl Handle<FindAccounts> for Core {
    async fn handle(&self, command: FindAccounts) -> Result<Slice<AccountRow>, OfficeError> {
        Ok(directory::find(self.book.readers(), &command.search, &command.place).await?)
    }
}

impl Handle<LookAtAccount> for Core {
    async fn handle(&self, LookAtAccount { account }: LookAtAccount) -> Result<AccountDetails, OfficeError> {
        let pool = self.book.readers();
        let (status, created_ms) = directory::standing(pool, account).await?.ok_or(Refusal::NotFound)?;
        let hot = self.balances.account(account).await?;
        let record = match hot {
            Some(hot) => hot,
            None => balances::of_account(pool, account).await?.ok_or(Refusal::NotFound)?.record,
        };
        let (spent, keys_count) = directory::spent(pool, account, self.clock.unix_ms()).await?;
        Ok(AccountDetails {
            account,
            status,
            created_ms,
            balance: record.posted,
            held: record.held,
            spent,
            users: directory::users(pool, account).await?,
            keys: directory::keys(pool, account).await?,
            keys_count,
            transfers: directory::transfers(pool, account).await?,
            requests: directory::requests(pool, account).await?,
        })
    }
}
