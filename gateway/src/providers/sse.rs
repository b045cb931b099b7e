//! Server-sent events: bytes as they are read → events.
//!
//! Bytes are split into lines before they are decoded, because reads cut characters in two. An event that lies whole in
//! one read is handed out as a slice of it, not copied.

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What the last `event` field said.
    pub name: Option<Box<str>>,
    /// The `data` fields, joined by line feeds; always UTF-8 (what was not has become U+FFFD).
    pub data: Bytes,
}

/// A line, or the data of one event, is longer than the parser was allowed to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of the event stream is longer than {limit} bytes")]
pub struct LineTooLong {
    /// The limit in bytes.
    pub limit: usize,
}

/// Splits a stream into events; keeps what a read left unfinished.
#[derive(Debug)]
pub struct Parser {
    max_line: usize,
    /// The beginning of a line whose end has not been read.
    carry: BytesMut,
    /// The last line ended in CR, so that an LF that follows at once belongs to it.
    after_cr: bool,
    /// No line has been seen, so that a byte order mark may still come.
    at_start: bool,
    name: Option<Box<str>>,
    data: Data,
}

/// The data of the event that is being read; mostly one line, which is then kept where it was read.
#[derive(Debug)]
enum Data {
    None,
    Line(Bytes),
    Lines(BytesMut),
}

impl Parser {
    /// A parser at the start of a stream that keeps at most `max_line` bytes of a line and of an event's data.
    #[must_use]
    pub fn new(max_line: usize) -> Self {
        Self { max_line, carry: BytesMut::new(), after_cr: false, at_start: true, name: None, data: Data::None }
    }

    /// Takes what was read next and appends the events that it completes.
    ///
    /// # Errors
    /// Where a line or an event outgrows the limit; the stream cannot be read on then.
    pub fn push(&mut self, read: Bytes, events: &mut Vec<Event>) -> Result<(), LineTooLong> {
        let mut start = 0;
        while let Some(length) = memchr2(b'\n', b'\r', &read[start..]) {
            let end = start + length;
            let is_rest_of_crlf = self.after_cr && read[end] == b'\n' && length == 0 && self.carry.is_empty();
            self.after_cr = read[end] == b'\r';
            if !is_rest_of_crlf {
                self.check(self.carry.len() + length)?;
                let line = self.whole_line(read.slice(start..end));
                self.take_line(line, events)?;
            }
            start = end + 1;
        }
        self.check(self.carry.len() + read.len() - start)?;
        self.carry.extend_from_slice(&read[start..]);
        Ok(())
    }

    /// Ends the stream. What it left unfinished is an event all the same: some servers leave out the last blank line,
    /// and half an event of the providers is not JSON, so that it cannot be taken for a whole one.
    ///
    /// # Errors
    /// As [`Parser::push`].
    pub fn finish(&mut self, events: &mut Vec<Event>) -> Result<(), LineTooLong> {
        let line = self.carry.split().freeze();
        if !line.is_empty() {
            self.take_line(line, events)?;
        }
        self.dispatch(events);
        Ok(())
    }

    const fn check(&self, length: usize) -> Result<(), LineTooLong> {
        if length > self.max_line { Err(LineTooLong { limit: self.max_line }) } else { Ok(()) }
    }

    fn whole_line(&mut self, end_of_line: Bytes) -> Bytes {
        if self.carry.is_empty() {
            return end_of_line;
        }
        self.carry.extend_from_slice(&end_of_line);
        self.carry.split().freeze()
    }

    fn take_line(&mut self, mut line: Bytes, events: &mut Vec<Event>) -> Result<(), LineTooLong> {
        if std::mem::take(&mut self.at_start) && line.starts_with(BYTE_ORDER_MARK) {
            line = line.slice(BYTE_ORDER_MARK.len()..);
        }
        if line.is_empty() {
            self.dispatch(events);
            return Ok(());
        }
        let colon = memchr(b':', &line).unwrap_or(line.len());
        let after = (colon + 1).min(line.len());
        let space = usize::from(line.get(after) == Some(&b' '));
        match &line[..colon] {
            b"data" => self.take_data(valid(line.slice(after + space..)))?,
            b"event" => self.name = Some(String::from_utf8_lossy(&line[after + space..]).into()),
            // A comment (no name before the colon), `id`, `retry`, and what is unknown.
            _ => {}
        }
        Ok(())
    }

