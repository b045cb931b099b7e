//! Administration: accounts, money that comes in, keys. The book first, then the hot state.

use std::sync::Arc;
use std::time::Duration;

use syntopen_shared::api_key::ApiKey;
use syntopen_shared::id::{AccountId, KeyId, TransferId, UserId};
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreateKey, CreatedKey, CreditAccount, CreditReceipt, KeyList, ListKeys, RevokeKey,
    ShowAccount, UpdateKey,
};
use syntopen_shared::wire::ledger::{KeyRecord, KeyStatus};

use super::{Core, Ledger, TRIES_MAX};
use crate::balances::{Credit, CreditOutcome};
use crate::book::accounts::{self, NewAccount};
use crate::book::audit::{self, Act};
use crate::book::credits::{self, NewCredit};
use crate::book::{balances, keys};
use crate::error::{AdminError, Unavailable};
use crate::password;

mod validate;

/// How many keys an account may have, revoked ones included.
const KEYS_MAX: i64 = 1_000;
/// How many missing credits are fetched at once.
const CREDITS_MAX: i64 = 256;
/// How often a change of a key is brought to a hot state that does not take it, and how long between.
const TELLS_MAX: usize = 20;
const TELL_AGAIN: Duration = Duration::from_millis(100);

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

    /// Makes an API key; the answer is the only place where it is ever seen.
    ///
    /// # Errors
    /// `Invalid` for figures that cannot be, `NotFound` for the account, `Conflict` where it has too many keys.
    pub async fn create_key(&self, command: CreateKey) -> Result<CreatedKey, AdminError> {
        validate::key(&command)?;
        let core = Arc::clone(&self.core);
        self.act(async move { core.create_key(command).await }).await
    }

    /// The keys of an account, newest first.
    ///
    /// # Errors
    /// `NotFound` for the account.
    pub async fn list_keys(&self, command: ListKeys) -> Result<KeyList, AdminError> {
        let core = Arc::clone(&self.core);
        let list = async move {
            let account = core.booked_account(&command.email).await?.account;
            Ok(KeyList { keys: keys::of_account(core.book.readers(), account, KEYS_MAX).await? })
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
        self.act(async move { core.update_key(command).await }).await
    }

    /// Ends a key for good: from its return on, no hold is granted to it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_key(&self, command: RevokeKey) -> Result<KeyRecord, AdminError> {
        let core = Arc::clone(&self.core);
        self.act(async move { core.revoke_key(command.key).await }).await
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
        let act = Act { at_ms: created_ms, act: "account.create", subject: &subject, detail: &operator };
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

    async fn credit_account(&self, command: CreditAccount) -> Result<CreditReceipt, AdminError> {
        let account = self.booked_account(&command.email).await?.account;
        let reference = command.reference.unwrap_or_else(|| TransferId::mint().to_string());
        let created_ms = self.clock.unix_ms();
        let (amount, class) = (command.amount, command.class);
        let new = NewCredit { account, amount, class, reference: &reference, created_ms };
        let Some(booked) = credits::book(&self.book, &new).await? else {
            return Err(AdminError::Invalid("the balance would exceed what can be stored".to_owned()));
        };
        let same = booked.receipt.account == account && booked.receipt.amount == amount;
        if !same || booked.class != class.as_str() {
            return Err(AdminError::Conflict(format!("reference {reference} is known with other figures")));
        }
        if self.deliver(Credit { account, number: booked.number, amount }).await.is_err() {
            // Booked is booked. The reconciliation delivers what Redis lacks, and so does a refusal for lack of it.
            tracing::warn!(%account, number = booked.number, "a credit is booked and did not reach Redis yet");
        }
        Ok(booked.receipt)
    }

    /// Adds a booked credit to the hot state, missing ones before it.
    async fn deliver(&self, credit: Credit) -> Result<(), Unavailable> {
        for _ in 0..TRIES_MAX {
            match self.balances.credit(credit).await? {
                CreditOutcome::Applied => return Ok(()),
                CreditOutcome::Gap { have } => {
                    let missing = credits::after(self.book.readers(), credit.account, have, CREDITS_MAX).await?;
                    for credit in missing {
                        self.balances.credit(credit).await?;
                    }
                }
                CreditOutcome::Unseeded(epoch) => {
                    // Not left to the first touch: a seed that was read before this credit may be on its way.
                    if let Some(seed) = balances::of_account(self.book.readers(), credit.account).await? {
                        self.balances.seed(&seed, epoch).await?;
                    }
                }
                // It is booked, which is enough: what is seeded after the recovery has it, and reconciliation
                // delivers it where the account was seeded before.
                CreditOutcome::Frozen => return Ok(()),
            }
        }
        Err(Unavailable)
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

    async fn create_key(&self, command: CreateKey) -> Result<CreatedKey, AdminError> {
        let account = self.booked_account(&command.email).await?.account;
        let api_key = ApiKey::generate();
        let record = KeyRecord {
            key: KeyId::mint(),
            account,
            name: command.name,
            prefix: api_key.display_prefix(),
            version: 1,
            status: KeyStatus::Active,
            expires_ms: command.expires_ms,
            rpm: command.rpm,
            allowed_models: command.allowed_models,
            limits: command.limits,
        };
        let at_ms = self.clock.unix_ms();
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if KEYS_MAX <= keys::count(&mut transaction, account).await? {
            return Err(AdminError::Conflict(format!("the account has {KEYS_MAX} keys already")));
        }
        keys::insert(&mut transaction, &record, api_key.hash(), at_ms).await?;
        let subject = record.key.to_string();
        audit::record(&mut transaction, Act { at_ms, act: "key.create", subject: &subject, detail: &record }).await?;
        transaction.commit().await?;
        Ok(CreatedKey { api_key: api_key.expose().to_owned(), record })
    }

    async fn update_key(&self, command: UpdateKey) -> Result<KeyRecord, AdminError> {
        let UpdateKey { key, rpm, limits } = command;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !keys::update(&mut transaction, key, rpm, limits).await? {
            return Err(AdminError::NotFound(format!("there is no key {key}")));
        }
        let (at_ms, subject) = (self.clock.unix_ms(), key.to_string());
        audit::record(&mut transaction, Act { at_ms, act: "key.update", subject: &subject, detail: &command }).await?;
        transaction.commit().await?;
        drop(writer);
        self.tell_status(key).await
    }

    async fn revoke_key(&self, key: KeyId) -> Result<KeyRecord, AdminError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        if !keys::revoke(&mut transaction, key).await? {
            return Err(AdminError::NotFound(format!("there is no key {key}")));
        }
        let (at_ms, subject) = (self.clock.unix_ms(), key.to_string());
        audit::record(&mut transaction, Act { at_ms, act: "key.revoke", subject: &subject, detail: &() }).await?;
        transaction.commit().await?;
        drop(writer);
        self.tell_status(key).await
    }

    /// Brings a change of a key into the hot state. Until that has it the change is not answered.
    async fn tell_status(&self, key: KeyId) -> Result<KeyRecord, AdminError> {
        let Some(seed) = balances::of_key(self.book.readers(), key).await? else {
            return Err(AdminError::Unavailable);
        };
        for _ in 0..TELLS_MAX {
            if self.balances.set_status(&seed).await.is_ok() {
                return keys::by_id(self.book.readers(), key).await?.ok_or(AdminError::Unavailable);
            }
            // A shard that is being recovered is open again in a moment.
            self.mark(seed.account);
            tokio::time::sleep(TELL_AGAIN).await;
        }
        Err(AdminError::Unavailable)
    }
}
