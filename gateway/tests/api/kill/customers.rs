//! Customers who ask at random, and remember what they saw.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use awc::{Client, Connector};
use futures_util::StreamExt as _;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use syntopen_shared::id::AccountId;
use syntopen_shared::money::NanoUsd;

use crate::helpers::{Answer, request, with};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Payer {
    pub(super) email: String,
    pub(super) account: AccountId,
    pub(super) api_key: String,
}

/// What is asked, and how long it is waited for.
pub(super) struct Plan {
    pub(super) body: Value,
    pub(super) tag: String,
    pub(super) model: &'static str,
    pub(super) stream: bool,
    patience: Duration,
}

/// What a customer saw of an answer.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) tag: String,
    pub(super) account: AccountId,
    pub(super) model: &'static str,
    pub(super) stream: bool,
    pub(super) round: usize,
    /// Known as soon as the head has come.
    pub(super) id: Option<String>,
    /// 0 before the head.
    pub(super) status: u16,
    /// The whole of the answer has come: a JSON body, or a stream with its `[DONE]`.
    pub(super) complete: bool,
    /// Tokens of text that have come.
    pub(super) tokens: u64,
    /// What the answer says that it cost.
    pub(super) cost: Option<NanoUsd>,
}

impl Plan {
    /// A quick request, or one that is likely to run when the kill comes; sometimes the upstream fails, sometimes the
    /// client loses patience.
    pub(super) fn random(random: &mut StdRng, tag: String, slow: bool) -> Self {
        let stream = slow || random.random_bool(0.6);
        let model = if random.random_bool(0.5) { "test/output-only" } else { "openai/gpt-4o-mini" };
        let tokens = if slow { 600 } else { random.random_range(1..=60) };
        let pace = if slow { random.random_range(15..=40) } else { *pick(random, &[0, 0, 0, 1, 5]) };
        let ttft = if slow { 0 } else { *pick(random, &[0, 0, 20, 100]) };
        let mut control = json!({"tag": tag, "tokens": tokens, "token_ms": pace, "ttft_ms": ttft});
        if model == "openai/gpt-4o-mini" && random.random_bool(0.5) {
            control["cached_tokens"] = json!(random.random_range(0..=12));
        }
        // A maximum below the length ends the answer early.
        let most = if random.random_bool(0.2) { tokens / 2 + 1 } else { tokens };
        if !slow && random.random_bool(0.25) {
            control["fault"] = fault(random, stream, most);
        }
        let mut body = with(request(model, most), json!({"stream": stream, "simulator": control}));
        if stream && random.random_bool(0.5) {
            body["stream_options"] = json!({"include_usage": true});
        }
        let leaves = !slow && random.random_bool(0.15);
        let patience = Duration::from_millis(if leaves { random.random_range(1..=120) } else { 60_000 });
        Self { body, tag, model, stream, patience }
    }
}

/// A fault of an answer of `tokens` tokens. None strikes behind the last of them: that would leave the answer whole.
fn fault(random: &mut StdRng, stream: bool, tokens: u64) -> Value {
    let after = random.random_range(1..=tokens.min(9));
    let any = [
        json!({"status": 500, "times": 1}),
        json!({"close_before_head": true, "times": 1}),
        json!({"cut_after": after}),
    ];
    let all = [json!({"missing_usage": true}), json!({"status": 400}), json!({"garbage_after": after})];
    let streamed = [json!({"error_event_after": after}), json!({"eof_without_done_after": after})];
    let faults = [any.as_slice(), &all, if stream { &streamed } else { &[] }].concat();
    pick(random, &faults).clone()
}

fn pick<'a, T>(random: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[random.random_range(0..from.len())]
}

/// One of the connections of a customer, in one round.
pub(super) struct Visit<'a> {
    pub(super) payer: &'a Payer,
    pub(super) gateway: SocketAddr,
    pub(super) round: usize,
    /// The gateway has been told to end, or killed.
    pub(super) over: &'a Cell<bool>,
}

impl Visit<'_> {
    /// Asks for one thing after the other until the round is over.
    pub(super) async fn ask_on(&self, mut next: impl FnMut() -> Plan) -> Vec<Seen> {
        let client = Client::builder().disable_timeout().connector(Connector::new().limit(0)).finish();
        let mut seen = Vec::new();
        while !self.over.get() {
            seen.push(self.ask(&client, next()).await);
        }
        seen
    }

    async fn ask(&self, client: &Client, plan: Plan) -> Seen {
        let Plan { body, tag, model, stream, patience } = plan;
        let (account, round) = (self.payer.account, self.round);
        let mut seen =
            Seen { tag, account, model, stream, round, id: None, status: 0, complete: false, tokens: 0, cost: None };
        let mut answer = Answer { status: 0, headers: Vec::new(), body: Vec::new(), complete: false };
        // A client that loses patience drops the connection, wherever the answer stands.
        let _impatient = tokio::time::timeout(patience, self.read(client, &body, (&mut seen, &mut answer))).await;
        if seen.status == 200 {
            seen.understand(&answer);
        }
        seen
    }

    async fn read(&self, client: &Client, body: &Value, (seen, answer): (&mut Seen, &mut Answer)) {
        let post = client.post(format!("http://{}/api/v1/chat/completions", self.gateway));
        let post = post.insert_header((AUTHORIZATION, format!("Bearer {}", self.payer.api_key)));
        let sent = post.insert_header((CONTENT_TYPE, "application/json")).send_body(body.to_string()).await;
        let Ok(mut response) = sent else { return };
        seen.status = response.status().as_u16();
        seen.id = response.headers().get("x-request-id").map(|id| id.to_str().unwrap().to_owned());
        assert!(seen.id.is_some(), "an answer without a request id");
        while let Some(part) = response.next().await {
            let Ok(part) = part else { return };
            answer.body.extend_from_slice(&part);
        }
        answer.complete = true;
    }
}

#[derive(Deserialize)]
struct Told {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    /// As it was written: a float would not be exact.
    cost: Box<RawValue>,
}

impl Seen {
    fn understand(&mut self, answer: &Answer) {
        let text = answer.text();
        let words = |text: &str| text.split_whitespace().count() as u64;
        let cost = |json: &str| {
            let told = serde_json::from_str::<Told>(json).ok()?;
            told.usage.map(|usage| usage.cost.get().parse().unwrap())
        };
        if !self.stream {
            self.complete = answer.complete;
            if self.complete {
                self.tokens = words(answer.json()["choices"][0]["message"]["content"].as_str().unwrap());
                self.cost = cost(&text);
                assert!(self.cost.is_some(), "an answer that does not tell its cost: {text}");
            }
            return;
        }
        // What follows the last blank line is no whole event.
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let events: Vec<_> = whole.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
        let chunks = events.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
        let said: String =
            chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect();
        self.tokens = words(&said);
        self.complete = events.last() == Some(&"[DONE]");
        self.cost = events.iter().find_map(|data| cost(data));
    }
}
