//! Changes that the hot state may not have been told of yet.
//!
//! Each is noted in the transaction that makes it, and the note goes when the hot state has the change: of whoever dies
//! in between, others find it.

use syntopen_shared::id::{AccountId, KeyId};
use uuid::Uuid;

use super::accounts::id;
use super::sql::{Executor, Row, Transaction, query};
use super::{Book, Result, corrupt};

const STANDING: &str = "standing";
const CREDITS: &str = "credits";

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Whether the account may be used.
    Standing,
    /// Money came in, or went out.
    Credits,
    /// What a key may do.
    Key(KeyId),
}

/// A note of a change, of which there is one for each subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) account: AccountId,
    pub(crate) subject: Subject,
    note: String,
}

/// Notes a change of an account.
pub(crate) async fn note(transaction: &mut Transaction<'_>, account: AccountId, subject: Subject) -> Result<()> {
    query(
        "INSERT INTO untold (account, subject, note) VALUES ($1, $2, $3) \
         ON CONFLICT (account, subject) DO UPDATE SET note = excluded.note",
    )
    .bind(account)
    .bind(subject.word())
    .bind(new())
    .execute(transaction)
    .await
    .map(drop)
}

/// Notes a change of a key.
pub(crate) async fn note_key(transaction: &mut Transaction<'_>, key: KeyId) -> Result<()> {
    query(
        "INSERT INTO untold (account, subject, note) SELECT account, id, $2 FROM api_keys WHERE id = $1 \
         ON CONFLICT (account, subject) DO UPDATE SET note = excluded.note",
    )
    .bind(key)
    .bind(new())
    .execute(transaction)
    .await
    .map(drop)
}

/// Notes a change of all keys of an account that can be used.
pub(crate) async fn note_active_keys(transaction: &mut Transaction<'_>, account: AccountId) -> Result<()> {
    query(
        "INSERT INTO untold (account, subject, note) SELECT account, id, $2 FROM api_keys \
         WHERE account = $1 AND status = 'active' ON CONFLICT (account, subject) DO UPDATE SET note = excluded.note",
    )
    .bind(account)
    .bind(new())
    .execute(transaction)
    .await
    .map(drop)
}

/// So many of them.
pub(crate) async fn list(executor: impl Into<Executor<'_>>, limit: i64) -> Result<Vec<Untold>> {
    let rows = query("SELECT * FROM untold ORDER BY account, subject DESC LIMIT $1").bind(limit);
    rows.fetch_all(executor).await?.iter().map(read).collect()
}

/// Those of an account, its standing first: with it, no key of it gets a hold.
pub(crate) async fn of_account(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<Untold>> {
    let rows = query("SELECT * FROM untold WHERE account = $1 ORDER BY subject DESC").bind(account);
    rows.fetch_all(executor).await?.iter().map(read).collect()
}

/// Forgets what has been told, unless there was another change meanwhile.
pub(crate) async fn forget(book: &Book, told: &Untold) -> Result<()> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_charges().await?;
    query("DELETE FROM untold WHERE account = $1 AND subject = $2 AND note = $3")
        .bind(told.account)
        .bind(told.subject.word())
        .bind(told.note.as_str())
        .execute(&mut transaction)
        .await?;
    transaction.commit().await
}

impl Subject {
    fn word(self) -> String {
        match self {
            Self::Standing => STANDING.to_owned(),
            Self::Credits => CREDITS.to_owned(),
            Self::Key(key) => key.to_string(),
        }
    }
}

fn read(row: &Row) -> Result<Untold> {
    let subject = match row.get("subject")? {
        STANDING => Subject::Standing,
        CREDITS => Subject::Credits,
        key => Subject::Key(key.parse().map_err(|_| corrupt("a change is of nothing that is known"))?),
    };
    Ok(Untold { account: id(row, "account")?, subject, note: row.get("note")? })
}

fn new() -> String {
    Uuid::now_v7().to_string()
}
