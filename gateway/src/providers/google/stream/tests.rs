use proptest::prelude::*;
use serde_json::{Value, json};
use syntopen_shared::id::RequestId;
use uuid::Uuid;

use super::*;
use crate::answer::{ReportedUsage, UpstreamErrorKind};
use crate::providers::google::response;
use crate::providers::sse::Parser;

const RECORDED: [&str; 4] = [
    include_str!("../../../../tests/golden/google/stream/tool_calls.sse"),
    include_str!("../../../../tests/golden/google/stream/two_candidates.sse"),
    include_str!("../../../../tests/golden/google/stream/logprobs.sse"),
    include_str!("../../../../tests/golden/google/stream/comments_lines_and_lf.sse"),
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

/// All that becomes of a stream.
#[derive(Debug, Default, PartialEq)]
struct Relayed {
    chunks: Vec<Value>,
    text: String,
    usage: Option<ReportedUsage>,
    error: Option<UpstreamError>,
}

/// Relays a stream that is read in pieces.
fn relay(pieces: impl IntoIterator<Item = Bytes>, context: AnswerContext) -> Relayed {
    let (mut parser, mut events) = (Parser::new(1 << 20), Vec::new());
    for piece in pieces {
        parser.push(piece, &mut events).unwrap();
    }
    parser.finish(&mut events).unwrap();
    let (mut decoder, mut relayed, mut chunks) = (Decoder::new(context), Relayed::default(), Vec::new());
    let brought = |event| decoder.push(event, Brought { text: &mut relayed.text, chunks: &mut chunks });
    relayed.error = events.iter().map(brought).find_map(Result::err);
    relayed.error = relayed.error.or_else(|| decoder.end().err());
    for chunk in chunks {
        relayed.usage = chunk.usage.or(relayed.usage);
        relayed.chunks.extend(chunk.json.map(|json| without_minted(serde_json::from_slice(&json).unwrap())));
    }
    relayed
}

/// Ids of calls that had to be made up are random.
fn without_minted(mut chunk: Value) -> Value {
    if let Some(id) = chunk.pointer_mut("/choices/0/delta/tool_calls/0/id") {
        assert!(id.as_str().is_some_and(|id| id.len() == 37 && id.starts_with("call_")));
        *id = "call_MINTED".into();
    }
    chunk
}

fn event(data: &str) -> Event {
    Event { name: None, data: Bytes::copy_from_slice(data.as_bytes()) }
}

fn push(decoder: &mut Decoder, data: &str) -> Result<Vec<ChatChunk>, UpstreamError> {
    let (mut text, mut chunks) = (String::new(), Vec::new());
    decoder.push(&event(data), Brought { text: &mut text, chunks: &mut chunks }).map(|()| chunks)
}

#[test]
fn streams_may_come_byte_by_byte_with_either_line_end() {
    for sent in RECORDED {
        let whole = relay([Bytes::from(sent)], context());
        assert!(whole.error.is_none() && !whole.chunks.is_empty());
        for sent in [sent.to_owned(), sent.replace("\r\n", "\n"), sent.replace("\r\n", "\n").replace('\n', "\r")] {
            let bytes = sent.into_bytes();
            assert_eq!(relay(bytes.iter().map(|byte| Bytes::copy_from_slice(&[*byte])), context()), whole);
        }
    }
}

#[test]
fn an_end_needs_a_finish_of_every_candidate() {
    let kind = |decoder: &Decoder| decoder.end().map_err(|error| error.kind);
    let mut decoder = Decoder::new(AnswerContext { choices: 2, ..context() });
    assert_eq!(kind(&decoder), Err(UpstreamErrorKind::Truncated), "nothing came");
    push(&mut decoder, r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":""}]}"#).unwrap();
    assert_eq!(kind(&decoder), Err(UpstreamErrorKind::Truncated), "an empty reason is none");
    push(&mut decoder, r#"{"candidates":[{"finishReason":"STOP"}]}"#).unwrap();
    assert_eq!((kind(&decoder), decoder.is_finished()), (Ok(()), false), "another was asked for, but need not come");
    push(&mut decoder, r#"{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}}]}"#).unwrap();
    assert_eq!(kind(&decoder), Err(UpstreamErrorKind::Truncated));
    push(&mut decoder, r#"{"candidates":[{"index":1,"finishReason":"STOP"}]}"#).unwrap();
    assert_eq!((kind(&decoder), decoder.is_finished(), decoder.is_done()), (Ok(()), true, false));
}

#[test]
fn an_answer_that_fails_before_it_says_anything_has_not_begun() {
    let mut decoder = Decoder::new(context());
    assert!(push(&mut decoder, r#"{"candidates":[{"content":{"parts":[{"text":""}]}}]}"#).unwrap().is_empty());
    let failed = push(&mut decoder, r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#);
    assert_eq!(failed.unwrap_err().kind, UpstreamErrorKind::Unusable);
}

#[test]
fn counts_stand_behind_the_text_that_they_tell_of() {
    let mut decoder = Decoder::new(context());
    let first = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}"#;
    let chunks = push(&mut decoder, first).unwrap();
    let (last, before) = chunks.split_last().unwrap();
    assert!(last.json.is_none() && before.iter().all(|chunk| chunk.usage.is_none()));
    assert_eq!(last.usage.as_ref().unwrap().tokens.output, 1);
    let early = r#"{"candidates":[],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}"#;
    assert!(push(&mut decoder, early).unwrap().is_empty(), "it would take back what was counted");
    assert_eq!(push(&mut Decoder::new(context()), early).unwrap().len(), 1, "before any text it tells the input");
}

#[test]
fn the_number_of_candidates_is_bounded() {
    let mut decoder = Decoder::new(context());
    let sent = |index| format!(r#"{{"candidates":[{{"index":{index},"content":{{"parts":[{{"text":"a"}}]}}}}]}}"#);
    assert_eq!((0..200).filter(|index| push(&mut decoder, &sent(*index)).is_ok()).count(), MAX_CANDIDATES);
}

#[test]
fn what_is_no_event_is_an_error() {
    let kind = |data: &str| push(&mut Decoder::new(context()), data).map(|_| ()).map_err(|error| error.kind);
    for data in [
        "{",
        "<html>",
        "[]",
        "null",
        "5",
        r#"{"candidates":{}}"#,
        r#"{"candidates":[1]}"#,
        r#"{"candidates":[{"index":-1}]}"#,
        r#"{"candidates":[{"content":{"parts":"a"}}]}"#,
        r#"[{"candidates":[]}]"#,
    ] {
        assert_eq!(kind(data), Err(UpstreamErrorKind::Failed), "{data}");
    }
    for data in ["", " ", "{}", r#"{"candidates":null}"#, r#"{"error":null}"#, r#"{"usageMetadata":5}"#] {
        assert_eq!(kind(data), Ok(()), "{data}");
    }
    let error = r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]"#;
    assert_eq!(kind(error), Err(UpstreamErrorKind::RateLimited));
}

/// Parts of an answer, texts and calls.
fn parts() -> impl Strategy<Value = Vec<Value>> {
    let text = "[a-c\"\\\\\n\u{2028}é\u{1F600}]{0,6}".prop_map(|text| json!({ "text": text }));
    let thought = "[a-c]{1,3}".prop_map(|text| json!({ "text": text, "thought": true }));
    let args =
        prop_oneof![Just(None), "[a-z\"é]{0,4}".prop_map(|text| Some(json!({ "x": text, "n": 9007199254740993_u64 })))];
    let call = ("[a-z]{1,4}", args).prop_map(|(name, args)| match args {
        Some(args) => json!({ "functionCall": { "name": name, "args": args } }),
        None => json!({ "functionCall": { "name": name } }),
    });
    prop::collection::vec(prop_oneof![3 => text, 1 => thought, 2 => call], 0..12)
}

/// What a client adds up from the chunks of one choice.
fn added_up(relayed: &Relayed) -> (String, Vec<(String, String)>, Vec<Value>) {
    let (mut content, mut calls, mut finishes) = (String::new(), Vec::new(), Vec::new());
    for choice in relayed.chunks.iter().map(|chunk| &chunk["choices"][0]) {
        content.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if let Some(name) = call["function"]["name"].as_str() {
                assert_eq!(index, calls.len());
                calls.push((name.to_owned(), String::new()));
            }
            calls[index].1.push_str(call["function"]["arguments"].as_str().unwrap());
        }
        finishes.extend(Some(choice["finish_reason"].clone()).filter(|reason| !reason.is_null()));
    }
    (content, calls, finishes)
}

proptest! {
    #[test]
    fn what_a_stream_adds_up_to_is_the_whole_answer(
        parts in parts(),
        cuts in prop::collection::vec(0_usize..12, 0..5),
        reason in prop::sample::select(vec!["STOP", "MAX_TOKENS", "SAFETY", "OTHER"]),
        one_tool_call: bool,
    ) {
        let context = AnswerContext { one_tool_call, ..context() };
        let usage = json!({ "promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13 });
        let whole = json!({
            "candidates": [{ "content": { "role": "model", "parts": &parts }, "finishReason": reason }],
            "usageMetadata": usage,
        });
        let answer = response::decode(&Bytes::from(serde_json::to_string_pretty(&whole).unwrap()), &context).unwrap();
        let body: Value = serde_json::from_slice(&answer.render("m", "google", None)).unwrap();

        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(parts.len())).chain([0, parts.len()]).collect();
        cuts.sort_unstable();
        let chunk = |range: &[usize]| json!({ "candidates": [{ "content": { "parts": &parts[range[0]..range[1]] } }] });
        let mut sent: String = cuts.windows(2).map(|range| format!("data: {}\r\n\r\n", chunk(range))).collect();
        let last = json!({ "candidates": [{ "finishReason": reason }], "usageMetadata": usage });
        sent.push_str(&format!("data: {last}\r\n\r\n"));
        let relayed = relay([Bytes::from(sent)], context);

        prop_assert_eq!(&relayed.error, &None);
        prop_assert_eq!(relayed.usage.as_ref(), answer.usage());
        prop_assert_eq!(&relayed.text, &answer.text());
        let (content, calls, finishes) = added_up(&relayed);
        let message = &body["choices"][0]["message"];
        prop_assert_eq!(content, message["content"].as_str().unwrap_or_default());
        let told = message["tool_calls"].as_array().into_iter().flatten().map(|call| {
            let text = |name: &str| call["function"][name].as_str().unwrap().to_owned();
            (text("name"), text("arguments"))
        });
        prop_assert_eq!(calls, told.collect::<Vec<_>>());
        prop_assert_eq!(finishes, vec![body["choices"][0]["finish_reason"].clone()]);
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same(
        recorded in prop::sample::select(RECORDED.to_vec()),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = Bytes::from(recorded);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|range| bytes.slice(range[0]..range[1])).collect();
        prop_assert_eq!(relay(pieces, context()), relay([bytes], context()));
    }

    #[test]
    fn broken_streams_neither_panic_nor_give_broken_chunks(
        recorded in prop::sample::select(RECORDED.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..3), 1..8),
    ) {
        let mut stream = recorded.as_bytes().to_vec();
        for (at, byte, edit) in edits {
            let at = at.index(stream.len());
            match edit {
                0 => stream[at] = byte,
                1 => stream.insert(at, byte),
                _ => drop(stream.drain(at..(at + usize::from(byte)).min(stream.len() - 1).max(at))),
            }
        }
        let relayed = relay([Bytes::from(stream)], context());
        let mut finished = Vec::new();
        for choice in relayed.chunks.iter().map(|chunk| &chunk["choices"][0]) {
            prop_assert!(!finished.contains(&choice["index"]), "nothing follows a finish");
            if !choice["finish_reason"].is_null() {
                finished.push(choice["index"].clone());
            }
        }
    }

    #[test]
    fn arbitrary_events_never_panic(data in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut chunks = Vec::new();
        let brought = Brought { text: &mut String::new(), chunks: &mut chunks };
        let event = Event { name: None, data: data.into() };
        let is_refused = Decoder::new(context()).push(&event, brought).is_err();
        prop_assert!(is_refused || chunks.is_empty());
    }
}
