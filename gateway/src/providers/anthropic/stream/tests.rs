use proptest::prelude::*;
use serde_json::{Value, json};
use syntopen_shared::id::RequestId;
use uuid::Uuid;

use super::*;
use crate::answer::{ChatAnswer, ReportedUsage, UpstreamErrorKind};
use crate::providers::anthropic::{JSON_TOOL, response};
use crate::providers::sse::Parser;

const RECORDED: &str = include_str!("../../../../tests/golden/anthropic/stream/tool_calls.sse");

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

/// What a client and the gateway learn from a stream.
#[derive(Debug, Default, PartialEq)]
struct Learnt {
    content: String,
    refusal: String,
    calls: Vec<[String; 3]>,
    finish: Option<String>,
    usage: Option<ReportedUsage>,
    text: String,
}

impl Learnt {
    fn take(&mut self, chunk: ChatChunk) {
        self.usage = chunk.usage.or_else(|| self.usage.take());
        let Some(json) = chunk.json else { return };
        assert!(self.finish.is_none(), "nothing follows the finish");
        let value: Value = serde_json::from_slice(&json).unwrap();
        let choice = &value["choices"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.content += &text(&choice["delta"]["content"]);
        self.refusal += &text(&choice["delta"]["refusal"]);
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if call.get("id").is_some() {
                assert_eq!(index, self.calls.len(), "calls are counted from 0");
                self.calls.push([text(&call["id"]), text(&call["function"]["name"]), String::new()]);
            }
            self.calls[index][2] += &text(&call["function"]["arguments"]);
        }
        self.finish = choice["finish_reason"].as_str().map(str::to_owned);
        assert_eq!(self.finish.is_some(), chunk.finishes);
    }

    fn of_answer(answer: &ChatAnswer) -> Self {
        let rendered = answer.render("anthropic/claude-3-5-sonnet", "anthropic", None);
        let value: Value = serde_json::from_slice(&rendered).unwrap();
        let choice = &value["choices"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let calls = choice["message"]["tool_calls"].as_array().into_iter().flatten();
        Self {
            content: text(&choice["message"]["content"]),
            refusal: text(&choice["message"]["refusal"]),
            calls: calls
                .map(|call| [&call["id"], &call["function"]["name"], &call["function"]["arguments"]].map(text))
                .collect(),
            finish: Some(text(&choice["finish_reason"])),
            usage: answer.usage().cloned(),
            text: String::new(),
        }
    }
}

fn learn(decoder: &mut Decoder, stream: Vec<u8>) -> (Learnt, Result<(), UpstreamError>) {
    let (mut parser, mut events, mut learnt) = (Parser::new(1 << 20), Vec::new(), Learnt::default());
    parser.push(stream.into(), &mut events).unwrap();
    parser.finish(&mut events).unwrap();
    for event in &events {
        let mut chunks = Vec::new();
        let pushed = decoder.push(event, Brought { text: &mut learnt.text, chunks: &mut chunks });
        chunks.into_iter().for_each(|chunk| learnt.take(chunk));
        if pushed.is_err() {
            return (learnt, pushed);
        }
    }
    let ended = decoder.end();
    (learnt, ended)
}

/// A text of an answer in the pieces in which it is streamed.
type Pieces = Vec<String>;

#[derive(Clone, Debug)]
enum Sent {
    Text(Pieces),
    Call(String, Pieces),
    Thinking(String),
    Unknown,
}

impl Sent {
    fn whole(&self, at: usize) -> String {
        match self {
            Self::Text(pieces) => json!({"type": "text", "text": pieces.concat()}).to_string(),
            Self::Call(name, pieces) => {
                let input = if pieces.concat().is_empty() { "{}".to_owned() } else { pieces.concat() };
                format!(r#"{{"type":"tool_use","id":"toolu_{at}","name":"{name}","input":{input}}}"#)
            }
            Self::Thinking(thought) => json!({"type": "thinking", "thinking": thought, "signature": "s"}).to_string(),
            Self::Unknown => json!({"type": "new_result", "content": [1]}).to_string(),
        }
    }

    fn events(&self, index: usize) -> Vec<Value> {
        let (begin, deltas) = match self {
            Self::Text(pieces) => {
                let delta = |piece| json!({"type": "text_delta", "text": piece});
                (json!({"type": "text", "text": ""}), pieces.iter().map(delta).collect())
            }
            Self::Call(name, pieces) => {
                let delta = |piece| json!({"type": "input_json_delta", "partial_json": piece});
                let id = format!("toolu_{index}");
                let begin = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                (begin, pieces.iter().map(delta).collect())
            }
            Self::Thinking(thought) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![
                    json!({"type": "thinking_delta", "thinking": thought}),
                    json!({"type": "signature_delta", "signature": "s"}),
                ],
            ),
            Self::Unknown => (json!({"type": "new_result", "content": [1]}), vec![json!({"type": "new_delta"})]),
        };
        let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": begin})];
        let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({"type": "content_block_stop", "index": index}));
        events
    }
}

