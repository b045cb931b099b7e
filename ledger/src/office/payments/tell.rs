//! What the payment service tells, and what the book makes of it.
//!
//! News come more than once and in any order. What is written of them is the same in every order (a payment that is
//! paid stays so, of a refund or dispute the service's latest word counts and each of its movements), and what is
//! booked is the difference between what that comes to and what was booked before, in the same transaction, with the
//! account's row locked: whichever news are the last, they find the same balance.

use syntopen_shared::id::{AccountId, PaymentId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::CreditClass;
use syntopen_shared::wire::office::payments::{
    Asked, Event, Fact, Hints, News, Payment, PaymentState, ReturnKind, Tell, Told, Unmatched,
};

use super::amount;
use crate::book::credits::{self, CASH, Movement};
use crate::book::payments::{self, Booked};
use crate::book::returns::{self, Sum, Told as ToldReturn, Word};
use crate::book::sql::{Transaction, is_transient};
use crate::book::unmatched;
use crate::book::{Book, Result, TRIES_MAX, accounts};

/// The currency of all balances.
const CURRENCY: &str = "usd";
const UNREADABLE: Why = "What it says cannot be read.";

/// What was made of news, and of which account they are.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) told: Told,
    pub(crate) of: Option<AccountId>,
}

/// Why news cannot be booked.
type Why = &'static str;

/// Books news, so that they survive a power cut, or keeps them for the operator.
pub(crate) async fn tell(book: &Book, tell: &Tell, now_ms: i64) -> Result<Outcome> {
    let mut tries = 1;
    loop {
        match attempt(book, tell, now_ms).await {
            // The same event, or the same payment, came another way meanwhile: the next look finds it.
            Err(error) if tries < TRIES_MAX && (is_transient(&error) || is_known(&error)) => tries += 1,
            outcome => return outcome,
        }
    }
}

