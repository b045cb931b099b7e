//! Messages: turns of a user and of an assistant, in turn, and what the system says before them.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::RawValue;

use super::blocks::{Block, Said, is_blank};
use super::cache::{CacheControl, CacheMarks};
use super::dropped::Dropped;
use super::ids::Ids;
use super::media::{File, image};
use super::models::Abilities;
use crate::protocol::conversation::{Content, Message, Part, Role, ToolCall};
use crate::protocol::{InvalidRequest, quote};

/// Stands for the user where an assistant opens the conversation, which Anthropic does not take. It says as little as
/// a text can.
const OPENING: &str = ".";
/// The longest name of a tool.
const MAX_NAME_CHARS: usize = 64;

/// One turn.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'m> {
    role: Speaker,
    content: Vec<Block<'m>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    User,
    Assistant,
}

/// A conversation in Anthropic's form.
#[derive(Debug, Default)]
pub(super) struct Turns<'m> {
    pub(super) turns: Vec<Turn<'m>>,
    system: Vec<(&'m str, Option<CacheControl>)>,
    /// The names of the tools that were called, each once.
    pub(super) called: Vec<&'m str>,
    known: HashSet<&'m str>,
    ids: Ids<'m>,
}

/// What a translation of messages takes along.
pub(super) struct Translation<'t> {
    pub(super) abilities: Abilities,
    pub(super) marks: &'t mut CacheMarks,
    pub(super) dropped: &'t mut Dropped,
}

