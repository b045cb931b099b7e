//! How the answer is to be generated.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::model::Model;
use super::params::TOP_K;
use super::schema::{self, Schema, Work};
use super::thinking::{self, Thinking};
use crate::protocol::toolbox::{NamedSchema, ResponseFormat};
use crate::protocol::{ChatRequest, Edit, InvalidRequest, rewrite_object};
use crate::providers::Target;

const MAX_CANDIDATES: u32 = 8;
const SCHEMA: &str = "response_format.json_schema.schema";

/// Numbers that need no second look stay as the client wrote them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<Schema<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

/// What the configuration is made from.
pub(super) struct Sources<'s, 'a> {
    pub(super) request: &'a ChatRequest,
    pub(super) target: &'s Target<'s>,
    pub(super) model: Model,
    pub(super) format: &'a ResponseFormat<'a>,
}

impl<'a> Sources<'_, 'a> {
    pub(super) fn translate(&self, work: &mut Work) -> Result<Config<'a>, InvalidRequest> {
        let Self { request, model, .. } = *self;
        let mut config = Config {
            temperature: request.read("temperature")?,
            top_p: request.read("top_p")?,
            top_k: self.top_k()?,
            candidate_count: self.candidates()?,
            max_output_tokens: self.max_output_tokens()?,
            stop_sequences: self.stop()?,
            response_logprobs: request.read("logprobs")?.filter(|wanted: &bool| *wanted),
            logprobs: request.read("top_logprobs")?.filter(|count: &u8| *count > 0),
            presence_penalty: self.penalty("presence_penalty")?,
            frequency_penalty: self.penalty("frequency_penalty")?,
            seed: self.seed()?,
            thinking_config: thinking::translate(request, model)?,
            ..Config::default()
        };
        self.set_format(&mut config, work)?;
        Ok(config)
    }

    fn top_k(&self) -> Result<Option<i32>, InvalidRequest> {
        let Some(raw) = self.request.param(TOP_K) else { return Ok(None) };
        match raw.parse() {
            Ok(count) if count >= 1 => Ok(Some(count)),
            _ => Err(InvalidRequest::of_param(TOP_K, "must be an integer of at least 1 to be kept by Google's models")),
        }
    }

    fn candidates(&self) -> Result<Option<u32>, InvalidRequest> {
        match self.request.choices() {
            1 => Ok(None),
            count if count <= MAX_CANDIDATES => Ok(Some(count)),
            count => {
                let right = format!("must be at most {MAX_CANDIDATES} to be served by Google's models, not {count}");
                Err(InvalidRequest::of_param("n", right))
            }
        }
    }

    /// A grant never raises what the client named.
    fn max_output_tokens(&self) -> Result<Option<u64>, InvalidRequest> {
        let Target { model_max_output_tokens: most, max_output_tokens: granted, .. } = *self.target;
        let Some(named) = self.request.named_max_tokens() else { return Ok(granted) };
        if named > most {
            let newer = "max_completion_tokens";
            let name = if self.request.param(newer).is_some() { newer } else { "max_tokens" };
            let right = format!("must be at most {most} to be served by this of Google's models, not {named}");
            return Err(InvalidRequest::of_param(name, right));
        }
        Ok(Some(granted.map_or(named, |granted| named.min(granted))))
    }

    fn stop(&self) -> Result<Vec<String>, InvalidRequest> {
        let words = self.request.stop()?;
        if words.iter().any(String::is_empty) {
            let right = "must not have an empty string: the answer cannot be ended by it by Google's models";
            return Err(InvalidRequest::of_param("stop", right));
        }
        Ok(words)
    }

    /// Some models refuse penalties whatever they are, so that one that changes nothing is left out.
    fn penalty(&self, name: &str) -> Result<Option<&'a RawValue>, InvalidRequest> {
        let is_zero = |raw: &RawValue| raw.get().parse::<f64>().is_ok_and(|penalty| penalty.abs() < f64::MIN_POSITIVE);
        Ok(self.request.read(name)?.filter(|raw: &&RawValue| !is_zero(raw)))
    }

    fn seed(&self) -> Result<Option<i32>, InvalidRequest> {
        let Some(seed) = self.request.read::<i64>("seed")? else { return Ok(None) };
        let right = || format!("must be between {} and {} to be kept by Google's models", i32::MIN, i32::MAX);
        i32::try_from(seed).map(Some).map_err(|_| InvalidRequest::of_param("seed", right()))
    }

    fn set_format(&self, config: &mut Config<'a>, work: &mut Work) -> Result<(), InvalidRequest> {
        if matches!(self.format, ResponseFormat::Text) {
            return Ok(());
        }
        let has_tools = self.request.tools()?.iter().any(|tool| tool.function.is_some());
        if has_tools && !self.model.calls_beside_json() {
            let right = "must not ask for JSON beside tools: that is not supported by this of Google's models";
            return Err(InvalidRequest::of_param("response_format", right));
        }
        config.response_mime_type = Some("application/json");
        match self.format {
            ResponseFormat::JsonSchema(named) => self.set_schema(named, config, work),
            _ => Ok(()),
        }
    }

    fn set_schema(
        &self,
        named: &'a NamedSchema<'a>,
        config: &mut Config<'a>,
        work: &mut Work,
    ) -> Result<(), InvalidRequest> {
        let Some(raw) = named.schema.filter(|raw| !schema::says_nothing(raw.get())) else { return Ok(()) };
        let description = named.description.as_deref().filter(|text| !text.is_empty());
        if self.model.takes_json_schema() {
            config.response_json_schema = Some(described(raw, description)?);
            return Ok(());
        }
        let mut schema = schema::convert(raw.get(), work).map_err(|unfit| unfit.at(SCHEMA))?;
        if let Some(description) = description {
            schema.describe(description);
        }
        config.response_schema = Some(schema);
        Ok(())
    }
}

/// A schema with the description that was given beside it, unless it has one of its own.
fn described<'a>(raw: &'a RawValue, description: Option<&str>) -> Result<Cow<'a, RawValue>, InvalidRequest> {
    let fields = crate::answer::fields::Fields::parse(raw.get());
    let is_described = fields.is_ok_and(|fields| fields.get("description").is_some());
    let Some(description) = description.filter(|_| !is_described) else { return Ok(Cow::Borrowed(raw)) };
    let description = crate::answer::fields::quoted(description);
    let text = rewrite_object(raw.get(), &[Edit::Set("description", &description)])?;
    let unreadable = |_| InvalidRequest::of_param(SCHEMA, "must be a JSON Schema to be kept by Google's models");
    RawValue::from_string(text).map(Cow::Owned).map_err(unreadable)
}