fn pieces(text: impl Strategy<Value = String>) -> impl Strategy<Value = Pieces> {
    (text, prop::collection::vec(any::<prop::sample::Index>(), 0..4)).prop_map(|(text, cuts)| {
        let chars: Vec<char> = text.chars().collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
        cuts.extend([0, chars.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|cut| chars[cut[0]..cut[1]].iter().collect()).collect()
    })
}

fn block() -> impl Strategy<Value = Sent> {
    let arguments = || pieces("|\\{\\}|\\{\"a\": ?1\\.10, \"é\":\"\\\\\\\\u00e9\\\\n🗼\"\\}");
    prop_oneof![
        pieces("\\PC{0,12}|[\"\\\\\n\u{2028}é\u{1F600}]{0,4}|\\{\"a\":1\\}").prop_map(Sent::Text),
        ("[a-z_-]{1,9}", arguments()).prop_map(|(name, pieces)| Sent::Call(name, pieces)),
        arguments().prop_map(|pieces| Sent::Call(JSON_TOOL.to_owned(), pieces)),
        "\\PC{0,9}".prop_map(Sent::Thinking),
        Just(Sent::Unknown),
    ]
}

fn stream_of(events: &[Value]) -> Vec<u8> {
    let line = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(line).collect::<String>().into_bytes()
}

proptest! {
    #[test]
    fn deltas_add_up_to_the_whole_answer(
        blocks in prop::collection::vec(block(), 0..6),
        reason in "end_turn|tool_use|max_tokens|refusal|stop_sequence|pause_turn",
        counts in prop::array::uniform5(0_u64..1_000_000),
        wants_json: bool,
    ) {
        let [input, read, written, first, output] = counts;
        let begun = json!({"input_tokens": input, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written, "output_tokens": first});
        let mut events = vec![json!({"type": "message_start", "message": {"usage": begun}}), json!({"type": "ping"})];
        events.extend(blocks.iter().enumerate().flat_map(|(at, block)| block.events(at)));
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": output}}));
        events.push(json!({"type": "message_stop"}));
        let (streamed, ended) = learn(&mut Decoder::new(context(wants_json)), stream_of(&events));
        prop_assert_eq!(ended, Ok(()));

        let content: Vec<String> = blocks.iter().enumerate().map(|(at, block)| block.whole(at)).collect();
        let whole = format!(
            r#"{{"type":"message","content":[{}],"stop_reason":"{reason}","usage":{{"input_tokens":{input},
               "cache_read_input_tokens":{read},"cache_creation_input_tokens":{written},"output_tokens":{output}}}}}"#,
            content.join(",")
        );
        let answer = response::decode(&Bytes::from(whole), &context(wants_json)).unwrap();
        prop_assert_eq!(Learnt { text: String::new(), ..streamed }, Learnt::of_answer(&answer));
    }

    #[test]
    fn broken_streams_neither_panic_nor_claim_an_end(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..3), 1..8),
        wants_json: bool,
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
        let (learnt, ended) = learn(&mut Decoder::new(context(wants_json)), stream);
        match ended.map_err(|error| error.kind) {
            Ok(()) => prop_assert!(learnt.finish.is_some()),
            Err(UpstreamErrorKind::Truncated) => prop_assert_eq!(learnt.finish, None),
            Err(_) => {}
        }
    }

    #[test]
    fn a_cut_stream_is_no_answer(length in any::<prop::sample::Index>()) {
        let reason = RECORDED.find("\"stop_reason\": \"tool_use\"").unwrap();
        let stream = RECORDED.as_bytes()[..length.index(reason)].to_vec();
        let (learnt, ended) = learn(&mut Decoder::new(context(false)), stream);
        prop_assert!(ended.is_err());
        prop_assert_eq!(learnt.finish, None);
    }

    #[test]
    fn arbitrary_events_never_panic(data in prop::collection::vec(any::<u8>(), 0..60)) {
        let (mut text, mut chunks) = (String::new(), Vec::new());
        let event = Event { name: None, data: data.into() };
        let _ = Decoder::new(context(true)).push(&event, Brought { text: &mut text, chunks: &mut chunks });
        prop_assert!(chunks.is_empty() && text.is_empty());
    }
}

#[test]
fn open_blocks_are_bounded() {
    let mut decoder = Decoder::new(context(false));
    let mut push = |event: Value| {
        let event = Event { name: None, data: event.to_string().into() };
        decoder.push(&event, Brought { text: &mut String::new(), chunks: &mut Vec::new() })
    };
    push(json!({"type": "message_start", "message": {}})).unwrap();
    let begin = |index: usize| json!({"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}});
    let begun = (0..100).map(|index| push(begin(index))).filter(Result::is_ok).count();
    assert_eq!(begun, MAX_OPEN_BLOCKS);
}

#[test]
fn usage_is_told_before_and_after_the_text() {
    let mut decoder = Decoder::new(context(false));
    let mut told = Vec::new();
    for line in include_str!("../../../../tests/golden/anthropic/stream/text.sse").lines() {
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let (mut text, mut chunks) = (String::new(), Vec::new());
        let event = Event { name: None, data: Bytes::copy_from_slice(data.as_bytes()) };
        decoder.push(&event, Brought { text: &mut text, chunks: &mut chunks }).unwrap();
        for usage in chunks.into_iter().filter_map(|chunk| chunk.usage) {
            assert_eq!(text, "", "no text is within the same event");
            told.push((usage.tokens.total_input(), usage.tokens.output));
        }
    }
    assert_eq!(told, [(3_210, 0), (3_210, 7)]);
}
