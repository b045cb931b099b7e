//! The functions that the model may call, and which of them it must.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Dropped;
use super::model::Model;
use super::schema::{self, Schema, Work};
use crate::protocol::toolbox::{Function, Tool, ToolChoice};
use crate::protocol::{ChatRequest, InvalidRequest, quote};

/// All declarations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Declared<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Schema<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

/// Which of the functions are called.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    function_calling_config: Calling,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Calling {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<String>,
}

/// What a translation of tools needs and adds to.
pub(super) struct Means<'m> {
    pub(super) model: Model,
    pub(super) work: &'m mut Work,
    pub(super) dropped: &'m mut Dropped,
}

/// The declarations and the choice among them; `None` where there are no tools.
pub(super) fn translate<'a>(
    request: &ChatRequest,
    tools: &'a [Tool<'a>],
    mut means: Means<'_>,
) -> Result<Option<(Declared<'a>, Option<Config>)>, InvalidRequest> {
    let choice = request.tool_choice()?;
    let mut declarations = Vec::with_capacity(tools.len());
    for (index, tool) in tools.iter().enumerate() {
        let Some(function) = &tool.function else {
            let right = "must be function: custom tools are not known by Google's models";
            return Err(InvalidRequest::of_param(&format!("tools[{index}].type"), right));
        };
        if tool.cache_control.is_some() {
            means.dropped.note("tools.cache_control");
        }
        declarations.push(declare(function, index, &mut means)?);
    }
    if declarations.is_empty() {
        return Ok(None);
    }
    // A model that may call some of the functions, but need not, knows no others.
    if let Some(ToolChoice::Allowed { functions, required: false }) = &choice {
        declarations.retain(|declaration| functions.iter().any(|name| name == declaration.name));
    }
    let config = choice.map(config).transpose()?;
    let declared = Declared { function_declarations: declarations };
    Ok((!declared.function_declarations.is_empty()).then_some((declared, config)))
}

fn declare<'a>(
    function: &'a Function<'a>,
    index: usize,
    means: &mut Means<'_>,
) -> Result<Declaration<'a>, InvalidRequest> {
    let path = |field: &str| format!("tools[{index}].function.{field}");
    let name = function.name.as_ref();
    if name.starts_with(|first: char| !first.is_ascii_alphabetic() && first != '_') {
        let right = format!(
            "must begin with a letter or an underscore to be called by Google's models, unlike {}",
            quote(name)
        );
        return Err(InvalidRequest::of_param(&path("name"), right));
    }
    if function.strict == Some(true) {
        means.dropped.note("tools.strict");
    }
    let mut declaration = Declaration {
        name,
        description: function.description.as_deref().filter(|text| !text.is_empty()),
        parameters: None,
        parameters_json_schema: None,
    };
    match function.parameters.filter(|raw| !schema::says_nothing(raw.get())) {
        Some(raw) if means.model.takes_json_schema() => declaration.parameters_json_schema = Some(raw),
        Some(raw) => {
            let schema = schema::convert(raw.get(), means.work).map_err(|unfit| unfit.at(&path("parameters")))?;
            if !schema.is_object() {
                let right = "must be the schema of an object to be understood by Google's models";
                return Err(InvalidRequest::of_param(&path("parameters"), right));
            }
            declaration.parameters = Some(schema).filter(Schema::has_properties);
        }
        None => {}
    }
    Ok(declaration)
}

fn config(choice: ToolChoice) -> Result<Config, InvalidRequest> {
    let (mode, allowed_function_names) = match choice {
        ToolChoice::Auto | ToolChoice::Allowed { required: false, .. } => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Function(name) => ("ANY", vec![name]),
        ToolChoice::Allowed { functions, required: true } => ("ANY", functions),
        ToolChoice::Custom => {
            let right = "must not name a custom tool: those are not known by Google's models";
            return Err(InvalidRequest::of_param("tool_choice", right));
        }
    };
    Ok(Config { function_calling_config: Calling { mode, allowed_function_names } })
}
