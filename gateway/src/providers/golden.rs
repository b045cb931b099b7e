//! Golden cases: each input in `tests/golden/openai` has a snapshot beside it of what becomes of it. With
//! `UPDATE_GOLDEN=1` in the environment the snapshots are written anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use syntopen_shared::config::Environment;
use syntopen_shared::id::RequestId;
use syntopen_shared::price::Prices;
use uuid::Uuid;

use super::openai::{error, response, stream};
use crate::answer::{CostDetails, ReportedUsage, RetryHints, UpstreamError};
use crate::providers::sse;

const MODEL: &str = "openai/gpt-4o";
const PROVIDER: &str = "openai";

#[test]
fn responses() {
    check("response", "json", |body| match response::decode(Bytes::from(body.to_owned())) {
        Err(error) => failure(&error),
        Ok(answer) => {
            let usage = answer.usage().map(with_cost);
            let rendered = answer.render(MODEL, PROVIDER, usage.as_deref());
            let text = String::from_utf8_lossy(&rendered).into_owned();
            serde_json::from_str::<Value>(&text).unwrap();
            format!("{text}\ntext: {:?}\n{}\n", answer.text(), tokens(answer.usage()))
        }
    });
}

#[test]
fn streams() {
    check("stream", "sse", |sent| {
        let plain = relay(sent, IncludeUsage::No);
        let with_usage = relay(sent, IncludeUsage::Yes);
        format!("== usage not asked for\n{plain}== usage asked for\n{with_usage}")
    });
}

#[test]
fn errors() {
    #[derive(Deserialize)]
    struct Case {
        status: u16,
        #[serde(rename = "retry-after")]
        retry_after: Option<String>,
        #[serde(rename = "retry-after-ms")]
        retry_after_ms: Option<String>,
        body: Value,
    }
    check("error", "json", |text| {
        let case: Case = serde_json::from_str(text).unwrap();
        let hints =
            RetryHints { retry_after: case.retry_after.as_deref(), retry_after_ms: case.retry_after_ms.as_deref() };
        let body = case.body.as_str().map_or_else(|| case.body.to_string(), str::to_owned);
        failure(&error::decode(case.status, &hints, body.as_bytes()))
    });
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IncludeUsage {
    Yes,
    No,
}

/// What a client would read, with a line of its own for everything that the gateway learns.
fn relay(sent: &str, include_usage: IncludeUsage) -> String {
    let include_usage = include_usage == IncludeUsage::Yes;
    let request = RequestId::from(Uuid::from_u128(0x0193_5b2c_1c00_7000_8000_0000_0000_0001));
    let context = stream::Context { request, model: MODEL.into(), provider: PROVIDER, choices: 1, include_usage };
    let (mut parser, mut events) = (sse::Parser::new(1 << 20), Vec::new());
    parser.push(Bytes::from(sent.to_owned()), &mut events).unwrap();
    parser.finish(&mut events).unwrap();
    let (mut decoder, mut text, mut usage, mut told) =
        (stream::Decoder::new(context), String::new(), None, String::new());
    for event in &events {
        let chunk = match decoder.push(event, &mut text) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => continue,
            Err(error) => return format!("{told}{}text: {text:?}\n{}\n", failure(&error), tokens(usage.as_ref())),
        };
        let json = chunk.json.map_or_else(|| "nothing".into(), |json| String::from_utf8_lossy(&json).into_owned());
        let mark = if chunk.finishes { " (finishes)" } else { "" };
        writeln!(told, "data: {json}{mark}").unwrap();
        usage = chunk.usage.or(usage);
    }
    if let (true, Some(usage)) = (include_usage, &usage) {
        let chunk = decoder.usage_chunk(&with_cost(usage));
        writeln!(told, "data: {}", String::from_utf8_lossy(&chunk)).unwrap();
    }
    let end = decoder.end().map_or_else(|error| failure(&error), |()| "end\n".to_owned());
    format!("{told}{end}text: {text:?}\n{}\n", tokens(usage.as_ref()))
}

fn with_cost(usage: &ReportedUsage) -> String {
    let price = |text: &str| text.parse().unwrap();
    let prices = Prices {
        input: price("2.5"),
        cached_input: price("1.25"),
        cache_write: price("2.5"),
        cache_write_1h: price("2.5"),
        output: price("10"),
    };
    usage.with_cost(prices.cost(&usage.tokens).unwrap(), &CostDetails::of(&prices, &usage.tokens))
}

fn tokens(usage: Option<&ReportedUsage>) -> String {
    usage.map_or_else(|| "no usage".to_owned(), |usage| format!("{:?}", usage.tokens))
}

fn failure(error: &UpstreamError) -> String {
    format!(
        "{:?}, status {:?}, retryable {}, param {:?}, retry after {:?} ms\n{}\n",
        error.kind,
        error.status,
        error.is_retryable(),
        error.param,
        error.retry_after_ms,
        error.message
    )
}

/// Compares what becomes of each input with its snapshot; a snapshot without an input fails too.
fn check(part: &str, extension: &str, run: impl Fn(&str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openai").join(part);
    let (inputs, snapshots) = (files(&folder, extension), files(&folder, "snap"));
    let expected: BTreeSet<PathBuf> = inputs.iter().map(|input| input.with_extension("snap")).collect();
    let unreferenced: Vec<_> = snapshots.difference(&expected).collect();
    assert!(!inputs.is_empty() && unreferenced.is_empty(), "snapshots of no input: {unreferenced:?}");
    let update = Environment::of_process().get("UPDATE_GOLDEN").is_some();
    let changed: Vec<String> = inputs
        .iter()
        .filter_map(|input| {
            let (snapshot, actual) = (input.with_extension("snap"), run(&fs::read_to_string(input).unwrap()));
            let before = fs::read_to_string(&snapshot).unwrap_or_default();
            if update {
                fs::write(&snapshot, &actual).unwrap();
            }
            (!update && before != actual).then(|| format!("{}:\n--- was\n{before}--- is\n{actual}", input.display()))
        })
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

fn files(folder: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}
