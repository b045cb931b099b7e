use proptest::prelude::*;
use serde_json::Value;
use syntopen_shared::id::RequestId;
use syntopen_shared::price::Tokens;
use uuid::Uuid;

use super::*;
use crate::answer::UpstreamErrorKind;

const RECORDED: &str = include_str!("../../../../tests/golden/openai/stream/tool_calls.sse");

fn context(request: RequestId, include_usage: bool) -> AnswerContext {
    AnswerContext {
        request,
        model: "openai/gpt-4o".into(),
        provider: "openai",
        choices: 1,
        include_usage,
        wants_json: false,
        one_tool_call: false,
    }
}

fn decoder(include_usage: bool) -> Decoder {
    let request = RequestId::from(Uuid::from_u128(0x0193_5b2c_1c00_7000_8000_0000_0000_0001));
    Decoder::new(context(request, include_usage))
}

fn event(data: &str) -> Event {
    Event { name: None, data: Bytes::copy_from_slice(data.as_bytes()) }
}

fn push(decoder: &mut Decoder, data: &str) -> Result<Option<ChatChunk>, UpstreamError> {
    decoder.push(&event(data), &mut String::new())
}

fn json(chunk: Option<ChatChunk>) -> String {
    String::from_utf8(chunk.unwrap().json.unwrap().to_vec()).unwrap()
}

