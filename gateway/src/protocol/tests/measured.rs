//! The shape of requests, and their texts.

use super::super::Shape;
use super::{parse, with, with_messages};

#[test]
fn measures_text_as_the_model_reads_it() {
    let request = parse(&with_messages(
        r#"[{"role":"system","content":"abc"},{"role":"user","name":"bob","content":[{"type":"text","text":"\u00e9\n"}]},{"role":"assistant","content":null,"refusal":"no","annotations":[{"url":"x"}],"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"2","type":"custom","custom":{"name":"c","input":"in"}}]},{"role":"tool","tool_call_id":"call_1","content":"T"},{"role":"tool","tool_call_id":"2","content":[{"type":"text","text":"U"}]}]"#,
    ))
    .unwrap();
    let texts = request.texts();
    assert_eq!(texts, ["abc", "bob", "é\n", "no", "f", "{\"a\":1}", "c", "in", "T", "U"]);
    let text_bytes = texts.iter().map(|text| text.len() as u64).sum();
    assert_eq!(*request.shape(), Shape { text_bytes, messages: 5, calls: 2, ..Shape::default() });
}

#[test]
fn counts_definitions_as_they_were_sent() {
    let tools = r#"[ {"type":"function","function":{"name":"f","parameters":{"x":1.10}}} ]"#;
    let format = r#"{"type":"json_object"}"#;
    let functions = r#"[{"name":"g"},{"name":"h"}]"#;
    let params = format!(r#""tools":{tools},"functions":{functions},"response_format":{format}"#);
    let request = parse(&with(&params)).unwrap();
    assert_eq!(request.texts(), ["hi", tools, functions, format]);
    assert_eq!(request.shape().tools, 3);
    assert_eq!(request.shape().text_bytes, (2 + tools.len() + functions.len() + format.len()) as u64);
}

#[test]
fn counts_media_apart_from_text() {
    let request = parse(&with_messages(
        r#"[{"role":"user","content":[{"type":"text","text":"abc"},{"type":"image_url","image_url":{"url":"https://a.example/b.png"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"input_audio","input_audio":{"data":"AAAAAAA=","format":"mp3"}},{"type":"file","file":{"file_id":"f"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}}]},{"role":"assistant","content":"","audio":{"id":"a","transcript":"long"}}]"#,
    ))
    .unwrap();
    let expected = Shape {
        text_bytes: 3 + 5,
        messages: 2,
        images: 2,
        audios: 2,
        files: 2,
        audio_bytes: 6,
        file_bytes: 3,
        ..Shape::default()
    };
    assert_eq!(*request.shape(), expected);
    assert_eq!(request.texts(), ["abc", "a.pdf", ""]);
}

#[test]
fn counts_fields_that_it_does_not_know() {
    let request = parse(&with_messages(
        r#"[{"role":"assistant","content":"a","reasoning_content":"bc","extra":{"key":["def",1,true,null]}}]"#,
    ))
    .unwrap();
    assert_eq!(request.texts(), ["a", "bc", "key", "def"]);
    assert_eq!(request.shape().text_bytes, 1 + 2 + 3 + 3 + 24 + 24);
}
