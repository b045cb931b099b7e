//! Thinking before the answer: what becomes of `reasoning_effort`.
//!
//! Models that think within a budget must be shown their earlier thoughts beside the results of the calls that they
//! made, and the API of OpenAI has no place for those. Thinking is then left off until the results are answered, and
//! `reasoning_effort` named among what was left out: the answer is to the same question, and a loop of calls that began
//! with thinking can go on. Newer models take results without thoughts.

use serde::Serialize;

use super::dropped::Dropped;
use super::models::{Abilities, Thinking};
use super::params::{self, Sampling};
use crate::protocol::{ChatRequest, InvalidRequest};

/// Anthropic takes no smaller budget.
const MIN_BUDGET: u64 = 1_024;

/// How a model is to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Mode {
    Enabled {
        budget_tokens: u64,
    },
    /// The effort is told elsewhere: in `output_config`.
    Adaptive {
        #[serde(skip)]
        effort: &'static str,
    },
}

/// What thinking depends on.
pub(super) struct Question<'q> {
    pub(super) request: &'q ChatRequest,
    pub(super) abilities: Abilities,
    pub(super) max_tokens: u64,
    pub(super) sampling: Sampling<'q>,
    pub(super) is_tool_loop: bool,
    pub(super) has_prefill: bool,
}

impl Question<'_> {
    /// How the model is to think; `None` where it is not to.
    pub(super) fn mode(&self, dropped: &mut Dropped) -> Result<Option<Mode>, InvalidRequest> {
        let effort: Option<String> = self.request.read("reasoning_effort")?;
        let Some(effort) = effort.filter(|effort| effort != "none") else { return Ok(None) };
        let (effort, budget) = levels(&effort);
        let mode = match self.abilities.thinking {
            Thinking::Never => {
                let right = "must be none or left out: this one of Anthropic's models does not think first";
                return Err(InvalidRequest::of_param("reasoning_effort", right));
            }
            Thinking::Adaptive => Mode::Adaptive { effort },
            Thinking::Budget if self.is_tool_loop => {
                dropped.note("reasoning_effort");
                return Ok(None);
            }
            Thinking::Budget => match self.budget(budget)? {
                Some(budget_tokens) => Mode::Enabled { budget_tokens },
                None => {
                    dropped.note("reasoning_effort");
                    return Ok(None);
                }
            },
        };
        if let Some((name, right)) = self.sampling.against_thinking() {
            let right = format!("{right} where reasoning_effort is set, for Anthropic's models");
            return Err(InvalidRequest::of_param(name, right));
        }
        if self.has_prefill {
            let right = "must be none or left out where an assistant's message is the last, for Anthropic's models";
            return Err(InvalidRequest::of_param("reasoning_effort", right));
        }
        Ok(Some(mode))
    }

    /// The budget below the maximum of all output; half of that is kept for the answer, as far as the least budget
    /// lets. `None` where the gateway's own grant leaves no room.
    fn budget(&self, wanted: u64) -> Result<Option<u64>, InvalidRequest> {
        if self.max_tokens > MIN_BUDGET {
            return Ok(Some(wanted.min((self.max_tokens / 2).max(MIN_BUDGET))));
        }
        if self.request.named_max_tokens().is_some_and(|named| named <= MIN_BUDGET) {
            let right =
                format!("must be above {MIN_BUDGET} where reasoning_effort is set, for this one of Anthropic's models");
            return Err(InvalidRequest::of_param(params::name_of_maximum(self.request), right));
        }
        Ok(None)
    }
}

/// An effort in Anthropic's words, and as a budget.
fn levels(effort: &str) -> (&'static str, u64) {
    match effort {
        "minimal" | "low" => ("low", 1_024),
        "medium" => ("medium", 2_048),
        "high" => ("high", 4_096),
        "xhigh" => ("xhigh", 8_192),
        _ => ("max", 16_384),
    }
}
