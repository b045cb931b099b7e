//! Writes the chunks of a streamed answer in OpenAI's shape, for providers that have another.

use bytes::Bytes;

use super::completion::FinishReason;
use super::fields::quoted;
use super::{AnswerContext, ChatChunk};

/// What one chunk adds to a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delta<'a> {
    /// The first of a choice.
    Role,
    Content(&'a str),
    /// A piece of content with its `logprobs` object.
    Scored(&'a str, &'a str),
    Refusal(&'a str),
    /// The first of a call; `call` counts the calls of the choice from 0.
    Call {
        call: usize,
        id: &'a str,
        name: &'a str,
    },
    /// A piece of a call's arguments.
    Arguments {
        call: usize,
        arguments: &'a str,
    },
}

/// Writes the chunks of one stream.
#[derive(Debug)]
pub(crate) struct Chunks {
    /// How every chunk begins, from `id` to `model`.
    head: String,
    /// How every chunk but the last ends.
    tail: String,
    provider: &'static str,
}

impl Chunks {
    /// The writer for a stream.
    pub(crate) fn new(context: &AnswerContext) -> Self {
        let head = format!(
            "{{\"id\":{},\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{}",
            quoted(&context.answer_id()),
            context.created(),
            quoted(&context.model)
        );
        let usage = if context.include_usage { ",\"usage\":null" } else { "" };
        Self { head, tail: format!(",\"provider\":{}{usage}}}", quoted(context.provider)), provider: context.provider }
    }

    /// A chunk that adds to the choice `index`; what is generated is appended to `text`, for the count.
    pub(crate) fn delta(&self, index: u32, delta: Delta<'_>, text: &mut String) -> ChatChunk {
        let mut logprobs = "null";
        let delta = match delta {
            Delta::Role => r#"{"role":"assistant","content":"","refusal":null}"#.to_owned(),
            Delta::Content(piece) => {
                text.push_str(piece);
                format!("{{\"content\":{}}}", quoted(piece))
            }
            Delta::Scored(piece, scores) => {
                text.push_str(piece);
                logprobs = scores;
                format!("{{\"content\":{}}}", quoted(piece))
            }
            Delta::Refusal(piece) => format!("{{\"refusal\":{}}}", quoted(piece)),
            Delta::Call { call, id, name } => {
                text.push_str(name);
                let (id, name) = (quoted(id), quoted(name));
                format!(
                    "{{\"tool_calls\":[{{\"index\":{call},\"id\":{id},\"type\":\"function\",\
                     \"function\":{{\"name\":{name},\"arguments\":\"\"}}}}]}}"
                )
            }
            Delta::Arguments { call, arguments } => {
                text.push_str(arguments);
                let arguments = quoted(arguments);
                format!("{{\"tool_calls\":[{{\"index\":{call},\"function\":{{\"arguments\":{arguments}}}}}]}}")
            }
        };
        self.chunk(index, &delta, (logprobs, "null"))
    }

    /// The chunk that ends the choice `index`.
    pub(crate) fn finish(&self, index: u32, reason: FinishReason) -> ChatChunk {
        let reason = match reason {
            FinishReason::Stop => "\"stop\"",
            FinishReason::Length => "\"length\"",
            FinishReason::ToolCalls => "\"tool_calls\"",
            FinishReason::ContentFilter => "\"content_filter\"",
        };
        ChatChunk { finishes: true, ..self.chunk(index, "{}", ("null", reason)) }
    }

    /// The chunk that tells the usage.
    pub(crate) fn usage(&self, usage_object: &str) -> Bytes {
        let provider = quoted(self.provider);
        format!("{},\"choices\":[],\"provider\":{provider},\"usage\":{usage_object}}}", self.head).into()
    }

    fn chunk(&self, index: u32, delta: &str, (logprobs, reason): (&str, &str)) -> ChatChunk {
        let (head, tail) = (&self.head, &self.tail);
        let json = format!(
            "{head},\"choices\":[{{\"index\":{index},\"delta\":{delta},\"logprobs\":{logprobs},\
             \"finish_reason\":{reason}}}]{tail}"
        );
        ChatChunk { json: Some(json.into()), finishes: false, usage: None }
    }
}
