//! What Stripe tells, in the ledger's words.
//!
//! Only what is needed is read; everything else may change from one version of Stripe's API to the next.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use syntopen_shared::wire::office::payments::{
    Asked, Event, Fact, Hints, Movement, News, ReturnKind, ReturnState, Tell,
};

/// The names that our checkouts carry: the payment and the account.
pub const PAYMENT: &str = "payment";
/// See [`PAYMENT`].
pub const ACCOUNT: &str = "account";
/// Longer names are none of Stripe's.
const NAME_BYTES_MAX: usize = 255;
/// What an event is called that does not say what it is.
const UNREADABLE: &str = "unreadable";

/// An event as it comes.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Seconds since the Unix epoch.
    created: Option<i64>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Debug, Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: Option<&'a RawValue>,
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
    /// What a dispute has moved until now.
    balance_transactions: Option<Vec<BalanceTransaction>>,
}

/// A movement of our money at Stripe, which another version of its API may only name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum BalanceTransaction {
    Object { id: String, amount: i64, currency: String },
    Other(IgnoredAny),
}

/// Reads a body that Stripe has signed. `None` where it is an event of a kind that moves no money of ours. What cannot
/// be read is told too, so that it is kept: it may be money.
#[must_use]
pub fn read(body: &[u8]) -> Option<Tell> {
    let Some(Envelope { id, kind, created, data }) = serde_json::from_slice(body).ok().filter(Envelope::is_named)
    else {
        return Some(nameless(body));
    };
    let event = Event { id, kind };
    let object = data.and_then(|data| data.object).map_or("null", RawValue::get);
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
        _ => return None,
    };
    let news = News { told_s: created.unwrap_or_default(), ..news };
    Some(Tell { event: Some(event), news, asked: Asked::No })
}

/// A body without a name of its own gets one that is made of it: it is kept once, however often it comes.
fn nameless(body: &[u8]) -> Tell {
    let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let event = Event { id: format!("sha256:{digest}"), kind: UNREADABLE.to_owned() };
    Tell { event: Some(event), news: unreadable(), asked: Asked::No }
}

fn parse<T: DeserializeOwned>(object: &str, news: impl FnOnce(T) -> News) -> News {
    serde_json::from_str(object).ok().map(news).filter(has_names).unwrap_or_else(unreadable)
}

const fn unreadable() -> News {
    News {
        of: Hints { session: None, intent: None, payment: None, account: None },
        cents: 0,
        currency: String::new(),
        fact: Fact::Unreadable,
        told_s: 0,
    }
}

