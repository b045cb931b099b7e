//! A customer's request in the words of Google's generateContent.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::protocol::{ChatRequest, InvalidRequest};
use crate::providers::{Encoded, Target};

mod config;
mod contents;
mod media;
mod model;
mod params;
mod schema;
mod thinking;
mod tools;

pub(crate) use self::schema::{WRITTEN_BESIDES, WRITTEN_PER_SENT};
use contents::{Conversation, Part, Turn};
use model::Model;

/// The whole body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[tools::Declared<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<tools::Config>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

/// The names of what the client sent and no part of the body says, each once.
#[derive(Debug, Default)]
struct Dropped(Vec<String>);

/// The body for the upstream.
///
/// # Errors
/// Where the request asks for what Google's models cannot do, or cannot be told.
pub fn encode(request: &ChatRequest, target: &Target<'_>) -> Result<Encoded, InvalidRequest> {
    let model = Model::of(target.model);
    let mut dropped = Dropped::default();
    params::check(request, &mut dropped)?;
    let mut work = schema::Work::default();
    let declared = request.tools()?;
    let tools = tools::translate(request, &declared, tools::Means { model, work: &mut work, dropped: &mut dropped })?;
    let format = request.response_format()?;
    let config = config::Sources { request, target, model, format: &format }.translate(&mut work)?;
    let messages = request.conversation()?;
    let Conversation { system, turns } = contents::translate(&messages, model, &mut dropped)?;
    let (tools, tool_config) = tools.map(|(declared, config)| ([declared], config)).unzip();
    let unwritable = |_| InvalidRequest::of_param("messages", "cannot be written for Google's models");
    let config = to_raw_value(&config).map_err(unwritable)?;
    let body = Body {
        contents: turns,
        system_instruction: (!system.is_empty()).then_some(Instruction { parts: system }),
        tools,
        tool_config: tool_config.flatten(),
        generation_config: (config.get() != "{}").then_some(config),
    };
    let body = serde_json::to_vec(&body).map_err(unwritable)?;
    Ok(Encoded { body: body.into(), dropped: dropped.0 })
}

impl Dropped {
    fn note(&mut self, name: &str) {
        if !self.0.iter().any(|noted| noted == name) {
            self.0.push(name.to_owned());
        }
    }
}

/// A parameter that asks for what there is not.
fn unsupported(param: &str) -> InvalidRequest {
    InvalidRequest::of_param(param, "must not be set: it is not supported by Google's models")
}

#[cfg(test)]
mod tests;
