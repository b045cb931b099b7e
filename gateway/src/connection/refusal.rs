//! The HTTP server's own refusals: how they are recognised, and what is said in their place.

use actix_web::http::StatusCode;
use memchr::memmem;
use syntopen_shared::id::RequestId;

use crate::error::ApiError;

/// How every head of the server ends that has no header of the application's.
const END: &[u8] = b"GMT\r\n\r\n";
/// The last line of such a head with the empty line after it, as long as any other of the kind.
const DATE: &[u8] = b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";
/// How the line before may read, if there is one.
const CONNECTION: [&[u8]; 2] = [b"connection: close\r\n", b"connection: keep-alive\r\n"];
/// What tells it from the application's refusals.
const EMPTY: &[u8] = b"\r\ncontent-length: 0\r\n";
/// A status line is no longer than this.
const STATUS_LINE: usize = 64;

/// An answer of the server's own at the end of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal<'w> {
    /// Where in the write it begins.
    pub(super) start: usize,
    status: StatusCode,
    /// Its date, and the end of its head.
    date: &'w [u8],
}

/// The first of the refusals that a write ends with. The server may repeat itself while an earlier request is running.
pub(super) fn find(write: &[u8]) -> Option<Refusal<'_>> {
    let mut first = last(write)?;
    while let Some(earlier) = last(&write[..first.start]) {
        first = earlier;
    }
    Some(first)
}

fn last(write: &[u8]) -> Option<Refusal<'_>> {
    if !write.ends_with(END) {
        return None;
    }
    let (head, date) = write.split_at(write.len().checked_sub(DATE.len())?);
    let head = CONNECTION.iter().find_map(|line| head.strip_suffix(*line)).unwrap_or(head);
    let head = head.strip_suffix(EMPTY).filter(|_| date.starts_with(b"date: "))?;
    let near = head.len().saturating_sub(STATUS_LINE);
    let start = near + memmem::rfind(&head[near..], b"HTTP/1.")?;
    Some(Refusal { start, status: refused(&head[start..])?, date })
}

/// The status of a status line, if it is an error's.
fn refused(line: &[u8]) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(line.get(9..12)?).ok()?;
    let is_line = !line.contains(&b'\n');
    (is_line && (status.is_client_error() || status.is_server_error())).then_some(status)
}

impl Refusal<'_> {
    /// The whole answer that the client gets instead.
    pub(super) fn envelope(&self) -> Vec<u8> {
        let body = ApiError::of_status(self.status).body().to_string();
        let (status, length, id) = (self.status, body.len(), RequestId::mint());
        let mut answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\
             content-type: application/json\r\nx-request-id: {id}\r\n"
        )
        .into_bytes();
        answer.extend_from_slice(self.date);
        answer.extend_from_slice(body.as_bytes());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: Mon, 23 Nov 2026 13:45:00 GMT\r\n\r\n";
    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: Mon, 23 Nov 2026 13:45:00 GMT\r\n\r\n{}";

    fn found(write: &str) -> Option<(usize, u16)> {
        find(write.as_bytes()).map(|refusal| (refusal.start, refusal.status.as_u16()))
    }

    #[test]
    fn refusals_are_found_at_the_end_of_a_write() {
        assert_eq!(found(BARE), Some((0, 400)));
        assert_eq!(found(&format!("{GOOD}{BARE}")), Some((GOOD.len(), 400)));
        assert_eq!(found(&format!("{GOOD}{BARE}{BARE}{BARE}")), Some((GOOD.len(), 400)));
        for line in ["connection: close", "connection: keep-alive"] {
            let told = BARE.replace("date", &format!("{line}\r\ndate"));
            assert_eq!(found(&told), Some((0, 400)), "{line}");
        }
        let status = "HTTP/1.0 431 Request Header Fields Too Large";
        assert_eq!(found(&BARE.replace("HTTP/1.1 400 Bad Request", status)), Some((0, 431)));
    }

    #[test]
    fn other_answers_are_none() {
        let head = GOOD.trim_end_matches("{}");
        let ours = BARE.replace("date", "x-request-id: 1\r\ndate");
        for other in [
            "",
            "GMT\r\n\r\n",
            GOOD,
            head,
            &BARE.replace("400", "200"),
            &BARE.replace(": 0", ": 10"),
            &ours,
            &BARE[1..],
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        for end in 0..BARE.len() {
            assert_eq!(found(&BARE[..end]), None);
        }
    }
}
