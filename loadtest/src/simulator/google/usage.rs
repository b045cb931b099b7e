//! The usage that is reported, which a fault may have differ from the truth.

use serde_json::{Value, json};

use crate::simulator::answer::Answer;
use crate::simulator::control::Control;

/// Reported figures, in tokens. The prompt includes what is cached; the candidates do not include thoughts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    prompt: u64,
    pub(super) cached: u64,
    candidates: u64,
    pub(super) thoughts: u64,
    is_explicit: bool,
}

impl Usage {
    /// A prompt that is blocked has no candidates.
    pub(super) fn new(prompt: u64, answer: &Answer, control: &Control) -> Self {
        let of_answer = |tokens| if control.blocked.is_some() { 0 } else { tokens };
        Self {
            prompt,
            cached: control.cached_tokens.unwrap_or(0).min(prompt),
            candidates: of_answer(answer.spoken_tokens()),
            thoughts: of_answer(answer.reasoning_tokens()),
            is_explicit: false,
        }
    }

    pub(super) const fn completion_tokens(&self) -> u64 {
        self.candidates + self.thoughts
    }

    /// The same, when no more than `candidates` tokens were said.
    pub(super) const fn so_far(self, candidates: u64) -> Self {
        Self { candidates, ..self }
    }

    /// Zeros that are not left out, as the service leaves out others.
    pub(super) const fn zero() -> Self {
        Self { prompt: 0, cached: 0, candidates: 0, thoughts: 0, is_explicit: true }
    }

    pub(super) fn to_json(self) -> Value {
        let total = self.prompt + self.candidates + self.thoughts;
        let mut usage = json!({"promptTokenCount": self.prompt, "totalTokenCount": total});
        for (name, figure) in [
            ("candidatesTokenCount", self.candidates),
            ("cachedContentTokenCount", self.cached),
            ("thoughtsTokenCount", self.thoughts),
        ] {
            if 0 < figure || self.is_explicit {
                usage[name] = Value::from(figure);
            }
        }
        usage["promptTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": self.prompt}]);
        usage
    }
}
