//! What Stripe tells, in the ledger's words.
//!
//! Only what is needed is read; everything else may change from one version of Stripe's API to the next.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use syntopen_shared::wire::office::payments::{Asked, Event, Fact, Hints, News, ReturnKind, ReturnState, Tell};

/// The names that our checkouts carry: the payment and the account.
pub const PAYMENT: &str = "payment";
/// See [`PAYMENT`].
pub const ACCOUNT: &str = "account";
/// Longer names are none of Stripe's.
const NAME_BYTES_MAX: usize = 255;

/// An event as it comes.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Debug, Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

/// The name of another object, or that object itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Reference {
    Name(String),
    Object { id: String },
}

/// A checkout.
#[derive(Debug, Deserialize)]
pub struct Session {
    pub(super) id: String,
    pub(super) url: Option<String>,
    payment_intent: Option<Reference>,
    client_reference_id: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    payment_status: String,
    status: Option<String>,
    metadata: Option<HashMap<String, String>>,
}

/// A payment by Stripe's own name of it.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    metadata: Option<HashMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Charge {
    payment_intent: Option<Reference>,
    amount_refunded: i64,
    currency: String,
    metadata: Option<HashMap<String, String>>,
}

/// A refund or a dispute.
#[derive(Debug, Deserialize)]
struct Return {
    id: String,
    payment_intent: Option<Reference>,
    amount: i64,
    currency: String,
    status: Option<String>,
}

/// Why a body is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is no event")]
pub struct NoEvent;

/// Reads an event. `None` where it is of a kind that moves no money of ours.
///
/// # Errors
/// [`NoEvent`].
pub fn read(body: &[u8]) -> Result<Option<Tell>, NoEvent> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| NoEvent)?;
    let event = Event { id: envelope.id, kind: envelope.kind };
    if event.id.is_empty() || event.id.len() > NAME_BYTES_MAX || event.kind.len() > NAME_BYTES_MAX {
        return Err(NoEvent);
    }
    let object = envelope.data.object;
    let news = match event.kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            parse(object, |session: Session| session.news())
        }
        "checkout.session.async_payment_failed" => parse(object, |session: Session| session.news_of(Fact::Failed)),
        "checkout.session.expired" => parse(object, |session: Session| session.news_of(Fact::Expired)),
        "charge.refunded" => parse(object, Charge::news),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            parse(object, Return::refund)
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => {
            let kind = event.kind.clone();
            parse(object, move |dispute: Return| dispute.dispute(&kind))
        }
        _ => return Ok(None),
    };
    Ok(Some(Tell { event: Some(event), news, asked: Asked::No }))
}

/// What cannot be read is kept, not dropped: it may be money.
fn parse<T: DeserializeOwned>(object: &RawValue, news: impl FnOnce(T) -> News) -> News {
    serde_json::from_str(object.get()).map(news).unwrap_or_else(|_| News {
        of: Hints::default(),
        cents: 0,
        currency: String::new(),
        fact: Fact::Unreadable,
    })
}

impl Session {
    /// What a checkout says of its payment.
    #[must_use]
    pub fn news(self) -> News {
        let fact = match (self.payment_status.as_str(), self.status.as_deref()) {
            ("paid", _) => Fact::Paid,
            (_, Some("expired")) => Fact::Expired,
            _ => Fact::Waiting,
        };
        self.news_of(fact)
    }

    fn news_of(self, fact: Fact) -> News {
        let mut of = hints(self.payment_intent, self.metadata.as_ref());
        of.payment = of.payment.or_else(|| self.client_reference_id.and_then(|ours| ours.parse().ok()));
        of.session = Some(self.id);
        // What is missing fits no payment.
        News { of, cents: self.amount_total.unwrap_or_default(), currency: self.currency.unwrap_or_default(), fact }
    }
}

impl Intent {
    /// The payment of ours that it says to be.
    pub(super) fn hints(&self) -> Hints {
        hints(None, self.metadata.as_ref())
    }
}