    fn take_data(&mut self, value: Bytes) -> Result<(), LineTooLong> {
        let mut lines = match std::mem::replace(&mut self.data, Data::None) {
            Data::None => {
                self.data = Data::Line(value);
                return Ok(());
            }
            Data::Line(first) => BytesMut::from(first),
            Data::Lines(lines) => lines,
        };
        self.check(lines.len() + 1 + value.len())?;
        lines.extend_from_slice(b"\n");
        lines.extend_from_slice(&value);
        self.data = Data::Lines(lines);
        Ok(())
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let name = self.name.take();
        let data = match std::mem::replace(&mut self.data, Data::None) {
            Data::None => return,
            Data::Line(line) => line,
            Data::Lines(lines) => lines.freeze(),
        };
        events.push(Event { name, data });
    }
}

fn valid(value: Bytes) -> Bytes {
    if std::str::from_utf8(&value).is_ok() { value } else { Bytes::from(String::from_utf8_lossy(&value).into_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 16;

    fn parse<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let (mut parser, mut events) = (Parser::new(LIMIT), Vec::new());
        for read in reads {
            parser.push(Bytes::copy_from_slice(read), &mut events).unwrap();
        }
        parser.finish(&mut events).unwrap();
        events
    }

    fn data(stream: &str) -> Vec<String> {
        parse([stream.as_bytes()]).into_iter().map(|event| String::from_utf8(event.data.to_vec()).unwrap()).collect()
    }

    #[test]
    fn lines_end_in_lf_cr_or_crlf() {
        for stream in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
            assert_eq!(data(stream), ["a", "b"], "{stream:?}");
        }
        let halves: [&[u8]; 4] = [b"data: a\r", b"\n\r", b"\ndata: b\r", b"\n"];
        assert_eq!(parse(halves), parse([b"data: a\n\ndata: b\n\n".as_slice()]));
    }

    #[test]
    fn fields_follow_the_standard() {
        assert_eq!(data("\u{FEFF}data:a\n\n"), ["a"], "byte order mark, no space");
        assert_eq!(data(": ping\n\ndata:  a\nid: 1\nretry: 5\nfoo: b\ndata\ndata: c\n\n\n\n"), [" a\n\nc"]);
        assert_eq!(data("data: \u{2028}\u{85}\n\n"), ["\u{2028}\u{85}"], "not line ends");
        assert_eq!(data("event: alone\n\n"), Vec::<String>::new());
        let events = parse([b"event: error\ndata: a\n\ndata: b\n\n".as_slice()]);
        assert_eq!(events[0].name.as_deref(), Some("error"));
        assert_eq!(events[1].name, None, "a name is of one event");
    }

    #[test]
    fn the_last_blank_line_may_be_missing() {
        assert_eq!(data("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
        assert_eq!(data("data: [DONE]\n"), ["[DONE]"]);
    }

    #[test]
    fn an_event_within_one_read_is_not_copied() {
        let read = Bytes::from_static(b"data: abc\n\n");
        let mut events = Vec::new();
        Parser::new(LIMIT).push(read.clone(), &mut events).unwrap();
        assert_eq!(events[0].data.as_ptr(), read[6..].as_ptr());
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        assert_eq!(parse([b"data: a\xFFb\n\n".as_slice()])[0].data, "a\u{FFFD}b");
    }

    #[test]
    fn lines_and_events_are_bounded() {
        let refused = |reads: &[&'static [u8]]| {
            let (mut parser, mut events) = (Parser::new(10), Vec::new());
            reads.iter().any(|read| parser.push(Bytes::from_static(read), &mut events).is_err())
        };
        assert!(!refused(&[b"data: 6789\n", b"\n"]));
        assert!(refused(&[b"data: 67890\n"]), "a whole line");
        assert!(refused(&[b"data: 678", b"90"]), "a line without an end");
        assert!(refused(&[b": comment", b"ary\n"]));
        assert!(refused(&[b"data: 1234\n", b"data: 1234\n", b"data: 1234\n"]), "many lines");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            pieces in prop::collection::vec("(data:|event: |: |id|data: é{0,3}|\u{1F600}|\n|\r|\r\n|\n\n|[a-z]{0,9})", 0..40),
            cuts in prop::collection::vec(0_usize..400, 0..12),
        ) {
            let stream = pieces.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let reads = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            prop_assert_eq!(parse(reads), parse([stream.as_slice()]));
        }

        #[test]
        fn arbitrary_bytes_give_valid_utf8(
            reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..9),
        ) {
            for event in parse(reads.iter().map(Vec::as_slice)) {
                prop_assert!(std::str::from_utf8(&event.data).is_ok());
            }
        }
    }
}
