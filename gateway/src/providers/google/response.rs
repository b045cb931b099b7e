//! A whole answer of Google's.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error;
use crate::answer::completion::{Answered, Choice, FinishReason, Message, ToolCall};
use crate::answer::{AnswerContext, ChatAnswer, UpstreamError};

pub(super) mod call_id;
pub(super) mod compact;
pub(super) mod finish;
mod logprobs;
pub(super) mod usage;

use compact::compact;
use logprobs::Scores;
use usage::Output;

/// More than can be asked for; it bounds what is remembered of a stream.
pub(super) const MAX_CANDIDATES: usize = 128;
const NO_ARGUMENTS: &str = "{}";

/// An answer, or what one event of a stream tells of it. Whatever is not told has its field left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generated<'a> {
    #[serde(borrow, default)]
    pub(super) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(borrow, default)]
    pub(super) usage_metadata: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(borrow, default)]
    logprobs_result: Option<Scores<'a>>,
}

#[derive(Debug, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(default)]
    text: Option<String>,
    /// The text is a thought, which is no part of the answer.
    #[serde(default)]
    thought: Option<bool>,
    #[serde(borrow, default)]
    function_call: Option<FunctionCall<'a>>,
    #[serde(default)]
    thought_signature: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FunctionCall<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
}

/// Where a candidate stands.
struct Place {
    index: u32,
    /// The answer was blocked, so that a candidate without an end of its own ends there.
    is_blocked: bool,
    one_tool_call: bool,
}

/// What a part is to a client.
#[derive(Debug)]
pub(super) enum Said<'p> {
    Text(&'p str),
    /// Counts, but is not told.
    Thought(&'p str),
    Call(Call<'p>),
}

/// A call of a function.
#[derive(Debug)]
pub(super) struct Call<'p> {
    pub(super) name: &'p str,
    /// The text of a JSON object, on one line.
    pub(super) arguments: Cow<'p, str>,
    id: Option<&'p str>,
    signature: Option<&'p str>,
}

/// Decodes the body under a status of success.
///
/// # Errors
/// Where the body tells an error all the same, or has no candidates and no reason for that.
pub fn decode(body: &Bytes, context: &AnswerContext) -> Result<ChatAnswer, UpstreamError> {
    let text = std::str::from_utf8(body).map_err(|_| UpstreamError::undecodable())?;
    let generated = read(text)?;
    let candidates = generated.candidates.as_deref().unwrap_or_default();
    let choices = choices(&generated, context)?;
    let (mut output, mut said_in_all) = (Output::Nothing, String::new());
    for said in candidates.iter().flat_map(Candidate::said) {
        output = said.output().max(output);
        said.append_to(&mut said_in_all);
    }
    let usage = generated.usage_metadata.and_then(|usage| usage::parse(usage.get(), output));
    let answered = Answered { choices, generated: said_in_all, usage };
    ChatAnswer::of(context, answered).ok_or_else(UpstreamError::undecodable)
}

fn choices(generated: &Generated<'_>, context: &AnswerContext) -> Result<Vec<Choice>, UpstreamError> {
    let candidates = generated.candidates.as_deref().unwrap_or_default();
    match (candidates, generated.block()) {
        ([], None) => Err(UpstreamError::undecodable()),
        ([], Some(reason)) => Ok(vec![Choice {
            index: 0,
            message: Message::refusal(&finish::refusal(reason)),
            logprobs: None,
            finish_reason: FinishReason::ContentFilter,
        }]),
        (candidates, block) => {
            let place = |index| Place { index, is_blocked: block.is_some(), one_tool_call: context.one_tool_call };
            let placed = indices(candidates).map(place).zip(candidates);
            placed.map(|(place, candidate)| candidate.choice(place)).collect()
        }
    }
}

/// Reads a JSON text that should be an answer, or a part of one.
pub(super) fn read(text: &str) -> Result<Generated<'_>, UpstreamError> {
    match error::within(text) {
        Some(error) => Err(error),
        None if !text.trim_start().starts_with('{') => Err(UpstreamError::undecodable()),
        None => serde_json::from_str(text).map_err(|_| UpstreamError::undecodable()),
    }
}

