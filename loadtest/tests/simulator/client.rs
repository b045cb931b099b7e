//! A client on a bare socket: it shows the bytes, where a library would hide how they came.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use syntopen_loadtest::simulator::{Served, Simulator, SimulatorSettings};

/// Long enough that only a test that fails waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn start() -> Simulator {
    Simulator::start(SimulatorSettings::default()).unwrap()
}

/// A question with this control.
pub(crate) fn question(control: Value) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello, world!"}], "simulator": control})
}

/// The same as a stream, with usage.
pub(crate) fn stream_question(control: Value) -> Value {
    with(question(control), json!({"stream": true, "stream_options": {"include_usage": true}}))
}

/// `body` with the fields of `more`.
pub(crate) fn with(mut body: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body without its framing; all of it that came.
    pub(crate) body: Vec<u8>,
    /// The chunks of a stream as they were framed.
    pub(crate) frames: Vec<Vec<u8>>,
    /// Whether the framing came to its end.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The data of all events, comments left out.
    pub(crate) fn data(&self) -> Vec<String> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }

    /// The chunks of a stream that are JSON.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        self.data().iter().filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    /// The text of choice `index`, put together from its deltas.
    pub(crate) fn content(&self, index: u64) -> String {
        let chunks = self.chunks();
        let choices = chunks.iter().flat_map(|chunk| chunk["choices"].as_array().cloned().unwrap_or_default());
        let of_choice = choices.filter(|choice| choice["index"] == index);
        of_choice.filter_map(|choice| choice["delta"]["content"].as_str().map(str::to_owned)).collect()
    }
}

/// A connection to a simulator.
pub(crate) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(simulator: &Simulator) -> Self {
        let stream = TcpStream::connect(simulator.address()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, input: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn post(&mut self, body: &Value) -> Answer {
        self.begin(body);
        self.answer().unwrap()
    }

    /// Sends a question and does not wait.
    pub(crate) fn begin(&mut self, body: &Value) {
        self.send(
            request("POST /v1/chat/completions", "authorization: Bearer sk-test\r\n", &body.to_string()).as_bytes(),
        );
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.send(request(&format!("GET {target}"), "authorization: Bearer sk-test\r\n", "").as_bytes());
        self.answer().unwrap()
    }

    /// Reads an answer; `None` when the connection ends before its head does.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if !self.fill() {
                return None;
            }
        };
        let head = String::from_utf8(self.take(end + 4)).unwrap().to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer { status, body: Vec::new(), frames: Vec::new(), whole: true, head };
        let length = answer.head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        if let Some(length) = length {
            answer.whole = self.read_exactly(length.parse().unwrap(), &mut answer.body);
        } else if answer.head.contains("transfer-encoding: chunked") {
            self.read_frames(&mut answer);
        } else {
            while self.fill() {}
            answer.body = std::mem::take(&mut self.input);
        }
        Some(answer)
    }

    /// Reads until `text` came; what came stays unread.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.input.windows(text.len()).any(|window| window == text.as_bytes()) {
            assert!(self.fill(), "the connection ended before {text}");
        }
    }

    /// Whether anything more comes, up to the end of the connection or a pause of the length.
    pub(crate) fn is_silent_for(&mut self, pause: Duration) -> bool {
        self.stream.set_read_timeout(Some(pause)).unwrap();
        let read = self.stream.read(&mut [0; 1]);
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    fn read_frames(&mut self, answer: &mut Answer) {
        loop {
            let Some(line) = self.read_line() else { return self.cut(answer) };
            let size = usize::from_str_radix(&line, 16).unwrap();
            let mut frame = Vec::new();
            if !self.read_exactly(size, &mut frame) {
                answer.body.extend_from_slice(&frame);
                return self.cut(answer);
            }
            answer.body.extend_from_slice(&frame);
            if self.read_line().is_none() {
                return self.cut(answer);
            }
            if size == 0 {
                return;
            }
            answer.frames.push(frame);
        }
    }

    fn cut(&mut self, answer: &mut Answer) {
        answer.whole = false;
        answer.body.append(&mut self.input);
    }

    fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|window| window == b"\r\n") {
                let line = self.take(end + 2);
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            if !self.fill() {
                return None;
            }
        }
    }

    fn read_exactly(&mut self, length: usize, into: &mut Vec<u8>) -> bool {
        while self.input.len() < length {
            if !self.fill() {
                into.append(&mut self.input);
                return false;
            }
        }
        into.extend(self.take(length));
        true
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.input.drain(..length).collect()
    }

    /// Reads more; false at the end of the connection.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.input.extend_from_slice(&buffer[..length]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}

/// A request with a length.
pub(crate) fn request(start: &str, headers: &str, body: &str) -> String {
    format!("{start} HTTP/1.1\r\nhost: simulator\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// Asks once, on a connection of its own.
pub(crate) fn ask(simulator: &Simulator, body: &Value) -> Answer {
    Client::connect(simulator).post(body)
}

/// The one record of a simulator, once `ready` holds of it.
pub(crate) fn record_when(simulator: &Simulator, ready: impl Fn(&Served) -> bool) -> Served {
    let mut last = None;
    until(|| {
        last = simulator.served().pop();
        last.as_ref().is_some_and(&ready)
    });
    last.unwrap()
}

/// Polls until `holds`.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "it never came to hold");
        std::thread::yield_now();
    }
}
