//! A streamed answer of Google's: events → chunks for the client.

use bytes::Bytes;

use super::response::finish::{self, SoFar};
use super::response::usage::{self, Output};
use super::response::{Candidate, Generated, MAX_CANDIDATES, Said, read};
use crate::answer::chunks::{Chunks, Delta};
use crate::answer::completion::FinishReason;
use crate::answer::{AnswerContext, ChatChunk, UpstreamError};
use crate::providers::Brought;
use crate::providers::sse::Event;

/// Google has no such mark, but servers that imitate it do.
const DONE: &str = "[DONE]";

/// Decodes one stream.
#[derive(Debug)]
pub struct Decoder {
    chunks: Chunks,
    /// How many choices were asked for.
    asked: usize,
    one_tool_call: bool,
    choices: Vec<ChoiceState>,
    /// The prompt was refused: nothing more comes.
    is_blocked: bool,
    output: Output,
    is_done: bool,
}

/// How far one choice has come.
#[derive(Debug, Default)]
struct ChoiceState {
    index: u32,
    has_role: bool,
    has_text: bool,
    /// How many calls it has made, those included that the client is not told.
    calls: usize,
    is_finished: bool,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        Self {
            chunks: Chunks::new(&context),
            asked: usize::try_from(context.choices).unwrap_or(usize::MAX),
            one_tool_call: context.one_tool_call,
            choices: Vec::new(),
            is_blocked: false,
            output: Output::Nothing,
            is_done: false,
        }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// Where the upstream tells an error, or something that is no event. The stream is of no further use then.
    pub fn push(&mut self, event: &Event, brought: Brought<'_>) -> Result<(), UpstreamError> {
        let data = std::str::from_utf8(&event.data).map_err(|_| UpstreamError::undecodable())?.trim();
        self.is_done |= data == DONE;
        if self.is_done || data.is_empty() {
            return Ok(());
        }
        let generated = read(data)?;
        let Brought { text, chunks } = brought;
        let told = self.tell(&generated, &mut Brought { text, chunks });
        // The counts tell of what came in this event too, so that they must stand behind it.
        let usage = generated.usage_metadata.and_then(|usage| usage::parse(usage.get(), self.output));
        if usage.is_some() {
            chunks.push(ChatChunk { json: None, finishes: false, usage });
        }
        told
    }

    /// Whether the stream has had its last event. Only the end of the connection is a sure sign of that.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether every choice has finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_blocked || (self.choices.len() >= self.asked && self.all_finished())
    }

    /// Whether each choice that has begun has finished. Servers that ignore how many were asked for begin fewer.
    fn all_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|choice| choice.is_finished)
    }

    /// To be asked when the upstream has closed the stream.
    ///
    /// # Errors
    /// Where the answer is not complete: what looks like an end was a cut.
    pub fn end(&self) -> Result<(), UpstreamError> {
        if self.is_blocked || self.all_finished() { Ok(()) } else { Err(UpstreamError::truncated()) }
    }

    /// The chunk that tells the usage.
    #[must_use]
    pub fn usage_chunk(&self, usage_object: &str) -> Bytes {
        self.chunks.usage(usage_object)
    }

    fn tell(&mut self, generated: &Generated<'_>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        if self.is_blocked {
            return Ok(());
        }
        for candidate in generated.candidates.iter().flatten() {
            self.tell_candidate(candidate, brought)?;
        }
        match generated.block() {
            Some(reason) => self.block(reason, brought),
            None => Ok(()),
        }
    }

    fn tell_candidate(&mut self, candidate: &Candidate<'_>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let Self { chunks, choices, one_tool_call, output, .. } = self;
        let choice = state(choices, candidate.index.unwrap_or(0))?;
        // Nothing may follow a finish.
        if choice.is_finished {
            return Ok(());
        }
        let scores = candidate.logprobs();
        let mut scores = scores.as_ref().map(|scores| scores.get());
        for said in candidate.said() {
            *output = said.output().max(*output);
            match said {
                // It costs as much as what is told.
                Said::Thought(thought) => brought.text.push_str(thought),
                Said::Text(piece) => {
                    choice.has_text = true;
                    let delta = scores.take().map_or(Delta::Content(piece), |scores| Delta::Scored(piece, scores));
                    choice.add(chunks, delta, brought);
                }
                Said::Call(call) if *one_tool_call && choice.calls > 0 => {
                    choice.calls += 1;
                    brought.text.push_str(call.name);
                    brought.text.push_str(&call.arguments);
                }
                Said::Call(call) => {
                    let number = choice.calls;
                    choice.calls += 1;
                    choice.add(chunks, Delta::Call { call: number, id: &call.told_id(), name: call.name }, brought);
                    choice.add(chunks, Delta::Arguments { call: number, arguments: &call.arguments }, brought);
                }
            }
        }
        let Some(reason) = candidate.finish_reason() else { return Ok(()) };
        let so_far = SoFar { has_text: choice.has_text, has_calls: choice.calls > 0 };
        let reason = finish::translate(Some(reason), so_far)?;
        choice.finish(chunks, reason, brought);
        Ok(())
    }

    /// The prompt, or what there is of the answer, was blocked.
    fn block(&mut self, reason: &str, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let Self { chunks, choices, .. } = self;
        self.is_blocked = true;
        if choices.is_empty() {
            state(choices, 0)?.add(chunks, Delta::Refusal(&finish::refusal(reason)), brought);
        }
        for choice in choices.iter_mut().filter(|choice| !choice.is_finished) {
            choice.finish(chunks, FinishReason::ContentFilter, brought);
        }
        Ok(())
    }
}

impl ChoiceState {
    fn add(&mut self, chunks: &Chunks, delta: Delta<'_>, brought: &mut Brought<'_>) {
        self.begin(chunks, brought);
        brought.chunks.push(chunks.delta(self.index, delta, brought.text));
    }

    fn finish(&mut self, chunks: &Chunks, reason: FinishReason, brought: &mut Brought<'_>) {
        self.begin(chunks, brought);
        self.is_finished = true;
        brought.chunks.push(chunks.finish(self.index, reason));
    }

    /// The role is told with the first that there is to tell, so that an answer that fails before has not begun.
    fn begin(&mut self, chunks: &Chunks, brought: &mut Brought<'_>) {
        if !std::mem::replace(&mut self.has_role, true) {
            brought.chunks.push(chunks.delta(self.index, Delta::Role, brought.text));
        }
    }
}

fn state(choices: &mut Vec<ChoiceState>, index: u32) -> Result<&mut ChoiceState, UpstreamError> {
    let at = match choices.iter().position(|choice| choice.index == index) {
        Some(at) => at,
        None if choices.len() < MAX_CANDIDATES => {
            choices.push(ChoiceState { index, ..ChoiceState::default() });
            choices.len() - 1
        }
        None => return Err(UpstreamError::undecodable()),
    };
    choices.get_mut(at).ok_or_else(UpstreamError::undecodable)
}

#[cfg(test)]
mod tests;
