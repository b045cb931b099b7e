//! Payments of customers through a payment service, and what it tells of them.

use serde::{Deserialize, Serialize};

use super::By;
use super::paging::{Place, Slice};
use crate::id::{AccountId, PaymentId, UnmatchedId};
use crate::money::NanoUsd;
use crate::office_commands;

office_commands! {
    Act "payment/create" CreatePayment => Payment;
    Act "payment/open" OpenPayment => ();
    Act "payment/fail" FailPayment => ();
    Look "payment/show" ShowPayment => Payment;
    Look "payment/waiting" ListWaiting => Vec<Payment>;
    Act "payment/tell" Tell => Told;
    Look "payment/unmatched" ListUnmatched => Slice<Unmatched, UnmatchedId>;
    Look "payment/unmatched/show" ShowUnmatched => Unmatched;
    Act "payment/assign" AssignUnmatched => ();
    Act "payment/dismiss" DismissUnmatched => ();
}

/// Somebody begins to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreatePayment {
    /// The account that it is for.
    pub account: AccountId,
    /// Who pays.
    pub by: By,
    /// How much, in cents.
    pub cents: i64,
}

/// The payment service has a checkout for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenPayment {
    /// The payment.
    pub payment: PaymentId,
    /// The service's name of the checkout.
    pub session: String,
}

/// The payment service refused it, so that it is never paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailPayment {
    /// The payment.
    pub payment: PaymentId,
}

/// One payment of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowPayment {
    /// The account.
    pub account: AccountId,
    /// The payment.
    pub payment: PaymentId,
}

/// The payments of an account that have begun and not ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListWaiting {
    /// The account.
    pub account: AccountId,
    /// Those that began after this moment.
    pub since_ms: i64,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its number.
    pub payment: PaymentId,
    /// The account that it is for.
    pub account: AccountId,
    /// What became of it.
    pub state: PaymentState,
    /// How much, in cents.
    pub cents: i64,
    /// The same as money.
    pub amount: NanoUsd,
    /// The service's name of the checkout, once there is one.
    pub session: Option<String>,
    /// When it began, in milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// It is written down.
    Created,
    /// The payment service has a checkout for it.
    Open,
    /// It is paid and part of the balance.
    Paid,
    /// The customer did not pay in time.
    Expired,
    /// It was refused.
    Failed,
}

impl PaymentState {
    /// The word for it, in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

/// What the payment service tells of a payment. Everything that it tells is booked once, whatever comes how often and
/// in which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tell {
    /// The event's name, where the service sent one; it answered a question of ours otherwise.
    pub event: Option<Event>,
    /// What it says.
    pub news: News,
    /// Whether the service was asked which payment this is of.
    pub asked: Asked,
}

/// An event of the payment service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its name, of which there is one.
    pub id: String,
    /// What it is called: `charge.refunded`.
    pub kind: String,
}

/// What the payment service says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The payment that it is of.
    pub of: Hints,
    /// How much it speaks of, in the smallest unit of its currency.
    pub cents: i64,
    /// The currency, in small letters.
    pub currency: String,
    /// What happened.
    pub fact: Fact,
    /// When the service said so, in seconds since the Unix epoch: of two words on the same thing the later one counts.
    #[serde(default)]
    pub told_s: i64,
}

/// By what a payment is found. What the service does not say is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// The checkout.
    pub session: Option<String>,
    /// The service's name of the payment itself.
    pub intent: Option<String>,
    /// Our own number of it.
    pub payment: Option<PaymentId>,
    /// The account that it was for.
    pub account: Option<AccountId>,
}

/// What happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// The customer came to the end of the checkout, and the money is on its way.
    Waiting,
    /// It is paid.
    Paid,
    /// It was refused.
    Failed,
    /// The checkout is over.
    Expired,
    /// So much of it was refunded until now, all refunds together.
    Refunded,
    /// Money goes back to the customer: one refund or dispute.
    Return {
        /// The service's name of it.
        id: String,
        /// Which of the two.
        kind: ReturnKind,
        /// Where its money is.
        state: ReturnState,
        /// All its movements of money until now, where the service tells them.
        #[serde(default)]
        movements: Vec<Movement>,
    },
    /// What was told cannot be read.
    Unreadable,
}

/// Why money goes back to a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// We gave it back.
    Refund,
    /// The customer's bank took it.
    Dispute,
}

impl ReturnKind {
    /// The word for it, in the book.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Dispute => "dispute",
        }
    }
}

/// Money that a refund or dispute has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The service's name of it.
    pub id: String,
    /// How much came back to us; negative where it went, in the smallest unit of the currency.
    pub cents: i64,
}

/// Where the money of a refund or dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnState {
    /// Still with us.
    Announced,
    /// With the customer.
    Gone,
    /// With us again.
    Back,
}

/// Whether the service was asked which payment something is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Not yet.
    No,
    /// It was, and the hints hold what it knows.
    Yes,
}

/// What was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It is booked.
    Booked,
    /// It is kept for the operator.
    Unmatched,
    /// Nothing is booked: ask the service which payment it is of, and tell it again.
    Ask,
}

/// What the payment service told and what belongs to no payment, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListUnmatched {
    /// Which of them.
    pub which: Handled,
    /// Which page.
    pub place: Place<UnmatchedId>,
    /// Rows of a page.
    pub limit: u32,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowUnmatched {
    /// Which.
    pub unmatched: UnmatchedId,
}

/// Whether the operator has done something about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handled {
    /// Not yet.
    #[default]
    Open,
    /// It may be.
    All,
}

/// What the payment service told and what belongs to no payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmatched {
    /// Its number.
    pub unmatched: UnmatchedId,
    /// The event.
    pub event: Event,
    /// What it says.
    pub news: News,
    /// Why it belongs to none.
    pub why: String,
    /// What the operator did about it: `open`, `assigned` or `dismissed`.
    pub state: String,
    /// When it came, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// It belongs to an account. Everything open of the same payment goes with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AssignUnmatched {
    /// Which.
    pub unmatched: UnmatchedId,
    /// The e-mail address of one of the account's users.
    pub email: String,
    /// Who says so.
    pub by: By,
}

/// It belongs to nobody here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DismissUnmatched {
    /// Which.
    pub unmatched: UnmatchedId,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: By,
}
