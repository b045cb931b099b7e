//! The detail of an act, as people read it.

use serde_json::Value;
use syntopen_shared::money::NanoUsd;

/// Figures that are nano-dollars in the book.
const MONEY: [&str; 2] = ["amount", "balance"];

/// What a detail tells, by names where it has any. What is no JSON is told as it is.
#[must_use]
pub(crate) fn read(detail: &str) -> Vec<(String, String)> {
    match serde_json::from_str(detail) {
        Ok(Value::Null) => Vec::new(),
        Ok(Value::Object(fields)) => {
            let told = fields.into_iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| (name.replace('_', " "), worded(&name, &value))).collect()
        }
        Ok(value) => vec![(String::new(), worded("", &value))],
        Err(_) => vec![(String::new(), detail.to_owned())],
    }
}

fn worded(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if MONEY.contains(&name) => {
            number.as_i64().map_or_else(|| number.to_string(), |nanos| NanoUsd::new(nanos).to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_told_by_their_names() {
        let told = |detail| read(detail).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(told("null"), [""; 0]);
        assert_eq!(told("{}"), [""; 0]);
        assert_eq!(told("false"), ["=false"]);
        assert_eq!(told("{odd"), ["={odd"]);
        let credit = r#"{"amount":-2500000001,"expires_ms":null,"reason":"<b>","limits":{"day":5},"request_id":"r"}"#;
        let mut expected = ["amount=-$2.500000001", "limits={\"day\":5}", "reason=<b>", "request id=r"];
        let mut told = told(credit);
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}
