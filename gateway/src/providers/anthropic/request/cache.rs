//! Marks of what Anthropic should keep in its prompt cache. They are an extra over OpenAI's API.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::InvalidRequest;

/// Anthropic takes no more of them in one request.
const MAX_MARKS: usize = 4;
const RIGHT: &str =
    "must be {\"type\":\"ephemeral\"}, with a ttl of \"5m\" or \"1h\" or without one, for Anthropic's models";

/// A valid mark.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct CacheControl {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

/// Reads marks and counts them.
#[derive(Debug, Default)]
pub(super) struct CacheMarks {
    count: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    ttl: Option<String>,
}

impl CacheMarks {
    /// The mark of what stands at `of`, if it has one.
    pub(super) fn read(
        &mut self,
        sent: Option<&RawValue>,
        of: impl FnOnce() -> String,
    ) -> Result<Option<CacheControl>, InvalidRequest> {
        let Some(sent) = sent else { return Ok(None) };
        let refuse = |message: String| InvalidRequest::of_param(&format!("{}.cache_control", of()), message);
        let Some(mark) = parse(sent) else { return Err(refuse(RIGHT.to_owned())) };
        self.count += 1;
        if self.count > MAX_MARKS {
            return Err(refuse(format!("must be set {MAX_MARKS} times at most, for Anthropic's models")));
        }
        Ok(Some(mark))
    }
}

fn parse(sent: &RawValue) -> Option<CacheControl> {
    let sent: Sent<'_> = serde_json::from_str(sent.get()).ok()?;
    let ttl = match sent.ttl.as_deref() {
        None => None,
        Some("5m") => Some("5m"),
        Some("1h") => Some("1h"),
        Some(_) => return None,
    };
    (sent.r#type == "ephemeral").then_some(CacheControl { r#type: "ephemeral", ttl })
}
