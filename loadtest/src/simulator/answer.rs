//! What is answered, whatever the protocol: text, JSON or tool calls, in deltas whose tokens are known.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::simulator::control::Control;
use crate::simulator::faults::Fault;
use crate::simulator::schema;
use crate::simulator::text::{self, Alphabet, Counter};

/// Into how many deltas JSON is cut.
const JSON_DELTAS: usize = 6;
/// Sets the texts of neighbouring choices apart.
const WORDS_BETWEEN_CHOICES: usize = 7;

/// What a request wants of its answer, in no protocol's words.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// Choices asked for.
    pub(super) choices: u64,
    /// The most tokens of a choice.
    pub(super) max_tokens: Option<u64>,
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) tool_choice: ToolChoice<'a>,
    pub(super) parallel_tool_calls: bool,
    /// Whether the conversation ends with the results of tools.
    pub(super) after_results: bool,
    pub(super) format: Format<'a>,
    /// Texts before which the answer ends.
    pub(super) stops: Vec<&'a str>,
}

/// A tool that may be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool<'a> {
    pub(super) name: &'a str,
    /// The schema of its arguments; a tool without one takes none.
    pub(super) parameters: Option<&'a Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolChoice<'a> {
    None,
    Auto,
    Required,
    Named(&'a str),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Format<'a> {
    Text,
    JsonObject,
    JsonSchema(&'a Value),
}

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
    pub(super) finish: Finish,
}

/// Why a choice ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    /// One of the request's stops would have come next.
    StopSequence(String),
    Length,
    ToolCalls,
    /// As the control has it, in the provider's own word.
    Native(String),
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
    order: &'a Order<'a>,
    control: &'a Control,
    fault: &'a Fault,
    counter: &'a Counter,
}

/// What there is to say besides the request's own wishes.
#[derive(Clone, Copy)]
pub(super) struct Wishes<'a> {
    pub(super) control: &'a Control,
    pub(super) fault: &'a Fault,
}

impl Answer {
    pub(super) fn new(order: &Order<'_>, wishes: Wishes<'_>, counter: &Counter) -> Self {
        let maker = Maker { order, control: wishes.control, fault: wishes.fault, counter };
        let reasoning_tokens = maker.reasoning_tokens();
        let choices = (0..usize::try_from(order.choices).unwrap_or(1)).map(|index| maker.choice(index)).collect();
        Self { choices, reasoning_tokens }
    }

    /// All tokens of all choices, reasoning included.
    pub(super) fn completion_tokens(&self) -> u64 {
        self.spoken_tokens() + self.reasoning_tokens()
    }

    /// Tokens of all choices apart from reasoning.
    pub(super) fn spoken_tokens(&self) -> u64 {
        self.choices.iter().flat_map(|choice| &choice.deltas).map(|delta| delta.tokens).sum()
    }

    /// Reasoning tokens of all choices.
    pub(super) fn reasoning_tokens(&self) -> u64 {
        self.reasoning_tokens * self.choices.len() as u64
    }
}

impl Choice {
    /// Whether the first that is said is a tool call.
    pub(super) fn begins_with_call(&self) -> bool {
        matches!(self.deltas.first(), Some(Delta { content: Content::Call(..), .. }))
    }
}