/// Whether names are such as Stripe gives, which any database takes.
fn has_names(news: &News) -> bool {
    let of_return = match &news.fact {
        Fact::Return { id, movements, .. } => is_name(id) && movements.iter().all(|movement| is_name(&movement.id)),
        _ => true,
    };
    let mut of_payment = [&news.of.session, &news.of.intent].into_iter().flatten();
    of_return && of_payment.all(|name| is_name(name)) && news.currency.len() <= NAME_BYTES_MAX
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Envelope<'_> {
    fn is_named(&self) -> bool {
        is_name(&self.id) && is_name(&self.kind)
    }
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
        let (cents, currency) = (self.amount_total.unwrap_or_default(), self.currency.unwrap_or_default());
        News { of, cents, currency, fact, told_s: 0 }
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
        News { of, cents: self.amount_refunded, currency: self.currency, fact: Fact::Refunded, told_s: 0 }
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
        let movements = self.movements();
        let of = hints(self.payment_intent, None);
        let fact = Fact::Return { id: self.id, kind, state, movements };
        News { of, cents: self.amount, currency: self.currency, fact, told_s: 0 }
    }

    /// Where our account at Stripe is in another currency, each is a movement of the whole.
    fn movements(&self) -> Vec<Movement> {
        let movement = |transaction: &BalanceTransaction| match transaction {
            BalanceTransaction::Object { id, amount, currency } => {
                let cents =
                    if *currency == self.currency { *amount } else { amount.signum().saturating_mul(self.amount) };
                Some(Movement { id: id.clone(), cents })
            }
            BalanceTransaction::Other(_) => None,
        };
        self.balance_transactions.iter().flatten().filter_map(movement).collect()
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
        read(event.to_string().as_bytes()).unwrap().news
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
    fn a_dispute_tells_what_it_moved() {
        let dispute = |currency: &str, transactions: Value| {
            let object = json!({ "id": "dp_1", "amount": 500, "currency": "usd", "status": "won",
                "payment_intent": "pi_1", "balance_transactions": transactions, "created": 7 });
            let event = json!({ "id": "evt_1", "type": "charge.dispute.closed", "created": 9,
                "data": { "object": object } });
            let news = read(event.to_string().replace("CURRENCY", currency).as_bytes()).unwrap().news;
            assert_eq!(news.told_s, 9);
            let Fact::Return { movements, .. } = news.fact else { panic!("{:?}", news.fact) };
            movements.into_iter().map(|movement| (movement.id, movement.cents)).collect::<Vec<_>>()
        };
        let moved = |id: &str, amount: i64| json!({ "id": id, "amount": amount, "currency": "CURRENCY", "fee": 15 });
        let both = json!([moved("txn_1", -500), moved("txn_2", 500)]);
        let expected = [("txn_1".to_owned(), -500), ("txn_2".to_owned(), 500)];
        assert_eq!(dispute("usd", both), expected);
        assert_eq!(dispute("eur", json!([moved("txn_1", -431), moved("txn_2", 433)])), expected);
        for none in [json!(null), json!([]), json!(["txn_1"]), json!([{ "id": "txn_1" }])] {
            assert_eq!(dispute("usd", none), []);
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
        let long = long_name();
        for object in [
            json!(null),
            json!({ "amount_refunded": "much" }),
            json!({ "payment_intent": "pi_\u{0}", "amount_refunded": 5, "currency": "usd" }),
            json!({ "payment_intent": long, "amount_refunded": 5, "currency": "usd" }),
            json!({ "payment_intent": "pi_1", "amount_refunded": 5, "currency": long }),
        ] {
            assert_eq!(news("charge.refunded", &object).fact, Fact::Unreadable, "{object}");
        }
        let tell = read(br#"{"id":"evt_1","type":"charge.refunded"}"#).unwrap();
        assert_eq!((tell.event.unwrap().id.as_str(), tell.news.fact), ("evt_1", Fact::Unreadable));
    }

    #[test]
    fn what_has_no_name_is_called_by_its_bytes() {
        let named = json!({ "id": long_name(), "type": "charge.refunded", "data": { "object": {} } }).to_string();
        let odd = r#"{"id":"evt_\u0000","type":"charge.refunded","data":{"object":{}}}"#;
        let without_id = r#"{"id":"","type":"charge.refunded","data":{"object":{}}}"#;
        let mut names = Vec::new();
        for body in ["", "[]", "{}", "\u{fffd}", r#"{"id":"evt_1"}"#, odd, without_id, &named] {
            let Tell { event, news, .. } = read(body.as_bytes()).unwrap();
            let event = event.unwrap();
            assert_eq!((news.fact, event.kind.as_str()), (Fact::Unreadable, UNREADABLE), "{body}");
            assert_eq!(read(body.as_bytes()).unwrap().event.unwrap(), event);
            assert!(is_name(&event.id) && event.id.starts_with("sha256:") && !names.contains(&event.id), "{body}");
            names.push(event.id);
        }
        assert_eq!(names[0], "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn other_kinds_are_let_go_whatever_they_carry() {
        for rest in ["", r#","data":{"object":{}}"#, r#","data":{}"#, r#","data":null"#] {
            let body = format!(r#"{{"id":"evt_1","type":"customer.created"{rest}}}"#);
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
    }

    fn long_name() -> String {
        "x".repeat(NAME_BYTES_MAX + 1)
    }
}
