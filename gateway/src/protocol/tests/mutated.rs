//! Bodies that were damaged on the way, or made up: they are refused or understood, and nothing else happens.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::ChatRequest;
use super::accepted::bodies;
use crate::providers::Target;
use crate::providers::openai::request::encode;

/// What happens to a place of a body.
#[derive(Clone, Debug)]
enum Damage {
    Replace(u8),
    Flip(u8),
    Insert(u8),
    Delete(usize),
    Duplicate(usize),
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>, place: &Index) {
        if body.is_empty() {
            return;
        }
        let at = place.index(body.len());
        match self {
            Self::Replace(byte) => body[at] = *byte,
            Self::Flip(bit) => body[at] ^= 1 << bit,
            Self::Insert(byte) => body.insert(at, *byte),
            Self::Delete(count) => drop(body.drain(at..(at + count).min(body.len()))),
            Self::Duplicate(count) => {
                let piece = body[at..(at + count).min(body.len())].to_vec();
                body.splice(at..at, piece).for_each(drop);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = || prop_oneof![any::<u8>(), select(b"{}[]\",:\\u0d18e+-. \0tfn".to_vec())];
    prop_oneof![
        byte().prop_map(Damage::Replace),
        (0_u8..8).prop_map(Damage::Flip),
        byte().prop_map(Damage::Insert),
        (1_usize..40).prop_map(Damage::Delete),
        (1_usize..80).prop_map(Damage::Duplicate),
    ]
}

/// Parses, and where the body is accepted, asks everything of it and encodes it.
fn exercise(body: Vec<u8>) {
    let request = match ChatRequest::parse(Bytes::from(body)) {
        Ok(request) => request,
        Err(refusal) => {
            assert!(refusal.to_string().len() < 2000, "{refusal}");
            return;
        }
    };
    let texts: usize = request.texts().iter().map(|text| text.len()).sum();
    assert!(request.shape().text_bytes >= texts as u64);
    assert!(request.unknown_params().all(|name| request.raw(name).is_some()));
    let encoded =
        encode(&request, &Target { model_max_output_tokens: 4_096, model: "o1-mini", max_output_tokens: Some(3) })
            .unwrap()
            .body;
    let value: Value = serde_json::from_slice(&encoded).unwrap();
    let most = request.named_max_tokens().unwrap_or(3).min(3);
    assert_eq!((&value["model"], &value["max_completion_tokens"]), (&Value::from("o1-mini"), &Value::from(most)));
    let again = ChatRequest::parse(encoded).unwrap();
    assert_eq!((again.raw("models"), again.raw("max_tokens")), (None, None));
    for name in ["messages", "tools", "temperature", "seed", "stop"].into_iter().chain(request.unknown_params()) {
        assert_eq!(again.raw(name), request.raw(name));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_bytes(body in vec(any::<u8>(), 0..200)) {
        exercise(body);
    }

    #[test]
    fn any_text_in_an_object(inner in "[\\[\\]{}\",:a-c0-9\\\\u.eE+ -]{0,60}") {
        exercise(format!("{{{inner}}}").into_bytes());
    }

    #[test]
    fn damaged_bodies(body in select(bodies()), damages in vec((damage(), any::<Index>()), 1..4)) {
        let mut body = body.into_bytes();
        for (damage, place) in &damages {
            damage.apply(&mut body, place);
        }
        exercise(body);
    }
}

#[test]
fn undamaged_bodies() {
    for body in bodies() {
        exercise(body.into_bytes());
    }
}

#[test]
fn every_prefix_of_a_body() {
    for body in bodies() {
        for end in 0..body.len() {
            exercise(body.as_bytes()[..end].to_vec());
        }
    }
}
