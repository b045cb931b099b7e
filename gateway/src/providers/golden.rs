//! Golden cases: each input in `tests/golden/<provider>` has a snapshot beside it of what becomes of it. With
//! `UPDATE_GOLDEN=1` in the environment the snapshots are written anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use syntopen_shared::config::Environment;
use syntopen_shared::id::RequestId;
use syntopen_shared::price::Prices;
use syntopen_shared::secret::Secret;
use uuid::Uuid;

use super::{Brought, Destination, Provider, StreamDecoder, Target, decode, decode_error, encode};
use crate::answer::{AnswerContext, CostDetails, ReportedUsage, RetryHints, UpstreamError};
use crate::protocol::ChatRequest;
use crate::providers::sse;

const PROVIDERS: [(Provider, &str); 3] = [
    (Provider::Anthropic, "anthropic/claude-3-5-sonnet"),
    (Provider::Google, "google/gemini-1.5-pro"),
    (Provider::OpenAi, "openai/gpt-4o"),
];

/// What the client asked for, as far as its answer depends on it.
#[derive(Clone, Copy, Default)]
struct Asked {
    include_usage: bool,
    wants_json: bool,
    one_tool_call: bool,
}

impl Asked {
    /// What the name of an input says: `name.wants-json.json`, `name.one-tool-call.sse`.
    fn of(input: &Path) -> Self {
        let stem = input.file_stem().unwrap().to_string_lossy().into_owned();
        Self {
            include_usage: false,
            wants_json: stem.ends_with(".wants-json"),
            one_tool_call: stem.ends_with(".one-tool-call"),
        }
    }

    fn context(self, provider: Provider, model: &str) -> AnswerContext {
        AnswerContext {
            request: RequestId::from(Uuid::from_u128(0x0193_5b2c_1c00_7000_8000_0000_0000_0001)),
            model: model.into(),
            provider: provider.as_str(),
            choices: 1,
            include_usage: self.include_usage,
            wants_json: self.wants_json,
            one_tool_call: self.one_tool_call,
        }
    }
}

/// `{"upstream_model": …, "model_max_output_tokens": …, "max_output_tokens": …, "body": {…}}`, of which only the body
/// must be there.
#[derive(Deserialize)]
struct RequestCase<'a> {
    upstream_model: Option<String>,
    model_max_output_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[test]
fn requests() {
    check("request", "json", |(provider, model), _, text| {
        let case: RequestCase<'_> = serde_json::from_str(text).unwrap();
        let request = match ChatRequest::parse(Bytes::copy_from_slice(case.body.get().as_bytes())) {
            Ok(request) => request,
            Err(invalid) => return format!("invalid for all providers: {invalid}\n"),
        };
        let upstream_model = case.upstream_model.unwrap_or_else(|| model.split_once('/').unwrap().1.to_owned());
        let target = Target {
            model: &upstream_model,
            model_max_output_tokens: case.model_max_output_tokens.unwrap_or(8_192),
            max_output_tokens: case.max_output_tokens,
        };
        let credential = Secret::new("the-credential".to_owned());
        let base_url = "https://upstream.example";
        match encode(&request, &Destination { provider, base_url, credential: &credential, target }) {
            Err(invalid) => format!("400 {:?}\n{invalid}\n", invalid.param),
            Ok(sent) => {
                let body: Value = serde_json::from_slice(&sent.body).unwrap();
                let text = String::from_utf8_lossy(&sent.body);
                let (name, value) = &sent.authorization;
                format!(
                    "POST {}\n{name}: {}\n{:?}\ndropped: {:?}\n\n{text}\n\n{body:#}\n",
                    sent.url,
                    value.expose(),
                    sent.headers,
                    sent.dropped
                )
            }
        }
    });
}

#[test]
fn responses() {
    check("response", "json", |(provider, model), asked, body| {
        match decode(provider, Bytes::from(body.to_owned()), &asked.context(provider, model)) {
            Err(error) => failure(&error),
            Ok(answer) => {
                let usage = answer.usage().map(with_cost);
                let rendered = answer.render(model, provider.as_str(), usage.as_deref());
                let text = without_minted(&String::from_utf8_lossy(&rendered));
                serde_json::from_str::<Value>(&text).unwrap();
                format!("{text}\ntext: {:?}\n{}\n", answer.text(), tokens(answer.usage()))
            }
        }
    });
}

#[test]
fn streams() {
    check("stream", "sse", |(provider, model), asked, sent| {
        let plain = relay(sent, provider, asked.context(provider, model));
        let with_usage = relay(sent, provider, Asked { include_usage: true, ..asked }.context(provider, model));
        format!("== usage not asked for\n{plain}== usage asked for\n{with_usage}")
    });
}

