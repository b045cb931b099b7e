//! The tools, the choice among them and the form of the answer in a valid request, as a provider reads them that speaks
//! another language than OpenAI's.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ChatRequest, InvalidRequest};

/// A tool that the model may call.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    /// `None` where it is a custom tool.
    pub(crate) function: Option<Function<'a>>,
    /// Said beside the definition, as some clients do for Anthropic's cache.
    pub(crate) cache_control: Option<&'a RawValue>,
}

/// A function that the model may call.
#[derive(Debug, Deserialize)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// A JSON Schema, as it was sent.
    #[serde(borrow, default)]
    pub(crate) parameters: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) strict: Option<bool>,
}

/// Which tools the model must or may call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    Auto,
    None,
    Required,
    /// This function.
    Function(String),
    /// One of these functions: must be called, or may.
    Allowed {
        functions: Vec<String>,
        required: bool,
    },
    /// A custom tool is named.
    Custom,
}

/// The form in which the model must answer.
#[derive(Debug)]
pub(crate) enum ResponseFormat<'a> {
    Text,
    JsonObject,
    JsonSchema(NamedSchema<'a>),
}

/// A schema for the answer.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedSchema<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(borrow, default)]
    pub(crate) schema: Option<&'a RawValue>,
    /// The model must be held to the schema, not only told it.
    #[serde(default)]
    pub(crate) strict: Option<bool>,
}

/// Something with a type, which tells the one field that means something: others were not validated.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    function: Option<&'a RawValue>,
    #[serde(borrow, default)]
    json_schema: Option<&'a RawValue>,
    #[serde(borrow, default)]
    allowed_tools: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SentName {
    name: String,
}

#[derive(Deserialize)]
struct SentAllowed<'a> {
    mode: String,
    #[serde(borrow)]
    tools: Vec<Typed<'a>>,
}

impl ChatRequest {
    /// The tools; none where there are none.
    ///
    /// # Errors
    /// None for a request that has been validated.
    pub(crate) fn tools(&self) -> Result<Vec<Tool<'_>>, InvalidRequest> {
        let sent: Vec<Typed<'_>> = self.read("tools")?.unwrap_or_default();
        sent.iter().map(Typed::tool).collect::<Result<_, _>>().map_err(|_: serde_json::Error| untranslatable("tools"))
    }

    /// The choice among the tools; `None` where the client leaves it open.
    ///
    /// # Errors
    /// None for a request that has been validated.
    pub(crate) fn tool_choice(&self) -> Result<Option<ToolChoice>, InvalidRequest> {
        match self.param("tool_choice") {
            None => Ok(None),
            Some(word) if word.starts_with('"') => {
                Ok(self.read::<String>("tool_choice")?.map(|word| match word.as_str() {
                    "none" => ToolChoice::None,
                    "required" => ToolChoice::Required,
                    _ => ToolChoice::Auto,
                }))
            }
            Some(_) => {
                let target: Option<Typed<'_>> = self.read("tool_choice")?;
                let choice = target.map(|target| target.choice()).transpose();
                choice.map_err(|_| untranslatable("tool_choice"))
            }
        }
    }

    /// The form of the answer.
    ///
    /// # Errors
    /// None for a request that has been validated.
    pub(crate) fn response_format(&self) -> Result<ResponseFormat<'_>, InvalidRequest> {
        let Some(format) = self.read::<Typed<'_>>("response_format")? else { return Ok(ResponseFormat::Text) };
        Ok(match format.kind.as_ref() {
            "json_object" => ResponseFormat::JsonObject,
            "json_schema" => {
                let schema = read(format.json_schema).map_err(|_| untranslatable("response_format"))?;
                schema.map_or(ResponseFormat::JsonObject, ResponseFormat::JsonSchema)
            }
            _ => ResponseFormat::Text,
        })
    }

    /// Whether the client wants the answer to be JSON.
    pub(crate) fn wants_json(&self) -> bool {
        self.param("response_format").is_some() && !matches!(self.response_format(), Ok(ResponseFormat::Text) | Err(_))
    }

    /// Whether the client allows one call at a time only.
    pub(crate) fn forbids_parallel_calls(&self) -> bool {
        self.param("parallel_tool_calls") == Some("false")
    }

    /// The words that end the answer.
    ///
    /// # Errors
    /// None for a request that has been validated.
    pub(crate) fn stop(&self) -> Result<Vec<String>, InvalidRequest> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Sent {
            One(String),
            Several(Vec<String>),
        }
        Ok(match self.read("stop")? {
            None => Vec::new(),
            Some(Sent::One(word)) => vec![word],
            Some(Sent::Several(words)) => words,
        })
    }

    /// A parameter read into a type; `None` where it is absent or null.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>, InvalidRequest> {
        let Some(raw) = self.param(name) else { return Ok(None) };
        serde_json::from_str(raw).map(Some).map_err(|_| untranslatable(name))
    }
}

