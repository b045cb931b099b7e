//! The usage that is reported, which a fault may have differ from the truth.

use serde_json::{Value, json};

use crate::simulator::answer::Answer;
use crate::simulator::control::Control;

/// Reported figures, in tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    prompt: u64,
    pub(super) cached: u64,
    completion: u64,
    reasoning: u64,
}

impl Usage {
    pub(super) fn new(prompt: u64, answer: &Answer, control: &Control) -> Self {
        Self {
            prompt,
            cached: control.cached_tokens.unwrap_or(0).min(prompt),
            completion: answer.completion_tokens(),
            reasoning: answer.reasoning_tokens(),
        }
    }

    pub(super) const fn zero() -> Self {
        Self { prompt: 0, cached: 0, completion: 0, reasoning: 0 }
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        })
    }
}
