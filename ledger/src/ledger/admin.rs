//! Administration: accounts, money that comes in, keys. The book first, then the hot state.

pub(crate) mod keys;

use std::sync::Arc;

use syntopen_shared::id::{AccountId, TransferId, UserId};
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreateKey, CreatedKey, CreditAccount, CreditReceipt, KeyList, ListKeys, RevokeKey,
    SetAccountStanding, ShowAccount, UpdateKey,
};
use syntopen_shared::wire::ledger::KeyRecord;
use syntopen_shared::wire::office::Refusal;

use self::keys::NewKey;
use super::{Core, Ledger};
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act, Who};
use crate::book::credits::{self, NewCredit};
use crate::book::keys as booked;
use crate::error::{AdminError, Unavailable};
use crate::office::{OfficeError, word};
use crate::{password, validate};

/// How many keys an account may have, revoked ones included.
pub(crate) const KEYS_MAX: i64 = 1_000;
/// How many missing credits are fetched at once.
const CREDITS_MAX: i64 = 256;

impl Ledger {
    /// Makes an account with its first user.
    ///
    /// # Errors
    /// `Invalid` for an e-mail address or password that cannot be; `Conflict` for an address that is known.
    pub async fn create_account(&self, command: CreateAccount) -> Result<Account, AdminError> {
        let email = validate::email(&command.email)?;
        let password_hash = match command.password {
            Some(password) => Some(password::hash(password).await?),
            None => None,
        };
        let core = Arc::clone(&self.core);
        self.act(async move { core.create_account(email, password_hash, command.operator).await }).await
    }

    /// The account of a user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn show_account(&self, command: ShowAccount) -> Result<Account, AdminError> {
        let core = Arc::clone(&self.core);
        self.act(async move { core.account_of(&command.email).await }).await
    }

    /// Books money that comes in, so that it survives a power cut, and adds it to the balance. Idempotent by reference.
    ///
    /// # Errors
    /// `Invalid` for an amount or reference that cannot be, `NotFound` for the account, `Conflict` where the reference
    /// is known with other figures.
    pub async fn credit_account(&self, command: CreditAccount) -> Result<CreditReceipt, AdminError> {
        validate::credit(&command)?;
        let core = Arc::clone(&self.core);
        self.act(async move { core.credit_account(command).await }).await
    }

    /// Suspends an account, or lets it be used again: from its return on, holds of a suspended one are refused.
    ///
    /// # Errors
    /// `NotFound` for the account, `Conflict` where it was closed.
    pub async fn set_account_standing(&self, command: SetAccountStanding) -> Result<Account, AdminError> {
        let core = Arc::clone(&self.core);
        self.act(async move { core.set_account_standing(command).await }).await
    }

    /// Makes an API key; the answer is the only place where it is ever seen.
    ///
    /// # Errors
    /// `Invalid` for figures that cannot be, `NotFound` for the account, `Conflict` where it has too many keys.
    pub async fn create_key(&self, command: CreateKey) -> Result<CreatedKey, AdminError> {
        validate::key(&command)?;
        let core = Arc::clone(&self.core);
        let create = async move {
            let account = core.booked_account(&command.email).await?.account;
            let CreateKey { name, rpm, limits, expires_ms, allowed_models, .. } = command;
            core.create_key(NewKey { account, name, rpm, limits, expires_ms, allowed_models }, Who::Cli).await
        };
        self.act(create).await
    }

    /// The keys of an account, newest first.
    ///
    /// # Errors
    /// `NotFound` for the account.
    pub async fn list_keys(&self, command: ListKeys) -> Result<KeyList, AdminError> {
        let core = Arc::clone(&self.core);
        let list = async move {
            let account = core.booked_account(&command.email).await?.account;
            Ok(KeyList { keys: booked::of_account(core.book.readers(), account, KEYS_MAX).await? })
        };
        self.act(list).await
    }

    /// Changes what a key may do. The rate limit takes effect when gateways read the record again, within two seconds;
    /// spend limits with the next hold.
    ///
    /// # Errors
    /// `Invalid` for figures that cannot be, `NotFound`.
    pub async fn update_key(&self, command: UpdateKey) -> Result<KeyRecord, AdminError> {
        validate::update(&command)?;
        let core = Arc::clone(&self.core);
        self.act(async move { core.update_key(&command, Who::Cli).await }).await
    }

    /// Ends a key for good: from its return on, no hold is granted to it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_key(&self, command: RevokeKey) -> Result<KeyRecord, AdminError> {
        let core = Arc::clone(&self.core);
        self.act(async move { core.revoke_key(command.key, Who::Cli).await }).await
    }
}

