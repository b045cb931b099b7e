//! A whole JSON answer of OpenAI's.

use bytes::Bytes;

use super::error;
use crate::answer::fields::Fields;
use crate::answer::{ChatAnswer, UpstreamError};

/// Decodes the body under a status of success.
///
/// # Errors
/// Where the body tells an error all the same, or is no answer: HTML, half a JSON text, one without choices.
pub fn decode(body: Bytes) -> Result<ChatAnswer, UpstreamError> {
    let text = std::str::from_utf8(&body).map_err(|_| UpstreamError::undecodable())?;
    let fields = Fields::parse(text).map_err(|_| UpstreamError::undecodable())?;
    if let Some(error) = error::within(&fields) {
        return Err(error);
    }
    ChatAnswer::new(&body).ok_or_else(UpstreamError::undecodable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06",
        "choices":[{"index":0,"message":{"role":"assistant","content":"Paris 🗼","refusal":null},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11},"system_fingerprint":"fp_1"}"#;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(Bytes::from(body)).is_err());
        }

        #[test]
        fn broken_answers_are_refused_or_stay_json(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            length in any::<prop::sample::Index>(),
        ) {
            let mut body = ANSWER.as_bytes().to_vec();
            for (at, byte) in edits {
                let at = at.index(body.len());
                body[at] = byte;
            }
            let cut = Bytes::from(body[..length.index(body.len())].to_vec());
            prop_assert!(decode(cut).is_err());
            if let Ok(answer) = decode(Bytes::from(body)) {
                let rendered = answer.render("openai/gpt-4o", "openai", answer.usage().map(|usage| usage.object.as_ref()));
                let json = std::str::from_utf8(&rendered).unwrap();
                prop_assert!(Fields::parse(json).is_ok(), "{}", json);
                prop_assert!(answer.text().len() <= json.len());
            }
        }
    }
}