fn is_known(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

async fn attempt(book: &Book, tell: &Tell, now_ms: i64) -> Result<Outcome> {
    let mut writer = book.writer().await;
    let mut transaction = writer.begin_durable().await?;
    if let Some(event) = &tell.event
        && let Some(outcome) = unmatched::outcome(&mut transaction, &event.id).await?
    {
        let told = if outcome == "booked" { Told::Booked } else { Told::Unmatched };
        return Ok(Outcome { told, of: None });
    }
    let why = match payments::find(&mut transaction, &tell.news.of).await? {
        None if tell.asked == Asked::No && tell.news.of.intent.is_some() && is_return(&tell.news.fact) => {
            return Ok(Outcome { told: Told::Ask, of: None });
        }
        // Nothing was paid, and nothing is owed.
        None if matches!(tell.news.fact, Fact::Expired | Fact::Failed | Fact::Waiting) => {
            return Ok(Outcome { told: Told::Booked, of: None });
        }
        None if tell.news.fact == Fact::Unreadable => UNREADABLE,
        None => "There is no such payment here.",
        Some(Booked { payment, .. }) => match apply(&mut transaction, (&payment, &tell.news), now_ms).await? {
            Ok(()) => {
                if let Some(event) = &tell.event {
                    unmatched::record(&mut transaction, event, ("booked", now_ms)).await?;
                }
                transaction.commit().await?;
                return Ok(Outcome { told: Told::Booked, of: Some(payment.account) });
            }
            Err(why) => why,
        },
    };
    // Nothing stays of what was tried.
    drop(transaction);
    keep(writer.begin_durable().await?, (tell.event.as_ref(), &tell.news), (why, now_ms)).await
}

/// An answer to a question of ours is not kept: the event that tells the same comes by itself.
async fn keep(
    mut transaction: Transaction<'_>,
    (event, news): (Option<&Event>, &News),
    (why, now_ms): (Why, i64),
) -> Result<Outcome> {
    if let Some(event) = event {
        unmatched::keep(&mut transaction, event, (news, why, now_ms)).await?;
        transaction.commit().await?;
        tracing::error!(
            event = event.id,
            kind = event.kind,
            why,
            "a payment cannot be matched: see the operator's page"
        );
    }
    Ok(Outcome { told: Told::Unmatched, of: None })
}

async fn apply(
    transaction: &mut Transaction<'_>,
    (payment, news): (&Payment, &News),
    now_ms: i64,
) -> Result<std::result::Result<(), Why>> {
    accounts::lock(transaction, payment.account).await?;
    let booked = payments::again(transaction, payment.payment).await?;
    if let Err(why) = fits(&booked, news) {
        return Ok(Err(why));
    }
    let is_first = news.fact == Fact::Paid && !booked.is_credited;
    if is_first && accounts::is_closed(&mut *transaction, payment.account).await? {
        return Ok(Err("The account was closed meanwhile: give the payment back, or assign it all the same."));
    }
    let mut change = Change { booked, now_ms };
    match change.apply(transaction, news).await? {
        Ok(()) => change.finish(transaction).await,
        Err(why) => Ok(Err(why)),
    }
}

const fn is_return(fact: &Fact) -> bool {
    matches!(fact, Fact::Refunded | Fact::Return { .. })
}

fn is_storable(news: &News) -> bool {
    let movements = if let Fact::Return { movements, .. } = &news.fact { movements.as_slice() } else { &[] };
    let mut cents = movements.iter().map(|movement| movement.cents).chain([news.cents]);
    cents.all(|cents| amount(cents).is_some())
}

/// Whether these are news of this payment.
fn fits(booked: &Booked, news: &News) -> std::result::Result<(), Why> {
    let (Hints { session, intent, payment, account }, ours) = (&news.of, &booked.payment);
    if !booked.is_adopted {
        if account.is_some_and(|account| account != ours.account) {
            return Err("It names another account than the payment is of.");
        }
        if payment.is_some_and(|payment| payment != ours.payment) {
            return Err("It names another payment than its checkout is of.");
        }
    }
    let differs = |told: &Option<String>, known: &Option<String>| told.is_some() && known.is_some() && told != known;
    if differs(session, &ours.session) {
        return Err("The payment has another checkout.");
    }
    if differs(intent, &booked.intent) {
        return Err("The payment was paid another way.");
    }
    Ok(())
}

/// A payment that is being changed; its account is locked.
pub(crate) struct Change {
    booked: Booked,
    now_ms: i64,
}

impl Change {
    /// The payment of an event that the operator says to be of this account: a new one, unless it is known.
    pub(crate) async fn adopt(
        transaction: &mut Transaction<'_>,
        event: &Unmatched,
        (account, now_ms): (AccountId, i64),
    ) -> std::result::Result<Self, crate::office::OfficeError> {
        let of = &event.news.of;
        let meant = Hints { payment: None, account: None, ..of.clone() };
        if let Some(known) = payments::find(transaction, &meant).await? {
            if known.payment.account != account {
                let message = "The payment is known, and of another account.";
                return Err(syntopen_shared::wire::office::Refusal::conflict(message).into());
            }
            return Ok(Self { booked: known, now_ms });
        }
        let cents = if is_return(&event.news.fact) { 0 } else { event.news.cents };
        let payment = Payment {
            payment: PaymentId::mint(),
            account,
            state: if is_return(&event.news.fact) { PaymentState::Paid } else { PaymentState::Open },
            cents,
            amount: amount(cents).unwrap_or_default(),
            session: of.session.clone(),
            created_ms: now_ms,
        };
        payments::insert(transaction, &payment, (None, of.intent.as_deref())).await?;
        let mut booked = payments::again(transaction, payment.payment).await?;
        // What goes back was credited before, in a way that the book does not know.
        booked.is_credited = is_return(&event.news.fact);
        Ok(Self { booked, now_ms })
    }

    /// Writes down what news say of it; books the payment itself.
    pub(crate) async fn apply(
        &mut self,
        transaction: &mut Transaction<'_>,
        news: &News,
    ) -> Result<std::result::Result<(), Why>> {
        if news.currency != CURRENCY && !matches!(news.fact, Fact::Expired | Fact::Failed) {
            return Ok(Err("It is in another currency."));
        }
        if news.cents < 0 || !is_storable(news) {
            return Ok(Err("The amount cannot be stored."));
        }
        let is_of_checkout = matches!(news.fact, Fact::Waiting | Fact::Paid);
        if is_of_checkout && news.cents != self.booked.payment.cents {
            return Ok(Err("The amount is not the one that the customer wanted to pay."));
        }
        let ours = &mut self.booked;
        ours.payment.session = ours.payment.session.take().or_else(|| news.of.session.clone());
        ours.intent = ours.intent.take().or_else(|| news.of.intent.clone());
        match &news.fact {
            Fact::Waiting => self.reach(PaymentState::Open),
            Fact::Failed => self.reach(PaymentState::Failed),
            Fact::Expired => self.reach(PaymentState::Expired),
            Fact::Paid => return self.pay(transaction).await,
            Fact::Refunded => ours.refunded = ours.refunded.max(Sum { told_s: news.told_s, cents: news.cents }),
            Fact::Return { id, kind, state, movements } => {
                let word = Word::new(*state, news.told_s, news.cents);
                let told = ToldReturn { id, kind: *kind, word, movements };
                if !returns::note(transaction, ours.payment.payment, &told).await? {
                    return Ok(Err("It is known as a refund or dispute of another payment."));
                }
            }
            Fact::Unreadable => return Ok(Err(UNREADABLE)),
        }
        Ok(Ok(()))
    }

    /// Books what went back and what came again, and writes the payment.
    pub(crate) async fn finish(mut self, transaction: &mut Transaction<'_>) -> Result<std::result::Result<(), Why>> {
        let id = self.booked.payment.payment;
        let refunds = returns::refunded(transaction, id, self.booked.refunded).await?;
        let disputes = returns::disputed(transaction, id).await?;
        if (refunds, disputes) != (0, 0) && !self.booked.is_credited {
            self.find_credit(transaction).await?;
        }
        if self.booked.is_credited {
            for (kind, target, booked) in [
                (ReturnKind::Refund, refunds, self.booked.refunds_booked),
                (ReturnKind::Dispute, disputes, self.booked.disputes_booked),
            ] {
                if let Err(why) = self.give_back(transaction, kind, booked - target).await? {
                    return Ok(Err(why));
                }
            }
            (self.booked.refunds_booked, self.booked.disputes_booked) = (refunds, disputes);
        }
        payments::update(transaction, &self.booked, self.now_ms).await?;
        Ok(Ok(()))
    }

    /// What the operator credited by hand, under the name that it has here, is paid.
    async fn find_credit(&mut self, transaction: &mut Transaction<'_>) -> Result<()> {
        let known = credits::by_reference(transaction, &self.reference()).await?;
        if known.is_some_and(|known| known.receipt.account == self.booked.payment.account) {
            self.booked.is_credited = true;
            self.booked.payment.state = PaymentState::Paid;
        }
        Ok(())
    }

    /// Nothing ends a payment that is paid, but a payment ends what was over.
    const fn reach(&mut self, state: PaymentState) {
        let is_over = matches!(self.booked.payment.state, PaymentState::Failed | PaymentState::Expired);
        let comes_late = is_over && matches!(state, PaymentState::Open);
        if !self.booked.is_credited && !comes_late {
            self.booked.payment.state = state;
        }
    }

    async fn pay(&mut self, transaction: &mut Transaction<'_>) -> Result<std::result::Result<(), Why>> {
        if self.booked.is_credited {
            return Ok(Ok(()));
        }
        let reference = self.reference();
        let (account, amount) = (self.booked.payment.account, self.booked.payment.amount);
        if let Some(known) = credits::by_reference(&mut *transaction, &reference).await? {
            // Somebody credited it by hand under the name that it has here.
            if known.receipt.account != account || known.receipt.amount != amount {
                return Ok(Err("Its reference is known with other figures."));
            }
        } else if let Err(why) = self.move_money(transaction, (CreditClass::TopUp, amount), &reference).await? {
            return Ok(Err(why));
        }
        self.booked.is_credited = true;
        self.booked.payment.state = PaymentState::Paid;
        Ok(Ok(()))
    }

    /// Books cents that come again, or, where negative, that went.
    async fn give_back(
        &mut self,
        transaction: &mut Transaction<'_>,
        kind: ReturnKind,
        cents: i64,
    ) -> Result<std::result::Result<(), Why>> {
        if cents == 0 {
            return Ok(Ok(()));
        }
        let Some(amount) = amount(cents) else { return Ok(Err("The amount cannot be stored.")) };
        self.booked.moves += 1;
        let reference = format!("{}:{}:{}", self.reference(), kind.as_str(), self.booked.moves);
        self.move_money(transaction, (CreditClass::Adjustment, amount), &reference).await
    }

    async fn move_money(
        &self,
        transaction: &mut Transaction<'_>,
        (class, amount): (CreditClass, NanoUsd),
        reference: &str,
    ) -> Result<std::result::Result<(), Why>> {
        let (account, created_ms) = (self.booked.payment.account, self.now_ms);
        let movement = Movement { account, house: CASH, amount, class, reference, created_ms };
        let booked = credits::add(transaction, &movement).await?;
        Ok(booked.map(drop).ok_or("The balance would exceed what can be stored."))
    }

    /// The service's name of the payment, or of its checkout, or else ours.
    fn reference(&self) -> String {
        let named = self.booked.intent.clone().or_else(|| self.booked.payment.session.clone());
        format!("stripe:{}", named.unwrap_or_else(|| self.booked.payment.payment.to_string()))
    }
}
