//! API keys of an account.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::By;
use super::paging::{Place, Slice};
use crate::id::{AccountId, KeyId};
use crate::office_commands;
use crate::token::TokenHash;
use crate::wire::admin::{AllowedModels, Expiry};
use crate::wire::ledger::{KeyRecord, SpendLimits, Spent};

office_commands! {
    Look "key/list" ListKeys => KeyPage;
    Look "key/show" ShowKey => KeyLine;
    Act "key/create" CreateKey => Created;
    Act "key/update" UpdateKey => KeyRecord;
    Act "key/rotate" RotateKey => Created;
    Act "key/revoke" RevokeKey => KeyRecord;
}

/// Lists an account's keys, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListKeys {
    /// The account.
    pub account: AccountId,
    /// Which of them.
    pub filter: KeyFilter,
    /// Which page.
    pub place: Place<KeyId>,
}

/// Which keys are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFilter {
    /// All of them.
    #[default]
    All,
    /// Those that work.
    Active,
    /// Those that were revoked or have expired.
    Ended,
}

/// A page of an account's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// The keys.
    pub keys: Slice<KeyLine, KeyId>,
    /// Whether the account has any key at all.
    pub has_any: bool,
}

/// A key, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLine {
    /// The key's record.
    pub record: KeyRecord,
    /// What it has spent in the present periods, as far as the book knows.
    pub spent: Spent,
    /// When a request of it was last settled, in milliseconds since the Unix epoch.
    pub last_used_ms: Option<i64>,
    /// When it was made.
    pub created_ms: i64,
}

/// One key of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowKey {
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
}

/// A new key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateKey {
    /// The account that pays.
    pub account: AccountId,
    /// Who makes it.
    pub by: By,
    /// What the form was made with: however often it is sent, it makes one key.
    pub form: TokenHash,
    /// A label.
    pub name: String,
    /// Requests per minute.
    pub rpm: u32,
    /// What it may spend.
    pub limits: SpendLimits,
    /// When it stops working.
    pub expiry: Expiry,
    /// The models it may use.
    pub models: AllowedModels,
}

/// Changes what a key may do; what is `None` stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateKey {
    /// The account.
    pub account: AccountId,
    /// Who changes it.
    pub by: By,
    /// The key, and what changes.
    pub change: crate::wire::admin::UpdateKey,
}

/// Makes a key with the settings of another one, which ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RotateKey {
    /// The account.
    pub account: AccountId,
    /// Who does it.
    pub by: By,
    /// What the form was made with: however often it is sent, it makes one key.
    pub form: TokenHash,
    /// The key that ends.
    pub key: KeyId,
    /// How long it still works beside the new one, in milliseconds; 0 revokes it at once.
    pub grace_ms: i64,
}

/// Ends a key for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeKey {
    /// The account.
    pub account: AccountId,
    /// Who ends it.
    pub by: By,
    /// The key.
    pub key: KeyId,
}

/// What comes of a form that makes a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Created {
    /// It was made now: the only time that its plaintext is there.
    Now {
        /// The plaintext.
        plaintext: Plaintext,
        /// Its record.
        record: KeyRecord,
    },
    /// The same form has made this key before.
    Before(KeyId),
}

/// The plaintext of an API key, on its way to the page that shows it. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plaintext(String);

impl Plaintext {
    /// Wraps a plaintext.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The key itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(***)")
    }
}
