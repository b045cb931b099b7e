//! What parameters require of each other.

use super::cursor::{At, Checked};
use super::invalid::InvalidRequest;
use super::json::Json;
use super::path::Path;
use super::tool_choice;

/// The parameters of a request that are known and not null, each valid in itself.
pub(super) struct Known<'v>(pub(super) Vec<(&'static str, Json<'v>)>);

impl<'v> Known<'v> {
    pub(super) fn get(&self, name: &str) -> Option<&Json<'v>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(Json::is_true)
    }

    /// Whether the parameters go together.
    pub(super) fn check(&self) -> Checked {
        for name in ["model", "messages"] {
            if self.get(name).is_none() {
                return Err(refuse(name, "is required"));
            }
        }
        if self.get("max_tokens").is_some() && self.get("max_completion_tokens").is_some() {
            return Err(refuse("max_tokens", "must not be set together with max_completion_tokens"));
        }
        if self.get("stream_options").is_some() && !self.is_true("stream") {
            return Err(refuse("stream_options", "must only be set when stream is true"));
        }
        if self.get("top_logprobs").is_some() && !self.is_true("logprobs") {
            return Err(refuse("top_logprobs", "must only be set when logprobs is true"));
        }
        if self.asks_for_sound() && self.get("audio").is_none() {
            return Err(refuse("audio", "is required when modalities has audio"));
        }
        self.check_choices()
    }

    fn asks_for_sound(&self) -> bool {
        let modalities = self.get("modalities").map_or(&[][..], Json::items);
        modalities.iter().any(|item| item.as_str() == Some("audio"))
    }

    fn check_choices(&self) -> Checked {
        if let Some(choice) = self.get("tool_choice") {
            let tools = self.list("tool_choice", "tools")?;
            tool_choice::check_target(&At::root("tool_choice", choice), tools)?;
        }
        if let Some(choice) = self.get("function_call") {
            let functions = self.list("function_call", "functions")?;
            tool_choice::check_function_target(&At::root("function_call", choice), functions)?;
        }
        Ok(())
    }

    /// The list that a choice is made from.
    fn list(&self, choice: &str, list: &str) -> Result<&Json<'v>, InvalidRequest> {
        let present = self.get(list).filter(|json| !json.items().is_empty());
        present.ok_or_else(|| refuse(choice, &format!("must only be set together with {list}")))
    }
}

fn refuse(name: &str, message: &str) -> InvalidRequest {
    InvalidRequest::at(&Path::root(name), message)
}
