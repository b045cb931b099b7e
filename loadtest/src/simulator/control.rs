//! What a request may ask of the simulator: in a text of its conversation or, where the protocol lets it through, in
//! its top-level parameter `simulator`.

mod embedded;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::simulator::faults::Fault;

/// The most tokens of one answer, all its choices together.
pub const TOKENS_MAX: u64 = 1_000_000;
/// The longest of any pause, in milliseconds.
pub const PAUSE_MS_MAX: u64 = 600_000;
const TOOL_CALLS_MAX: u64 = 128;
const HUGE_CHUNK_MAX: usize = 64 * 1024 * 1024;
const NAME_BYTES_MAX: usize = 256;
const DEFAULT_TOKENS: u64 = 16;

/// How one answer is to be. What is `None` is as the simulator's defaults have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// Length of each choice in tokens, reasoning included; the request's maximum may cut it. Default 16.
    pub tokens: Option<u64>,
    /// Milliseconds from the whole request to the answer's head.
    pub ttft_ms: Option<u64>,
    /// Milliseconds between two tokens of a stream; a JSON answer is late by the sum.
    pub token_ms: Option<u64>,
    /// How many tokens of the prompt are reported as cached; at most all of them.
    pub cached_tokens: Option<u64>,
    /// How many tokens of the prompt are reported as written to a cache, at most those that are not cached. Only
    /// Anthropic reports them.
    pub cache_write_tokens: Option<u64>,
    /// How many tokens of each choice are reasoning, which is reported and not sent; at most all of them.
    pub reasoning_tokens: Option<u64>,
    /// How many tools are called at once; 0 answers with text.
    pub tool_calls: Option<u64>,
    /// How many tokens of text come before the tool calls.
    pub preamble_tokens: Option<u64>,
    /// The reason that the answer ends with, in the provider's own word, known or not.
    pub finish: Option<String>,
    /// The reason for which the prompt is blocked: there are no candidates then. Google only.
    pub blocked: Option<String>,
    /// Whether the answer has parts that a client has to pass over, as its protocol says that it may have.
    pub extras: Option<bool>,
    /// The name of the gate that withholds the answer's head.
    pub wait_for: Option<String>,
    /// What goes wrong, as an object or, for a fault without a figure, its name.
    #[serde(deserialize_with = "named_or_whole")]
    pub fault: Option<Fault>,
    /// A name of the test's own, by which it finds the request in the record and by which a fault's `times` count.
    pub tag: Option<String>,
}

impl Control {
    /// Reads the parameter of a request.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(value: &Value) -> Result<Self, String> {
        if !value.is_object() {
            return Err("expected an object".to_owned());
        }
        let control = Self::deserialize(value).map_err(|error| error.to_string())?;
        control.check()?;
        Ok(control)
    }

    /// This, and `defaults` where it says nothing.
    #[must_use]
    pub fn or(self, defaults: &Self) -> Self {
        Self {
            tokens: self.tokens.or(defaults.tokens),
            ttft_ms: self.ttft_ms.or(defaults.ttft_ms),
            token_ms: self.token_ms.or(defaults.token_ms),
            cached_tokens: self.cached_tokens.or(defaults.cached_tokens),
            cache_write_tokens: self.cache_write_tokens.or(defaults.cache_write_tokens),
            reasoning_tokens: self.reasoning_tokens.or(defaults.reasoning_tokens),
            tool_calls: self.tool_calls.or(defaults.tool_calls),
            preamble_tokens: self.preamble_tokens.or(defaults.preamble_tokens),
            finish: self.finish.or_else(|| defaults.finish.clone()),
            blocked: self.blocked.or_else(|| defaults.blocked.clone()),
            extras: self.extras.or(defaults.extras),
            wait_for: self.wait_for.or_else(|| defaults.wait_for.clone()),
            fault: self.fault.or_else(|| defaults.fault.clone()),
            tag: self.tag.or_else(|| defaults.tag.clone()),
        }
    }

    /// The length of each choice, in tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.tokens.unwrap_or(DEFAULT_TOKENS)
    }

    fn check(&self) -> Result<(), String> {
        let fault = self.fault.as_ref();
        let figures = [
            ("tokens", self.tokens, TOKENS_MAX),
            ("ttft_ms", self.ttft_ms, PAUSE_MS_MAX),
            ("token_ms", self.token_ms, PAUSE_MS_MAX),
            ("tool_calls", self.tool_calls, TOOL_CALLS_MAX),
            ("preamble_tokens", self.preamble_tokens, TOKENS_MAX),
            ("fault.slow_body_ms", fault.and_then(|fault| fault.slow_body_ms), PAUSE_MS_MAX),
            (
                "fault.huge_chunk",
                fault.and_then(|fault| fault.huge_chunk).map(|size| size as u64),
                HUGE_CHUNK_MAX as u64,
            ),
        ];
        for (name, figure, max) in figures {
            if figure.is_some_and(|figure| max < figure) {
                return Err(format!("{name} must be at most {max}"));
            }
        }
        let names = [&self.wait_for, &self.tag, &self.finish, &self.blocked];
        if names.into_iter().flatten().any(|name| NAME_BYTES_MAX < name.len()) {
            return Err(format!("wait_for, tag, finish and blocked must be at most {NAME_BYTES_MAX} bytes"));
        }
        fault.map_or(Ok(()), Fault::check)
    }
}

/// `"byte_by_byte"` is short for `{"byte_by_byte": true}`.
fn named_or_whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Fault>, D::Error> {
    let value = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::String(name) => Value::Object(Map::from_iter([(name, Value::Bool(true))])),
        value @ Value::Object(_) => value,
        _ => return Err(serde::de::Error::custom("a fault is an object or a name")),
    };
    Fault::deserialize(value).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_overrides_the_defaults() {
        let defaults = Control { tokens: Some(3), token_ms: Some(5), ..Control::default() };
        let asked = Control::parse(&json!({"tokens": 9, "fault": "missing_usage"})).unwrap().or(&defaults);
        let fault = Fault { missing_usage: true, ..Fault::default() };
        assert_eq!(asked, Control { tokens: Some(9), token_ms: Some(5), fault: Some(fault), ..Control::default() });
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for wrong in [
            json!({"token": 1}),
            json!({"tokens": -1}),
            json!({"tokens": TOKENS_MAX + 1}),
            json!({"fault": "cut_aftre"}),
            json!({"fault": {"status": 7}}),
            json!({"fault": ["m"]}),
            json!([1]),
        ] {
            assert!(Control::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
