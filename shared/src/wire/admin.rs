//! Administration of the ledger: accounts, credits and keys.
//!
//! Served on the Unix socket of a running gateway (embedded profile) or by the ledger service, as JSON over HTTP:
//! `POST /admin/<command>` with one of these as body.

use serde::{Deserialize, Serialize};

use super::ledger::{AccountStatus, KeyRecord, SpendLimits};
use crate::id::{AccountId, KeyId, TransferId, UserId};
use crate::money::NanoUsd;

/// `POST /admin/account/create`: a new account with its first user. Answers an [`Account`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateAccount {
    /// The user's e-mail address, unique without regard to case.
    pub email: String,
    /// The user's password in plain text, hashed before it is stored; without one the user cannot sign in.
    pub password: Option<String>,
    /// Whether the user is an operator.
    #[serde(default)]
    pub operator: bool,
}

/// `POST /admin/account/show`: the account of a user. Answers an [`Account`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowAccount {
    /// The user's e-mail address.
    pub email: String,
}

/// `POST /admin/account/credit`: money that comes in, booked before it is answered. Answers a [`CreditReceipt`].
/// Idempotent by reference: the same reference with another account or amount is a conflict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreditAccount {
    /// The user's e-mail address.
    pub email: String,
    /// How much; not zero, and negative only for an adjustment.
    pub amount: NanoUsd,
    /// What kind of transfer.
    #[serde(default)]
    pub class: CreditClass,
    /// The caller's own name for this payment; a fresh one is made where it is missing.
    pub reference: Option<String>,
}

/// `POST /admin/account/standing`: suspends an account, or lets it be used again. Answers its [`Account`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetAccountStanding {
    /// The user's e-mail address.
    pub email: String,
    /// What it is to be.
    pub status: AccountStatus,
}

/// Kinds of transfers that change a balance from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditClass {
    /// The customer paid.
    #[default]
    TopUp,
    /// The operator gave.
    Grant,
    /// Money given back to the balance.
    Refund,
    /// A correction, of either sign.
    Adjustment,
}

impl CreditClass {
    /// The word for it, in the API and in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Grant => "grant",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
        }
    }
}

/// An account as its owner and the operator see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account.
    pub account: AccountId,
    /// Its first user.
    pub user: UserId,
    /// That user's e-mail address.
    pub email: String,
    /// Whether that user is an operator.
    pub operator: bool,
    /// Whether the account may be used.
    pub status: AccountStatus,
    /// Posted balance.
    pub balance: NanoUsd,
    /// How much of it open holds reserve.
    pub held: NanoUsd,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// A credit that the book has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditReceipt {
    /// The transfer.
    pub transfer: TransferId,
    /// The account.
    pub account: AccountId,
    /// The reference under which it is known.
    pub reference: String,
    /// How much.
    pub amount: NanoUsd,
    /// The posted balance after it.
    pub balance: NanoUsd,
}

/// `POST /admin/key/create`: a new API key. Answers a [`CreatedKey`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateKey {
    /// The owner's e-mail address.
    pub email: String,
    /// A label.
    pub name: String,
    /// Requests per minute.
    pub rpm: u32,
    /// What it may spend.
    #[serde(default)]
    pub limits: SpendLimits,
    /// When it stops working, in milliseconds since the Unix epoch.
    pub expires_ms: Option<i64>,
    /// The models it may use; `None` allows all.
    pub allowed_models: Option<Vec<String>>,
}

/// A new key, with the only copy of its plaintext that there will ever be.
#[derive(Clone, Serialize, Deserialize)]
pub struct CreatedKey {
    /// The plaintext.
    pub api_key: String,
    /// Its record.
    pub record: KeyRecord,
}

/// `POST /admin/key/list`: the keys of an account, newest first. Answers a [`KeyList`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListKeys {
    /// The owner's e-mail address.
    pub email: String,
}

/// Keys of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyList {
    /// The keys.
    pub keys: Vec<KeyRecord>,
}

/// `POST /admin/key/update`: changes what a key may do; what is `None` stays. Answers its [`KeyRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateKey {
    /// The key.
    pub key: KeyId,
    /// Requests per minute.
    pub rpm: Option<u32>,
    /// What it may spend, all three limits at once.
    pub limits: Option<SpendLimits>,
    /// The label.
    #[serde(default)]
    pub name: Option<String>,
    /// When it stops working.
    #[serde(default)]
    pub expiry: Option<Expiry>,
    /// The models it may use.
    #[serde(default)]
    pub models: Option<AllowedModels>,
}

impl UpdateKey {
    /// Changes nothing of this key yet.
    #[must_use]
    pub const fn of(key: KeyId) -> Self {
        Self { key, rpm: None, limits: None, name: None, expiry: None, models: None }
    }
}

/// When a key stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Not by itself.
    Never,
    /// At this moment, in milliseconds since the Unix epoch.
    At(i64),
}

impl Expiry {
    /// As the record of a key has it.
    #[must_use]
    pub const fn expires_ms(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::At(unix_ms) => Some(unix_ms),
        }
    }
}

/// The models that a key may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedModels {
    /// All of them, also those that are yet to come.
    All,
    /// Only these.
    Only(Vec<String>),
}

impl AllowedModels {
    /// As the record of a key has it.
    #[must_use]
    pub fn into_list(self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(models) => Some(models),
        }
    }
}

/// `POST /admin/key/revoke`: ends a key for good. Answers its [`KeyRecord`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeKey {
    /// The key.
    pub key: KeyId,
}

/// Answer to an administration command that was refused (HTTP 400, 404 or 409).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong, for the person who asked.
    pub message: String,
}
