//! Blocks of an answer, and what of them is content.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::UpstreamError;
use crate::answer::completion::FinishReason;
use crate::providers::anthropic::JSON_TOOL;

/// A block, whole or as it begins in a stream.
#[derive(Debug)]
pub(in crate::providers::anthropic) enum Block<'a> {
    Text(String),
    Thinking(String),
    ToolUse {
        id: String,
        name: String,
        input: Option<&'a RawValue>,
    },
    /// What has no place in OpenAI's API, or is not known.
    Other,
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Thinking {
    #[serde(default)]
    thinking: String,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    id: String,
    name: String,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

impl<'a> Block<'a> {
    /// Reads a block.
    pub(in crate::providers::anthropic) fn parse(json: &'a str) -> Result<Self, UpstreamError> {
        let kind: Kind = read(json)?;
        Ok(match kind.r#type.as_str() {
            "text" => Self::Text(read::<Text>(json)?.text),
            "thinking" => Self::Thinking(read::<Thinking>(json)?.thinking),
            "tool_use" => {
                let ToolUse { id, name, input } = read(json)?;
                Self::ToolUse { id, name, input }
            }
            _ => Self::Other,
        })
    }
}

/// Reads JSON of a form that the protocol fixes.
pub(in crate::providers::anthropic) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, UpstreamError> {
    serde_json::from_str(json).map_err(|_| UpstreamError::undecodable())
}

/// Decides which texts are the content of an answer.
///
/// Where the client wants JSON, and the model had to be asked for it by way of a tool, the tool's input is the content,
/// and whatever the model says before it is not: the content must be one document. Whether the tool will come is not
/// known while a text comes in, so a text is held back until it is, unless it begins as a JSON document itself: then it
/// is the answer of a model that needs no tool for it.
#[derive(Debug)]
pub(in crate::providers::anthropic) struct Content {
    wants_json: bool,
    source: Source,
    held: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Undecided,
    Text,
    Tool,
}

impl Content {
    pub(in crate::providers::anthropic) const fn new(wants_json: bool) -> Self {
        let source = if wants_json { Source::Undecided } else { Source::Text };
        Self { wants_json, source, held: String::new() }
    }

    /// Whether a tool is the one that takes the answer.
    pub(in crate::providers::anthropic) fn is_answered_by(&self, tool: &str) -> bool {
        self.wants_json && tool == JSON_TOOL
    }

    /// A text comes; gives what of the content is certain now.
    pub(in crate::providers::anthropic) fn text(&mut self, piece: String) -> Option<String> {
        match self.source {
            Source::Text => Some(piece),
            Source::Tool => None,
            Source::Undecided => {
                self.held.push_str(&piece);
                if !self.held.trim_start().starts_with(['{', '[']) {
                    return None;
                }
                self.source = Source::Text;
                Some(std::mem::take(&mut self.held))
            }
        }
    }

    /// The tool's input begins; tells whether it is the content. It is not where there is content already.
    pub(in crate::providers::anthropic) fn tool(&mut self) -> bool {
        if self.source != Source::Undecided {
            return false;
        }
        self.source = Source::Tool;
        self.held.clear();
        true
    }

    /// Nothing more comes; gives what was held back in vain.
    pub(in crate::providers::anthropic) fn end(&mut self) -> Option<String> {
        let held = std::mem::take(&mut self.held);
        (self.source == Source::Undecided && !held.is_empty()).then_some(held)
    }
}

/// Why an answer has ended, in OpenAI's words.
pub(in crate::providers::anthropic) fn finish_reason(stop_reason: Option<&str>, calls: usize) -> FinishReason {
    match stop_reason {
        Some("tool_use") if calls > 0 => FinishReason::ToolCalls,
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn") => FinishReason::Length,
        Some("refusal") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// A call's input as the text of a JSON object.
pub(in crate::providers::anthropic) fn arguments(input: Option<&RawValue>) -> String {
    input.map(RawValue::get).filter(|input| input.starts_with('{')).unwrap_or("{}").to_owned()
}
