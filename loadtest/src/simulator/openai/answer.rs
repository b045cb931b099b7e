//! What is answered: text, JSON or tool calls, in deltas whose tokens are known.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::request::{ChatRequest, Format, ToolChoice};
use super::schema;
use crate::simulator::control::Control;
use crate::simulator::faults::Fault;
use crate::simulator::text::{self, Alphabet, Counter};

/// Into how many deltas JSON is cut.
const JSON_DELTAS: usize = 6;
/// Sets the texts of neighbouring choices apart.
const WORDS_BETWEEN_CHOICES: usize = 7;

/// The whole answer, before it takes a form.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) choices: Vec<Choice>,
    /// Of each choice.
    reasoning_tokens: u64,
}

#[derive(Debug)]
pub(super) struct Choice {
    pub(super) deltas: Vec<Delta>,
    pub(super) finish: &'static str,
}

/// A part of a choice that is streamed as one chunk.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) content: Content,
    pub(super) tokens: u64,
}

#[derive(Debug)]
pub(super) enum Content {
    Text(Cow<'static, str>),
    /// A tool call begins: its position among the calls, and the tool's name.
    Call(usize, String),
    /// More of the arguments of the call at that position.
    Arguments(usize, String),
}

/// What an answer is made from.
struct Maker<'a> {
    chat: &'a ChatRequest<'a>,
    control: &'a Control,
    fault: &'a Fault,
    counter: &'a Counter,
}

impl Answer {
    pub(super) fn new(chat: &ChatRequest<'_>, control: &Control, fault: &Fault, counter: &Counter) -> Self {
        let maker = Maker { chat, control, fault, counter };
        let reasoning_tokens = maker.reasoning_tokens();
        let choices = (0..usize::try_from(chat.n).unwrap_or(1)).map(|index| maker.choice(index)).collect();
        Self { choices, reasoning_tokens }
    }

    /// All tokens of all choices, reasoning included.
    pub(super) fn completion_tokens(&self) -> u64 {
        self.spoken_tokens() + self.reasoning_tokens()
    }

    /// Tokens that are sent.
    pub(super) fn spoken_tokens(&self) -> u64 {
        self.choices.iter().flat_map(|choice| &choice.deltas).map(|delta| delta.tokens).sum()
    }

    /// Reasoning tokens of all choices.
    pub(super) fn reasoning_tokens(&self) -> u64 {
        self.reasoning_tokens * self.choices.len() as u64
    }
}

impl Maker<'_> {
    fn choice(&self, index: usize) -> Choice {
        let calls = self.calls();
        if !calls.is_empty() {
            return self.within_maximum(calls, "tool_calls");
        }
        let object = match self.chat.format {
            Format::Text => return self.text(index),
            Format::JsonObject => json!({"answer": "text"}),
            Format::JsonSchema(schema) => schema::example(schema),
        };
        let split = self.counter.split(&object.to_string(), JSON_DELTAS).into_iter();
        let deltas = split.map(|(part, tokens)| Delta { content: Content::Text(part.into()), tokens });
        self.within_maximum(deltas.collect(), "stop")
    }

    /// Tokens of a choice, by the control and the maximum of the request.
    fn tokens(&self) -> u64 {
        self.control.tokens().min(self.chat.max_tokens.unwrap_or(u64::MAX))
    }

    fn reasoning_tokens(&self) -> u64 {
        self.control.reasoning_tokens.unwrap_or(0).min(self.tokens())
    }

    fn text(&self, index: usize) -> Choice {
        let alphabet = if self.fault.byte_by_byte { Alphabet::MultiByte } else { Alphabet::Ascii };
        let word = |position| text::word(alphabet, index * WORDS_BETWEEN_CHOICES, position);
        let spoken = usize::try_from(self.tokens() - self.reasoning_tokens()).unwrap_or(usize::MAX);
        let mut deltas = Vec::with_capacity(spoken + 1);
        let mut position = 0;
        if let Some(bytes) = self.fault.huge_chunk {
            let mut huge = String::with_capacity(bytes + 16);
            while huge.len() < bytes {
                huge.push_str(word(position));
                position += 1;
            }
            deltas.push(Delta { content: Content::Text(huge.into()), tokens: position as u64 });
        }
        let words = (position..position + spoken).map(|position| Cow::Borrowed(word(position)));
        deltas.extend(words.map(|word| Delta { content: Content::Text(word), tokens: 1 }));
        let finish = if self.tokens() < self.control.tokens() { "length" } else { "stop" };
        Choice { deltas, finish }
    }

    /// The calls that the request and its control want. After the result of a tool there are none, or a client that
    /// runs tools until there is text would run for ever.
    fn calls(&self) -> Vec<Delta> {
        let after_results = self.chat.messages.last().is_some_and(|message| message["role"] == "tool");
        let wanted = match (self.control.tool_calls, self.chat.tool_choice) {
            _ if after_results => 0,
            (_, ToolChoice::None) => 0,
            (Some(wanted), _) => wanted,
            (None, ToolChoice::Auto) => 0,
            (None, ToolChoice::Required | ToolChoice::Named(_)) => 1,
        };
        let wanted = if self.chat.parallel_tool_calls { wanted } else { wanted.min(1) };
        let is_candidate = |function: &&Value| match self.chat.tool_choice {
            ToolChoice::Named(name) => function["name"] == name,
            _ => true,
        };
        let functions = self.chat.tools.iter().filter_map(|tool| tool.get("function")).filter(is_candidate);
        functions
            .cycle()
            .take(usize::try_from(wanted).unwrap_or(0))
            .enumerate()
            .flat_map(|call| self.call(call))
            .collect()
    }

    fn call(&self, (position, function): (usize, &Value)) -> Vec<Delta> {
        let name = function["name"].as_str().unwrap_or_default().to_owned();
        let arguments = function.get("parameters").map_or_else(|| json!({}), schema::example);
        let tokens = self.counter.count(&name);
        let start = Delta { content: Content::Call(position, name), tokens };
        let split = self.counter.split(&arguments.to_string(), JSON_DELTAS).into_iter();
        let rest = split.map(|(part, tokens)| Delta { content: Content::Arguments(position, part), tokens });
        std::iter::once(start).chain(rest).collect()
    }

    fn within_maximum(&self, mut deltas: Vec<Delta>, finish: &'static str) -> Choice {
        let mut left = self.chat.max_tokens.unwrap_or(u64::MAX) - self.reasoning_tokens();
        let whole = deltas.len();
        let fitting = deltas.iter().take_while(|delta| {
            let fits = delta.tokens <= left;
            left = left.saturating_sub(delta.tokens);
            fits
        });
        let fitting = fitting.count();
        deltas.truncate(fitting);
        Choice { deltas, finish: if fitting < whole { "length" } else { finish } }
    }
}
