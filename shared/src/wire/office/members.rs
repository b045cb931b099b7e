//! Members of an account, and the invitations by which they become members.
//!
//! Members and invitations are the owners' alone: for anybody else there is nothing.

use serde::{Deserialize, Serialize};

use super::identity::{NewSession, Role};
use super::paging::{Place, Slice};
use super::{By, Password};
use crate::id::{AccountId, InvitationId, UserId};
use crate::money::NanoUsd;
use crate::office_commands;
use crate::token::TokenHash;

office_commands! {
    Look "members/list" ListMembers => Members;
    Act "members/invite" InviteMember => ();
    Act "members/withdraw" WithdrawInvitation => ();
    Act "members/set_role" SetRole => ();
    Act "members/remove" RemoveMember => ();
    Look "members/invitation" LookUpInvitation => Option<Invited>;
    Act "members/accept" AcceptInvitation => UserId;
    Look "members/invited_customers" ListInvitedCustomers => Slice<Invitation, InvitationId>;
    Act "members/invite_customer" InviteCustomer => ();
    Act "members/withdraw_customer" WithdrawCustomer => ();
    Look "members/closing" LookUpClosing => Closing;
    Act "members/close" CloseAccount => ();
}

/// Who are the members of an account, and who is invited?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListMembers {
    /// The account.
    pub account: AccountId,
    /// Who asks.
    pub user: UserId,
}

/// The members of an account, and who is invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The oldest first.
    pub members: Vec<Member>,
    /// The oldest first.
    pub invitations: Vec<Invitation>,
}

/// A member of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// That person's e-mail address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the address is known to be theirs.
    pub verified: bool,
    /// Since when there is that user.
    pub created_ms: i64,
}

/// An invitation that was not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Which one.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// When.
    pub created_ms: i64,
    /// Until when it can be accepted.
    pub expires_ms: i64,
}

/// An invitation that is to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewInvitation {
    /// Who is invited.
    pub email: String,
    /// Hash of the link's token.
    pub hash: TokenHash,
    /// Whether the link is sent to that address, and shown to nobody.
    pub mailed: bool,
}

/// Invites somebody to an account, in the place of an earlier invitation to the same address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InviteMember {
    /// To which account.
    pub account: AccountId,
    /// Who invites.
    pub by: By,
    /// As what.
    pub role: Role,
    /// The invitation.
    pub new: NewInvitation,
}

/// Takes an invitation back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithdrawInvitation {
    /// To which account it invites.
    pub account: AccountId,
    /// Who takes it back.
    pub by: By,
    /// Which one.
    pub invitation: InvitationId,
}

/// Changes what a member may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetRole {
    /// Of which account.
    pub account: AccountId,
    /// Who does so.
    pub by: By,
    /// The member.
    pub user: UserId,
    /// What the member may do.
    pub role: Role,
}

/// Removes a member, whose sessions end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveMember {
    /// From which account.
    pub account: AccountId,
    /// Who does so.
    pub by: By,
    /// The member.
    pub user: UserId,
}

/// What does this link invite to?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUpInvitation {
    /// Hash of the link's token.
    pub hash: TokenHash,
}

/// What an invitation says to who has its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// The address that was invited.
    pub email: String,
    /// Who invited it.
    pub inviter: String,
    /// As what.
    pub role: Role,
    /// Whether it is an invitation to open an account, rather than to join one.
    pub opens: bool,
    /// Whether the address has an account already, and so cannot accept.
    pub known: bool,
}

/// Accepts an invitation: makes the user, who is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// Hash of the link's token.
    pub hash: TokenHash,
    /// The user's password.
    pub password: Password,
    /// The browser.
    pub session: NewSession,
}

/// Lists who is invited to open an account, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListInvitedCustomers {
    /// The operator who asks.
    pub user: UserId,
    /// Which page.
    pub place: Place<InvitationId>,
    /// Rows of a page.
    pub limit: u32,
}

/// Invites somebody to open an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InviteCustomer {
    /// The operator who invites.
    pub by: By,
    /// The invitation.
    pub new: NewInvitation,
}

/// Takes an invitation to open an account back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithdrawCustomer {
    /// The operator who takes it back.
    pub by: By,
    /// Which one.
    pub invitation: InvitationId,
}

/// What would closing the account come to?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookUpClosing {
    /// Which account.
    pub account: AccountId,
    /// Who asks.
    pub user: UserId,
}

/// What closing an account comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// What is left of the balance.
    pub balance: NanoUsd,
    /// How many keys end.
    pub keys: i64,
    /// How many members cannot sign in any more.
    pub members: i64,
}

/// Closes an account for good: its keys and sessions end, and nobody signs in to it again. The book keeps what it did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CloseAccount {
    /// Which account.
    pub account: AccountId,
    /// Who does so.
    pub by: By,
    /// That person's password, again.
    pub password: Password,
}
