//! An answer in the form of Anthropic's message, whole or as the events of its stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::of_anthropic;
use super::request::MessageRequest;
use super::stream;
use super::thinking::Thinking;
use super::usage::Usage;
use crate::simulator::answer::{Answer, Content, Finish};
use crate::simulator::base64;
use crate::simulator::faults::Fault;
use crate::simulator::script::Script;
use crate::simulator::text::{self, Alphabet};

/// Sets what is thought apart from what is said.
const WORDS_BEFORE_THOUGHT: usize = 31;

/// An answer and what decides its form.
pub(super) struct Rendering<'a> {
    pub(super) id: u64,
    pub(super) chat: &'a MessageRequest<'a>,
    pub(super) answer: &'a Answer,
    pub(super) usage: Usage,
    pub(super) fault: &'a Fault,
    pub(super) extras: bool,
}

/// A part of a block, with the tokens that are in it.
pub(super) type Part = (String, u64);

/// A content block.
pub(super) enum Block {
    Thinking(Vec<Part>),
    Text(Vec<Part>),
    Call {
        id: String,
        name: Part,
        input: Vec<Part>,
    },
    /// One of the service's own, which clients pass over.
    Other(Value),
}

/// What is said of the end.
pub(super) struct End {
    pub(super) reason: String,
    pub(super) sequence: Option<String>,
}

impl Rendering<'_> {
    pub(super) fn script(&self) -> Script {
        let script = if self.chat.streams { Script::stream(200, stream::pieces(self)) } else { self.whole() };
        of_anthropic(script, self.id)
    }

    fn whole(&self) -> Script {
        let (blocks, end) = (self.blocks(), self.end());
        let tokens = blocks.iter().map(Block::tokens).sum();
        let mut message = self.message(blocks.iter().map(Block::to_json).collect());
        message["stop_reason"] = Value::from(end.reason.as_str());
        message["stop_sequence"] = Value::from(end.sequence.clone());
        if let Some(details) = end.details() {
            message["stop_details"] = details;
        }
        if let Some(usage) = self.reported_usage() {
            message["usage"] = usage.whole();
        }
        let mut script = Script::whole(200, "application/json", Bytes::from(message.to_string()));
        script.pieces.iter_mut().for_each(|piece| piece.tokens = tokens);
        script
    }

    /// The message with this content and no end.
    pub(super) fn message(&self, content: Vec<Value>) -> Value {
        json!({
            "id": format!("msg_sim{}", self.id), "type": "message", "role": "assistant", "model": self.chat.model,
            "content": content, "stop_reason": null, "stop_sequence": null,
        })
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let thought = self.answer.reasoning_tokens();
        match self.chat.thinking {
            Thinking::Shown if 0 < thought => blocks.push(Block::Thinking(thoughts(thought))),
            Thinking::Omitted if 0 < thought => blocks.push(Block::Thinking(Vec::new())),
            _ => {}
        }
        if self.extras {
            blocks.extend(self.others());
        }
        for delta in self.answer.choices.iter().flat_map(|choice| &choice.deltas) {
            match (&delta.content, blocks.last_mut()) {
                (Content::Text(text), Some(Block::Text(parts))) => parts.push((text.to_string(), delta.tokens)),
                (Content::Text(text), _) => blocks.push(Block::Text(vec![(text.to_string(), delta.tokens)])),
                (Content::Call(position, name), _) => {
                    let id = format!("toolu_sim{}_{position}", self.id);
                    blocks.push(Block::Call { id, name: (name.clone(), delta.tokens), input: Vec::new() });
                }
                (Content::Arguments(_, part), Some(Block::Call { input, .. })) => {
                    input.push((part.clone(), delta.tokens));
                }
                (Content::Arguments(..), _) => {}
            }
        }
        blocks
    }

    /// Blocks of the service's own tools, of thoughts that are hidden, and of a kind to come.
    fn others(&self) -> impl Iterator<Item = Block> {
        let id = format!("srvtoolu_sim{}", self.id);
        let blocks = [
            json!({"type": "redacted_thinking", "data": "c2ltdWxhdG9y"}),
            json!({"type": "server_tool_use", "id": id, "name": "web_search", "input": {"query": "text"}}),
            json!({"type": "web_search_tool_result", "tool_use_id": id, "content": []}),
            json!({"type": "kind_to_come", "text": "not to be shown"}),
        ];
        blocks.into_iter().map(Block::Other)
    }

    pub(super) fn end(&self) -> End {
        let finish = self.answer.choices.first().map_or(&Finish::Stop, |choice| &choice.finish);
        let (reason, sequence) = match finish {
            Finish::Stop => ("end_turn", None),
            Finish::StopSequence(sequence) => ("stop_sequence", Some(sequence.clone())),
            Finish::Length => ("max_tokens", None),
            Finish::ToolCalls => ("tool_use", None),
            Finish::Native(reason) => (reason.as_str(), None),
        };
        End { reason: reason.to_owned(), sequence }
    }

    pub(super) fn reported_usage(&self) -> Option<Usage> {
        match self.fault {
            Fault { missing_usage: true, .. } => None,
            Fault { explicit_zero_usage: true, .. } => Some(Usage::zero()),
            _ => Some(self.usage),
        }
    }
}

impl End {
    /// What is said besides the reason of a refusal.
    pub(super) fn details(&self) -> Option<Value> {
        (self.reason == "refusal").then(|| json!({"type": "refusal", "category": null, "explanation": null}))
    }
}

impl Block {
    fn tokens(&self) -> u64 {
        let (name, parts) = match self {
            Self::Thinking(parts) | Self::Text(parts) => (0, parts),
            Self::Call { name, input, .. } => (name.1, input),
            Self::Other(_) => return 0,
        };
        name + parts.iter().map(|(_, tokens)| tokens).sum::<u64>()
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Other(block) => block.clone(),
            Self::Thinking(parts) => {
                let thinking = joined(parts);
                json!({"type": "thinking", "signature": base64::signature(&thinking), "thinking": thinking})
            }
            Self::Text(parts) => json!({"type": "text", "text": joined(parts)}),
            // An input that the maximum cut is no JSON; the service leaves it out.
            Self::Call { id, name, input } => {
                let input: Value = serde_json::from_str(&joined(input)).unwrap_or_else(|_| json!({}));
                json!({"type": "tool_use", "id": id, "name": name.0, "input": input})
            }
        }
    }
}

pub(super) fn joined(parts: &[Part]) -> String {
    parts.iter().map(|(part, _)| part.as_str()).collect()
}

fn thoughts(tokens: u64) -> Vec<Part> {
    let word = |position| text::word(Alphabet::Ascii, WORDS_BEFORE_THOUGHT, position).to_owned();
    (0..usize::try_from(tokens).unwrap_or(0)).map(|position| (word(position), 1)).collect()
}
