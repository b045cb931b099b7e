//! A script: everything that will be written for one request, decided before the first byte of it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::simulator::control::Control;
use crate::simulator::faults::{Fault, Marks};
use crate::simulator::http::Persistence;
use crate::simulator::service::Service;

/// Chunks that a JSON body is cut into where a fault needs it in parts.
const JSON_PARTS: usize = 10;

/// How the type of a stream of server-sent events begins.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// What is written, and when.
#[derive(Debug)]
pub(super) struct Script {
    /// The gate before everything.
    pub(super) gate: Option<String>,
    /// The pause before the head.
    pub(super) delay: Duration,
    pub(super) opening: Opening,
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) retry_after: Option<String>,
    /// Whose headers the answer has.
    pub(super) service: Service,
    /// Whether the body is a stream in chunks; else it has a length.
    pub(super) streams: bool,
    /// The length of the body that the head announces, where it does not stream.
    pub(super) length: usize,
    pub(super) pieces: Vec<Piece>,
    pub(super) ending: Ending,
    pub(super) byte_by_byte: bool,
}

/// What comes instead of a head, or the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Head,
    Close,
    Stall,
}

/// What comes after the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A good end of the whole answer.
    Complete,
    /// A good end of a part of it.
    Truncated,
    /// The connection is closed.
    Cut,
    /// Nothing.
    Stall,
}

/// One write.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Tokens of the answer that are in it.
    pub(super) tokens: u64,
    /// The pause before it.
    pub(super) pause: Duration,
}

impl Piece {
    /// A piece without tokens.
    pub(super) const fn silent(bytes: Bytes) -> Self {
        Self { bytes, tokens: 0, pause: Duration::ZERO }
    }
}

impl Script {
    /// A body that has a length.
    pub(super) fn whole(status: u16, content_type: &'static str, body: Bytes) -> Self {
        let length = body.len();
        Self { streams: false, length, content_type, ..Self::stream(status, vec![Piece::silent(body)]) }
    }

    /// A stream of server-sent events.
    pub(super) const fn stream(status: u16, pieces: Vec<Piece>) -> Self {
        Self {
            gate: None,
            delay: Duration::ZERO,
            opening: Opening::Head,
            status,
            content_type: "text/event-stream; charset=utf-8",
            retry_after: None,
            service: Service::OpenAi,
            streams: true,
            length: 0,
            pieces,
            ending: Ending::Complete,
            byte_by_byte: false,
        }
    }

    /// Puts in the pauses that the request asked for.
    pub(super) fn pace(&mut self, control: &Control) {
        let token = Duration::from_millis(control.token_ms.unwrap_or(0));
        self.delay = Duration::from_millis(control.ttft_ms.unwrap_or(0));
        let mut spoken = self.pieces.iter_mut().filter(|piece| 0 < piece.tokens);
        if self.streams {
            spoken.next();
            spoken
                .for_each(|piece| piece.pause = token.saturating_mul(u32::try_from(piece.tokens).unwrap_or(u32::MAX)));
        } else {
            let tokens: u64 = spoken.map(|piece| piece.tokens).sum();
            let tokens = u32::try_from(tokens.saturating_sub(1)).unwrap_or(u32::MAX);
            self.delay = self.delay.saturating_add(token.saturating_mul(tokens));
        }
    }

    /// Cuts a JSON body into parts, of which the first has all the tokens.
    pub(super) fn part(&mut self) {
        let Some(whole) = self.pieces.pop() else { return };
        let step = whole.bytes.len().div_ceil(JSON_PARTS).max(1);
        let mut rest = whole.bytes;
        while !rest.is_empty() {
            self.pieces.push(Piece::silent(rest.split_to(step.min(rest.len()))));
        }
        if let Some(first) = self.pieces.first_mut() {
            first.tokens = whole.tokens;
        }
    }

    /// Applies a fault.
    pub(super) fn spoil(&mut self, fault: &Fault, marks: Marks) {
        if !self.streams && fault.parts_body() {
            self.part();
        }
        fault.apply(self, marks);
        if matches!(self.ending, Ending::Complete | Ending::Truncated) {
            self.length = self.pieces.iter().map(|piece| piece.bytes.len()).sum();
        }
        if let Some(ms) = fault.slow_body_ms {
            let parts = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX).max(1);
            let pause = Duration::from_millis(ms) / parts;
            self.pieces.iter_mut().for_each(|piece| piece.pause = piece.pause.saturating_add(pause));
        }
        self.opening = match fault {
            Fault { close_before_head: true, .. } => Opening::Close,
            Fault { stall_before_head: true, .. } => Opening::Stall,
            _ => Opening::Head,
        };
    }

    /// The head, as it is written.
    pub(super) fn head(&self, request: &str, persistence: Persistence) -> BytesMut {
        let mut head = String::with_capacity(512);
        head.push_str("HTTP/1.1 ");
        head.push_str(&self.status.to_string());
        head.push(' ');
        head.push_str(reason(self.status));
        head.push_str("\r\ncontent-type: ");
        head.push_str(self.content_type);
        self.service.write_headers(request, &mut head);
        if let Some(retry_after) = &self.retry_after {
            head.push_str("\r\nretry-after: ");
            head.push_str(retry_after);
        }
        if !self.streams {
            head.push_str("\r\ncontent-length: ");
            head.push_str(&self.length.to_string());
        } else if persistence != Persistence::CloseUnframed {
            head.push_str("\r\ntransfer-encoding: chunked");
        }
        let keeps = persistence == Persistence::KeepAlive;
        head.push_str(if keeps { "\r\n\r\n" } else { "\r\nconnection: close\r\n\r\n" });
        BytesMut::from(head.as_bytes())
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Site Overloaded",
        _ => "Simulated",
    }
}
