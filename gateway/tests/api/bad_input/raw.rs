//! HTTP byte by byte, for what a proper client cannot send.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::helpers::PATIENCE;

/// One connection.
pub(super) struct Raw {
    stream: TcpStream,
    /// What came and was not asked for yet.
    rest: Vec<u8>,
}

/// An answer, its header names in lower case.
#[derive(Debug)]
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Raw {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), rest: Vec::new() }
    }

    /// Sends bytes. The gateway may refuse them before it has them all, and close.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _refused = self.stream.write_all(bytes).await;
    }

    /// The next answer, or what has come when the connection ends before it does.
    pub(super) async fn answer(&mut self) -> Result<RawAnswer, String> {
        let reading = tokio::time::timeout(PATIENCE, self.read_answer());
        reading.await.unwrap_or_else(|_| Err("there was no answer in time".to_owned()))
    }

    /// The same, past whatever interim answers there are.
    pub(super) async fn last_answer(&mut self) -> Result<RawAnswer, String> {
        loop {
            match self.answer().await {
                Ok(interim) if interim.status < 200 => {}
                last => return last,
            }
        }
    }

    /// Reads until the gateway closes; what came.
    pub(super) async fn end(&mut self) -> Vec<u8> {
        tokio::time::timeout(PATIENCE, async { while self.more().await.is_ok() {} }).await.unwrap();
        std::mem::take(&mut self.rest)
    }

    async fn read_answer(&mut self) -> Result<RawAnswer, String> {
        let head = loop {
            match self.rest.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break String::from_utf8(self.rest.drain(..end + 4).collect()).unwrap(),
                None => self.more().await?,
            }
        };
        let (line, fields) = head.split_once("\r\n").unwrap();
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| line.to_owned())?;
        let fields = fields.lines().filter_map(|field| field.split_once(": "));
        let headers: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let mut answer = RawAnswer { status, headers, body: Vec::new() };
        if status >= 200 {
            let length = answer.header("content-length").and_then(|length| length.parse().ok());
            let length: usize = length.ok_or_else(|| format!("{head} has no length"))?;
            while self.rest.len() < length {
                self.more().await?;
            }
            answer.body = self.rest.drain(..length).collect();
        }
        Ok(answer)
    }

    async fn more(&mut self) -> Result<(), String> {
        match self.stream.read_buf(&mut self.rest).await {
            Ok(count) if count > 0 => Ok(()),
            ended => Err(format!("{ended:?} after {:?}", String::from_utf8_lossy(&self.rest))),
        }
    }
}

impl RawAnswer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("{error}: {self:?}"))
    }
}
