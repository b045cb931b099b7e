//! Accounts: found, shown, credited, refunded, suspended and resumed.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, KeyId, RequestId, SubmissionId, TransferId, UserId};
use crate::money::NanoUsd;
use crate::office_commands;
use crate::wire::admin::{CreditClass, CreditReceipt};
use crate::wire::ledger::{AccountStatus, KeyStatus, Spent};
use crate::wire::office::By;
use crate::wire::office::identity::Role;
use crate::wire::office::paging::{Place, Slice};

office_commands! {
    Look "operator/accounts" ListAccounts => Slice<AccountRow, AccountId>;
    Look "operator/accounts/by_email" FindByEmail => Slice<AccountRow, String>;
    Look "operator/accounts/find" FindAccounts => Vec<AccountRow>;
    Look "operator/account" LookAtAccount => AccountDetails;
    Act "operator/credit" GiveCredit => CreditReceipt;
    Act "operator/refund" RefundRequest => CreditReceipt;
    Act "operator/standing" SetStanding => ();
}

/// Lists all accounts, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListAccounts {
    /// Which page.
    pub place: Place<AccountId>,
}

/// Looks for accounts by their users' addresses; they are listed by address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindByEmail {
    /// How the address begins.
    pub prefix: String,
    /// Which page.
    pub place: Place<String>,
}

/// Looks for accounts by what so few share that one page has them all, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindAccounts {
    /// Which ones.
    pub search: Search,
}

/// Which accounts are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// This one.
    Account(AccountId),
    /// Those with a key that is shown so.
    Key(String),
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The account.
    pub account: AccountId,
    /// The address of its first user, or of the one that was found.
    pub email: Option<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// The balance in the book.
    pub balance: NanoUsd,
    /// How many of its keys work.
    pub keys: i64,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// Everything about an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookAtAccount {
    /// The account.
    pub account: AccountId,
}

/// An account as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDetails {
    /// The account.
    pub account: AccountId,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// The posted balance, by the hot state where that has the account.
    pub balance: NanoUsd,
    /// How much of it open holds reserve.
    pub held: NanoUsd,
    /// What its keys spent this day, this month and ever.
    pub spent: Spent,
    /// Who signs in.
    pub users: Vec<Person>,
    /// The newest keys.
    pub keys: Vec<KeyRow>,
    /// How many keys there are.
    pub keys_count: i64,
    /// The newest movements but charges.
    pub transfers: Vec<TransferRow>,
    /// The newest requests.
    pub requests: Vec<RequestRow>,
}

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// That person's e-mail address.
    pub email: String,
    /// What the person may do with the account.
    pub role: Role,
    /// Whether the person is an operator.
    pub operator: bool,
    /// Whether the person has a second factor.
    pub second_factor: bool,
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The key.
    pub key: KeyId,
    /// Its label.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Whether it works.
    pub status: KeyStatus,
    /// Requests per minute.
    pub rpm: i64,
    /// What it has spent ever.
    pub spent: NanoUsd,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// Money that came in, or was taken away again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRow {
    /// The transfer.
    pub transfer: TransferId,
    /// Its kind, as the book has it.
    pub class: String,
    /// How much.
    pub amount: NanoUsd,
    /// The reference under which it is known.
    pub reference: String,
    /// The balance after it.
    pub balance: NanoUsd,
    /// When, in milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// A request that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRow {
    /// The request.
    pub request: RequestId,
    /// The model.
    pub model: String,
    /// What it was charged.
    pub charged: NanoUsd,
    /// What of that was given back.
    pub refunded: Option<NanoUsd>,
    /// When it ended, in milliseconds since the Unix epoch.
    pub ended_ms: i64,
}

/// Money that an operator gives to an account, or takes from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GiveCredit {
    /// Who, and from where.
    pub by: By,
    /// The account.
    pub account: AccountId,
    /// How much; negative for an adjustment alone.
    pub amount: NanoUsd,
    /// A top-up, a grant or an adjustment.
    pub class: CreditClass,
    /// Why, for the audit log.
    pub reason: String,
    /// The form's: whatever arrives under it again changes nothing.
    pub submission: SubmissionId,
}

/// Gives back what a request was charged, or part of it. Once for each request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundRequest {
    /// Who, and from where.
    pub by: By,
    /// The account that was charged.
    pub account: AccountId,
    /// The request.
    pub request: RequestId,
    /// How much; no more than it was charged.
    pub amount: NanoUsd,
    /// Why, for the audit log.
    pub reason: String,
}

/// Suspends an account, or lets it be used again. From its answer on, holds of a suspended account are refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetStanding {
    /// Who, and from where.
    pub by: By,
    /// The account.
    pub account: AccountId,
    /// What it is to be.
    pub status: AccountStatus,
    /// Why, for the audit log.
    pub reason: String,
}