impl Charge {
    fn news(self) -> News {
        let of = hints(self.payment_intent, self.metadata.as_ref());
        News { of, cents: self.amount_refunded, currency: self.currency, fact: Fact::Refunded }
    }
}

impl Return {
    fn refund(self) -> News {
        let state = match self.status.as_deref() {
            Some("failed" | "canceled") => ReturnState::Back,
            _ => ReturnState::Gone,
        };
        self.news(ReturnKind::Refund, state)
    }

    /// An inquiry takes no money until it becomes a dispute; what is won, or told to be ours again, came back.
    fn dispute(self, event: &str) -> News {
        let state = match (event, self.status.as_deref()) {
            ("charge.dispute.funds_reinstated", _) | (_, Some("won")) => ReturnState::Back,
            ("charge.dispute.funds_withdrawn", _) | (_, Some("needs_response" | "under_review" | "lost")) => {
                ReturnState::Gone
            }
            _ => ReturnState::Announced,
        };
        self.news(ReturnKind::Dispute, state)
    }

    fn news(self, kind: ReturnKind, state: ReturnState) -> News {
        let of = hints(self.payment_intent, None);
        News { of, cents: self.amount, currency: self.currency, fact: Fact::Return { id: self.id, kind, state } }
    }
}

fn hints(intent: Option<Reference>, metadata: Option<&HashMap<String, String>>) -> Hints {
    let ours = |name: &str| metadata.and_then(|metadata| metadata.get(name));
    let intent = intent.map(|intent| match intent {
        Reference::Name(id) | Reference::Object { id } => id,
    });
    Hints {
        session: None,
        intent,
        payment: ours(PAYMENT).and_then(|payment| payment.parse().ok()),
        account: ours(ACCOUNT).and_then(|account| account.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn news(kind: &str, object: &Value) -> News {
        let event = json!({ "id": "evt_1", "type": kind, "data": { "object": object } });
        read(event.to_string().as_bytes()).unwrap().unwrap().news
    }

    #[test]
    fn disputes_take_money_and_give_it_back() {
        use ReturnState::{Announced, Back, Gone};
        for (kind, status, expected) in [
            ("created", "needs_response", Gone),
            ("created", "warning_needs_response", Announced),
            ("funds_withdrawn", "needs_response", Gone),
            ("funds_reinstated", "won", Back),
            ("closed", "won", Back),
            ("closed", "lost", Gone),
            ("closed", "warning_closed", Announced),
        ] {
            let object =
                json!({ "id": "dp_1", "amount": 500, "currency": "usd", "status": status, "payment_intent": "pi_1" });
            let news = news(&format!("charge.dispute.{kind}"), &object);
            let Fact::Return { kind: ReturnKind::Dispute, state, .. } = news.fact else { panic!("{news:?}") };
            assert_eq!(state, expected, "{kind} {status}");
        }
    }

    #[test]
    fn objects_may_stand_for_their_names() {
        let session = json!({
            "id": "cs_1", "payment_intent": { "id": "pi_1", "object": "payment_intent" }, "amount_total": 500,
            "currency": "usd", "payment_status": "unpaid", "status": "complete", "metadata": { "payment": "none" },
        });
        let news = news("checkout.session.completed", &session);
        assert_eq!((news.of.intent.as_deref(), news.of.payment, news.fact), (Some("pi_1"), None, Fact::Waiting));
    }

    #[test]
    fn what_cannot_be_read_is_kept() {
        assert_eq!(news("charge.refunded", &json!({ "amount_refunded": "much" })).fact, Fact::Unreadable);
        assert!(read(br#"{"id":"evt_1","type":"customer.created","data":{"object":{}}}"#).unwrap().is_none());
        for body in ["", "[]", "{}", r#"{"id":"","type":"charge.refunded","data":{"object":{}}}"#] {
            assert_eq!(read(body.as_bytes()).unwrap_err(), NoEvent, "{body}");
        }
    }
}
