//! `generationConfig`: ranges, and the format of the answer.

use serde_json::Value;

use super::contents::wrong;
use super::error::Refusal;
use super::model::Model;
use super::schema;
use crate::simulator::answer::Format;

const STOPS_MAX: usize = 5;
const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";
const ENUM: &str = "text/x.enum";

/// Checks the figures of a configuration.
pub(super) fn check(config: &Value) -> Result<(), Refusal> {
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        if config[name].as_f64().is_some_and(|value| value < least || most < value) {
            return Err(wrong_config(name, &format!("{name} must be in the range [{least:.1}, {most:.1}].")));
        }
    }
    for (name, least, most) in
        [("top_k", 1, i64::MAX), ("candidate_count", 1, 8), ("max_output_tokens", 1, i64::MAX), ("logprobs", 0, 20)]
    {
        if config[name].as_i64().is_some_and(|value| value < least || most < value) {
            let text = if most == i64::MAX {
                format!("{name} must be positive.")
            } else {
                format!("{name} must be in the range [{least}, {most}].")
            };
            return Err(wrong_config(name, &text));
        }
    }
    let stops = config["stop_sequences"].as_array().map_or(&[][..], Vec::as_slice);
    if STOPS_MAX < stops.len() {
        return Err(wrong_config("stop_sequences", "at most 5 stop sequences are supported"));
    }
    if stops.iter().any(|stop| stop == "") {
        return Err(wrong_config("stop_sequences", "stop sequences must not be empty"));
    }
    if !config["logprobs"].is_null() && config["response_logprobs"] != true {
        return Err(wrong_config("logprobs", "response_logprobs must be set to true to use logprobs"));
    }
    let mut modalities = config["response_modalities"].as_array().into_iter().flatten();
    match modalities.find(|modality| *modality != "TEXT") {
        Some(other) => Err(wrong_config("response_modalities", &format!("{other} is not supported by the model"))),
        None => Ok(()),
    }
}

/// The format that a configuration asks for; `functions` are those that are declared.
pub(super) fn parse_format<'a>(config: &'a Value, model: Model<'_>, functions: usize) -> Result<Format<'a>, Refusal> {
    let kind = config["response_mime_type"].as_str().unwrap_or(PLAIN);
    if ![PLAIN, JSON, ENUM].contains(&kind) {
        return Err(wrong_config(
            "response_mime_type",
            "allowed mimetypes are `text/plain`, `application/json` and `text/x.enum`",
        ));
    }
    if kind != PLAIN && functions != 0 && !model.thinks() {
        let text = format!("Function calling with a response mime type: '{kind}' is unsupported");
        return Err(Refusal::new(&text));
    }
    let (schema, plain) = (config.get("response_schema"), config.get("response_json_schema"));
    if plain.is_some() && !model.takes_json_schema() {
        let text = "Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.";
        return Err(Refusal::new(text));
    }
    if schema.is_some() && plain.is_some() {
        return Err(wrong_config("response_schema", "only one of response_schema and response_json_schema may be set"));
    }
    if (schema.is_some() || plain.is_some()) && kind == PLAIN {
        return Err(wrong_config("response_schema", "only allowed when the response mime type is `application/json`"));
    }
    if let Some(schema) = schema {
        schema::check(schema, "generation_config.response_schema")?;
    }
    Ok(match (kind, schema.or(plain)) {
        (JSON, Some(schema)) => Format::JsonSchema(schema),
        (JSON, None) => Format::JsonObject,
        _ => Format::Text,
    })
}

/// A refusal because of a field of the configuration.
pub(super) fn wrong_config(name: &str, message: &str) -> Refusal {
    wrong(&format!("generation_config.{name}"), message)
}
