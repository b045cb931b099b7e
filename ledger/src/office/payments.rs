//! Payments of customers, and what belongs to none of them.

mod tell;

use syntopen_shared::id::{AccountId, PaymentId, UnmatchedId};
use syntopen_shared::money::{NANOS_PER_CENT, NanoUsd};
use syntopen_shared::wire::office::paging::Slice;
use syntopen_shared::wire::office::payments::{
    AssignUnmatched, CreatePayment, DismissUnmatched, Fact, FailPayment, ListUnmatched, ListWaiting, OpenPayment,
    Payment, PaymentState, ShowPayment, ShowUnmatched, Tell, Told, Unmatched,
};
use syntopen_shared::wire::office::{By, Refusal};

use super::members::belongs;
use super::operator::{only_operators, reason};
use super::{Handle, OfficeError};
use crate::book::accounts;
use crate::book::audit::{self, Act, Who};
use crate::book::payments;
use crate::book::sql::Transaction;
use crate::book::unmatched;
use crate::ledger::Core;
use crate::validate;

pub(crate) use tell::{Change, tell};

/// A page shows no more payments that wait.
const WAITING_MAX: i64 = 20;

/// Cents as money, where it can be stored.
pub(crate) fn amount(cents: i64) -> Option<NanoUsd> {
    cents.checked_mul(NANOS_PER_CENT).map(NanoUsd::new).filter(|amount| amount.is_storable())
}

impl Handle<CreatePayment> for Core {
    async fn handle(&self, command: CreatePayment) -> Result<Payment, OfficeError> {
        belongs(self.book.readers(), (command.account, &command.by)).await?;
        let amount = amount(command.cents).filter(|amount| *amount > NanoUsd::ZERO);
        let payment = Payment {
            payment: PaymentId::mint(),
            account: command.account,
            state: PaymentState::Created,
            cents: command.cents,
            amount: amount.ok_or_else(|| Refusal::invalid("amount", "must be more than nothing, and not too much"))?,
            session: None,
            created_ms: self.clock.unix_ms(),
        };
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        payments::insert(&mut transaction, &payment, (Some(command.by.user), None)).await?;
        let (subject, at_ms) = (payment.payment.to_string(), payment.created_ms);
        note(&mut transaction, (&command.by, at_ms), ("payment.create", &subject), &payment.cents).await?;
        transaction.commit().await?;
        Ok(payment)
    }
}

impl Handle<OpenPayment> for Core {
    async fn handle(&self, command: OpenPayment) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        let now_ms = self.clock.unix_ms();
        if !payments::open(&mut transaction, command.payment, (&command.session, now_ms)).await? {
            return Err(Refusal::conflict("the payment has another checkout").into());
        }
        Ok(transaction.commit().await?)
    }
}

