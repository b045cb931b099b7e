//! As much of HTTP/1.1 as a provider needs, on the bare socket: a simulator has to decide itself which byte leaves
//! when, where a body breaks off, and what counts as written, and a server library keeps that to itself.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 200;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;
const CHUNK_LINE_BYTES_MAX: usize = 1024;

/// One request, read to its end.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path with its query.
    pub(super) target: String,
    /// Names in lower case, values as received.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) persistence: Persistence,
}

/// What becomes of the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    KeepAlive,
    Close,
    /// HTTP/1.0: the end of the connection is the end of a stream.
    CloseUnframed,
}

/// Why no request was read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the connection broke")]
    Broken(#[from] io::Error),
    #[error("this is no HTTP/1.1 request")]
    Malformed,
    #[error("the head is larger than {HEAD_BYTES_MAX} bytes")]
    HeadTooLarge,
    #[error("the body is larger than {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }
}

/// A client's connection.
pub(super) struct Socket {
    stream: TcpStream,
    input: BytesMut,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, input: BytesMut::with_capacity(READ_BYTES) }
    }

    /// The next request; `None` when the client closed the connection between two of them.
    pub(super) async fn read_request(&mut self) -> Result<Option<Request>, ReadError> {
        let head_length = loop {
            if let Some(end) = memmem::find(&self.input, b"\r\n\r\n") {
                break end;
            }
            if HEAD_BYTES_MAX < self.input.len() {
                return Err(ReadError::HeadTooLarge);
            }
            if self.fill().await? == 0 {
                return if self.input.is_empty() { Ok(None) } else { Err(ReadError::Malformed) };
            }
        };
        let mut request = parse_head(&self.input[..head_length]).ok_or(ReadError::Malformed)?;
        self.input.advance(head_length + 4);
        request.body = self.read_body(&request).await?;
        Ok(Some(request))
    }

    async fn read_body(&mut self, request: &Request) -> Result<Bytes, ReadError> {
        let chunked = request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = match request.header("content-length") {
            Some(length) => length.parse::<usize>().map_err(|_| ReadError::Malformed)?,
            None => 0,
        };
        if BODY_BYTES_MAX < length {
            return Err(ReadError::BodyTooLarge);
        }
        if (chunked || 0 < length) && self.input.is_empty() && request.header("expect").is_some() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if chunked {
            return self.read_chunks().await;
        }
        self.fill_to(length).await?;
        Ok(Bytes::copy_from_slice(&self.take(length)))
    }

    async fn read_chunks(&mut self) -> Result<Bytes, ReadError> {
        let mut body = BytesMut::new();
        loop {
            let line = self.read_line().await?;
            let size = std::str::from_utf8(&line).ok().and_then(|line| line.split(';').next());
            let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).ok_or(ReadError::Malformed)?;
            if BODY_BYTES_MAX - body.len() < size {
                return Err(ReadError::BodyTooLarge);
            }
            if size == 0 {
                while !self.read_line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            self.fill_to(size + 2).await?;
            body.extend_from_slice(&self.take(size));
            self.input.advance(2);
        }
    }

    async fn read_line(&mut self) -> Result<BytesMut, ReadError> {
        loop {
            if let Some(end) = memmem::find(&self.input, b"\r\n") {
                let line = self.take(end);
                self.input.advance(2);
                return Ok(line);
            }
            if CHUNK_LINE_BYTES_MAX < self.input.len() || self.fill().await? == 0 {
                return Err(ReadError::Malformed);
            }
        }
    }

    async fn fill_to(&mut self, length: usize) -> Result<(), ReadError> {
        while self.input.len() < length {
            if self.fill().await? == 0 {
                return Err(ReadError::Malformed);
            }
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.input.reserve(READ_BYTES);
        self.stream.read_buf(&mut self.input).await
    }

    fn take(&mut self, length: usize) -> BytesMut {
        self.input.split_to(length)
    }

    /// Writes all of `bytes` at once.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Returns when the client has gone. One that closes only its sending half counts as gone. What it sends before
    /// that is kept for the next request, up to the size of a head: then it is no longer listened to.
    pub(super) async fn gone(&mut self) {
        while self.input.len() <= HEAD_BYTES_MAX {
            if !matches!(self.fill().await, Ok(1..)) {
                return;
            }
        }
        std::future::pending().await
    }
}

fn parse_head(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut start = lines.next()?.split(' ');
    let (method, target, version) = (start.next()?, start.next()?, start.next()?);
    let mut headers = Vec::with_capacity(16);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if HEADERS_MAX <= headers.len() || name.is_empty() || name.contains(' ') {
            return None;
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let closes = headers.iter().any(|(name, value)| name == "connection" && value.eq_ignore_ascii_case("close"));
    let persistence = match version {
        "HTTP/1.1" if closes => Persistence::Close,
        "HTTP/1.1" => Persistence::KeepAlive,
        "HTTP/1.0" => Persistence::CloseUnframed,
        _ => return None,
    };
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers, body: Bytes::new(), persistence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_heads() {
        let head = b"POST /v1/x?a=1 HTTP/1.1\r\nHost: a\r\nX-Two:  b: c ";
        let request = parse_head(head).unwrap();
        assert_eq!((request.method.as_str(), request.path()), ("POST", "/v1/x"));
        assert_eq!((request.header("host"), request.header("x-two")), (Some("a"), Some("b: c")));
        assert_eq!(request.persistence, Persistence::KeepAlive);
        assert_eq!(parse_head(b"GET / HTTP/1.0").unwrap().persistence, Persistence::CloseUnframed);
        assert_eq!(parse_head(b"GET / HTTP/1.1\r\nConnection: Close").unwrap().persistence, Persistence::Close);
    }

    #[test]
    fn refuses_what_is_no_head() {
        for head in [&b"GET /"[..], b"GET / HTTP/2", b"GET / HTTP/1.1\r\nno colon", b"\xff / HTTP/1.1"] {
            assert!(parse_head(head).is_none());
        }
    }
}
