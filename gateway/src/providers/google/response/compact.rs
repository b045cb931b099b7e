//! JSON without the whitespace between its tokens.

use std::borrow::Cow;

/// The same JSON text on one line: numbers, escapes and the order of fields stay as they were sent.
pub(in crate::providers::google) fn compact(json: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let (mut from, mut is_string, mut is_escaped) = (0, false, false);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b' ' | b'\t' | b'\n' | b'\r' if !is_string => {
                kept.push_str(&json[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    kept.push_str(&json[from..]);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_whitespace_between_tokens_goes() {
        let pretty = "{\r\n\t\"a b\" : [ 1.10, 9007199254740993 ],\n  \"z\\\" \\\\\" : \" \u{e9}\\n \" , \"a\":{ } }";
        assert_eq!(compact(pretty), "{\"a b\":[1.10,9007199254740993],\"z\\\" \\\\\":\" \u{e9}\\n \",\"a\":{}}");
        assert!(matches!(compact(r#"{"a":" b "}"#), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_is_pretty_becomes_what_was_compact(texts in prop::collection::vec("[ \"\\\\\n\ta-c\u{e9}]{0,6}", 0..6)) {
            let value: Value = json!({ "x": texts, "nested": [{ "y": texts }, null, -1.5e300] });
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(compact(&pretty), value.to_string());
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,40}|[\" \\\\\u{e9}]{0,20}") {
            prop_assert!(compact(&text).len() <= text.len());
        }
    }
}
