//! A streamed answer of Anthropic's: events → chunks for the client.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error;
use super::response::content::{Block, Content, finish_reason, read};
use super::response::refusal;
use super::response::usage::Counts;
use crate::answer::chunks::{Chunks, Delta};
use crate::answer::completion::FinishReason;
use crate::answer::{AnswerContext, ChatChunk, UpstreamError};
use crate::providers::Brought;
use crate::providers::sse::Event;

/// More blocks than an honest answer has open at once; it bounds what is remembered of a stream.
const MAX_OPEN_BLOCKS: usize = 64;

/// Decodes one stream.
#[derive(Debug)]
pub struct Decoder {
    chunks: Chunks,
    content: Content,
    counts: Counts,
    stage: Stage,
    /// Blocks that have begun and not ended, with their index.
    open: Vec<(u64, Open)>,
    /// How many calls have been told.
    calls: usize,
    /// The role has been told, which is told with the first of what follows: an upstream that fails before that can
    /// still be replaced by another.
    has_role: bool,
    /// Something of the answer's content has been told.
    has_spoken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Waiting,
    Begun,
    /// The reason of its end has come.
    Finished,
    Done,
}

/// A block that has not ended.
#[derive(Clone, Copy, Debug)]
enum Open {
    Text,
    /// The call of this number; whether it has arguments yet.
    Call {
        call: usize,
        has_arguments: bool,
    },
    /// The tool whose input is the content.
    Answer {
        has_arguments: bool,
    },
    /// The model generates it, the client does not see it.
    Unseen,
}

