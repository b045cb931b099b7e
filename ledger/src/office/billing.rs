//! Balance, transfers and receipts.

use syntopen_shared::id::{AccountId, TransferId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::Refusal;
use syntopen_shared::wire::office::billing::{Balance, ListTransfers, Receipt, ShowBalance, ShowReceipt, Transfer};
use syntopen_shared::wire::office::paging::Slice;

use super::{Handle, OfficeError};
use crate::book::{balances, transfers};
use crate::ledger::Core;

impl Handle<ShowBalance> for Core {
    async fn handle(&self, command: ShowBalance) -> Result<Balance, OfficeError> {
        self.balance(command.account).await
    }
}

impl Handle<ListTransfers> for Core {
    async fn handle(&self, command: ListTransfers) -> Result<Slice<Transfer, TransferId>, OfficeError> {
        Ok(transfers::list(self.book.readers(), &command).await?)
    }
}

impl Handle<ShowReceipt> for Core {
    async fn handle(&self, command: ShowReceipt) -> Result<Receipt, OfficeError> {
        let receipt = transfers::receipt(self.book.readers(), command.account, command.transfer).await?;
        receipt.ok_or_else(|| Refusal::NotFound.into())
    }
}

impl Core {
    /// The hot state's figures; where it has not seen the account yet, nothing is held and the book is right.
    pub(super) async fn balance(&self, account: AccountId) -> Result<Balance, OfficeError> {
        if let Some(hot) = self.balances.account(account).await? {
            return Ok(Balance { posted: hot.posted, held: hot.held });
        }
        let booked = balances::of_account(self.book.readers(), account).await?.ok_or(Refusal::NotFound)?;
        Ok(Balance { posted: booked.record.posted, held: NanoUsd::ZERO })
    }
}
