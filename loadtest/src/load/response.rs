//! Reads answers as they come in, in slices of any size, and keeps of them only what is counted. Pure.

use memchr::memmem;

const HEAD_BYTES_MAX: usize = 64 * 1024;
const DONE: &[u8] = b"data: [DONE]\n\n";

/// An answer that is being read.
#[derive(Debug)]
pub(super) struct Response {
    state: State,
    head: Vec<u8>,
    /// The status; 0 before the head is read.
    pub(super) status: u16,
    /// Blank lines in the body so far: the events of a stream.
    pub(super) events: u64,
    pub(super) body_bytes: u64,
    /// The last bytes of the body, by which a whole stream is told from a cut one.
    tail: Vec<u8>,
    pub(super) closes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    ChunkSize(u64),
    ChunkExtension(u64),
    ChunkData(u64),
    ChunkEnd,
    /// After the last chunk; the length of the line so far.
    Trailer(usize),
    Whole,
}

/// The bytes are no HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Response {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Head,
            head: Vec::new(),
            status: 0,
            events: 0,
            body_bytes: 0,
            tail: Vec::new(),
            closes: false,
        }
    }

    /// Makes ready for the next answer.
    pub(super) fn reset(&mut self) {
        (self.state, self.status, self.events, self.body_bytes) = (State::Head, 0, 0, 0);
        self.head.clear();
        self.tail.clear();
    }

    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Whole
    }

    /// Whether the body ends as a stream does.
    pub(super) fn is_done(&self) -> bool {
        self.tail.ends_with(DONE)
    }

    /// Takes in what was read. Bytes after the end of the answer are an error: nothing else was asked for.
    pub(super) fn push(&mut self, mut input: &[u8]) -> Result<(), Malformed> {
        while !input.is_empty() {
            input = match self.state {
                State::Whole => return Err(Malformed),
                State::Head => self.push_head(input)?,
                State::Length(left) => {
                    let (taken, rest) = split(input, left);
                    self.push_body(taken);
                    let left = left - taken.len() as u64;
                    self.state = if left == 0 { State::Whole } else { State::Length(left) };
                    rest
                }
                State::ChunkData(left) => {
                    let (taken, rest) = split(input, left);
                    self.push_body(taken);
                    let left = left - taken.len() as u64;
                    self.state = if left == 0 { State::ChunkEnd } else { State::ChunkData(left) };
                    rest
                }
                framing => {
                    self.state = next_framing(framing, input[0])?;
                    &input[1..]
                }
            };
        }
        Ok(())
    }

    fn push_head<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let before = self.head.len();
        self.head.extend_from_slice(input);
        let Some(end) = memmem::find(&self.head, b"\r\n\r\n").map(|end| end + 4) else {
            return if self.head.len() <= HEAD_BYTES_MAX { Ok(&[]) } else { Err(Malformed) };
        };
        self.parse_head(end)?;
        Ok(&input[end - before..])
    }

    fn parse_head(&mut self, end: usize) -> Result<(), Malformed> {
        let head = std::str::from_utf8(&self.head[..end]).map_err(|_| Malformed)?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|rest| rest.get(..3));
        self.status = status.and_then(|status| status.parse().ok()).ok_or(Malformed)?;
        self.state = State::Length(0);
        self.closes = false;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                self.state = State::Length(value.parse().map_err(|_| Malformed)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                self.state = State::ChunkSize(0);
            } else if name.eq_ignore_ascii_case("connection") {
                self.closes = value.eq_ignore_ascii_case("close");
            }
        }
        if self.state == State::Length(0) {
            self.state = State::Whole;
        }
        Ok(())
    }

    fn push_body(&mut self, part: &[u8]) {
        let joined = self.tail.last() == Some(&b'\n') && part.first() == Some(&b'\n');
        self.events += u64::from(joined) + memmem::find_iter(part, b"\n\n").count() as u64;
        self.body_bytes += part.len() as u64;
        let kept = &part[part.len().saturating_sub(DONE.len())..];
        self.tail.extend_from_slice(kept);
        let surplus = self.tail.len().saturating_sub(DONE.len());
        self.tail.drain(..surplus);
    }
}

fn split(input: &[u8], most: u64) -> (&[u8], &[u8]) {
    input.split_at(input.len().min(usize::try_from(most).unwrap_or(usize::MAX)))
}

/// What follows one byte of the framing between chunks.
fn next_framing(state: State, byte: u8) -> Result<State, Malformed> {
    match (state, byte) {
        (State::ChunkSize(size) | State::ChunkExtension(size), b'\n') => {
            Ok(if size == 0 { State::Trailer(0) } else { State::ChunkData(size) })
        }
        (State::ChunkSize(size), b'\r') => Ok(State::ChunkSize(size)),
        (State::ChunkSize(size), b';') | (State::ChunkExtension(size), _) => Ok(State::ChunkExtension(size)),
        (State::ChunkSize(size), digit) => {
            let digit = char::from(digit).to_digit(16).ok_or(Malformed)?;
            let size = size.checked_mul(16).ok_or(Malformed)?;
            Ok(State::ChunkSize(size + u64::from(digit)))
        }
        (State::ChunkEnd, b'\r') => Ok(State::ChunkEnd),
        (State::ChunkEnd, b'\n') => Ok(State::ChunkSize(0)),
        (State::Trailer(0), b'\n') => Ok(State::Whole),
        (State::Trailer(_), b'\n') => Ok(State::Trailer(0)),
        (State::Trailer(length), b'\r') => Ok(State::Trailer(length)),
        (State::Trailer(length), _) if length < HEAD_BYTES_MAX => Ok(State::Trailer(length + 1)),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n5;x=y\r\ndata:\r\n\
        16\r\n 2\n\ndata: [DONE]\n\n    \r\n0\r\nx-trailer: 1\r\n\r\n";

    fn read(parts: &[&[u8]]) -> Response {
        let mut response = Response::new();
        parts.iter().for_each(|part| response.push(part).unwrap());
        response
    }

    #[test]
    fn reads_json() {
        let response = read(&[b"HTTP/1.1 503 Busy\r\ncontent-length: 5\r\nConnection: close\r\n\r\nab", b"cde"]);
        assert!(response.is_whole() && response.closes && !response.is_done());
        assert_eq!((response.status, response.body_bytes), (503, 5));
        assert!(read(&[b"HTTP/1.1 204 No\r\n\r\n"]).is_whole());
    }

    #[test]
    fn tells_a_whole_stream_from_a_cut_one() {
        let done = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
        assert!(read(&[done]).is_whole() && read(&[done]).is_done());
        assert!(!read(&[&done[..done.len() - 5]]).is_whole());
        assert!(
            !read(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n"]).is_done()
        );
    }

    #[test]
    fn refuses_what_is_no_answer() {
        for bytes in [
            &b"SSH-2.0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx",
            b"HTTP/1.1 204 No\r\n\r\nx",
        ] {
            assert_eq!(Response::new().push(bytes), Err(Malformed));
        }
    }

    proptest! {
        #[test]
        fn slices_do_not_matter(cut in 0..STREAM.len(), step in 1..9_usize) {
            let (first, rest) = STREAM.split_at(cut);
            let mut response = read(&[first]);
            rest.chunks(step).for_each(|part| response.push(part).unwrap());
            prop_assert!(response.is_whole());
            prop_assert_eq!((response.events, response.body_bytes), (3, 36));
        }
    }
}
