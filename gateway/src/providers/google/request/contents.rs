//! The conversation.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::media::{self, Inline};
use super::model::Model;
use super::{Dropped, unsupported};
use crate::protocol::InvalidRequest;
use crate::protocol::conversation::{Content, Message, Role, ToolCall};
use crate::providers::google::response::call_id::CallId;

/// The conversation, without what is said beside it.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Part<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
}

/// What one side says before the other speaks.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
    /// Answers to calls stay apart from what the user says next.
    #[serde(skip)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Said,
    Answers,
}

/// One piece of a turn: exactly one field is set, but for the signature that comes with a call.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Inline<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<String>,
}

#[derive(Debug, Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    args: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    response: Answer<'a>,
}

/// What a function answered: an object as it is, anything else within one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Object(Cow<'a, RawValue>),
    Text { output: Cow<'a, str> },
}

/// Translates all messages.
pub(super) fn translate<'a>(
    messages: &'a [Message<'a>],
    model: Model,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, InvalidRequest> {
    let mut conversation = Conversation::default();
    for (at, message) in messages.iter().enumerate() {
        note_dropped(message, dropped);
        match message.role {
            Role::System => conversation.system.extend(said(message)),
            Role::User => conversation.add("user", Kind::Said, user_parts(message)?),
            Role::Assistant => {
                conversation.add("model", Kind::Said, assistant_parts(message, model)?);
                let rest = messages.get(at + 1..).unwrap_or_default();
                let count = rest.iter().take_while(|message| message.role == Role::Tool).count();
                let answers = answers(&message.tool_calls, rest.get(..count).unwrap_or_default(), model)?;
                conversation.add("user", Kind::Answers, answers);
            }
            // They were taken with the calls that they answer.
            Role::Tool => {}
            Role::Function => {
                let path = format!("messages[{}].role", message.index);
                let right = "must not be function, the deprecated form of tool: it is not supported by Google's models";
                return Err(InvalidRequest::of_param(&path, right));
            }
        }
    }
    conversation.check()?;
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    fn add(&mut self, role: &'static str, kind: Kind, parts: Vec<Part<'a>>) {
        match self.turns.last_mut() {
            _ if parts.is_empty() => {}
            Some(last) if last.role == role && last.kind == kind && kind == Kind::Said => last.parts.extend(parts),
            _ => self.turns.push(Turn { role, parts, kind }),
        }
    }

    fn check(&self) -> Result<(), InvalidRequest> {
        let wrong = |right| Err(InvalidRequest::of_param("messages", right));
        let Some(first) = self.turns.first() else {
            return wrong("must have a user message that says something to be answered by Google's models");
        };
        if first.parts.iter().any(|part| part.function_call.is_some()) {
            return wrong("must have a user message before the first tool_calls to be understood by Google's models");
        }
        Ok(())
    }
}

/// What Google's models have nothing for, and is no part of what is said.
fn note_dropped(message: &Message<'_>, dropped: &mut Dropped) {
    if message.has_name {
        dropped.note("messages.name");
    }
    for part in &message.parts {
        if part.cache_control.is_some() {
            dropped.note("messages.cache_control");
        }
        if part.has_cache_breakpoint {
            dropped.note("prompt_cache_breakpoint");
        }
        match &part.content {
            Content::Image { has_detail: true, .. } => dropped.note("image_url.detail"),
            Content::File { data: Some(_), name: Some(_) } => dropped.note("file.filename"),
            _ => {}
        }
    }
}

fn text(text: &str) -> Part<'_> {
    Part { text: Some(text), ..Part::default() }
}

