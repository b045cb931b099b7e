use proptest::prelude::*;
use syntopen_shared::id::RequestId;
use uuid::Uuid;

use super::*;

const ANSWER: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-3-5-sonnet-20241022",
    "content":[{"type":"text","text":"Paris 🗼"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1.10}}],
    "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":2}}"#;

fn context(wants_json: bool) -> AnswerContext {
    AnswerContext {
        request: RequestId::from(Uuid::from_u128(0x0193_5b2c_1c00_7000_8000_0000_0000_0001)),
        model: "anthropic/claude-3-5-sonnet".into(),
        provider: "anthropic",
        choices: 1,
        include_usage: false,
        wants_json,
        one_tool_call: false,
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&Bytes::from(body), &context(false)).is_err());
    }

    #[test]
    fn broken_answers_are_refused_or_stay_json(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
        wants_json: bool,
    ) {
        let mut body = ANSWER.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let cut = Bytes::from(body[..length.index(body.len())].to_vec());
        prop_assert!(decode(&cut, &context(wants_json)).is_err());
        if let Ok(answer) = decode(&Bytes::from(body), &context(wants_json)) {
            let usage = answer.usage().map(|usage| usage.object.as_ref());
            let rendered = answer.render("anthropic/claude-3-5-sonnet", "anthropic", usage);
            let json: serde_json::Value = serde_json::from_slice(&rendered).unwrap();
            prop_assert!(json["choices"][0]["finish_reason"].is_string());
        }
    }
}