impl Handle<FailPayment> for Core {
    async fn handle(&self, command: FailPayment) -> Result<(), OfficeError> {
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        payments::fail(&mut transaction, command.payment, self.clock.unix_ms()).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<ShowPayment> for Core {
    async fn handle(&self, command: ShowPayment) -> Result<Payment, OfficeError> {
        let payment = payments::of_account(self.book.readers(), command.account, command.payment).await?;
        payment.ok_or_else(|| Refusal::NotFound.into())
    }
}

impl Handle<ListWaiting> for Core {
    async fn handle(&self, command: ListWaiting) -> Result<Vec<Payment>, OfficeError> {
        let since = (command.account, command.since_ms);
        Ok(payments::waiting(self.book.readers(), since, WAITING_MAX).await?)
    }
}

impl Handle<Tell> for Core {
    async fn handle(&self, command: Tell) -> Result<Told, OfficeError> {
        let told = tell(&self.book, &command, self.clock.unix_ms()).await?;
        if let Some(account) = told.of {
            self.deliver(account).await;
        }
        Ok(told.told)
    }
}

impl Handle<ListUnmatched> for Core {
    async fn handle(&self, command: ListUnmatched) -> Result<Slice<Unmatched, UnmatchedId>, OfficeError> {
        Ok(unmatched::list(self.book.readers(), &command).await?)
    }
}

impl Handle<ShowUnmatched> for Core {
    async fn handle(&self, command: ShowUnmatched) -> Result<Unmatched, OfficeError> {
        unmatched::by_id(self.book.readers(), command.unmatched).await?.ok_or_else(|| Refusal::NotFound.into())
    }
}

impl Handle<DismissUnmatched> for Core {
    async fn handle(&self, command: DismissUnmatched) -> Result<(), OfficeError> {
        only_operators(self.book.readers(), command.by.user).await?;
        let reason = reason(&command.reason)?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, command.by.user).await?;
        take(&mut transaction, command.unmatched, "dismissed").await?;
        let (subject, now_ms) = (command.unmatched.to_string(), self.clock.unix_ms());
        note(&mut transaction, (&command.by, now_ms), ("payment.dismiss", &subject), &reason).await?;
        Ok(transaction.commit().await?)
    }
}

impl Handle<AssignUnmatched> for Core {
    async fn handle(&self, command: AssignUnmatched) -> Result<(), OfficeError> {
        let account = self.assign(&command).await?;
        self.deliver(account).await;
        Ok(())
    }
}

impl Core {
    /// Makes a payment of the account's out of an event, and takes up everything open of the same payment with it.
    async fn assign(&self, command: &AssignUnmatched) -> Result<AccountId, OfficeError> {
        only_operators(self.book.readers(), command.by.user).await?;
        let email = validate::email(command.email.trim());
        let email = email.map_err(|error| Refusal::invalid("email", error.to_string()))?;
        let mut writer = self.book.writer().await;
        let mut transaction = writer.begin_durable().await?;
        only_operators(&mut transaction, command.by.user).await?;
        let account = accounts::by_email(&mut transaction, &email).await?;
        let account = account.ok_or_else(|| Refusal::invalid("email", "There is no user with this address."))?.account;
        accounts::lock(&mut transaction, account).await?;
        let first = take(&mut transaction, command.unmatched, "assigned").await?;
        let now_ms = self.clock.unix_ms();
        let mut news = vec![first];
        if let Some(intent) = &news[0].news.of.intent {
            news.extend(unmatched::open_of(&mut transaction, intent).await?);
        }
        // What was paid tells how much; what went back does not.
        let by = news.iter().find(|each| each.news.fact == Fact::Paid).unwrap_or(&news[0]);
        let mut change = Change::adopt(&mut transaction, by, (account, now_ms)).await?;
        for each in &news {
            change.apply(&mut transaction, &each.news).await?.map_err(Refusal::conflict)?;
            if each.unmatched != command.unmatched {
                take(&mut transaction, each.unmatched, "assigned").await?;
            }
        }
        change.finish(&mut transaction).await?.map_err(Refusal::conflict)?;
        let subject = command.unmatched.to_string();
        note(&mut transaction, (&command.by, now_ms), ("payment.assign", &subject), &account).await?;
        transaction.commit().await?;
        Ok(account)
    }
}

/// Takes an open event off the list.
async fn take(transaction: &mut Transaction<'_>, id: UnmatchedId, state: &str) -> Result<Unmatched, OfficeError> {
    let event = unmatched::by_id(&mut *transaction, id).await?.ok_or(Refusal::NotFound)?;
    if state == "assigned" && event.news.fact == Fact::Unreadable {
        return Err(
            Refusal::conflict("What this event says cannot be read: credit the account, then dismiss it.").into()
        );
    }
    if !unmatched::handle(transaction, id, state).await? {
        return Err(Refusal::conflict("Somebody has dealt with this event already.").into());
    }
    Ok(event)
}

async fn note(
    transaction: &mut Transaction<'_>,
    (by, at_ms): (&By, i64),
    (act, subject): (&'static str, &str),
    detail: &(impl serde::Serialize + Sync),
) -> Result<(), OfficeError> {
    let act = Act { who: Who::User(by), at_ms, act, subject, detail };
    Ok(audit::record(transaction, act).await?)
}
