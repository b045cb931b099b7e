//! How much a model thinks before it answers.

use serde::Serialize;

use super::model::{Model, Size};
use super::unsupported;
use crate::protocol::{ChatRequest, InvalidRequest};

const EFFORT: &str = "reasoning_effort";

/// The amount of thinking, in the one or the other unit.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Thinking {
    /// At most so many tokens.
    #[serde(rename = "thinkingBudget")]
    Budget(u32),
    #[serde(rename = "thinkingLevel")]
    Level(&'static str),
}

/// The client's wish; `None` where it has none, or one that is fulfilled anyway.
pub(super) fn translate(request: &ChatRequest, model: Model) -> Result<Option<Thinking>, InvalidRequest> {
    let Some(effort) = request.read::<String>(EFFORT)? else { return Ok(None) };
    let wrong =
        |right: &str| Err(InvalidRequest::of_param(EFFORT, format!("must be {right} by this of Google's models")));
    if model.thinks_by_level() {
        return match effort.as_str() {
            "minimal" => Ok(Some(Thinking::Level("MINIMAL"))),
            "low" => Ok(Some(Thinking::Level("LOW"))),
            "medium" => Ok(Some(Thinking::Level("MEDIUM"))),
            "high" => Ok(Some(Thinking::Level("HIGH"))),
            "xhigh" => Ok(Some(Thinking::Level("XHIGH"))),
            _ => wrong("minimal, low, medium, high or xhigh to be understood"),
        };
    }
    if model.thinks_by_budget() {
        return match (effort.as_str(), model.size) {
            ("none", Size::Pro) => wrong("at least minimal, since thinking is never left off"),
            ("none", _) => Ok(Some(Thinking::Budget(0))),
            ("minimal", Size::Pro) => Ok(Some(Thinking::Budget(128))),
            ("minimal", Size::Flash) => Ok(Some(Thinking::Budget(1))),
            ("minimal", Size::Lite) => Ok(Some(Thinking::Budget(512))),
            ("low", _) => Ok(Some(Thinking::Budget(1_024))),
            ("medium", _) => Ok(Some(Thinking::Budget(2_048))),
            ("high", _) => Ok(Some(Thinking::Budget(4_096))),
            ("xhigh", _) => Ok(Some(Thinking::Budget(8_192))),
            _ => Ok(Some(Thinking::Budget(16_384))),
        };
    }
    if effort == "none" { Ok(None) } else { Err(unsupported_by_this()) }
}

fn unsupported_by_this() -> InvalidRequest {
    let InvalidRequest { param, .. } = unsupported(EFFORT);
    let message = "must not be set other than to none: thinking is not supported by this of Google's models";
    InvalidRequest { param, message: message.to_owned() }
}
