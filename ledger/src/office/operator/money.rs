//! Money that an operator gives, takes or gives back.

use serde::Serialize;
use syntopen_shared::id::{AccountId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreditClass, CreditReceipt};
use syntopen_shared::wire::office::operator::accounts::{GiveCredit, RefundRequest};
use syntopen_shared::wire::office::{By, Refusal};

use super::{only_operators, reason};
use crate::book::audit::{self, Act, Who};
use crate::book::credits::{self, Booked, Entered, NewCredit};
use crate::book::directory;
use crate::book::sql::{Transaction, is_transient};
use crate::ledger::Core;
use crate::office::{Handle, OfficeError};

/// How often a transaction is tried that others, running beside it, make fail.
const TRIES_MAX: usize = 5;

/// A movement that a person makes.
struct Movement<'a> {
    by: &'a By,
    account: AccountId,
    amount: NanoUsd,
    class: CreditClass,
    reference: String,
    reason: &'a str,
    /// The request whose charge is given back.
    request: Option<RequestId>,
}

/// What the audit log tells of it.
#[derive(Serialize)]
struct Detail<'a> {
    amount: NanoUsd,
    class: CreditClass,
    reference: &'a str,
    reason: &'a str,
    balance: NanoUsd,
}

impl Handle<GiveCredit> for Core {
    async fn handle(&self, command: GiveCredit) -> Result<CreditReceipt, OfficeError> {
        let GiveCredit { by, account, amount, class, reason: why, submission } = &command;
        if *class == CreditClass::Refund {
            return Err(Refusal::invalid("class", "Choose a top-up, a grant or an adjustment.").into());
        }
        if *amount == NanoUsd::ZERO || !amount.is_storable() {
            return Err(Refusal::invalid("amount", "The amount must not be zero, nor too large.").into());
        }
        if amount.is_negative() && *class != CreditClass::Adjustment {
            return Err(Refusal::invalid("amount", "Only an adjustment takes money away.").into());
        }
        let movement = Movement {
            by,
            account: *account,
            amount: *amount,
            class: *class,
            reference: format!("operator:{submission}"),
            reason: reason(why)?,
            request: None,
        };
        self.transfer(&movement).await
    }
}

impl Handle<RefundRequest> for Core {
    async fn handle(&self, command: RefundRequest) -> Result<CreditReceipt, OfficeError> {
        let RefundRequest { by, account, request, amount, reason: why } = &command;
        if *amount <= NanoUsd::ZERO || !amount.is_storable() {
            return Err(Refusal::invalid("amount", "The amount must be more than nothing.").into());
        }
        let movement = Movement {
            by,
            account: *account,
            amount: *amount,
            class: CreditClass::Refund,
            reference: format!("refund:{request}"),
            reason: reason(why)?,
            request: Some(*request),
        };
        self.transfer(&movement).await
    }
}

impl Core {
    /// Books a movement, and adds it to the hot balance.
    async fn transfer(&self, movement: &Movement<'_>) -> Result<CreditReceipt, OfficeError> {
        let mut tries = 1;
        let booked = loop {
            match self.book_movement(movement).await {
                // Another act took the reference meanwhile: the next look finds it.
                Err(Failure::Book(error)) if tries < TRIES_MAX && is_passing(&error) => tries += 1,
                Err(Failure::Book(error)) => return Err(error.into()),
                Err(Failure::Office(error)) => return Err(error),
                Ok(booked) => break booked,
            }
        };
        self.deliver(movement.account).await;
        Ok(booked.receipt)
    }

    async fn book_movement(&self, movement: &Movement<'_>) -> Result<Booked, Failure> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, movement.by.user).await?;
        directory::standing(&mut transaction, movement.account).await?.ok_or(Refusal::NotFound)?;
        let (account, amount, class) = (movement.account, movement.amount, movement.class);
        let (reference, created_ms) = (movement.reference.as_str(), self.clock.unix_ms());
        let new = NewCredit { account, amount, class, reference, created_ms, who: Who::User(movement.by) };
        let booked = match credits::enter(&mut transaction, &new).await? {
            Entered::New(booked) => booked,
            Entered::Known(booked) => {
                let receipt = &booked.receipt;
                let is_same = receipt.account == account && receipt.amount == amount && booked.class == class.as_str();
                return if is_same { Ok(booked) } else { Err(known(movement).into()) };
            }
            Entered::TooMuch => {
                return Err(Refusal::invalid("amount", "The balance would exceed what can be stored.").into());
            }
        };
        if let Some(request) = movement.request {
            is_covered(&mut transaction, movement, request).await?;
        }
        let subject = account.to_string();
        let act = if movement.request.is_some() { "account.refund" } else { "account.credit" };
        let detail = Detail { amount, class, reference, reason: movement.reason, balance: booked.receipt.balance };
        let act = Act { who: new.who, at_ms: created_ms, act, subject: &subject, detail: &detail };
        audit::record(&mut transaction, act).await?;
        transaction.commit().await?;
        Ok(booked)
    }
}

/// No more is given back than was charged. Nothing is written where that is not so.
async fn is_covered(
    transaction: &mut Transaction<'_>,
    movement: &Movement<'_>,
    request: RequestId,
) -> Result<(), Failure> {
    let charged = credits::charged(transaction, movement.account, request).await?;
    if charged == NanoUsd::ZERO {
        return Err(Refusal::invalid("request", "This account was charged for no such request.").into());
    }
    if charged < movement.amount {
        return Err(Refusal::invalid("amount", format!("The request was charged {charged}, and no more.")).into());
    }
    Ok(())
}

fn known(movement: &Movement<'_>) -> Refusal {
    match movement.request {
        Some(_) => Refusal::invalid("request", "This request was refunded before, by another amount."),
        None => Refusal::conflict("This form was sent before with other figures. Load the page again."),
    }
}

/// Why a movement was not booked.
enum Failure {
    Book(sqlx::Error),
    Office(OfficeError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Book(error)
    }
}

impl From<OfficeError> for Failure {
    fn from(error: OfficeError) -> Self {
        Self::Office(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Office(refusal.into())
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    is_transient(error) || error.as_database_error().is_some_and(|error| error.is_unique_violation())
}
