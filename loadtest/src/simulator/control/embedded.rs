//! A control that stands in a text of the conversation: the one place that every gateway leaves as it is, whichever
//! provider it translates a request for.

use serde_json::Value;

use super::Control;

const BEGIN: &str = "<simulator>";
const END: &str = "</simulator>";

impl Control {
    /// The control in the last text of `places` that has one.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(in crate::simulator) fn find_in(places: &[Option<&Value>]) -> Result<Option<Self>, String> {
        let Some(text) = places.iter().rev().flatten().find_map(|place| last_in(place)) else { return Ok(None) };
        let (control, _) = text.split_once(END).ok_or_else(|| format!("{BEGIN} has no {END}"))?;
        let control = serde_json::from_str(control).map_err(|error| format!("{BEGIN} holds no JSON: {error}"))?;
        Self::parse(&control).map(Some)
    }
}

/// What follows the last beginning in any text of `value`.
fn last_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.rfind(BEGIN).map(|start| &text[start + BEGIN.len()..]),
        Value::Array(items) => items.iter().rev().find_map(last_in),
        Value::Object(fields) => fields.values().rev().find_map(last_in),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_text_counts() {
        let system = json!("<simulator>{\"tokens\": 1}</simulator>");
        let messages = json!([
            {"content": [{"text": "a<simulator>{\"tokens\":2}</simulator> b <simulator>{\"tokens\":3}</simulator>"}]},
            {"content": "Hello"},
        ]);
        let tokens = |places: &[Option<&Value>]| Control::find_in(places).unwrap().map(|control| control.tokens());
        assert_eq!(tokens(&[Some(&system), Some(&messages)]), Some(3));
        assert_eq!(tokens(&[Some(&system), None]), Some(1));
        assert_eq!(tokens(&[Some(&json!("Hello"))]), None);
    }

    #[test]
    fn a_wrong_one_is_no_missing_one() {
        for text in ["<simulator>{}", "<simulator>{\"tokens\":</simulator>", "<simulator>{\"token\":1}</simulator>"] {
            assert!(Control::find_in(&[Some(&json!(text))]).is_err(), "{text}");
        }
    }
}