impl<'a> Typed<'a> {
    fn function<T: Deserialize<'a>>(&self) -> Result<Option<T>, serde_json::Error> {
        if self.kind == "function" { read(self.function) } else { Ok(None) }
    }

    fn tool(&self) -> Result<Tool<'a>, serde_json::Error> {
        Ok(Tool { function: self.function()?, cache_control: self.cache_control })
    }

    fn choice(&self) -> Result<ToolChoice, serde_json::Error> {
        if self.kind != "allowed_tools" {
            let named: Option<SentName> = self.function()?;
            return Ok(named.map_or(ToolChoice::Custom, |named| ToolChoice::Function(named.name)));
        }
        let Some(allowed) = read::<SentAllowed<'_>>(self.allowed_tools)? else { return Ok(ToolChoice::Auto) };
        let names: Vec<Option<SentName>> = allowed.tools.iter().map(Typed::function).collect::<Result<_, _>>()?;
        let functions: Option<Vec<String>> = names.into_iter().map(|named| Some(named?.name)).collect();
        let required = allowed.mode == "required";
        Ok(functions.map_or(ToolChoice::Custom, |functions| ToolChoice::Allowed { functions, required }))
    }
}

fn read<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Result<Option<T>, serde_json::Error> {
    value.map(|value| serde_json::from_str(value.get())).transpose()
}

fn untranslatable(name: &str) -> InvalidRequest {
    InvalidRequest::of_param(name, "has a form that cannot be translated")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(params: &str) -> ChatRequest {
        let tools = r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","x":1.10},"strict":true}},
            {"type":"custom","custom":{"name":"c"},"function":{"name":"g"}}]"#;
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{tools},{params}}}"#);
        ChatRequest::parse(Bytes::from(body)).unwrap()
    }

    #[test]
    fn reads_tools_and_choices() {
        let sent = request(r#""parallel_tool_calls":false"#);
        let tools = sent.tools().unwrap();
        let function = tools[0].function.as_ref().unwrap();
        assert_eq!((&*function.name, function.parameters.unwrap().get()), ("f", r#"{"type":"object","x":1.10}"#));
        assert!(tools[1].function.is_none() && sent.forbids_parallel_calls());
        let named = r#"{"type":"function","function":{"name":"f"}}"#;
        for (choice, read) in [
            ("null", None),
            (r#""auto""#, Some(ToolChoice::Auto)),
            (r#""none""#, Some(ToolChoice::None)),
            (r#""required""#, Some(ToolChoice::Required)),
            (named, Some(ToolChoice::Function("f".into()))),
            (r#"{"type":"custom","custom":{"name":"c"}}"#, Some(ToolChoice::Custom)),
            (
                &format!(
                    r#"{{"function":5,"type":"allowed_tools","allowed_tools":{{"mode":"required","tools":[{named}]}}}}"#
                ),
                Some(ToolChoice::Allowed { functions: vec!["f".into()], required: true }),
            ),
        ] {
            assert_eq!(request(&format!(r#""tool_choice":{choice}"#)).tool_choice().unwrap(), read, "{choice}");
        }
    }

    #[test]
    fn reads_forms_and_stops() {
        let schema = r#""response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"a":1.0}}}"#;
        let sent = request(schema);
        let Ok(ResponseFormat::JsonSchema(named)) = sent.response_format() else { panic!() };
        assert_eq!((&*named.name, named.schema.unwrap().get(), sent.wants_json()), ("s", r#"{"a":1.0}"#, true));
        assert!(request(r#""response_format":{"type":"json_object","json_schema":5}"#).wants_json());
        assert!(!request(r#""response_format":{"type":"text","json_schema":{"name":"s","schema":{}}}"#).wants_json());
        assert_eq!(request(r#""stop":"a""#).stop().unwrap(), ["a"]);
        assert_eq!(request(r#""stop":["a","b"]"#).stop().unwrap(), ["a", "b"]);
        assert!(request(r#""stop":null"#).stop().unwrap().is_empty());
    }
}
