//! Accounts, found and shown.

use syntopen_shared::id::AccountId;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::operator::accounts::{
    AccountDetails, AccountRow, FindAccounts, FindByEmail, ListAccounts, LookAtAccount,
};
use syntopen_shared::wire::office::paging::Slice;

use crate::book::directory;
use crate::ledger::Core;
use crate::office::{Handle, OfficeError};

impl Handle<ListAccounts> for Core {
    async fn handle(&self, ListAccounts { place }: ListAccounts) -> Result<Slice<AccountRow, AccountId>, OfficeError> {
        Ok(directory::all(self.book.readers(), &place).await?)
    }
}

impl Handle<FindByEmail> for Core {
    async fn handle(&self, command: FindByEmail) -> Result<Slice<AccountRow, String>, OfficeError> {
        Ok(directory::by_email(self.book.readers(), &command.prefix, &command.place).await?)
    }
}

impl Handle<FindAccounts> for Core {
    async fn handle(&self, command: FindAccounts) -> Result<Vec<AccountRow>, OfficeError> {
        Ok(directory::find(self.book.readers(), &command.search).await?)
    }
}

impl Handle<LookAtAccount> for Core {
    async fn handle(&self, LookAtAccount { account }: LookAtAccount) -> Result<AccountDetails, OfficeError> {
        let pool = self.book.readers();
        let (status, created_ms) = directory::standing(pool, account).await?.ok_or(Refusal::NotFound)?;
        let balance = self.balance(account).await?;
        let (spent, keys_count) = directory::spent(pool, account, self.clock.unix_ms()).await?;
        Ok(AccountDetails {
            account,
            status,
            created_ms,
            balance: balance.posted,
            held: balance.held,
            spent,
            users: directory::users(pool, account).await?,
            keys: directory::keys(pool, account).await?,
            keys_count,
            transfers: directory::transfers(pool, account).await?,
            requests: directory::requests(pool, account).await?,
        })
    }
}
