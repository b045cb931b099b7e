//! What is asked.

use actix_web::web::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::dashboard::form::Errors;

/// The hottest that any provider takes.
const TEMPERATURE_MAX: f64 = 2.0;
const OUTPUT_MAX: u32 = 1_000_000;

/// The fields of the form, as they were typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    pub(super) model: String,
    #[serde(default)]
    pub(super) system: String,
    #[serde(default)]
    pub(super) temperature: String,
    #[serde(default)]
    pub(super) max_tokens: String,
    #[serde(default)]
    pub(super) prompt: String,
}

impl Question {
    /// A question that is still to be asked.
    pub(super) fn about(model: String) -> Self {
        Self { model, ..Self::default() }
    }

    /// The request that it is.
    pub(super) fn body(&self) -> Result<Bytes, Errors> {
        let mut errors = Errors::default();
        let mut request = Map::new();
        let mut messages = Vec::new();
        if !self.system.trim().is_empty() {
            messages.push(json!({ "role": "system", "content": self.system }));
        }
        messages.push(json!({ "role": "user", "content": self.prompt }));
        request.insert("model".to_owned(), json!(self.model));
        request.insert("messages".to_owned(), Value::Array(messages));
        match number::<f64>(&self.temperature) {
            Ok(None) => {}
            Ok(Some(degree)) if (0.0..=TEMPERATURE_MAX).contains(&degree) => {
                request.insert("temperature".to_owned(), json!(degree));
            }
            _ => errors.add("temperature", "A number from 0 to 2, or nothing."),
        }
        match number::<u32>(&self.max_tokens) {
            Ok(None) => {}
            Ok(Some(count)) if (1..=OUTPUT_MAX).contains(&count) => {
                request.insert("max_tokens".to_owned(), json!(count));
            }
            _ => errors.add("max_tokens", "A whole number from 1 to 1000000, or nothing."),
        }
        if self.model.is_empty() {
            errors.add("model", "Choose a model.");
        }
        if self.prompt.trim().is_empty() {
            errors.add("prompt", "Write something for the model to answer.");
        }
        if errors.is_empty() { Ok(Value::Object(request).to_string().into()) } else { Err(errors) }
    }
}

/// A number, where one was typed.
fn number<T: std::str::FromStr>(typed: &str) -> Result<Option<T>, T::Err> {
    let typed = typed.trim();
    if typed.is_empty() { Ok(None) } else { typed.parse().map(Some) }
}
