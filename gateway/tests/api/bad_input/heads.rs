//! Request lines, headers and framing that are wrong.

use super::row::{INVALID, JSON, LARGE_HEAD, NO_KEY, NO_METHOD, NO_MODEL, NOT_FOUND, Row, Told, post, post_by};
use super::{GOOD, escape};
use crate::helpers::Customer;

pub(super) fn rows(customer: &Customer) -> Vec<Row> {
    let mut rows = keys(customer);
    rows.extend(targets(customer));
    rows.extend(no_http());
    rows.extend(framing(customer));
    rows
}

/// Who does not say, or says it wrongly, who it is.
fn keys(customer: &Customer) -> Vec<Row> {
    let key = &customer.api_key;
    let (most, flipped) = (&key[..key.len() - 1], key.to_ascii_uppercase());
    let values = [
        String::new(),
        " ".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        key.clone(),
        format!("Basic {key}"),
        format!("Token {key}"),
        format!("Bearer{key}"),
        format!("Bearer\t{key}"),
        format!("Bearer {key} {key}"),
        format!("Bearer {key},"),
        format!("Bearer \"{key}\""),
        format!("Bearer {most}"),
        format!("Bearer {key}x"),
        format!("Bearer {most}\u{434}"),
        format!("Bearer {flipped}"),
        "Bearer sk-syn-".to_owned(),
        "Bearer sk-proj-abc".to_owned(),
        "Bearer \u{43a}\u{43b}\u{44e}\u{447}".to_owned(),
        "B\u{e9}arer x".to_owned(),
        "Bearer null".to_owned(),
        format!("Digest username=\"{key}\""),
        format!("Bearer {}", "k".repeat(60_000)),
        format!("Bearer: {key}"),
        format!("Bearer {}", "sk-syn-".repeat(7)),
    ];
    let body = format!("{{{GOOD}}}");
    let row = |value: &String| {
        let request = post_by(&format!("Authorization: {value}\r\n{JSON}"), &body);
        Row::new(format!("key {}", value.chars().take(80).collect::<String>()), request, NO_KEY)
    };
    let mut rows: Vec<Row> = values.iter().map(row).collect();
    rows.push(Row::new("no key", post_by(JSON, &body), NO_KEY));
    rows.push(Row::new(
        "a key elsewhere",
        post_by(&format!("X-Api-Key: {key}\r\nCookie: key={key}\r\n{JSON}"), &body),
        NO_KEY,
    ));
    rows.push(Row::new("no key and no body", post_by("", ""), NO_KEY));
    let bytes =
        [&b"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\x80"[..], b"\r\n\r\n"].concat();
    rows.push(Row::new("a key of bytes", bytes, NO_KEY));
    for path in ["/v1/models", "/v1/models/test/free", "/api/v1/key"] {
        let request = format!("GET {path}?api_key={key} HTTP/1.1\r\nHost: a\r\n\r\n");
        rows.push(Row::new(format!("no key for {path}"), request, NO_KEY));
    }
    rows
}

/// Methods and paths that there are not.
const TARGETS: &[(&str, Told)] = &[
    ("GET /api/v1/chat/completions", NO_METHOD),
    ("PUT /v1/chat/completions", NO_METHOD),
    ("DELETE /v1/chat/completions", NO_METHOD),
    ("PATCH /v1/chat/completions", NO_METHOD),
    ("OPTIONS /v1/chat/completions", NO_METHOD),
    ("TRACE /v1/chat/completions", NO_METHOD),
    ("BREW /v1/chat/completions", NO_METHOD),
    ("post /v1/chat/completions", NO_METHOD),
    ("POST /v1/models", NO_METHOD),
    ("POST /v1/models/test/free", NO_METHOD),
    ("DELETE /v1/models/test/free", NO_METHOD),
    ("POST /v1/key", NO_METHOD),
    ("GET //v1//chat///completions", NO_METHOD),
    ("POST /api", NOT_FOUND),
    ("GET /api/v1", NOT_FOUND),
    ("GET /api/v1/", NOT_FOUND),
    ("GET /v1", NOT_FOUND),
    ("POST /v2/chat/completions", NOT_FOUND),
    ("POST /chat/completions", NOT_FOUND),
    ("POST /v1/chat", NOT_FOUND),
    ("POST /v1/chat/completions/", NOT_FOUND),
    ("POST /v1/Chat/Completions", NOT_FOUND),
    ("GET /v1/chat/completions/chatcmpl-1", NOT_FOUND),
    ("POST /v1/completions", NOT_FOUND),
    ("POST /v1/embeddings", NOT_FOUND),
    ("POST /v1/images/generations", NOT_FOUND),
    ("POST /v1/audio/speech", NOT_FOUND),
    ("POST /v1/responses", NOT_FOUND),
    ("GET /v1/files", NOT_FOUND),
    ("POST /api/v1/moderations", NOT_FOUND),
    ("GET /healthz", NOT_FOUND),
    ("GET /metrics", NOT_FOUND),
    ("GET /v1/../metrics", NOT_FOUND),
    ("GET /v1/%2e%2e/metrics", NOT_FOUND),
    ("GET /.env", NOT_FOUND),
    ("GET /v1/%00", NOT_FOUND),
    ("GET /%", NOT_FOUND),
    ("GET /%ff%fe", NOT_FOUND),
    ("GET /v1/models/", NOT_FOUND),
    ("GET /v1/models//", NOT_FOUND),
    ("GET /v1models", NOT_FOUND),
    ("OPTIONS *", NOT_FOUND),
    ("GET http://a/none", NOT_FOUND),
];