impl Maker<'_> {
    fn choice(&self, index: usize) -> Choice {
        let mut choice = self.natural_choice(index);
        if let Some(finish) = &self.control.finish {
            choice.finish = Finish::Native(finish.clone());
        }
        choice
    }

    fn natural_choice(&self, index: usize) -> Choice {
        let calls = self.calls();
        if !calls.is_empty() {
            let preamble = usize::try_from(self.control.preamble_tokens.unwrap_or(0)).unwrap_or(0);
            let deltas = self.words(index, 0..preamble).chain(calls).collect();
            return self.within_maximum(deltas, Finish::ToolCalls);
        }
        let object = match self.order.format {
            Format::Text => return self.text(index),
            Format::JsonObject => json!({"answer": "text"}),
            Format::JsonSchema(schema) => schema::example(schema),
        };
        let split = self.counter.split(&object.to_string(), JSON_DELTAS).into_iter();
        let deltas = split.map(|(part, tokens)| Delta { content: Content::Text(part.into()), tokens });
        self.within_maximum(deltas.collect(), Finish::Stop)
    }

    /// Tokens of a choice, by the control and the maximum of the request.
    fn tokens(&self) -> u64 {
        self.control.tokens().min(self.order.max_tokens.unwrap_or(u64::MAX))
    }

    fn reasoning_tokens(&self) -> u64 {
        self.control.reasoning_tokens.unwrap_or(0).min(self.tokens())
    }

    fn word(&self, index: usize, position: usize) -> &'static str {
        let alphabet = if self.fault.byte_by_byte { Alphabet::MultiByte } else { Alphabet::Ascii };
        text::word(alphabet, index * WORDS_BETWEEN_CHOICES, position)
    }

    fn words(&self, index: usize, positions: std::ops::Range<usize>) -> impl Iterator<Item = Delta> {
        positions
            .map(move |position| Delta { content: Content::Text(Cow::Borrowed(self.word(index, position))), tokens: 1 })
    }

    fn text(&self, index: usize) -> Choice {
        let spoken = usize::try_from(self.tokens() - self.reasoning_tokens()).unwrap_or(usize::MAX);
        let mut deltas = Vec::with_capacity(spoken + 1);
        let mut position = 0;
        if let Some(bytes) = self.fault.huge_chunk {
            let mut huge = String::with_capacity(bytes + 16);
            while huge.len() < bytes {
                huge.push_str(self.word(index, position));
                position += 1;
            }
            deltas.push(Delta { content: Content::Text(huge.into()), tokens: position as u64 });
        }
        deltas.extend(self.words(index, position..position + spoken));
        let finish = if self.tokens() < self.control.tokens() { Finish::Length } else { Finish::Stop };
        self.stopped(Choice { deltas, finish })
    }

    /// The choice up to the first of the request's stops.
    fn stopped(&self, mut choice: Choice) -> Choice {
        let mut said = String::new();
        for position in 0..choice.deltas.len() {
            let Content::Text(text) = &choice.deltas[position].content else { continue };
            said.push_str(text);
            let found = self.order.stops.iter().filter_map(|stop| said.find(stop).map(|start| (start, *stop)));
            let Some((start, stop)) = found.min_by_key(|(start, _)| *start) else { continue };
            // A stop that began in an earlier delta takes back what of it was said.
            choice.deltas.truncate(position + 1);
            retract(&mut choice.deltas, said.len() - start);
            choice.finish = Finish::StopSequence(stop.to_owned());
            return choice;
        }
        choice
    }

    /// The calls that the request and its control want. After the result of a tool there are none, or a client that
    /// runs tools until there is text would run for ever.
    fn calls(&self) -> Vec<Delta> {
        let wanted = match (self.control.tool_calls, self.order.tool_choice) {
            _ if self.order.after_results => 0,
            (_, ToolChoice::None) => 0,
            (Some(wanted), _) => wanted,
            (None, ToolChoice::Auto) => 0,
            (None, ToolChoice::Required | ToolChoice::Named(_)) => 1,
        };
        let wanted = if self.order.parallel_tool_calls { wanted } else { wanted.min(1) };
        let is_candidate = |tool: &&Tool<'_>| match self.order.tool_choice {
            ToolChoice::Named(name) => tool.name == name,
            _ => true,
        };
        let tools = self.order.tools.iter().filter(is_candidate);
        tools
            .cycle()
            .take(usize::try_from(wanted).unwrap_or(0))
            .enumerate()
            .flat_map(|(position, tool)| self.call(position, tool))
            .collect()
    }

    fn call(&self, position: usize, tool: &Tool<'_>) -> Vec<Delta> {
        let name = tool.name.to_owned();
        let arguments = tool.parameters.map_or_else(|| json!({}), schema::example);
        let tokens = self.counter.count(&name);
        let start = Delta { content: Content::Call(position, name), tokens };
        let split = self.counter.split(&arguments.to_string(), JSON_DELTAS).into_iter();
        let rest = split.map(|(part, tokens)| Delta { content: Content::Arguments(position, part), tokens });
        std::iter::once(start).chain(rest).collect()
    }

    fn within_maximum(&self, mut deltas: Vec<Delta>, finish: Finish) -> Choice {
        let mut left = self.order.max_tokens.unwrap_or(u64::MAX) - self.reasoning_tokens();
        let whole = deltas.len();
        let fitting = deltas.iter().take_while(|delta| {
            let fits = delta.tokens <= left;
            left = left.saturating_sub(delta.tokens);
            fits
        });
        let fitting = fitting.count();
        deltas.truncate(fitting);
        Choice { deltas, finish: if fitting < whole { Finish::Length } else { finish } }
    }
}

/// Takes the last `bytes` of text back; a delta of which nothing is left goes, with its tokens.
fn retract(deltas: &mut Vec<Delta>, mut bytes: usize) {
    while 0 < bytes {
        let Some(Delta { content: Content::Text(text), .. }) = deltas.last_mut() else { return };
        if text.len() <= bytes {
            bytes -= text.len();
            deltas.pop();
        } else {
            *text = Cow::Owned(text[..text.len() - bytes].to_owned());
            return;
        }
    }
}