/// The places of the candidates. One without an index is the first, unless others are too.
fn indices(candidates: &[Candidate<'_>]) -> impl Iterator<Item = u32> {
    let mut told = HashSet::with_capacity(candidates.len());
    let are_distinct = candidates.iter().all(|candidate| told.insert(candidate.index.unwrap_or(0)));
    let index = move |(place, candidate): (u32, &Candidate<'_>)| {
        if are_distinct { candidate.index.unwrap_or(0) } else { place }
    };
    (0..).zip(candidates).map(index)
}

impl Generated<'_> {
    /// Why the prompt was not answered.
    pub(super) fn block(&self) -> Option<&str> {
        let feedback = self.prompt_feedback.as_ref()?;
        feedback.block_reason.as_deref().filter(|reason| !reason.is_empty())
    }
}

impl Candidate<'_> {
    pub(super) fn finish_reason(&self) -> Option<&str> {
        self.finish_reason.as_deref().filter(|reason| !reason.is_empty())
    }

    /// What it says, in order.
    pub(super) fn said(&self) -> impl Iterator<Item = Said<'_>> {
        let parts = self.content.as_ref().and_then(|content| content.parts.as_deref());
        parts.unwrap_or_default().iter().flat_map(Part::said)
    }

    /// OpenAI's `logprobs` object for what it says.
    pub(super) fn logprobs(&self) -> Option<Box<RawValue>> {
        self.logprobs_result.as_ref().and_then(Scores::translate)
    }

    fn choice(&self, place: Place) -> Result<Choice, UpstreamError> {
        let Place { index, is_blocked, one_tool_call } = place;
        let (mut content, mut tool_calls) = (String::new(), Vec::new());
        for said in self.said() {
            match said {
                Said::Text(text) => content.push_str(text),
                Said::Call(_) if one_tool_call && !tool_calls.is_empty() => {}
                Said::Call(call) => {
                    tool_calls.push(ToolCall::new(call.told_id(), call.name.to_owned(), call.arguments.into_owned()));
                }
                Said::Thought(_) => {}
            }
        }
        let so_far = finish::SoFar { has_text: !content.is_empty(), has_calls: !tool_calls.is_empty() };
        let finish_reason = match self.finish_reason() {
            None if is_blocked => FinishReason::ContentFilter,
            reason => finish::translate(reason, so_far)?,
        };
        let says_nothing = !so_far.has_text && (so_far.has_calls || finish_reason == FinishReason::ContentFilter);
        let message = Message::new((!says_nothing).then_some(content), tool_calls);
        Ok(Choice { index, message, logprobs: self.logprobs(), finish_reason })
    }
}

impl Said<'_> {
    pub(super) const fn output(&self) -> Output {
        match self {
            Self::Thought(_) => Output::Thoughts,
            Self::Text(_) | Self::Call(_) => Output::Answer,
        }
    }

    /// Appends what was generated.
    fn append_to(&self, text: &mut String) {
        match self {
            Self::Thought(said) | Self::Text(said) => text.push_str(said),
            Self::Call(call) => text.extend([call.name, &call.arguments]),
        }
    }
}

impl Part<'_> {
    fn said(&self) -> Option<Said<'_>> {
        let text = self.text.as_deref().filter(|text| !text.is_empty());
        if self.thought == Some(true) {
            return text.map(Said::Thought);
        }
        if let Some(call) = &self.function_call {
            let arguments = call.args.map(RawValue::get).filter(|args| args.starts_with('{'));
            return Some(Said::Call(Call {
                name: call.name.as_deref().unwrap_or_default(),
                arguments: arguments.map_or(Cow::Borrowed(NO_ARGUMENTS), compact),
                id: call.id.as_deref(),
                signature: self.thought_signature.as_deref(),
            }));
        }
        text.map(Said::Text)
    }
}

impl Call<'_> {
    /// The id that the client is told.
    pub(super) fn told_id(&self) -> String {
        call_id::told(self.id, self.signature)
    }
}

#[cfg(test)]
mod tests;