/// Paths of models that there are not.
const MODELS: &[&str] = &[
    "GET /v1/models/none",
    "GET /v1/models/%",
    "GET /v1/models/%zz",
    "GET /v1/models/a%2",
    "GET /v1/models/%ff",
    "GET /v1/models/%c3%28",
    "GET /v1/models/%00",
    "GET /v1/models/test/free%00",
    "GET /v1/models/test%252Ffree",
    "GET /v1/models/%0d%0aX-Injected:1",
    "GET /v1/models/../../etc/passwd",
    "GET /v1/models/test/free/",
    "GET /v1/models/%F0%9F%98%80",
    "GET /v1/models/+",
    "GET http://elsewhere.example/v1/models/none",
];

fn targets(customer: &Customer) -> Vec<Row> {
    let request =
        |line: &str| format!("{line} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n", customer.api_key);
    let row = |line: &str, told| Row::new(line.chars().take(80).collect::<String>(), request(line), told);
    let mut rows: Vec<Row> = TARGETS.iter().map(|(line, told)| row(line, *told)).collect();
    rows.push(row(&format!("GET /{}", "p".repeat(50_000)), NOT_FOUND));
    rows.push(row(&format!("{} /v1/models", "M".repeat(5_000)), NO_METHOD));
    rows.push(row(&format!("GET /v1/models/{}", "m".repeat(50_000)), NO_MODEL).at("model"));
    rows.extend(MODELS.iter().map(|line| row(line, NO_MODEL).at("model")));
    rows
}

/// What the server below the application refuses.
fn no_http() -> Vec<Row> {
    let get = |headers: &str| format!("GET /v1/models HTTP/1.1\r\nHost: a\r\n{headers}\r\n").into_bytes();
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let heads: Vec<(Vec<u8>, Told)> = vec![
        (b"\0\0\0\0\r\n\r\n".to_vec(), INVALID),
        (b"hello\r\n\r\n".to_vec(), INVALID),
        (b"{\"model\":\"a\"}\r\n\r\n".to_vec(), INVALID),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(), INVALID),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/models HTTP/9.9\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/models http/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/models\r\n\r\n".to_vec(), INVALID),
        (b"GET  /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/mod els HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/\x01 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"G\xc3\x89T /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), INVALID),
        (b"GET /v1/models HTTP/1.1\r\n\r\n".to_vec(), INVALID),
        (get("Host: b\r\n"), INVALID),
        (get("X Y: 1\r\n"), INVALID),
        (get("X : 1\r\n"), INVALID),
        (get(": 1\r\n"), INVALID),
        (get("X\r\n"), INVALID),
        (get("X: 1\r\n folded\r\n"), INVALID),
        (get("X: \0\r\n"), INVALID),
        (get("\u{434}: 1\r\n"), INVALID),
        (get("X: 1\rY: 2\r\n"), INVALID),
        (get("Content-Length: -1\r\n"), INVALID),
        (get("Content-Length: +1\r\n"), INVALID),
        (get("Content-Length: 0x1\r\n"), INVALID),
        (get("Content-Length: 1, 1\r\n"), INVALID),
        (get("Content-Length:\r\n"), INVALID),
        (get("Content-Length: 18446744073709551616\r\n"), INVALID),
        (get("Content-Length: 1\r\nContent-Length: 1\r\n"), INVALID),
        (get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), INVALID),
        (get("Transfer-Encoding: gzip\r\n"), INVALID),
        (get("Transfer-Encoding: gzip, chunked\r\n"), INVALID),
        (get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), INVALID),
        (b"POST /v1/models HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(), INVALID),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(100_000)).into_bytes(), INVALID),
        (get(&many), LARGE_HEAD),
        (get(&format!("X: {}\r\n", "x".repeat(1_000_000))), LARGE_HEAD),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(1_000_000)).into_bytes(), LARGE_HEAD),
        (vec![b'A'; 1_000_000], LARGE_HEAD),
    ];
    heads.into_iter().map(|(head, told)| Row::new(escape(&head), head, told)).collect()
}

/// Bodies whose framing is wrong.
fn framing(customer: &Customer) -> Vec<Row> {
    let body = format!("{{{GOOD}}}");
    let framed = |framing: &str, sent: &str| {
        let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        format!("{head}Authorization: Bearer {}\r\n{framing}\r\n{sent}", customer.api_key)
    };
    let chunked = |sent: &str| framed("Transfer-Encoding: chunked\r\n", sent);
    let short = body.len() - 10;
    let mut rows = vec![
        Row::new("no body at all", framed("", ""), INVALID),
        Row::new("a body without its length", framed("", &body), INVALID),
        Row::new("a length of 0", framed("Content-Length: 0\r\n", &body), INVALID),
        Row::new("a length too short", framed(&format!("Content-Length: {short}\r\n"), &body), INVALID),
        Row::new("an empty chunked body", chunked("0\r\n\r\n"), INVALID),
        Row::new("an awaited body that is wrong", post(customer, &format!("Expect: 200-ok\r\n{JSON}"), "{"), INVALID),
    ];
    for broken in [
        "Z\r\n",
        "5\r\nhelloX",
        "5 5\r\n",
        "-5\r\nhello\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "\r\n",
        "0x5\r\nhello\r\n",
        "5\nhello\r\n",
        "5\r\nhello\r\nQ",
    ] {
        rows.push(Row::new(format!("chunks {broken:?}"), chunked(broken), INVALID));
    }
    rows
}
