//! Closing an account. Its balance, its transfers and its usage stay in the book.

use syntopen_shared::id::AccountId;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::members::{CloseAccount, Closing, LookUpClosing};

use super::members::owns;
use super::{Handle, OfficeError};
use crate::book::audit::{self, Act, Who};
use crate::book::{balances, closing, invitations, members};
use crate::ledger::Core;
use crate::password;

impl Handle<LookUpClosing> for Core {
    async fn handle(&self, command: LookUpClosing) -> Result<Closing, OfficeError> {
        owns(self.book.readers(), (command.account, command.user)).await?;
        self.closing(command.account).await
    }
}

impl Handle<CloseAccount> for Core {
    async fn handle(&self, command: CloseAccount) -> Result<(), OfficeError> {
        let CloseAccount { account, by, password } = command;
        owns(self.book.readers(), (account, by.user)).await?;
        let hashed = members::password_of(self.book.readers(), by.user).await?;
        if !password::verify(password.expose(), hashed).await? {
            return Err(Refusal::WrongCredentials.into());
        }
        let detail = self.closing(account).await?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        crate::book::accounts::lock(&mut transaction, account).await?;
        owns(&mut transaction, (account, by.user)).await?;
        let at_ms = self.clock.unix_ms();
        closing::close(&mut transaction, account, at_ms).await?;
        invitations::withdraw_all(&mut transaction, account).await?;
        let subject = account.to_string();
        let act = Act { who: Who::User(&by), at_ms, act: "account.close", subject: &subject, detail: &detail };
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        drop(writer);
        Ok(self.tell(account).await?)
    }
}

impl Core {
    async fn closing(&self, account: AccountId) -> Result<Closing, OfficeError> {
        let mut balance =
            balances::of_account(self.book.readers(), account).await?.ok_or(Refusal::NotFound)?.record.posted;
        if let Some(hot) = self.balances.account(account).await? {
            balance = hot.posted;
        }
        let keys = closing::active_keys(self.book.readers(), account).await?;
        Ok(Closing { balance, keys, members: members::count(self.book.readers(), account).await? })
    }
}
