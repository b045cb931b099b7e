//! Tools, the choice among them, and the tool that stands for an answer in JSON.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::cache::{CacheControl, CacheMarks};
use super::dropped::Dropped;
use super::models::Abilities;
use crate::answer::fields::Fields;
use crate::protocol::toolbox::{Function, NamedSchema, Tool, ToolChoice};
use crate::protocol::{ChatRequest, InvalidRequest};
use crate::providers::anthropic::JSON_TOOL;

/// Where nothing else is said the model is told this of the tool that takes its answer.
const JSON_DESCRIPTION: &str = "Takes the answer. Call it once, with the whole of the answer as its input.";
const ANY_OBJECT: &str = r#"{"type":"object"}"#;

/// A tool in Anthropic's form.
#[derive(Debug, Serialize)]
pub(super) struct Definition<'m> {
    name: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'m, str>>,
    input_schema: Cow<'m, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

/// Which tools the model must or may call.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

/// The tools of a request, and the choice among them.
#[derive(Debug)]
pub(super) struct Toolbox<'m> {
    pub(super) tools: Vec<Definition<'m>>,
    pub(super) choice: Option<Choice>,
}

impl<'m> Toolbox<'m> {
    /// The client's own tools.
    pub(super) fn of(
        request: &ChatRequest,
        tools: &'m [Tool<'m>],
        (abilities, marks, dropped): (Abilities, &mut CacheMarks, &mut Dropped),
    ) -> Result<Self, InvalidRequest> {
        let mut definitions = Vec::with_capacity(tools.len());
        for (at, tool) in tools.iter().enumerate() {
            let path = format!("tools[{at}]");
            let cache_control = marks.read(tool.cache_control, || path.clone())?;
            let Some(function) = &tool.function else {
                let right = "must be of the type function: Anthropic's models have no custom tools";
                return Err(InvalidRequest::of_param(&path, right));
            };
            let is_strict = function.strict == Some(true);
            if is_strict && !abilities.has_native_schemas {
                dropped.note("tools.strict");
            }
            let strict = (is_strict && abilities.has_native_schemas).then_some(true);
            definitions.push(Definition { cache_control, strict, ..Definition::of(function, &path)? });
        }
        let mut toolbox = Self { tools: definitions, choice: None };
        if !toolbox.tools.is_empty() {
            toolbox.choose(request)?;
        }
        Ok(toolbox)
    }

    /// Whether the model must call a tool.
    pub(super) fn is_forced(&self) -> bool {
        self.choice.as_ref().is_some_and(|choice| matches!(choice.r#type, "any" | "tool"))
    }

    /// Defines the tools of earlier calls where the client has none now: Anthropic wants a definition wherever there
    /// are calls. The model may not call them, as it could not without this.
    pub(super) fn recall(&mut self, called: &[&'m str]) -> Result<(), InvalidRequest> {
        if !self.tools.is_empty() || called.is_empty() {
            return Ok(());
        }
        for name in called {
            let input_schema = raw(ANY_OBJECT.to_owned())?;
            self.tools.push(Definition { name, description: None, input_schema, strict: None, cache_control: None });
        }
        self.choice = Some(Choice { r#type: "none", name: None, disable_parallel_tool_use: None });
        Ok(())
    }

    /// Makes the model answer in JSON: it must call a tool whose input is the answer.
    pub(super) fn force_json(&mut self, schema: Option<&'m NamedSchema<'m>>) -> Result<(), InvalidRequest> {
        let description = match schema {
            None => Cow::Borrowed(JSON_DESCRIPTION),
            Some(NamedSchema { name, description: None, .. }) => Cow::Owned(format!("{name}: {JSON_DESCRIPTION}")),
            Some(NamedSchema { name, description: Some(described), .. }) => Cow::Owned(format!("{name}: {described}")),
        };
        let input_schema = object_schema(schema.and_then(|schema| schema.schema), || "response_format".to_owned())?;
        self.tools.retain(|tool| tool.name != JSON_TOOL);
        self.tools.push(Definition {
            name: JSON_TOOL,
            description: Some(description),
            input_schema,
            strict: None,
            cache_control: None,
        });
        self.choice =
            Some(Choice { r#type: "tool", name: Some(JSON_TOOL.to_owned()), disable_parallel_tool_use: Some(true) });
        Ok(())
    }

    fn choose(&mut self, request: &ChatRequest) -> Result<(), InvalidRequest> {
        let one_at_a_time = request.forbids_parallel_calls().then_some(true);
        let choice = |r#type, name| Some(Choice { r#type, name, disable_parallel_tool_use: one_at_a_time });
        self.choice = match request.tool_choice()? {
            None if one_at_a_time.is_none() => None,
            None | Some(ToolChoice::Auto) => choice("auto", None),
            // Anthropic's form of it has no other field.
            Some(ToolChoice::None) => Some(Choice { r#type: "none", name: None, disable_parallel_tool_use: None }),
            Some(ToolChoice::Required) => choice("any", None),
            Some(ToolChoice::Function(name)) => choice("tool", Some(name)),
            // What may not be called need not be told.
            Some(ToolChoice::Allowed { functions, required }) => {
                self.tools.retain(|tool| functions.iter().any(|name| name == tool.name));
                choice(if required { "any" } else { "auto" }, None)
            }
            Some(ToolChoice::Custom) => {
                let right = "must name functions only: Anthropic's models have no custom tools";
                return Err(InvalidRequest::of_param("tool_choice", right));
            }
        };
        Ok(())
    }
}

impl<'m> Definition<'m> {
    fn of(function: &'m Function<'m>, path: &str) -> Result<Self, InvalidRequest> {
        let input_schema = object_schema(function.parameters, || format!("{path}.function.parameters"))?;
        Ok(Self {
            name: &function.name,
            description: function.description.as_deref().map(Cow::Borrowed),
            input_schema,
            strict: None,
            cache_control: None,
        })
    }
}

/// A schema that says that it is one of an object, as it was sent otherwise.
fn object_schema<'m>(
    sent: Option<&'m RawValue>,
    path: impl FnOnce() -> String,
) -> Result<Cow<'m, RawValue>, InvalidRequest> {
    let Some(sent) = sent else { return raw(ANY_OBJECT.to_owned()) };
    let wrong = || InvalidRequest::of_param(&path(), "must be the schema of an object, for Anthropic's models");
    let Ok(fields) = Fields::parse(sent.get()) else { return Err(wrong()) };
    match fields.get("type") {
        Some("\"object\"") => Ok(Cow::Borrowed(sent)),
        Some(_) => Err(wrong()),
        None if fields.iter().next().is_none() => raw(ANY_OBJECT.to_owned()),
        None => raw(sent.get().replacen('{', "{\"type\":\"object\",", 1)),
    }
}

fn raw<'m>(json: String) -> Result<Cow<'m, RawValue>, InvalidRequest> {
    let wrong = |_| InvalidRequest::of_param("tools", "has a form that cannot be translated");
    RawValue::from_string(json).map(Cow::Owned).map_err(wrong)
}
