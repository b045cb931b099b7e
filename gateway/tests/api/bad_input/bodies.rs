//! Bodies that are no JSON, too large, or not what their head says.

use super::row::{INVALID, JSON, NO_JSON, Row, TOO_LARGE, post};
use super::{GOOD, LIMIT, MESSAGES};
use crate::helpers::Customer;

pub(super) fn rows(customer: &Customer) -> Vec<Row> {
    let mut rows = no_objects(customer);
    rows.extend(doubtful(customer));
    rows.extend(not_declared(customer));
    rows.extend(too_large(customer));
    rows
}

/// What is not one JSON object.
fn no_objects(customer: &Customer) -> Vec<Row> {
    let bodies: &[&[u8]] = &[
        b"",
        b" \r\n",
        b"null",
        b"true",
        b"1",
        b"\"{}\"",
        b"[]",
        b"[{}]",
        b"{",
        b"}",
        b"{\"model\"",
        b"{\"model\":}",
        b"{\"model\":\"a\",}",
        b"{'model':'a'}",
        b"{model:1}",
        b"{\"a\":NaN}",
        b"{\"a\":Infinity}",
        b"{\"a\":01}",
        b"{\"a\":.5}",
        b"{\"a\":+1}",
        b"{\"a\":0x10}",
        b"{\"a\":tru}",
        b"{\"a\":\"\\x\"}",
        b"{\"a\":\"\\u12\"}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":\"\0\"}",
        b"\0\0\0\0",
        b"{}{}",
        b"{} x",
        b"{}\0",
        b"// c\n{}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xc3\x28\"}",
        b"{\"\xff\":1}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"\x1f\x8b\x08\0\0\0\0\0",
        b"model=a&messages=b",
        b"--a\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--a--",
        b"<xml/>",
    ];
    let row = |body: &&[u8]| {
        Row::new(format!("body {:?}", String::from_utf8_lossy(body)), post(customer, JSON, body), INVALID)
    };
    bodies.iter().map(row).collect()
}

/// JSON that one reader takes otherwise than another, or that no reader takes.
fn doubtful(customer: &Customer) -> Vec<Row> {
    let nested = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let cut = |param: String| if param.len() > 200 { format!("{}…", &param[..200]) } else { param };
    let fields: String = (0..300).map(|number| format!("\"f{number}\":0,")).collect();
    let bodies = [
        ("{}".to_owned(), Some("model".to_owned())),
        (format!("{{{MESSAGES},\"model\":\"test/free\",\"model\":\"test/output-only\"}}"), Some("model".to_owned())),
        (
            format!("{{{MESSAGES},\"model\":\"test/free\",\"mod\\u0065l\":\"test/output-only\"}}"),
            Some("model".to_owned()),
        ),
        (format!("{{{MESSAGES},\"model\":\"test/free\",{MESSAGES}}}"), Some("messages".to_owned())),
        (format!("{{{GOOD},\"x\":1,\"x\":2}}"), Some("x".to_owned())),
        (GOOD.replace("\"role\":\"user\"", "\"role\":\"user\",\"role\":\"user\""), Some("messages[0].role".to_owned())),
        (GOOD.replace("Hello", "\\ud800"), Some("messages[0].content".to_owned())),
        (GOOD.replace("Hello", "\\udc00\\ud800"), Some("messages[0].content".to_owned())),
        (format!("{GOOD},\"x\":{}", nested("[", "]", 101)), Some(cut(format!("x{}", "[0]".repeat(100))))),
        (format!("{GOOD},\"x\":{}", nested("[", "]", 30_000)), Some(cut(format!("x{}", "[0]".repeat(100))))),
        (
            format!("{GOOD},\"x\":{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
            Some(cut(format!("x{}", ".a".repeat(100)))),
        ),
        (
            format!("\"model\":\"test/free\",\"messages\":{}", nested("[", "]", 30_000)),
            Some(cut(format!("messages{}", "[0]".repeat(100)))),
        ),
        (format!("{GOOD},\"x\":{}", "[".repeat(60_000)), None),
        (format!("{GOOD},\"x\":1e400"), Some("x".to_owned())),
        (format!("{fields}{GOOD}"), None),
    ];
    let bodies = bodies
        .into_iter()
        .map(|(body, param)| (if body.starts_with('{') { body } else { format!("{{{body}}}") }, param));
    let row = |(body, param): (String, Option<String>)| {
        let what = format!("doubtful {}", body.chars().take(150).collect::<String>());
        Row { param, ..Row::new(what, post(customer, JSON, body), INVALID) }
    };
    bodies.map(row).collect()
}

/// Good bodies that are declared to be something else.
fn not_declared(customer: &Customer) -> Vec<Row> {
    let declared = [
        "",
        "Content-Type:\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=a\r\n",
        "Content-Type: application/jsonp\r\n",
        "Content-Type: json\r\n",
        "Content-Type: application/json, text/plain\r\n",
        "Content-Type: application/json-patch+json\r\n",
        "Content-Type: ; application/json\r\n",
        "Content-Type: application/\u{434}json\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
        "Content-Type: application/json\r\nContent-Encoding: br\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip, identity\r\n",
        "Content-Type: application/json\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n",
        "Content-Type: application/json\r\nContent-Encoding: \u{ff}\r\n",
        "Content-Type: text/plain\r\nContent-Type: application/json\r\n",
    ];
    declared.iter().map(|headers| Row::new(*headers, post(customer, headers, format!("{{{GOOD}}}")), NO_JSON)).collect()
}

fn too_large(customer: &Customer) -> Vec<Row> {
    let large = format!("{{{GOOD},\"user\":\"{}\"}}", "u".repeat(LIMIT));
    let key = &customer.api_key;
    let head = |headers: String| {
        let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        format!("{head}Authorization: Bearer {key}\r\n{headers}\r\n")
    };
    let chunked = head("Transfer-Encoding: chunked\r\n".to_owned());
    let chunks: String = (0..LIMIT / 1_000 + 1).map(|_| format!("3e8\r\n{}\r\n", " ".repeat(1_000))).collect();
    let whole = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    vec![
        Row::new("too large", post(customer, JSON, &large), TOO_LARGE),
        Row::new("a byte too large", post(customer, JSON, " ".repeat(LIMIT + 1)), TOO_LARGE),
        Row::new("as large as allowed", post(customer, JSON, " ".repeat(LIMIT)), INVALID),
        Row::new("only declared too large", head(format!("Content-Length: {}\r\n", LIMIT + 1)), TOO_LARGE),
        Row::new("declared immense", head(format!("Content-Length: {}\r\n", u64::MAX)), TOO_LARGE),
        Row::new(
            "too large and awaited",
            head(format!("Expect: 100-continue\r\nContent-Length: {}\r\n", LIMIT + 1)),
            TOO_LARGE,
        ),
        Row::new("too large in one chunk", format!("{chunked}{whole}"), TOO_LARGE),
        Row::new("too large in chunks", format!("{chunked}{chunks}0\r\n\r\n"), TOO_LARGE),
        Row::new("too large in chunks without end", format!("{chunked}{chunks}"), TOO_LARGE),
    ]
}
