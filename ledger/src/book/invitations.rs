//! Invitations: to an account, or to open one.

use syntopen_shared::id::{AccountId, InvitationId, UserId};
use syntopen_shared::token::TokenHash;
use syntopen_shared::wire::office::identity::Role;
use syntopen_shared::wire::office::members::{Invitation, ListInvitedCustomers};
use syntopen_shared::wire::office::paging::Slice;

use super::accounts::id;
use super::sessions::role;
use super::slices::{self, Way};
use super::sql::{Executor, Row, Transaction, query};
use super::{Result, corrupt};

/// An invitation that is to be kept.
pub(crate) struct NewInvitation<'a> {
    pub(crate) invitation: &'a Invitation,
    /// To which account; without one, to open one.
    pub(crate) account: Option<AccountId>,
    pub(crate) hash: &'a TokenHash,
    /// Whether only the owner of the address has seen the link.
    pub(crate) mailed: bool,
    pub(crate) by: UserId,
}

/// An invitation that can be accepted.
pub(crate) struct Open {
    pub(crate) account: Option<AccountId>,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) mailed: bool,
    pub(crate) by: UserId,
}

/// Keeps an invitation, in the place of what there is to the same account for the same address.
pub(crate) async fn insert(transaction: &mut Transaction<'_>, new: &NewInvitation<'_>) -> Result<()> {
    let account = new.account.map(|account| account.to_string());
    query("DELETE FROM invitations WHERE email = $1 AND COALESCE(account, '') = $2")
        .bind(new.invitation.email.as_str())
        .bind(account.clone().unwrap_or_default())
        .execute(&mut *transaction)
        .await?;
    query(
        "INSERT INTO invitations (id, hash, account, email, role, mailed, invited_by, created_ms, expires_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.invitation.id)
    .bind(new.hash.as_str())
    .bind(account)
    .bind(new.invitation.email.as_str())
    .bind(new.invitation.role.as_str())
    .bind(i64::from(new.mailed))
    .bind(new.by)
    .bind(new.invitation.created_ms)
    .bind(new.invitation.expires_ms)
    .execute(transaction)
    .await
    .map(drop)
}

/// The invitations to an account, the oldest first, those included that have expired.
pub(crate) async fn of_account(executor: impl Into<Executor<'_>>, account: AccountId) -> Result<Vec<Invitation>> {
    let rows = query("SELECT id, email, role, created_ms, expires_ms FROM invitations WHERE account = $1 ORDER BY id")
        .bind(account)
        .fetch_all(executor)
        .await?;
    rows.iter().map(read).collect()
}

/// The statement for a page of the invitations to open an account; `$1` is where it begins and `$2` how many rows.
macro_rules! of_customers {
    ($from:literal) => {
        concat!(
            "SELECT id, email, role, created_ms, expires_ms FROM invitations WHERE account IS NULL AND ",
            $from,
            " LIMIT $2"
        )
    };
}

/// A page of the invitations to open an account, newest first, those included that have expired.
pub(crate) async fn of_customers(
    executor: impl Into<Executor<'_>>,
    list: &ListInvitedCustomers,
) -> Result<Slice<Invitation, InvitationId>> {
    let (way, edge) = slices::edge(&list.place);
    let text = match way {
        Way::On => of_customers!("id < $1 ORDER BY id DESC"),
        Way::Back => of_customers!("id > $1 ORDER BY id"),
    };
    let limit = slices::limit(list.limit);
    let rows = query(text).bind(edge).bind(i64::from(limit) + 1).fetch_all(executor).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(slices::cut(rows, (&list.place, limit), |row: &Invitation| row.id))
}

/// The invitation with this token, where it can be accepted.
pub(crate) async fn find(executor: impl Into<Executor<'_>>, hash: &TokenHash, now_ms: i64) -> Result<Option<Open>> {
    let row = query(
        "SELECT account, email, role, CAST(mailed AS BIGINT) AS mailed, invited_by FROM invitations \
         WHERE hash = $1 AND expires_ms > $2",
    )
    .bind(hash.as_str())
    .bind(now_ms)
    .fetch_optional(executor)
    .await?;
    row.as_ref().map(open).transpose()
}

/// Uses an invitation up: of several who try at once, one gets it.
pub(crate) async fn take(transaction: &mut Transaction<'_>, hash: &TokenHash, now_ms: i64) -> Result<Option<Open>> {
    let row = query(
        "DELETE FROM invitations WHERE hash = $1 AND expires_ms > $2 \
         RETURNING account, email, role, CAST(mailed AS BIGINT) AS mailed, invited_by",
    )
    .bind(hash.as_str())
    .bind(now_ms)
    .fetch_optional(transaction)
    .await?;
    row.as_ref().map(open).transpose()
}

/// Takes back an invitation to this account, or to open one; the address that was invited, where there is such an
/// invitation.
pub(crate) async fn withdraw(
    transaction: &mut Transaction<'_>,
    account: Option<AccountId>,
    invitation: InvitationId,
) -> Result<Option<String>> {
    let row = query("DELETE FROM invitations WHERE id = $1 AND COALESCE(account, '') = $2 RETURNING email")
        .bind(invitation)
        .bind(account.map(|account| account.to_string()).unwrap_or_default())
        .fetch_optional(transaction)
        .await?;
    row.map(|row| row.get("email")).transpose()
}

/// Takes back what a user has invited to.
pub(crate) async fn withdraw_of(transaction: &mut Transaction<'_>, by: UserId) -> Result<()> {
    query("DELETE FROM invitations WHERE invited_by = $1").bind(by).execute(transaction).await.map(drop)
}

/// Takes back all invitations to an account.
pub(crate) async fn withdraw_all(transaction: &mut Transaction<'_>, account: AccountId) -> Result<()> {
    query("DELETE FROM invitations WHERE account = $1").bind(account).execute(transaction).await.map(drop)
}

fn read(row: &Row) -> Result<Invitation> {
    Ok(Invitation {
        id: id(row, "id")?,
        email: row.get("email")?,
        role: role(row.get("role")?)?,
        created_ms: row.get("created_ms")?,
        expires_ms: row.get("expires_ms")?,
    })
}

fn open(row: &Row) -> Result<Open> {
    let account = row.get::<Option<&str>>("account")?.map(str::parse).transpose();
    Ok(Open {
        account: account.map_err(|_| corrupt("an identifier is no UUID"))?,
        email: row.get("email")?,
        role: role(row.get("role")?)?,
        mailed: row.get::<i64>("mailed")? != 0,
        by: id(row, "invited_by")?,
    })
}
