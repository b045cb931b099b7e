//! A whole answer of Anthropic's.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error;
use crate::answer::completion::{Answered, Choice, Message, ToolCall};
use crate::answer::fields::{Fields, is_blank};
use crate::answer::{AnswerContext, ChatAnswer, UpstreamError, scrub};

use self::content::{Block, Content, arguments, finish_reason, read};
use self::usage::Counts;

pub(super) mod content;
pub(super) mod usage;

/// Told in the place of a refusal for which the provider gives no words.
const REFUSED: &str = "The model refused to answer.";
const REFUSAL: &str = "refusal";

/// Decodes the body under a status of success.
///
/// # Errors
/// Where the body tells an error all the same, or is no answer: HTML, half a JSON text, one without content.
pub fn decode(body: &Bytes, context: &AnswerContext) -> Result<ChatAnswer, UpstreamError> {
    let text = std::str::from_utf8(body).map_err(|_| UpstreamError::undecodable())?;
    let fields = Fields::parse(text).map_err(|_| UpstreamError::undecodable())?;
    if fields.get("error").is_some_and(|error| !is_blank(error)) {
        return Err(error::within(body));
    }
    let blocks: Vec<&RawValue> = read(fields.get("content").unwrap_or_default())?;
    let stop_reason: Option<String> = read(fields.get("stop_reason").unwrap_or("null")).unwrap_or_default();
    let mut spoken = Spoken::of(&blocks, Content::new(context.wants_json))?;

    let generated = std::mem::take(&mut spoken.generated);
    let finish_reason = finish_reason(stop_reason.as_deref(), spoken.calls.len());
    let message = match stop_reason.as_deref() {
        Some(REFUSAL) if spoken.is_silent() => Message::refusal(&refusal(fields.get("stop_details"))),
        _ => spoken.message(),
    };
    let mut counts = Counts::default();
    counts.take(fields.get("usage").unwrap_or_default());
    let choices = vec![Choice { index: 0, message, logprobs: None, finish_reason }];
    ChatAnswer::of(context, Answered { choices, generated, usage: counts.reported() })
        .ok_or_else(UpstreamError::undecodable)
}

/// Why a model refuses to answer, as its `stop_details` have it.
pub(super) fn refusal(details: Option<&str>) -> String {
    #[derive(Deserialize)]
    struct Details {
        explanation: Option<String>,
    }
    let details: Option<Details> = details.and_then(|details| read(details).ok());
    let explanation = details.and_then(|details| details.explanation);
    explanation.as_deref().and_then(scrub).unwrap_or_else(|| REFUSED.to_owned())
}

/// What an answer says and calls.
struct Spoken {
    content: String,
    calls: Vec<ToolCall>,
    /// All that the model generated, for the count: its thoughts too, and what is not passed on.
    generated: String,
}

impl Spoken {
    fn of(blocks: &[&RawValue], mut kept: Content) -> Result<Self, UpstreamError> {
        let mut spoken = Self { content: String::new(), calls: Vec::new(), generated: String::new() };
        for block in blocks {
            match Block::parse(block.get())? {
                Block::Text(text) => {
                    spoken.generated.push_str(&text);
                    spoken.content.extend(kept.text(text));
                }
                Block::ToolUse { name, input, .. } if kept.is_answered_by(&name) => {
                    let input = arguments(input);
                    spoken.generated.push_str(&input);
                    if kept.tool() {
                        spoken.content.push_str(&input);
                    }
                }
                Block::ToolUse { id, name, input } => {
                    let input = arguments(input);
                    spoken.generated.extend([name.as_str(), input.as_str()]);
                    spoken.calls.push(ToolCall::new(id, name, input));
                }
                Block::Thinking(thinking) => spoken.generated.push_str(&thinking),
                Block::Other => {}
            }
        }
        spoken.content.extend(kept.end());
        Ok(spoken)
    }

    const fn is_silent(&self) -> bool {
        self.content.is_empty() && self.calls.is_empty()
    }

    /// An answer that says nothing says the empty text; only beside calls it has no content.
    fn message(self) -> Message {
        let has_content = !self.content.is_empty() || self.calls.is_empty();
        Message::new(has_content.then_some(self.content), self.calls)
    }
}

#[cfg(test)]
mod tests;
