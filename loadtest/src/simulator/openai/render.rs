//! An answer in the form of OpenAI's JSON object or of its stream of chunks.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::request::{ChatRequest, Delivery};
use super::usage::Usage;
use crate::simulator::answer::{Answer, Choice, Content, Delta, Finish};
use crate::simulator::faults::Fault;
use crate::simulator::script::{Piece, Script};

/// The real service pads chunks so that their sizes do not tell the text; the gateway must not pass this on.
const OBFUSCATION: &str = r#","obfuscation":"simul8""#;
const CHUNK_BYTES: usize = 320;

/// An answer and what decides its form.
pub(super) struct Rendering<'a> {
    pub(super) id: u64,
    pub(super) chat: &'a ChatRequest<'a>,
    pub(super) answer: &'a Answer,
    pub(super) usage: Usage,
    pub(super) fault: &'a Fault,
}

impl Rendering<'_> {
    pub(super) fn script(&self) -> Script {
        match self.chat.delivery {
            Delivery::Json => self.whole(),
            Delivery::Stream { .. } => Script::stream(200, self.chunks()),
        }
    }

    fn whole(&self) -> Script {
        let choices: Vec<_> =
            self.answer.choices.iter().enumerate().map(|(index, choice)| self.choice(index, choice)).collect();
        let mut body = json!({
            "id": self.answer_id(), "object": "chat.completion", "created": unix_seconds(),
            "model": self.chat.model, "choices": choices, "service_tier": "default",
            "system_fingerprint": "fp_simulator",
        });
        if let Some(usage) = self.reported_usage() {
            body["usage"] = usage.to_json();
        }
        let mut script = Script::whole(200, "application/json", Bytes::from(body.to_string()));
        script.pieces.iter_mut().for_each(|piece| piece.tokens = self.answer.spoken_tokens());
        script
    }

    fn choice(&self, index: usize, choice: &Choice) -> Value {
        let mut text: Option<String> = None;
        let mut calls: Vec<Value> = Vec::new();
        let mut arguments: Vec<String> = Vec::new();
        for delta in &choice.deltas {
            match &delta.content {
                Content::Text(part) => text.get_or_insert_default().push_str(part),
                Content::Call(position, name) => {
                    calls.push(
                        json!({"id": self.call_id(index, *position), "type": "function", "function": {"name": name}}),
                    );
                    arguments.push(String::new());
                }
                Content::Arguments(position, part) => arguments[*position].push_str(part),
            }
        }
        for (call, arguments) in calls.iter_mut().zip(arguments) {
            call["function"]["arguments"] = Value::String(arguments);
        }
        let content = text.or_else(|| calls.is_empty().then(String::new));
        let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
        if !calls.is_empty() {
            message["tool_calls"] = Value::Array(calls);
        }
        let logprobs = self.logprobs(&choice.deltas);
        json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": reason(&choice.finish)})
    }

    fn chunks(&self) -> Vec<Piece> {
        let chunk = Chunk::new(self);
        let longest = self.answer.choices.iter().map(|choice| choice.deltas.len()).max().unwrap_or(0);
        let mut output = BytesMut::with_capacity(CHUNK_BYTES * (longest + 4) * self.answer.choices.len());
        let mut pieces = Vec::with_capacity((longest + 3) * self.answer.choices.len() + 2);
        let silent = |bytes: BytesMut| Piece::silent(bytes.freeze());
        let choices = || self.answer.choices.iter().enumerate();
        for (index, choice) in choices() {
            let content = if choice.begins_with_call() { "null" } else { "\"\"" };
            let role = format!(r#"{{"role":"assistant","content":{content},"refusal":null}}"#);
            pieces.push(silent(chunk.write(
                &mut output,
                index,
                Event { delta: &role, logprobs: "null", finish: "null" },
            )));
        }
        // Choices take turns, as the tokens of a batch do.
        for position in 0..longest {
            for (index, choice) in choices() {
                let Some(delta) = choice.deltas.get(position) else { continue };
                let logprobs =
                    self.logprobs(std::slice::from_ref(delta)).map_or_else(|| "null".to_owned(), |it| it.to_string());
                let json = self.delta(index, delta);
                let event = Event { delta: &json, logprobs: &logprobs, finish: "null" };
                pieces.push(Piece { tokens: delta.tokens, ..silent(chunk.write(&mut output, index, event)) });
            }
        }
        for (index, choice) in choices() {
            let finish = quoted(reason(&choice.finish));
            pieces.push(silent(chunk.write(
                &mut output,
                index,
                Event { delta: "{}", logprobs: "null", finish: &finish },
            )));
        }
        if let (Delivery::Stream { include_usage: true, .. }, Some(usage)) = (self.chat.delivery, self.reported_usage())
        {
            pieces.push(silent(chunk.write_usage(&mut output, usage)));
        }
        pieces.push(Piece::silent(Bytes::from_static(b"data: [DONE]\n\n")));
        pieces
    }

    fn delta(&self, choice: usize, delta: &Delta) -> String {
        match &delta.content {
            Content::Text(text) => format!(r#"{{"content":{}}}"#, quoted(text)),
            Content::Call(position, name) => {
                let (id, name) = (self.call_id(choice, *position), quoted(name));
                format!(
                    r#"{{"tool_calls":[{{"index":{position},"id":"{id}","type":"function","function":{{"name":{name},"arguments":""}}}}]}}"#
                )
            }
            Content::Arguments(position, text) => {
                format!(r#"{{"tool_calls":[{{"index":{position},"function":{{"arguments":{}}}}}]}}"#, quoted(text))
            }
        }
    }

    /// Probabilities of the texts among `deltas`, where the request wants them.
    fn logprobs(&self, deltas: &[Delta]) -> Option<Value> {
        let alternatives = usize::try_from(self.chat.top_logprobs?).unwrap_or(0);
        let text_of = |delta: &Delta| match &delta.content {
            Content::Text(text) => Some(text.clone()),
            Content::Call(..) | Content::Arguments(..) => None,
        };
        let texts = deltas.iter().filter_map(text_of);
        let content: Vec<_> = texts
            .map(|text| {
                let token = json!({"token": text, "logprob": -0.25, "bytes": text.as_bytes()});
                let mut with_top = token.clone();
                with_top["top_logprobs"] = Value::Array(vec![token; alternatives]);
                with_top
            })
            .collect();
        Some(json!({"content": content, "refusal": null}))
    }

    fn reported_usage(&self) -> Option<Usage> {
        match self.fault {
            Fault { missing_usage: true, .. } => None,
            Fault { explicit_zero_usage: true, .. } => Some(Usage::zero()),
            _ => Some(self.usage),
        }
    }

    fn answer_id(&self) -> String {
        format!("chatcmpl-sim{}", self.id)
    }

    fn call_id(&self, choice: usize, position: usize) -> String {
        format!("call_sim{}_{choice}_{position}", self.id)
    }
}

/// What all chunks of a stream have in common.
struct Chunk {
    beginning: String,
    end: String,
}

/// What one chunk says, each part in JSON.
struct Event<'a> {
    delta: &'a str,
    logprobs: &'a str,
    finish: &'a str,
}

impl Chunk {
    fn new(rendering: &Rendering<'_>) -> Self {
        let (id, created, model) = (rendering.answer_id(), unix_seconds(), quoted(rendering.chat.model));
        let (usage, obfuscation) = match rendering.chat.delivery {
            Delivery::Stream { include_usage, include_obfuscation } => (
                if include_usage { r#","usage":null"# } else { "" },
                if include_obfuscation { OBFUSCATION } else { "" },
            ),
            Delivery::Json => ("", ""),
        };
        let beginning = format!(
            r#"data: {{"id":"{id}","object":"chat.completion.chunk","created":{created},"model":{model},"service_tier":"default","system_fingerprint":"fp_simulator","choices":["#
        );
        Self { beginning, end: format!("]{usage}{obfuscation}}}\n\n") }
    }

    fn write(&self, output: &mut BytesMut, choice: usize, event: Event<'_>) -> BytesMut {
        output.put_slice(self.beginning.as_bytes());
        output.put_slice(b"{\"index\":");
        output.put_slice(choice.to_string().as_bytes());
        output.put_slice(b",\"delta\":");
        output.put_slice(event.delta.as_bytes());
        output.put_slice(b",\"logprobs\":");
        output.put_slice(event.logprobs.as_bytes());
        output.put_slice(b",\"finish_reason\":");
        output.put_slice(event.finish.as_bytes());
        output.put_slice(b"}");
        output.put_slice(self.end.as_bytes());
        output.split()
    }

    fn write_usage(&self, output: &mut BytesMut, usage: Usage) -> BytesMut {
        output.put_slice(self.beginning.as_bytes());
        output.put_slice(b"],\"usage\":");
        output.put_slice(usage.to_json().to_string().as_bytes());
        output.put_slice(b"}\n\n");
        output.split()
    }
}

fn reason(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Native(reason) => reason,
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
