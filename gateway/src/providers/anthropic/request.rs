//! A customer's request in the words of Anthropic's Messages.
//!
//! Numbers, schemas and arguments go upstream digit for digit as the client sent them, and images are written once,
//! from the client's body.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::protocol::toolbox::{NamedSchema, ResponseFormat};
use crate::protocol::{ChatRequest, InvalidRequest};
use crate::providers::{Encoded, Target};

use self::blocks::Said;
use self::cache::CacheMarks;
use self::dropped::Dropped;
use self::messages::{Translation, Turn, Turns};
use self::models::Abilities;
use self::params::{Metadata, Sampling};
use self::thinking::{Mode, Question};
use self::tools::{Choice, Definition, Toolbox};

mod blocks;
mod cache;
mod dropped;
mod ids;
mod media;
mod messages;
mod models;
mod params;
mod thinking;
mod tools;

/// What a body has beside what the client sent, at most in ordinary requests.
const USUAL_EXTRA_BYTES: usize = 1_024;

/// Anthropic refuses fields that it does not know, so there are no others.
#[derive(Serialize)]
struct Body<'m> {
    model: &'m str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Said<'m>>,
    messages: &'m [Turn<'m>],
    #[serde(flatten)]
    sampling: Sampling<'m>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'m [Definition<'m>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Mode>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    output_config: OutputConfig<'m>,
}

#[derive(Serialize)]
struct OutputConfig<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'m>>,
}

/// The schema that the model itself promises to keep.
#[derive(Serialize)]
struct Format<'m> {
    r#type: &'static str,
    schema: &'m RawValue,
}

impl OutputConfig<'_> {
    const fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

/// The body for the upstream.
///
/// # Errors
/// Where the request asks for what cannot be said.
pub fn encode(request: &ChatRequest, target: &Target<'_>) -> Result<Encoded, InvalidRequest> {
    let (abilities, mut marks, mut dropped) = (Abilities::of(target.model), CacheMarks::default(), Dropped::default());
    params::refuse(request)?;
    params::leave_out(request, &mut dropped);
    let max_tokens = params::max_tokens(request, target)?;
    let sampling = Sampling::of(request)?;

    let tools = request.tools()?;
    let messages = request.conversation()?;
    let format = request.response_format()?;
    let mut toolbox = Toolbox::of(request, &tools, (abilities, &mut marks, &mut dropped))?;
    let translation = &mut Translation { abilities, marks: &mut marks, dropped: &mut dropped };
    let turns = Turns::of(&messages, translation)?;

    let (is_tool_loop, has_prefill) = (turns.is_tool_loop(), turns.has_prefill());
    let question = Question { request, abilities, max_tokens, sampling, is_tool_loop, has_prefill };
    let thinking = question.mode(&mut dropped)?;
    if thinking.is_some() && toolbox.is_forced() {
        let right = "must be auto or none where reasoning_effort is set, for Anthropic's models";
        return Err(InvalidRequest::of_param("tool_choice", right));
    }
    let form = Form { has_tools: !tools.is_empty(), thinks: thinking.is_some(), abilities };
    let format = form.ask(&format, &mut toolbox, (&turns.called, &mut dropped))?;

    let body = Body {
        model: target.model,
        max_tokens,
        system: turns.system(),
        messages: &turns.turns,
        sampling,
        stop_sequences: params::stop(request)?,
        stream: request.is_stream().then_some(true),
        tools: &toolbox.tools,
        tool_choice: toolbox.choice,
        metadata: params::metadata(request, &mut dropped)?,
        thinking,
        output_config: OutputConfig {
            effort: match thinking {
                Some(Mode::Adaptive { effort }) => Some(effort),
                Some(Mode::Enabled { .. }) | None => None,
            },
            format,
        },
    };
    let sent = ["messages", "tools", "response_format"].iter().filter_map(|name| request.raw(name)).map(str::len);
    let mut json = Vec::with_capacity(sent.sum::<usize>() + USUAL_EXTRA_BYTES);
    let wrong = |_| InvalidRequest::of_param("messages", "has a form that cannot be translated");
    serde_json::to_writer(&mut json, &body).map_err(wrong)?;
    Ok(Encoded { body: Bytes::from(json), dropped: dropped.into_names() })
}

/// What the way of asking for JSON depends on.
#[derive(Clone, Copy)]
struct Form {
    has_tools: bool,
    thinks: bool,
    abilities: Abilities,
}

impl Form {
    /// Asks for the form of the answer: by a schema that the model keeps, or by a tool that it must call.
    ///
    /// The native way knows fewer schemas than OpenAI's API where that is not asked to be strict, so it is taken where
    /// the client wants a promise, or where a forced call is not possible.
    fn ask<'m>(
        self,
        format: &'m ResponseFormat<'m>,
        toolbox: &mut Toolbox<'m>,
        (called, dropped): (&[&'m str], &mut Dropped),
    ) -> Result<Option<Format<'m>>, InvalidRequest> {
        toolbox.recall(called)?;
        let named: Option<&'m NamedSchema<'m>> = match format {
            ResponseFormat::Text => return Ok(None),
            ResponseFormat::JsonObject => None,
            ResponseFormat::JsonSchema(named) => Some(named),
        };
        let is_strict = named.is_some_and(|named| named.strict == Some(true));
        if let Some(schema) = named.and_then(|named| named.schema)
            && self.abilities.has_native_schemas
            && (is_strict || self.has_tools || self.thinks)
        {
            return Ok(Some(Format { r#type: "json_schema", schema }));
        }
        let refuse = |right: &str| Err(InvalidRequest::of_param("response_format", right));
        if self.has_tools {
            return refuse("must be text or left out where tools are set, for this one of Anthropic's models");
        }
        if self.thinks {
            return refuse(
                "must be text or left out where reasoning_effort is set, for this one of Anthropic's models",
            );
        }
        if is_strict {
            dropped.note("json_schema.strict");
        }
        toolbox.force_json(named)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