impl<'m> Turns<'m> {
    /// Translates a whole conversation.
    pub(super) fn of(messages: &'m [Message<'m>], with: &mut Translation<'_>) -> Result<Self, InvalidRequest> {
        let mut turns = Self::default();
        for message in messages {
            turns.take(message, with)?;
        }
        turns.finish(messages, with.abilities)?;
        Ok(turns)
    }

    /// What the system says: one text, or blocks where one of its parts is marked for the cache.
    pub(super) fn system(&self) -> Option<Said<'m>> {
        if self.system.is_empty() {
            return None;
        }
        if self.system.iter().any(|(_, mark)| mark.is_some()) {
            let block = |(text, cache_control): &(&'m str, _)| Block::Text { text, cache_control: *cache_control };
            return Some(Said::Blocks(self.system.iter().map(block).collect()));
        }
        if let [(only, _)] = self.system[..] {
            return Some(Said::Text(Cow::Borrowed(only)));
        }
        let texts: Vec<&str> = self.system.iter().map(|(text, _)| *text).collect();
        Some(Said::Text(Cow::Owned(texts.join("\n\n"))))
    }

    /// Whether the assistant's last turn made calls: their results are what it is to go on with.
    pub(super) fn is_tool_loop(&self) -> bool {
        let last = self.turns.iter().rev().find(|turn| turn.role == Speaker::Assistant);
        last.is_some_and(|turn| turn.content.iter().any(|block| matches!(block, Block::ToolUse { .. })))
    }

    /// Whether the assistant is to go on with what it says last.
    pub(super) fn has_prefill(&self) -> bool {
        self.turns.last().is_some_and(|turn| turn.role == Speaker::Assistant)
    }

    fn take(&mut self, message: &'m Message<'m>, with: &mut Translation<'_>) -> Result<(), InvalidRequest> {
        if message.role == Role::Function {
            let param = format!("messages[{}].role", message.index);
            return Err(InvalidRequest::of_param(&param, "must be tool rather than function, for Anthropic's models"));
        }
        if let Some(field) = message.legacy {
            let param = format!("messages[{}].{field}", message.index);
            return Err(InvalidRequest::of_param(&param, "must be left out, for Anthropic's models"));
        }
        if message.has_name {
            with.dropped.note("messages.name");
        }
        if message.parts.iter().any(|part| part.has_cache_breakpoint) {
            with.dropped.note("prompt_cache_breakpoint");
        }
        match message.role {
            Role::System => self.system_says(message, with),
            Role::User => self.user_says(message, with),
            Role::Assistant => self.assistant_says(message, with),
            Role::Tool | Role::Function => self.tool_says(message, with),
        }
    }

    fn system_says(&mut self, message: &'m Message<'m>, with: &mut Translation<'_>) -> Result<(), InvalidRequest> {
        for (at, part) in message.parts.iter().enumerate() {
            let mark = with.marks.read(part.cache_control, || message.path(at))?;
            self.system.extend(text_of(part).filter(|text| !is_blank(text)).map(|text| (text, mark)));
        }
        Ok(())
    }

    fn user_says(&mut self, message: &'m Message<'m>, with: &mut Translation<'_>) -> Result<(), InvalidRequest> {
        for (at, part) in message.parts.iter().enumerate() {
            let path = message.path(at);
            let cache_control = with.marks.read(part.cache_control, || path.clone())?;
            let block = match &part.content {
                Content::Text(text) | Content::Refusal(text) if is_blank(text) => {
                    let right = "must have a text that is not blank, for Anthropic's models";
                    return Err(InvalidRequest::of_param(&path, right));
                }
                Content::Text(text) | Content::Refusal(text) => Block::Text { text, cache_control },
                Content::Image { url, has_detail } => {
                    if *has_detail {
                        with.dropped.note("image_url.detail");
                    }
                    image(url, &path, cache_control)?
                }
                Content::Audio { .. } => {
                    let right = "must be left out: Anthropic's models do not hear";
                    return Err(InvalidRequest::of_param(&format!("{path}.input_audio"), right));
                }
                Content::File { data, name } => {
                    let file = File { data: data.as_deref(), name: name.as_deref() };
                    file.block((&path, cache_control), with.abilities, with.dropped)?
                }
            };
            self.push(Speaker::User, block);
        }
        Ok(())
    }

    /// Blank texts are skipped: clients send them beside calls, and they say nothing.
    fn assistant_says(&mut self, message: &'m Message<'m>, with: &mut Translation<'_>) -> Result<(), InvalidRequest> {
        for (at, part) in message.parts.iter().enumerate() {
            let cache_control = with.marks.read(part.cache_control, || message.path(at))?;
            if let Some(text) = text_of(part).filter(|text| !is_blank(text)) {
                self.push(Speaker::Assistant, Block::Text { text, cache_control });
            }
        }
        if !message.tool_calls.is_empty() {
            self.ids.begin();
        }
        for (at, call) in message.tool_calls.iter().enumerate() {
            let input = check_call(message, (at, call))?;
            let id = self.ids.call(message, at)?;
            if self.known.insert(&call.name) {
                self.called.push(&call.name);
            }
            self.push(Speaker::Assistant, Block::ToolUse { id, name: &call.name, input });
        }
        Ok(())
    }

    /// Neighbouring results become one user's turn, as Anthropic wants the results of one turn's calls.
    fn tool_says(&mut self, message: &'m Message<'m>, with: &mut Translation<'_>) -> Result<(), InvalidRequest> {
        let tool_use_id = self.ids.answer(message)?;
        let mut cache_control = None;
        for (at, part) in message.parts.iter().enumerate() {
            // Anthropic marks a result as a whole, so one mark per message counts.
            if cache_control.is_none() {
                cache_control = with.marks.read(part.cache_control, || message.path(at))?;
            }
        }
        let texts: Vec<&str> = message.parts.iter().filter_map(text_of).filter(|text| !is_blank(text)).collect();
        let content = match texts[..] {
            [] => None,
            [only] => Some(Said::Text(Cow::Borrowed(only))),
            _ => Some(Said::Blocks(texts.into_iter().map(Block::text).collect())),
        };
        self.push(Speaker::User, Block::ToolResult { tool_use_id, content, cache_control });
        Ok(())
    }

    fn push(&mut self, role: Speaker, block: Block<'m>) {
        if self.turns.is_empty() && role == Speaker::Assistant {
            self.turns.push(Turn { role: Speaker::User, content: vec![Block::text(OPENING)] });
        }
        match self.turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.content.push(block),
            None => self.turns.push(Turn { role, content: vec![block] }),
        }
    }

    fn finish(&mut self, messages: &[Message<'_>], abilities: Abilities) -> Result<(), InvalidRequest> {
        if self.turns.is_empty() {
            let right = "must have a message of a user or an assistant, for Anthropic's models";
            return Err(InvalidRequest::of_param("messages", right));
        }
        if !self.has_prefill() {
            return Ok(());
        }
        if !abilities.takes_prefill {
            let last = messages.iter().rfind(|message| message.role == Role::Assistant).map_or(0, |last| last.index);
            let right =
                "must not be an assistant's, being the last: this one of Anthropic's models does not go on with it";
            return Err(InvalidRequest::of_param(&format!("messages[{last}]"), right));
        }
        // Anthropic refuses white space at the very end, from where the assistant goes on.
        if let Some(Block::Text { text, .. }) = self.turns.last_mut().and_then(|turn| turn.content.last_mut()) {
            *text = text.trim_end();
        }
        Ok(())
    }
}

fn text_of<'m>(part: &'m Part<'_>) -> Option<&'m str> {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) => Some(text),
        Content::Image { .. } | Content::Audio { .. } | Content::File { .. } => None,
    }
}

/// The arguments of a call, which must be one JSON object, as they were sent; nothing counts as an empty one.
fn check_call<'m>(
    message: &Message<'_>,
    (at, call): (usize, &'m ToolCall<'_>),
) -> Result<&'m RawValue, InvalidRequest> {
    let refuse = |field: &str, right: String| Err(InvalidRequest::of_param(&message.call_path(at, field), right));
    if call.is_custom {
        return refuse("type", "must be function: Anthropic's models have no custom tools".to_owned());
    }
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if call.name.len() > MAX_NAME_CHARS || !call.name.bytes().all(in_alphabet) {
        let name = quote(&call.name);
        let right =
            format!("must be up to {MAX_NAME_CHARS} letters, digits, _ and - for Anthropic's models, not {name}");
        return refuse("function.name", right);
    }
    let arguments = if is_blank(&call.arguments) { "{}" } else { &*call.arguments };
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(object) if object.get().starts_with('{') => Ok(object),
        _ => refuse("function.arguments", "must be a JSON object, for Anthropic's models".to_owned()),
    }
}