#[test]
fn passes_on_what_it_does_not_change() {
    let sent = r#"{"id":"c-1","object":"chat.completion.chunk","created":17,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp","x":1.10,"choices":[{"index":0,"delta":{"content":"é\u00e9"},"logprobs":{"content":[{"token":"é","logprob":-0.10}]},"finish_reason":null}],"usage":null,"obfuscation":"abc"}"#;
    let expected = sent.replace("gpt-4o-2024-08-06", "openai/gpt-4o").replace(r#","obfuscation":"abc""#, "");
    let with_provider = expected.replace(r#","usage":null}"#, r#","provider":"openai","usage":null}"#);
    assert_eq!(json(push(&mut decoder(true), sent).unwrap()), with_provider);
    let without_usage = with_provider.replace(r#","usage":null"#, "");
    assert_eq!(json(push(&mut decoder(false), sent).unwrap()), without_usage);
}

#[test]
fn ids_and_times_are_made_once_where_they_are_missing() {
    let mut decoder = decoder(false);
    let first = json(push(&mut decoder, r#"{"choices":[{"delta":{"content":"a"}}]}"#).unwrap());
    let head = r#"{"id":"chatcmpl-01935b2c1c0070008000000000000001","object":"chat.completion.chunk","created":1732401437,"model":"openai/gpt-4o","#;
    assert!(first.starts_with(head), "{first}");
    let second =
        json(push(&mut decoder, r#"{"id":"late","created":5,"choices":[{"delta":{"content":"b"}}]}"#).unwrap());
    assert!(second.starts_with(head), "{second}");
    assert!(std::str::from_utf8(&decoder.usage_chunk("{}")).unwrap().starts_with(head));
}

#[test]
fn a_chunk_is_one_line_even_if_it_came_on_many() {
    let sent = "{\"choices\":\n[{\"index\":0,\r\n\"delta\":{\"content\":\"a\\nb\"}}],\n\"usage\":{\"prompt_tokens\":1,\n\"completion_tokens\":1}}";
    let chunk = push(&mut decoder(false), sent).unwrap().unwrap();
    assert!(!chunk.usage.as_ref().unwrap().object.contains('\n'));
    assert!(!json(Some(chunk)).contains(['\n', '\r']));
}

#[test]
fn usage_is_kept_from_the_chunks() {
    let mut decoder = decoder(false);
    let sent = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":2}}"#;
    let chunk = push(&mut decoder, sent).unwrap().unwrap();
    assert_eq!(chunk.usage.as_ref().unwrap().tokens, Tokens { input: 4, output: 2, ..Tokens::default() });
    assert!(chunk.finishes);
    assert!(!json(Some(chunk)).contains("usage"));
    let last =
        push(&mut decoder, r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#).unwrap().unwrap();
    assert_eq!((last.json, last.usage.unwrap().tokens), (None, Tokens::default()), "zero is not missing");
    assert_eq!(push(&mut decoder, r#"{"choices":[],"prompt_filter_results":[]}"#), Ok(None));
}

#[test]
fn an_end_needs_its_mark() {
    let kind = |decoder: &Decoder| decoder.end().map_err(|error| error.kind);
    let mut decoder = decoder(false);
    assert_eq!(kind(&decoder), Err(UpstreamErrorKind::Truncated), "nothing came");
    push(&mut decoder, r#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{}}]}"#).unwrap();
    push(&mut decoder, r#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#).unwrap();
    assert_eq!(kind(&decoder), Err(UpstreamErrorKind::Truncated), "one choice goes on");
    push(&mut decoder, r#"{"choices":[{"index":0,"delta":{},"finish_reason":""}]}"#).unwrap();
    assert!(!decoder.is_finished(), "an empty reason is none");
    push(&mut decoder, r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#).unwrap();
    assert_eq!((kind(&decoder), decoder.is_done()), (Ok(()), false));
    assert_eq!(push(&mut decoder, " [DONE] "), Ok(None));
    assert!(decoder.is_done());
    assert_eq!(push(&mut decoder, "rubbish"), Ok(None), "nothing counts after the end");
}

#[test]
fn roles_and_finish_reasons_are_told_once() {
    let mut decoder = decoder(false);
    let mut deltas = Vec::new();
    for reason in [r#""""#, "null", r#""stop""#, r#""stop""#] {
        let sent = format!(
            r#"{{"choices":[{{"index":0,"delta":{{"role":"assistant","content":"a"}},"finish_reason":{reason}}}]}}"#
        );
        let chunk = push(&mut decoder, &sent).unwrap().unwrap();
        let value: Value = serde_json::from_slice(chunk.json.as_ref().unwrap()).unwrap();
        let choice = &value["choices"][0];
        deltas.push((choice["delta"].get("role").is_some(), choice["finish_reason"].is_string(), chunk.finishes));
    }
    assert_eq!(deltas, [(true, false, false), (false, false, false), (false, true, true), (false, false, false)]);
}

#[test]
fn errors_are_errors() {
    let kind = |data: &str| push(&mut decoder(false), data).map(|_| ()).map_err(|error| error.kind);
    assert_eq!(kind(r#"{"error":{"message":"x","type":"server_error"}}"#), Err(UpstreamErrorKind::Failed));
    assert_eq!(kind(r#"{"choices":[],"error":{"code":429}}"#), Err(UpstreamErrorKind::RateLimited));
    for data in [
        "{",
        "<html>",
        "[]",
        "null",
        "DONE",
        r#"{"choices":{}}"#,
        r#"{"choices":[1]}"#,
        r#"{"choices":[{"index":-1}]}"#,
    ] {
        assert_eq!(kind(data), Err(UpstreamErrorKind::Failed), "{data}");
    }
    for data in ["", " ", "{}", r#"{"choices":null}"#] {
        assert_eq!(kind(data), Ok(()), "{data}");
    }
}

#[test]
fn the_number_of_choices_is_bounded() {
    let mut decoder = decoder(false);
    let results =
        (0..200).map(|index| push(&mut decoder, &format!(r#"{{"choices":[{{"index":{index},"delta":{{}}}}]}}"#)));
    assert_eq!(results.filter(Result::is_ok).count(), MAX_CHOICES);
}

#[test]
fn the_model_is_escaped() {
    let context = AnswerContext { model: "a\"b\\".into(), ..decoder(true).context };
    let chunk = json(push(&mut Decoder::new(context), r#"{"choices":[{"delta":{}}]}"#).unwrap());
    assert_eq!(serde_json::from_str::<Value>(&chunk).unwrap()["model"], "a\"b\\");
}

/// What a client adds up: the deltas of one choice.
fn added_up(chunks: &[Bytes], pointer: &str) -> String {
    let value = |chunk: &Bytes| serde_json::from_slice::<Value>(chunk).unwrap();
    chunks.iter().filter_map(|chunk| value(chunk).pointer(pointer)?.as_str().map(str::to_owned)).collect()
}

proptest! {
    #[test]
    fn deltas_arrive_as_they_were_sent(parts in prop::collection::vec("\\PC{0,12}|[\"\\\\\n\u{2028}é\u{1F600}]{0,4}", 0..20), include_usage: bool) {
        let (mut decoder, mut text, mut chunks) = (decoder(include_usage), String::new(), Vec::new());
        for part in &parts {
            let sent = serde_json::json!({"id": "c", "choices": [{"index": 0, "delta": {"content": part}, "finish_reason": null}]});
            let chunk = decoder.push(&event(&sent.to_string()), &mut text).unwrap().unwrap();
            chunks.push(chunk.json.unwrap());
        }
        prop_assert_eq!(&added_up(&chunks, "/choices/0/delta/content"), &parts.concat());
        prop_assert_eq!(text, parts.concat());
    }

    #[test]
    fn broken_streams_neither_panic_nor_give_broken_chunks(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..3), 1..8),
        include_usage: bool,
    ) {
        let mut stream = RECORDED.as_bytes().to_vec();
        for (at, byte, edit) in edits {
            let at = at.index(stream.len());
            match edit {
                0 => stream[at] = byte,
                1 => stream.insert(at, byte),
                _ => drop(stream.drain(at..(at + usize::from(byte)).min(stream.len() - 1).max(at))),
            }
        }
        let (mut events, mut decoder, mut text) = (Vec::new(), decoder(include_usage), String::new());
        let mut parser = crate::providers::sse::Parser::new(1 << 20);
        parser.push(stream.into(), &mut events).unwrap();
        parser.finish(&mut events).unwrap();
        for event in &events {
            let Ok(chunk) = decoder.push(event, &mut text) else { break };
            let Some(json) = chunk.and_then(|chunk| chunk.json) else { continue };
            let value: Value = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(value["model"].as_str(), Some("openai/gpt-4o"));
            prop_assert_eq!(value.get("usage").is_some(), include_usage);
            prop_assert!(value["choices"].as_array().is_some_and(|choices| !choices.is_empty()));
            prop_assert!(!json.contains(&b'\n'));
        }
    }

    #[test]
    fn arbitrary_events_never_panic(data in prop::collection::vec(any::<u8>(), 0..60)) {
        let event = Event { name: None, data: data.into() };
        prop_assert!(decoder(true).push(&event, &mut String::new()).map_or(true, |chunk| chunk.is_none()));
    }
}
