//! An answer in the form of Google's response, or of the parts of one.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Delivery;
use super::request::GenerateRequest;
use super::stream;
use super::usage::Usage;
use crate::simulator::answer::{Answer, Choice, Content, Finish};
use crate::simulator::base64;
use crate::simulator::faults::Fault;
use crate::simulator::script::Script;

/// What is shown of thoughts: a summary, whose tokens are not those that were thought.
const THOUGHT: &str = "**Considering the question**\n\nIt asks for something, which I am going to answer.\n";

/// An answer and what decides its form.
pub(super) struct Rendering<'a> {
    pub(super) id: u64,
    pub(super) chat: &'a GenerateRequest<'a>,
    pub(super) delivery: Delivery,
    pub(super) answer: &'a Answer,
    pub(super) usage: Usage,
    pub(super) fault: &'a Fault,
    /// The reason for which the prompt is blocked.
    pub(super) blocked: Option<&'a str>,
    pub(super) extras: bool,
}

/// A part of a candidate, with the tokens that are in it.
pub(super) struct Part {
    pub(super) json: Value,
    pub(super) tokens: u64,
}

impl Rendering<'_> {
    pub(super) fn script(&self) -> Script {
        match self.delivery {
            Delivery::Json => self.whole(),
            Delivery::Events | Delivery::Array => stream::script(self),
        }
    }

    fn whole(&self) -> Script {
        let choices = self.answer.choices.iter().enumerate();
        let mut tokens = 0;
        let candidates = choices.map(|(index, choice)| {
            let parts = self.parts(index, choice);
            tokens += parts.iter().map(|part| part.tokens).sum::<u64>();
            self.candidate(index, choice, parts)
        });
        let candidates: Vec<_> = candidates.collect();
        let mut response = self.response(self.usage);
        if self.blocked.is_none() {
            response["candidates"] = Value::Array(candidates);
        }
        let body = Bytes::from(format!("{response:#}\n"));
        let mut script = Script::whole(200, "application/json; charset=UTF-8", body);
        script.pieces.iter_mut().for_each(|piece| piece.tokens = if self.blocked.is_some() { 0 } else { tokens });
        script
    }

    /// The response without candidates.
    pub(super) fn response(&self, usage: Usage) -> Value {
        let mut response = json!({"modelVersion": self.chat.model.0, "responseId": format!("sim{}", self.id)});
        match self.fault {
            Fault { missing_usage: true, .. } => {}
            Fault { explicit_zero_usage: true, .. } => response["usageMetadata"] = Usage::zero().to_json(),
            _ => response["usageMetadata"] = usage.to_json(),
        }
        if let Some(reason) = self.blocked {
            let ratings =
                json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}]);
            response["promptFeedback"] = json!({"blockReason": reason, "safetyRatings": ratings});
        }
        response
    }

    fn candidate(&self, index: usize, choice: &Choice, parts: Vec<Part>) -> Value {
        let mut candidate = self.end(index, choice);
        let mut content = json!({"role": "model"});
        let mut joined: Vec<Value> = Vec::new();
        for part in parts {
            match joined.last_mut() {
                Some(last) if is_text(last) && is_text(&part.json) => {
                    let text =
                        [&last["text"], &part.json["text"]].map(|text| text.as_str().unwrap_or_default()).concat();
                    last["text"] = Value::String(text);
                }
                _ => joined.push(part.json),
            }
        }
        if !joined.is_empty() {
            content["parts"] = Value::Array(joined);
        }
        candidate["content"] = content;
        if let Some(logprobs) = self.logprobs(choice.deltas.iter().map(|delta| &delta.content)) {
            candidate["avgLogprobs"] = json!(-0.25);
            candidate["logprobsResult"] = logprobs;
        }
        candidate
    }

    /// A candidate with its end and nothing else.
    pub(super) fn end(&self, index: usize, choice: &Choice) -> Value {
        let mut candidate = json!({"finishReason": reason(&choice.finish)});
        match &choice.finish {
            Finish::Native(reason) if reason == "SAFETY" => {
                let rating = json!({"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": true});
                candidate["safetyRatings"] = json!([rating]);
            }
            Finish::Native(reason) if reason == "MALFORMED_FUNCTION_CALL" => {
                candidate["finishMessage"] = Value::from("Malformed function call: print(default_api.");
            }
            _ => {}
        }
        if self.extras {
            let source = json!({"startIndex": 0, "endIndex": 4, "uri": "https://example.com/"});
            candidate["citationMetadata"] = json!({"citationSources": [source]});
            candidate["tokenCount"] = Value::from(1);
        }
        if 0 < index {
            candidate["index"] = Value::from(index);
        }
        candidate
    }

    /// The parts of a candidate in the order in which they are said. A call that the maximum cut is left out.
    pub(super) fn parts(&self, index: usize, choice: &Choice) -> Vec<Part> {
        let mut parts = Vec::new();
        if self.chat.shows_thoughts && 0 < self.answer.reasoning_tokens() {
            parts.push(Part { json: json!({"text": THOUGHT, "thought": true}), tokens: 0 });
        }
        if self.extras {
            parts.extend(others().map(|json| Part { json, tokens: 0 }));
        }
        let mut deltas = choice.deltas.iter().peekable();
        while let Some(delta) = deltas.next() {
            match &delta.content {
                Content::Text(text) => parts.push(Part { json: json!({"text": text}), tokens: delta.tokens }),
                Content::Call(position, name) => {
                    let (mut arguments, mut tokens) = (String::new(), delta.tokens);
                    while let Some(Content::Arguments(_, part)) = deltas.peek().map(|next| &next.content) {
                        arguments.push_str(part);
                        tokens += deltas.next().map_or(0, |delta| delta.tokens);
                    }
                    if let Ok(args) = serde_json::from_str::<Value>(&arguments) {
                        parts.push(Part { json: self.call((index, *position), name, &args), tokens });
                    }
                }
                Content::Arguments(..) => {}
            }
        }
        parts
    }

    fn call(&self, (index, position): (usize, usize), name: &str, args: &Value) -> Value {
        let mut call = json!({"name": name, "args": args});
        if self.chat.model.signs_calls() {
            call["id"] = Value::from(format!("sim{}_{index}_{position}", self.id));
        }
        let mut part = json!({"functionCall": call});
        if self.chat.model.signs_calls() && position == 0 {
            part["thoughtSignature"] = Value::from(base64::signature(name));
        }
        part
    }

    /// Probabilities of the texts among `contents`, where the request wants them.
    pub(super) fn logprobs<'b>(&self, contents: impl Iterator<Item = &'b Content>) -> Option<Value> {
        let alternatives = usize::try_from(self.chat.top_logprobs?).unwrap_or(0);
        let text_of = |content: &'b Content| match content {
            Content::Text(text) => Some(text.as_ref()),
            Content::Call(..) | Content::Arguments(..) => None,
        };
        let chosen = |text: &str| json!({"token": text, "tokenId": 7, "logProbability": -0.25});
        let chosen: Vec<_> = contents.filter_map(text_of).map(chosen).collect();
        let top: Vec<_> = chosen.iter().map(|token| json!({"candidates": vec![token; alternatives]})).collect();
        Some(json!({"topCandidates": top, "chosenCandidates": chosen}))
    }
}

/// Parts that clients pass over: of the service's own tools, and of a kind to come.
fn others() -> impl Iterator<Item = Value> {
    let code = json!({"executableCode": {"language": "PYTHON", "code": "print(1)"}});
    let result = json!({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}});
    [code, result, json!({"partToCome": {"text": "not to be shown"}})].into_iter()
}

/// Whether it is a text that is no thought.
fn is_text(part: &Value) -> bool {
    part["text"].is_string() && part["thought"].is_null()
}

fn reason(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Native(reason) => reason,
    }
}