impl Core {
    async fn create_account(
        &self,
        email: String,
        password_hash: Option<String>,
        operator: bool,
    ) -> Result<Account, AdminError> {
        let (account, user) = (AccountId::mint(), UserId::mint());
        let created_ms = self.clock.unix_ms();
        let new =
            NewAccount { account, user, email: &email, password_hash: password_hash.as_deref(), operator, created_ms };
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        match accounts::insert(&mut transaction, &new).await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(AdminError::Conflict(format!("there is a user {email} already")));
            }
            inserted => inserted?,
        }
        let subject = account.to_string();
        let act = Act { who: Who::Cli, at_ms: created_ms, act: "account.create", subject: &subject, detail: &operator };
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        drop(writer);
        self.account_of(&email).await
    }

    /// The account of a user as the book has it.
    async fn booked_account(&self, email: &str) -> Result<Account, AdminError> {
        let email = validate::email(email)?;
        let account = accounts::by_email(self.book.readers(), &email).await?;
        account.ok_or_else(|| AdminError::NotFound(format!("there is no user {email}")))
    }

    /// The account of a user, with the balance of the hot state where that has one.
    async fn account_of(&self, email: &str) -> Result<Account, AdminError> {
        let mut account = self.booked_account(email).await?;
        if let Some(hot) = self.balances.account(account.account).await? {
            (account.balance, account.held) = (hot.posted, hot.held);
        }
        Ok(account)
    }

    async fn set_account_standing(&self, command: SetAccountStanding) -> Result<Account, AdminError> {
        let account = self.booked_account(&command.email).await?.account;
        let (subject, at_ms) = (account.to_string(), self.clock.unix_ms());
        let act = Act { who: Who::Cli, at_ms, act: word(command.status), subject: &subject, detail: &() };
        match self.set_standing((account, command.status), act).await {
            Ok(()) => self.account_of(&command.email).await,
            Err(OfficeError::Refused(Refusal::NotFound)) => Err(AdminError::NotFound("there is no account".to_owned())),
            Err(OfficeError::Refused(refusal)) => Err(AdminError::Conflict(refusal.to_string())),
            Err(OfficeError::Unavailable(_)) => Err(AdminError::Unavailable),
        }
    }

    async fn credit_account(&self, command: CreditAccount) -> Result<CreditReceipt, AdminError> {
        let account = self.booked_account(&command.email).await?.account;
        let reference = command.reference.unwrap_or_else(|| TransferId::mint().to_string());
        let created_ms = self.clock.unix_ms();
        let (amount, class) = (command.amount, command.class);
        let new = NewCredit { account, amount, class, reference: &reference, created_ms, who: Who::Cli };
        let Some(booked) = credits::book(&self.book, &new).await? else {
            return Err(AdminError::Invalid("the balance would exceed what can be stored".to_owned()));
        };
        let same = booked.receipt.account == account && booked.receipt.amount == amount;
        if !same || booked.class != class.as_str() {
            return Err(AdminError::Conflict(format!("reference {reference} is known with other figures")));
        }
        self.deliver(account).await;
        Ok(booked.receipt)
    }

    /// Adds all credits to the hot state that the book has and it lacks; whether there were any.
    pub(super) async fn deliver_missing(&self, account: AccountId) -> Result<bool, Unavailable> {
        let Some(hot) = self.balances.account(account).await? else { return Ok(false) };
        let missing = credits::after(self.book.readers(), account, hot.credit_no, CREDITS_MAX).await?;
        for credit in &missing {
            self.balances.credit(*credit).await?;
        }
        Ok(!missing.is_empty())
    }
}