#[test]
fn streams_mean_the_same_in_whatever_pieces_they_are_read() {
    for (provider, model) in PROVIDERS {
        let folder = golden(provider, "stream");
        for input in files(&folder, "sse") {
            let context = Asked { include_usage: true, ..Asked::of(&input) }.context(provider, model);
            let sent = fs::read_to_string(&input).unwrap();
            let whole = relay(&sent, provider, context.clone());
            for size in [1, 2, 3, 7, 64] {
                let reads = sent.as_bytes().chunks(size);
                assert_eq!(relay_reads(reads, provider, context.clone()), whole, "{size} {}", input.display());
            }
            let with_crlf =
                sent.replace("\r\n", "\n").replace('\n', "\r\n").replace("\r\n\r\n", "\r\n: comment\r\n\r\n");
            let reads = with_crlf.as_bytes().chunks(1);
            assert_eq!(relay_reads(reads, provider, context), whole, "CRLF {}", input.display());
        }
    }
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
    check("error", "json", |(provider, _), _, text| {
        let case: Case = serde_json::from_str(text).unwrap();
        let hints =
            RetryHints { retry_after: case.retry_after.as_deref(), retry_after_ms: case.retry_after_ms.as_deref() };
        let body = case.body.as_str().map_or_else(|| case.body.to_string(), str::to_owned);
        failure(&decode_error(provider, case.status, &hints, body.as_bytes()))
    });
}

/// What a client would read, with a line of its own for everything that the gateway learns.
fn relay(sent: &str, provider: Provider, context: AnswerContext) -> String {
    relay_reads([sent.as_bytes()], provider, context)
}

fn relay_reads<'a>(reads: impl IntoIterator<Item = &'a [u8]>, provider: Provider, context: AnswerContext) -> String {
    let include_usage = context.include_usage;
    let (mut parser, mut events) = (sse::Parser::new(1 << 20), Vec::new());
    for read in reads {
        parser.push(Bytes::copy_from_slice(read), &mut events).unwrap();
    }
    parser.finish(&mut events).unwrap();
    let (mut decoder, mut text, mut usage, mut told) =
        (StreamDecoder::new(provider, context), String::new(), None, String::new());
    let mut failed = None;
    for event in &events {
        let mut chunks = Vec::new();
        failed = decoder.push(event, Brought { text: &mut text, chunks: &mut chunks }).err();
        for chunk in chunks {
            let json = chunk.json.map_or_else(|| "nothing".into(), |json| String::from_utf8_lossy(&json).into_owned());
            let mark = if chunk.finishes { " (finishes)" } else { "" };
            writeln!(told, "data: {}{mark}", without_minted(&json)).unwrap();
            usage = chunk.usage.or(usage);
        }
        if failed.is_some() {
            break;
        }
    }
    if let (true, Some(usage)) = (include_usage && failed.is_none(), &usage) {
        let chunk = decoder.usage_chunk(&with_cost(usage));
        writeln!(told, "data: {}", String::from_utf8_lossy(&chunk)).unwrap();
    }
    let end = match failed {
        Some(error) => failure(&error),
        None => decoder.end().map_or_else(|error| failure(&error), |()| "end\n".to_owned()),
    };
    format!("{told}{end}text: {text:?}\n{}\n", tokens(usage.as_ref()))
}

/// Ids of calls that the gateway had to make up are random.
fn without_minted(text: &str) -> String {
    let mut parts = text.split("\"call_");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once('"').unwrap_or((part, ""));
        let is_minted = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        write!(told, "\"call_{}\"{rest}", if is_minted { "MINTED" } else { id }).unwrap();
    }
    told
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

/// Compares what becomes of each provider's inputs with their snapshots.
fn check(part: &str, extension: &str, run: impl Fn((Provider, &str), Asked, &str) -> String) {
    for (provider, model) in PROVIDERS {
        check_folder(&golden(provider, part), extension, |input, text| run((provider, model), Asked::of(input), text));
    }
}

fn golden(provider: Provider, part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(provider.as_str()).join(part)
}

/// A snapshot without an input fails too.
fn check_folder(folder: &Path, extension: &str, run: impl Fn(&Path, &str) -> String) {
    let (inputs, snapshots) = (files(folder, extension), files(folder, "snap"));
    let expected: BTreeSet<PathBuf> = inputs.iter().map(|input| input.with_extension("snap")).collect();
    let unreferenced: Vec<_> = snapshots.difference(&expected).collect();
    assert!(
        !inputs.is_empty() && unreferenced.is_empty(),
        "{}: snapshots of no input: {unreferenced:?}",
        folder.display()
    );
    let update = Environment::of_process().get("UPDATE_GOLDEN").is_some();
    let changed: Vec<String> = inputs
        .iter()
        .filter_map(|input| {
            let (snapshot, actual) = (input.with_extension("snap"), run(input, &fs::read_to_string(input).unwrap()));
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
