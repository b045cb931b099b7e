//! What a model generated, as text to be counted: of a whole message and of a delta alike.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The generated parts of a `message` or a `delta`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Generated<'a> {
    #[serde(borrow, default)]
    pub(crate) role: Option<Part<'a>>,
    #[serde(borrow, default)]
    content: Option<Part<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Part<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Part<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Part<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow, default)]
    function_call: Option<Call<'a>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    function: Option<Call<'a>>,
    #[serde(borrow, default)]
    custom: Option<Call<'a>>,
}

#[derive(Debug, Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    name: Option<Part<'a>>,
    #[serde(borrow, default)]
    arguments: Option<Part<'a>>,
    #[serde(borrow, default)]
    input: Option<Part<'a>>,
}

/// A value that should be a string. One that is not (content in parts, arguments as an object) counts as it is written.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Part<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Generated<'a> {
    /// Appends everything that was generated.
    pub(crate) fn append_to(&self, text: &mut String) {
        // Servers that send the same reasoning under both names would else be counted twice.
        let reasoning = self.reasoning_content.as_ref().or(self.reasoning.as_ref());
        for part in [reasoning, self.content.as_ref(), self.refusal.as_ref()].into_iter().flatten() {
            part.append_to(text);
        }
        let tools = self.tool_calls.iter().flatten();
        let calls = tools.flat_map(|tool| [tool.function.as_ref(), tool.custom.as_ref()]).flatten();
        for call in calls.chain(self.function_call.as_ref()) {
            for part in [&call.name, &call.arguments, &call.input].into_iter().flatten() {
                part.append_to(text);
            }
        }
    }
}

impl<'a> Part<'a> {
    /// The value as it was written.
    pub(crate) fn raw(&self) -> &'a str {
        self.0.get()
    }

    fn append_to(&self, text: &mut String) {
        let raw = self.raw();
        match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) if memchr::memchr(b'\\', inside.as_bytes()).is_none() => text.push_str(inside),
            Some(_) => text.push_str(&serde_json::from_str::<Unescaped<'_>>(raw).map_or(Cow::Borrowed(raw), |it| it.0)),
            None => text.push_str(raw),
        }
    }
}

/// A string that may hold half a surrogate pair: servers that cut their text into UTF-16 units send such.
struct Unescaped<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Unescaped<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(UnescapedVisitor)
    }
}

struct UnescapedVisitor;

impl<'de> Visitor<'de> for UnescapedVisitor {
    type Value = Unescaped<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Unescaped(String::from_utf8_lossy(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Unescaped(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        let mut text = String::new();
        serde_json::from_str::<Generated<'_>>(json).unwrap().append_to(&mut text);
        text
    }

    #[test]
    fn counts_everything_that_was_generated() {
        assert_eq!(text(r#"{"role":"assistant","content":"a\n\u00e9","refusal":"b","logprobs":{}}"#), "a\néb");
        assert_eq!(text(r#"{"reasoning_content":"why ","content":"so"}"#), "why so");
        assert_eq!(text(r#"{"reasoning":"why","reasoning_content":"why"}"#), "why", "once");
        let calls = r#"{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}},
            {"custom":{"name":"g","input":"x"}}],"function_call":{"name":"h","arguments":""}}"#;
        assert_eq!(text(calls), r#"f{"a":1}gxh"#);
        assert_eq!(text("{}"), "");
    }

    #[test]
    fn copes_with_other_shapes() {
        assert_eq!(text(r#"{"content":[{"type":"text","text":"a"}]}"#), r#"[{"type":"text","text":"a"}]"#);
        assert_eq!(text(r#"{"content":"half \ud83d"}"#).chars().filter(char::is_ascii).collect::<String>(), "half ");
    }
}
