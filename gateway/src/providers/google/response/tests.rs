use proptest::prelude::*;
use serde_json::Value;
use syntopen_shared::id::RequestId;
use uuid::Uuid;

use super::*;
use crate::answer::fields::Fields;

const RECORDED: [&str; 4] = [
    include_str!("../../../../tests/golden/google/response/tool_calls.json"),
    include_str!("../../../../tests/golden/google/response/logprobs.json"),
    include_str!("../../../../tests/golden/google/response/two_candidates.json"),
    include_str!("../../../../tests/golden/google/response/blocked_prompt.json"),
];

fn context() -> AnswerContext {
    AnswerContext {
        request: RequestId::from(Uuid::from_u128(0x0193_5b2c_1c00_7000_8000_0000_0000_0001)),
        model: "google/gemini-1.5-pro".into(),
        provider: "google",
        choices: 1,
        include_usage: false,
        wants_json: false,
        one_tool_call: false,
    }
}

#[test]
fn calls_have_ids_of_their_own() {
    let body = Bytes::from(RECORDED[0]);
    let ids = || {
        let answer = decode(&body, &context()).unwrap().render("m", "google", None);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap().clone();
        calls.into_iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: HashSet<String> = ids().into_iter().chain(ids()).collect();
    assert_eq!(all.len(), 4);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&Bytes::from(body), &context()).is_err());
    }

    #[test]
    fn broken_answers_are_refused_or_stay_json(
        recorded in prop::sample::select(RECORDED.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut body = recorded.trim_end().as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let cut = Bytes::from(body[..length.index(body.len())].to_vec());
        prop_assert!(decode(&cut, &context()).is_err());
        if let Ok(answer) = decode(&Bytes::from(body), &context()) {
            let rendered = answer.render("google/gemini-1.5-pro", "google", None);
            let json = std::str::from_utf8(&rendered).unwrap();
            prop_assert!(Fields::parse(json).is_ok(), "{}", json);
        }
    }
}
