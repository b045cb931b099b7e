//! Writes a whole answer in OpenAI's shape, for providers that have another.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{AnswerContext, ChatAnswer, ReportedUsage};

/// Why a choice ended. OpenAI has no other reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

/// One choice of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Choice {
    pub(crate) index: u32,
    pub(crate) message: Message,
    /// OpenAI's `logprobs` object, where it was asked for.
    pub(crate) logprobs: Option<Box<RawValue>>,
    pub(crate) finish_reason: FinishReason,
}

/// What the assistant says.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    role: &'static str,
    /// `None` where there are only calls, or a refusal.
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
}

/// A call of a function.
#[derive(Debug, Serialize)]
pub(crate) struct ToolCall {
    id: String,
    r#type: &'static str,
    function: Called,
}

#[derive(Debug, Serialize)]
struct Called {
    name: String,
    arguments: String,
}

/// All that is known of an answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) choices: Vec<Choice>,
    /// Everything that was generated, for the tokenizer: with what the client is not told, and without what the gateway
    /// says itself.
    pub(crate) generated: String,
    pub(crate) usage: Option<ReportedUsage>,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Choice],
}

impl Message {
    /// A message of text and calls.
    pub(crate) fn new(content: Option<String>, tool_calls: Vec<ToolCall>) -> Self {
        Self { role: "assistant", content, refusal: None, tool_calls }
    }

    /// A message that says why nothing is said.
    pub(crate) fn refusal(why: &str) -> Self {
        Self { role: "assistant", content: None, refusal: Some(why.to_owned()), tool_calls: Vec::new() }
    }
}

impl ToolCall {
    /// A call; `arguments` is the text of a JSON object.
    pub(crate) const fn new(id: String, name: String, arguments: String) -> Self {
        Self { id, r#type: "function", function: Called { name, arguments } }
    }
}

impl ChatAnswer {
    /// An answer in OpenAI's shape; `None` where there are no choices.
    pub(crate) fn of(context: &AnswerContext, answered: Answered) -> Option<Self> {
        let Answered { choices, generated, usage } = answered;
        let completion = Completion {
            id: context.answer_id(),
            object: "chat.completion",
            created: context.created(),
            model: &context.model,
            choices: &choices,
        };
        let body = Bytes::from(serde_json::to_vec(&completion).ok()?);
        Some(Self { usage, generated: Some(generated), ..Self::new(&body)? })
    }
}
