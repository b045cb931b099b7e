//! The least of HTTP: enough to ask a process whether it is ready, from a thread that runs nothing else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// The status of `GET path`, where one came.
pub(super) fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    // The head is in what came, even where the connection is reset behind it.
    let _whole = stream.read_to_end(&mut answer);
    let head = std::str::from_utf8(answer.get(..12)?).ok()?;
    head.rsplit_once(' ')?.1.parse().ok()
}
