//! A streamed answer of OpenAI's: events → chunks for the client.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

use super::error;
use crate::answer::fields::{Fields, ObjectWriter, is_blank, quoted};
use crate::answer::generated::{Generated, Part};
use crate::answer::{AnswerContext, ChatChunk, ReportedUsage, UpstreamError, is_ours, on_one_line};
use crate::providers::sse::Event;

/// OpenAI allows no more; it bounds what is remembered of a stream.
const MAX_CHOICES: usize = 128;
const DONE: &str = "[DONE]";

/// Decodes one stream.
#[derive(Debug)]
pub struct Decoder {
    context: AnswerContext,
    /// How every chunk begins, from `id` to `model`; the first chunk that is passed on decides.
    head: Option<String>,
    /// How every chunk ends.
    tail: String,
    choices: Vec<ChoiceState>,
    is_done: bool,
}

/// How far one choice has come.
#[derive(Debug)]
struct ChoiceState {
    index: u32,
    has_role: bool,
    is_finished: bool,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    delta: Option<Generated<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Part<'a>>,
}

/// What a choice of a chunk must lose before a client sees it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Repair {
    /// The role was told before: clients that add deltas up would read `assistantassistant`.
    role: bool,
    /// The finish reason is empty, or was told before.
    finish_reason: bool,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        let usage = if context.include_usage { ",\"usage\":null" } else { "" };
        let tail = format!(",\"provider\":{}{usage}}}", quoted(context.provider));
        Self { context, head: None, tail, choices: Vec::new(), is_done: false }
    }

    /// Takes the next event and appends what it generated to `text`. `None` where the event has nothing to tell.
    ///
    /// # Errors
    /// Where the upstream tells an error, or something that is no chunk. The stream is of no further use then.
    pub fn push(&mut self, event: &Event, text: &mut String) -> Result<Option<ChatChunk>, UpstreamError> {
        let data = std::str::from_utf8(&event.data).map_err(|_| UpstreamError::undecodable())?.trim();
        if data == DONE {
            self.is_done = true;
        }
        if self.is_done || data.is_empty() {
            return Ok(None);
        }
        let fields = Fields::parse(data).map_err(|_| UpstreamError::undecodable())?;
        if let Some(error) = error::within(&fields) {
            return Err(error);
        }
        let usage = fields.get("usage").and_then(ReportedUsage::parse);
        let raw = fields.get("choices").unwrap_or("null");
        let choices: Option<Vec<Choice<'_>>> = serde_json::from_str(raw).map_err(|_| UpstreamError::undecodable())?;
        let Some(choices) = choices.filter(|choices| !choices.is_empty()) else {
            return Ok(usage.map(|usage| ChatChunk { json: None, finishes: false, usage: Some(usage) }));
        };
        let (repairs, finishes) = self.note(&choices)?;
        choices.iter().filter_map(|choice| choice.delta.as_ref()).for_each(|delta| delta.append_to(text));
        let choices = repaired(raw, &repairs).map_err(|_| UpstreamError::undecodable())?;
        let json = self.render(&fields, &choices, data.len());
        Ok(Some(ChatChunk { json: Some(on_one_line(json).into()), finishes, usage }))
    }

    /// Whether `[DONE]` came.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether the answer is complete: `[DONE]` came, or every choice that was seen has its `finish_reason`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let asked = usize::try_from(self.context.choices).unwrap_or(usize::MAX);
        self.is_done || (self.choices.len() >= asked && self.all_finished())
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
        if self.is_done || self.all_finished() { Ok(()) } else { Err(UpstreamError::truncated()) }
    }

    /// The chunk that tells the usage: one of this stream, without choices.
    #[must_use]
    pub fn usage_chunk(&self, usage_object: &str) -> Bytes {
        let head = self.head.as_deref().map_or_else(|| Cow::Owned(self.head_of(None)), Cow::Borrowed);
        let mut writer = ObjectWriter::continuing(&head, head.len() + usage_object.len() + 64);
        writer.raw("\"choices\"", "[]");
        writer.raw("\"provider\"", &quoted(self.context.provider));
        writer.raw("\"usage\"", usage_object);
        on_one_line(writer.finish()).into()
    }

    /// Remembers how far the choices have come. Tells what must be repaired, and whether one of them ends here.
    fn note(&mut self, choices: &[Choice<'_>]) -> Result<(Vec<Repair>, bool), UpstreamError> {
        let mut repairs = Vec::with_capacity(choices.len());
        let mut finishes = false;
        for choice in choices {
            let state = self.state(choice.index.unwrap_or(0))?;
            let has_role = choice.delta.as_ref().is_some_and(|delta| delta.role.is_some());
            let role = has_role && std::mem::replace(&mut state.has_role, true);
            let reason = choice.finish_reason.as_ref().map(Part::raw);
            let ends = reason.is_some_and(|reason| !is_blank(reason)) && !state.is_finished;
            state.is_finished |= ends;
            finishes |= ends;
            repairs.push(Repair { role, finish_reason: reason.is_some() && !ends });
        }
        Ok((repairs, finishes))
    }

    fn state(&mut self, index: u32) -> Result<&mut ChoiceState, UpstreamError> {
        let at = match self.choices.iter().position(|choice| choice.index == index) {
            Some(at) => at,
            None if self.choices.len() < MAX_CHOICES => {
                self.choices.push(ChoiceState { index, has_role: false, is_finished: false });
                self.choices.len() - 1
            }
            None => return Err(UpstreamError::undecodable()),
        };
        self.choices.get_mut(at).ok_or_else(UpstreamError::undecodable)
    }

    fn render(&mut self, fields: &Fields<'_>, choices: &str, sent: usize) -> String {
        let head = match self.head.take() {
            Some(head) => head,
            None => self.head_of(Some(fields)),
        };
        let mut writer = ObjectWriter::continuing(&head, head.len() + sent + self.tail.len());
        for field in fields.iter() {
            match field.name.as_ref() {
                "id" | "object" | "created" | "model" | "usage" | "choices" => {}
                name if is_ours(name) => {}
                _ => writer.raw(field.key, field.value),
            }
        }
        writer.raw("\"choices\"", choices);
        self.head = Some(head);
        writer.finish_with(&self.tail)
    }

    /// The beginning of all chunks, with the id and the time of the upstream's first one where it has them.
    fn head_of(&self, first: Option<&Fields<'_>>) -> String {
        let given = |name: &str| first.and_then(|fields| fields.get(name)).filter(|value| !is_blank(value));
        let id = given("id").map_or_else(|| quoted(&self.context.answer_id()), str::to_owned);
        let created = given("created").map_or_else(|| self.context.created().to_string(), str::to_owned);
        let model = quoted(&self.context.model);
        format!("{{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":{model}")
    }
}

/// The choices without what a client must not see; as they were sent where there is nothing of the kind.
fn repaired<'a>(choices: &'a str, repairs: &[Repair]) -> Result<Cow<'a, str>, serde_json::Error> {
    if repairs.iter().all(|repair| *repair == Repair::default()) {
        return Ok(Cow::Borrowed(choices));
    }
    let each: Vec<Fields<'_>> = serde_json::from_str(choices)?;
    let each = each.iter().zip(repairs).map(|(choice, repair)| repair.apply(choice));
    Ok(Cow::Owned(format!("[{}]", each.collect::<Result<Vec<_>, _>>()?.join(","))))
}

impl Repair {
    fn apply(self, choice: &Fields<'_>) -> Result<String, serde_json::Error> {
        let mut writer = ObjectWriter::with_capacity(256);
        for field in choice.iter() {
            match field.name.as_ref() {
                "finish_reason" if self.finish_reason => writer.raw(field.key, "null"),
                "delta" if self.role => writer.raw(field.key, &without_role(field.value)?),
                _ => writer.raw(field.key, field.value),
            }
        }
        Ok(writer.finish())
    }
}

fn without_role(delta: &str) -> Result<String, serde_json::Error> {
    let mut writer = ObjectWriter::with_capacity(delta.len());
    for field in Fields::parse(delta)?.iter().filter(|field| field.name != "role") {
        writer.raw(field.key, field.value);
    }
    Ok(writer.finish())
}

#[cfg(test)]
mod tests;