fn inline(data: Inline<'_>) -> Part<'_> {
    Part { inline_data: Some(data), ..Part::default() }
}

/// The texts of a message. Upstream a blank one is an error, and here it says nothing.
fn said<'a>(message: &'a Message<'_>) -> impl Iterator<Item = Part<'a>> {
    message.parts.iter().filter_map(|part| match &part.content {
        Content::Text(said) | Content::Refusal(said) if !said.trim().is_empty() => Some(text(said)),
        _ => None,
    })
}

fn user_parts<'a>(message: &'a Message<'_>) -> Result<Vec<Part<'a>>, InvalidRequest> {
    let translate = |(index, part): (usize, &'a crate::protocol::conversation::Part<'_>)| {
        let path = message.path(index);
        Ok(match &part.content {
            Content::Text(said) | Content::Refusal(said) if said.trim().is_empty() => {
                let right = "must say something: blank text is not understood by Google's models";
                return Err(InvalidRequest::of_param(&path, right));
            }
            Content::Text(said) | Content::Refusal(said) => text(said),
            Content::Image { url, .. } => inline(media::image(url, &path)?),
            Content::Audio { data, format } => inline(media::audio(data, format)),
            Content::File { data, .. } => inline(media::file(data.as_deref(), &path)?),
        })
    };
    message.parts.iter().enumerate().map(translate).collect()
}

/// What the model said before: its texts, then its calls.
fn assistant_parts<'a>(message: &'a Message<'_>, model: Model) -> Result<Vec<Part<'a>>, InvalidRequest> {
    if let Some(field) = message.legacy {
        return Err(unsupported(&format!("messages[{}].{field}", message.index)));
    }
    let mut parts: Vec<_> = said(message).collect();
    for (index, call) in message.tool_calls.iter().enumerate() {
        if call.is_custom {
            let right = "must be function: calls of custom tools are not known by Google's models";
            return Err(InvalidRequest::of_param(&message.call_path(index, "type"), right));
        }
        let Some(args) = arguments(&call.arguments) else {
            let right = "must be the text of a JSON object to be understood by Google's models";
            return Err(InvalidRequest::of_param(&message.call_path(index, "function.arguments"), right));
        };
        let id = CallId::read(&call.id);
        parts.push(Part {
            function_call: Some(FunctionCall { id: model.has_call_ids().then_some(id.id), name: &call.name, args }),
            thought_signature: if model.has_signatures() { id.signature } else { None },
            ..Part::default()
        });
    }
    Ok(parts)
}

/// The text of a call's arguments as JSON; `None` where it is not one object.
fn arguments(text: &str) -> Option<&RawValue> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    object(text)
}

fn object(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok().filter(|raw: &&RawValue| raw.get().starts_with('{'))
}

/// The answers to `calls` in the order of the calls, because two calls of one function are told apart by nothing else.
fn answers<'a>(
    calls: &'a [ToolCall<'a>],
    answers: &'a [Message<'a>],
    model: Model,
) -> Result<Vec<Part<'a>>, InvalidRequest> {
    let mut unused: Vec<_> = answers.iter().map(Some).collect();
    let mut parts = Vec::with_capacity(calls.len());
    for call in calls {
        let is_answer = |message: &&Message<'_>| message.tool_call_id == call.id;
        let next = unused.iter_mut().find(|message| message.as_ref().is_some_and(is_answer));
        // Calls that share an id may share an answer: the request was taken as valid.
        let answer = next.and_then(Option::take).or_else(|| answers.iter().find(is_answer));
        let id = model.has_call_ids().then(|| CallId::read(&call.id).id);
        let response = answer.map_or(Answer::Text { output: Cow::Borrowed("") }, answer_of);
        let function_response = Some(FunctionResponse { id, name: &call.name, response });
        parts.push(Part { function_response, ..Part::default() });
    }
    if let Some(message) = unused.into_iter().flatten().next() {
        let path = format!("messages[{}].tool_call_id", message.index);
        let right = "must not be answered twice: one answer for each call is what is understood by Google's models";
        return Err(InvalidRequest::of_param(&path, right));
    }
    Ok(parts)
}

fn answer_of<'a>(message: &'a Message<'_>) -> Answer<'a> {
    let mut texts = message.parts.iter().filter_map(|part| match &part.content {
        Content::Text(text) => Some(text.as_ref()),
        _ => None,
    });
    let first = texts.next().unwrap_or_default();
    let rest: String = texts.collect();
    if rest.is_empty() {
        let raw = object(first).map(Cow::Borrowed).map(Answer::Object);
        return raw.unwrap_or(Answer::Text { output: Cow::Borrowed(first) });
    }
    let whole = format!("{first}{rest}");
    match object(&whole) {
        Some(raw) => Answer::Object(Cow::Owned(raw.to_owned())),
        None => Answer::Text { output: Cow::Owned(whole) },
    }
}