#[derive(Deserialize)]
struct Sent<'a> {
    r#type: String,
    index: Option<u64>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Begun<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    r#type: String,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_json: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Ended<'a> {
    stop_reason: Option<String>,
    #[serde(borrow)]
    stop_details: Option<&'a RawValue>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        Self {
            chunks: Chunks::new(&context),
            content: Content::new(context.wants_json),
            counts: Counts::default(),
            stage: Stage::Waiting,
            open: Vec::new(),
            calls: 0,
            has_role: false,
            has_spoken: false,
        }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// Where the upstream tells an error, or something that is no event. The stream is of no further use then.
    pub fn push(&mut self, event: &Event, mut brought: Brought<'_>) -> Result<(), UpstreamError> {
        let data = std::str::from_utf8(&event.data).map_err(|_| UpstreamError::undecodable())?.trim();
        if self.is_done() || data.is_empty() {
            return Ok(());
        }
        let sent: Sent<'_> = read(data)?;
        match (sent.r#type.as_str(), self.stage) {
            ("error", _) => Err(error::within(data.as_bytes())),
            ("message_start", Stage::Waiting) => self.begin(sent.message, &mut brought),
            ("content_block_start", Stage::Begun) => self.begin_block(&sent, &mut brought),
            ("content_block_delta", Stage::Begun) => self.take_piece(&sent, &mut brought),
            ("content_block_stop", Stage::Begun) => {
                let index = sent.index.unwrap_or_default();
                let ended = self.open.iter().position(|(open, _)| *open == index);
                ended.into_iter().for_each(|at| self.end_block(at, &mut brought));
                Ok(())
            }
            ("message_delta", Stage::Begun | Stage::Finished) => self.take_end(&sent, &mut brought),
            ("message_stop", Stage::Begun | Stage::Finished) => {
                // An end without a reason is one all the same.
                self.finish(None, &mut brought);
                self.stage = Stage::Done;
                Ok(())
            }
            (kind, Stage::Begun | Stage::Waiting) if is_of_message(kind) => Err(UpstreamError::undecodable()),
            // A ping, what comes behind the finish, and events that are not known.
            _ => Ok(()),
        }
    }

    /// Whether the stream has had its last event.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether the answer is complete: the reason of its end has come. The mark of the end that follows adds nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.stage >= Stage::Finished
    }

    /// To be asked when the upstream has closed the stream.
    ///
    /// # Errors
    /// Where the answer is not complete.
    pub fn end(&self) -> Result<(), UpstreamError> {
        if self.is_finished() { Ok(()) } else { Err(UpstreamError::truncated()) }
    }

    /// The chunk that tells the usage.
    #[must_use]
    pub fn usage_chunk(&self, usage_object: &str) -> Bytes {
        self.chunks.usage(usage_object)
    }

    /// The input is counted before anything is generated.
    fn begin(&mut self, message: Option<&RawValue>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let begun: Begun<'_> = read(message.map_or("", RawValue::get))?;
        self.counts.take(begun.usage.map_or("", RawValue::get));
        self.stage = Stage::Begun;
        if let Some(usage) = self.counts.reported_input() {
            brought.chunks.push(ChatChunk { json: None, finishes: false, usage: Some(usage) });
        }
        Ok(())
    }

    fn begin_block(&mut self, sent: &Sent<'_>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let index = sent.index.unwrap_or_default();
        if self.open.len() >= MAX_OPEN_BLOCKS || self.open.iter().any(|(open, _)| *open == index) {
            return Err(UpstreamError::undecodable());
        }
        let open = match Block::parse(sent.content_block.map_or("", RawValue::get))? {
            Block::Text(text) => {
                self.say(text, brought);
                Open::Text
            }
            Block::Thinking(thinking) => {
                brought.text.push_str(&thinking);
                Open::Unseen
            }
            Block::ToolUse { name, .. } if self.content.is_answered_by(&name) => {
                if self.content.tool() {
                    Open::Answer { has_arguments: false }
                } else {
                    Open::Unseen
                }
            }
            Block::ToolUse { id, name, .. } => {
                let call = self.calls;
                self.calls += 1;
                let (id, name) = (id.as_str(), name.as_str());
                self.tell(Delta::Call { call, id, name }, brought);
                Open::Call { call, has_arguments: false }
            }
            Block::Other => Open::Unseen,
        };
        self.open.push((index, open));
        Ok(())
    }

    fn take_piece(&mut self, sent: &Sent<'_>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let index = sent.index.unwrap_or_default();
        let open = self.open.iter_mut().find(|(open, _)| *open == index).map(|(_, open)| open);
        let open = open.ok_or_else(UpstreamError::undecodable)?;
        let piece: Piece<'_> = read(sent.delta.map_or("", RawValue::get))?;
        let said = match piece.r#type.as_str() {
            "text_delta" => piece.text,
            "input_json_delta" => piece.partial_json,
            "thinking_delta" => {
                brought.text.push_str(&read::<String>(piece.thinking.map_or("\"\"", RawValue::get))?);
                return Ok(());
            }
            // Signatures, citations, and what is not known.
            _ => return Ok(()),
        };
        let said: String = read(said.map_or("\"\"", RawValue::get))?;
        if said.is_empty() {
            return Ok(());
        }
        match open {
            Open::Text => self.say(said, brought),
            Open::Call { call, has_arguments } => {
                *has_arguments = true;
                let call = *call;
                self.tell(Delta::Arguments { call, arguments: &said }, brought);
            }
            Open::Answer { has_arguments } => {
                *has_arguments = true;
                self.tell(Delta::Content(&said), brought);
            }
            Open::Unseen => brought.text.push_str(&said),
        }
        Ok(())
    }

    /// Ends the open block at this place: a call without arguments has none, and says so.
    fn end_block(&mut self, at: usize, brought: &mut Brought<'_>) {
        let arguments = "{}";
        match self.open.remove(at).1 {
            Open::Call { call, has_arguments: false } => self.tell(Delta::Arguments { call, arguments }, brought),
            Open::Answer { has_arguments: false } => self.tell(Delta::Content(arguments), brought),
            Open::Text | Open::Call { .. } | Open::Answer { .. } | Open::Unseen => {}
        }
    }

    /// What the answer has used is told with its end, and possibly once more behind it.
    fn take_end(&mut self, sent: &Sent<'_>, brought: &mut Brought<'_>) -> Result<(), UpstreamError> {
        let has_output = self.counts.take(sent.usage.map_or("", RawValue::get));
        let ended: Ended<'_> = read(sent.delta.map_or("{}", RawValue::get))?;
        if ended.stop_reason.is_some() {
            self.finish(Some(&ended), brought);
        }
        if let Some(usage) = self.counts.reported().filter(|_| has_output) {
            brought.chunks.push(ChatChunk { json: None, finishes: false, usage: Some(usage) });
        }
        Ok(())
    }

    fn finish(&mut self, ended: Option<&Ended<'_>>, brought: &mut Brought<'_>) {
        if self.stage >= Stage::Finished {
            return;
        }
        self.stage = Stage::Finished;
        while !self.open.is_empty() {
            self.end_block(0, brought);
        }
        if let Some(held) = self.content.end() {
            // It was counted when it came.
            self.tell(Delta::Content(&held), &mut Brought { text: &mut String::new(), chunks: brought.chunks });
        }
        let reason = finish_reason(ended.and_then(|ended| ended.stop_reason.as_deref()), self.calls);
        if reason == FinishReason::ContentFilter && !self.has_spoken {
            let why = refusal(ended.and_then(|ended| ended.stop_details).map(RawValue::get));
            self.tell(Delta::Refusal(&why), brought);
        }
        self.greet(brought);
        brought.chunks.push(self.chunks.finish(0, reason));
    }

    fn greet(&mut self, brought: &mut Brought<'_>) {
        if !std::mem::replace(&mut self.has_role, true) {
            brought.chunks.push(self.chunks.delta(0, Delta::Role, brought.text));
        }
    }

    /// A piece of text, which may have to be held back; it is counted in any case.
    fn say(&mut self, piece: String, brought: &mut Brought<'_>) {
        if piece.is_empty() {
            return;
        }
        brought.text.push_str(&piece);
        if let Some(content) = self.content.text(piece) {
            self.tell(Delta::Content(&content), &mut Brought { text: &mut String::new(), chunks: brought.chunks });
        }
    }

    fn tell(&mut self, delta: Delta<'_>, brought: &mut Brought<'_>) {
        self.greet(brought);
        brought.chunks.push(self.chunks.delta(0, delta, brought.text));
        self.has_spoken = true;
    }
}

/// Whether an event must not come out of its turn.
fn is_of_message(kind: &str) -> bool {
    matches!(
        kind,
        "message_start"
            | "message_delta"
            | "message_stop"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
    )
}

#[cfg(test)]
mod tests;
