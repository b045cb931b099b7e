//! The events of Anthropic's stream, gathered in writes so that the second write has the first token.

use serde_json::{Value, json};

use super::render::{Block, Part, Rendering, joined};
use crate::simulator::base64;
use crate::simulator::script::Piece;

/// One event as it is written: its name, which repeats its type, and its data.
pub(super) fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

/// The whole stream.
pub(super) fn pieces(rendering: &Rendering<'_>) -> Vec<Piece> {
    let mut message = rendering.message(Vec::new());
    let usage = rendering.reported_usage();
    if let Some(usage) = usage {
        message["usage"] = usage.at_start();
    }
    let waiting = event(&json!({"type": "message_start", "message": message}));
    let mut writer = Writer { pieces: Vec::new(), waiting, extras: rendering.extras };
    let blocks = rendering.blocks();
    if !matches!(blocks.first(), Some(Block::Thinking(_) | Block::Text(_))) {
        writer.say(&json!({"type": "ping"}));
        writer.write(0);
    }
    for (index, block) in blocks.iter().enumerate() {
        writer.block(index, block);
    }
    writer.end(rendering);
    writer.pieces
}

struct Writer {
    pieces: Vec<Piece>,
    /// Events of the next write.
    waiting: String,
    extras: bool,
}

impl Writer {
    fn say(&mut self, data: &Value) {
        self.waiting.push_str(&event(data));
    }

    fn write(&mut self, tokens: u64) {
        let bytes = std::mem::take(&mut self.waiting).into();
        self.pieces.push(Piece { tokens, ..Piece::silent(bytes) });
    }

    fn block(&mut self, index: usize, block: &Block) {
        match block {
            Block::Thinking(parts) => {
                self.start(index, json!({"type": "thinking", "thinking": "", "signature": ""}));
                self.deltas(index, parts, ("thinking_delta", "thinking"));
                let signature = base64::signature(&joined(parts));
                self.delta(index, &json!({"type": "signature_delta", "signature": signature}));
            }
            Block::Text(parts) => {
                self.start(index, json!({"type": "text", "text": ""}));
                self.deltas(index, parts, ("text_delta", "text"));
                if self.extras {
                    let citation = json!({"type": "char_location", "cited_text": "text", "document_index": 0,
                        "document_title": null, "file_id": null, "start_char_index": 0, "end_char_index": 4});
                    self.delta(index, &json!({"type": "citations_delta", "citation": citation}));
                }
            }
            Block::Call { id, name: (name, tokens), input } => {
                let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                self.say(&json!({"type": "content_block_start", "index": index, "content_block": block}));
                self.delta(index, &json!({"type": "input_json_delta", "partial_json": ""}));
                self.write(*tokens);
                self.deltas(index, input, ("input_json_delta", "partial_json"));
            }
            Block::Other(block) => {
                self.say(&json!({"type": "content_block_start", "index": index, "content_block": block}));
                self.delta(index, &json!({"type": "delta_to_come", "text": "not to be shown"}));
                self.say(&json!({"type": "event_to_come", "index": index}));
            }
        }
        self.say(&json!({"type": "content_block_stop", "index": index}));
    }

    /// Begins a block whose beginning says nothing yet. The service pings after the first.
    fn start(&mut self, index: usize, block: Value) {
        self.say(&json!({"type": "content_block_start", "index": index, "content_block": block}));
        if index == 0 {
            self.say(&json!({"type": "ping"}));
        }
        self.write(0);
    }

    fn deltas(&mut self, index: usize, parts: &[Part], (kind, field): (&str, &str)) {
        for (part, tokens) in parts {
            self.delta(index, &json!({"type": kind, field: part}));
            self.write(*tokens);
        }
    }

    fn delta(&mut self, index: usize, delta: &Value) {
        self.say(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    fn end(&mut self, rendering: &Rendering<'_>) {
        let end = rendering.end();
        let mut delta = json!({"stop_reason": end.reason, "stop_sequence": end.sequence});
        if let Some(details) = end.details() {
            delta["stop_details"] = details;
        }
        let mut data = json!({"type": "message_delta", "delta": delta});
        if let Some(usage) = rendering.reported_usage() {
            data["usage"] = usage.at_end();
        }
        self.say(&data);
        self.write(0);
        self.say(&json!({"type": "message_stop"}));
        self.write(0);
    }
}
