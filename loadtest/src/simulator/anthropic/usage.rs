//! The usage that is reported, which a fault may have differ from the truth.

use serde_json::{Value, json};

use crate::simulator::answer::Answer;
use crate::simulator::control::Control;

/// Reported figures, in tokens. The three of the prompt have none in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    input: u64,
    pub(super) cached: u64,
    pub(super) written: u64,
    output: u64,
    thinking: u64,
}

impl Usage {
    pub(super) fn new(prompt: u64, answer: &Answer, control: &Control) -> Self {
        let cached = control.cached_tokens.unwrap_or(0).min(prompt);
        let written = control.cache_write_tokens.unwrap_or(0).min(prompt - cached);
        Self {
            input: prompt - cached - written,
            cached,
            written,
            output: answer.completion_tokens(),
            thinking: answer.reasoning_tokens(),
        }
    }

    pub(super) const fn zero() -> Self {
        Self { input: 0, cached: 0, written: 0, output: 0, thinking: 0 }
    }

    /// The usage at the beginning of a stream, when the first token of the answer is known to come.
    pub(super) fn at_start(self) -> Value {
        Self { output: self.output.min(1), thinking: 0, ..self }.whole()
    }

    /// The usage of a whole message.
    pub(super) fn whole(self) -> Value {
        let mut usage = json!({
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.cached,
            "cache_creation": {"ephemeral_5m_input_tokens": self.written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": self.output,
            "service_tier": "standard",
        });
        self.add_thinking(&mut usage);
        usage
    }

    /// The usage at the end of a stream; its figures are those of the whole message.
    pub(super) fn at_end(self) -> Value {
        let mut usage = json!({
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.cached,
            "output_tokens": self.output,
        });
        self.add_thinking(&mut usage);
        usage
    }

    fn add_thinking(self, usage: &mut Value) {
        if 0 < self.thinking {
            usage["output_tokens_details"] = json!({"thinking_tokens": self.thinking});
        }
    }
}
