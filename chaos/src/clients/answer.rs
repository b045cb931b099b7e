//! What an answer told.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use syntopen_shared::money::NanoUsd;

/// What a customer could make of what had come.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Told {
    /// The whole of the answer has come: a JSON body, or a stream with its `[DONE]`.
    pub complete: bool,
    /// Tokens of text that have come.
    pub tokens: u64,
    /// What the answer says that it cost.
    pub cost: Option<NanoUsd>,
    /// What an error says, for people.
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    /// As it was written: a float would not be exact.
    cost: Box<RawValue>,
}

impl Told {
    /// Understands a JSON answer, which has come as a whole or not at all.
    #[must_use]
    pub fn by_json(body: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        match answer["choices"][0]["message"]["content"].as_str() {
            Some(text) => Self { complete: true, tokens: words(text), cost: cost(body), error: None },
            None => Self { error: Some(answer["error"]["message"].to_string()), ..Self::default() },
        }
    }

    /// Understands as much of a stream as has come.
    #[must_use]
    pub fn by_stream(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        // What follows the last blank line is no whole event.
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let events: Vec<_> = whole.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
        let chunks: Vec<Value> = events.iter().filter_map(|data| serde_json::from_str(data).ok()).collect();
        let said = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        Self {
            complete: events.last() == Some(&"[DONE]"),
            tokens: words(&said.collect::<String>()),
            cost: events.iter().find_map(|data| cost(data.as_bytes())),
            error: chunks.iter().find_map(|chunk| chunk["error"]["message"].as_str()).map(str::to_owned),
        }
    }
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn cost(json: &[u8]) -> Option<NanoUsd> {
    let answer = serde_json::from_slice::<Answer>(json).ok()?;
    answer.usage?.cost.get().parse().ok()
}
