//! One connection of a run, on the bare socket: a client library would cost more than what it measures.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::load::response::Response;
use crate::load::{Form, Run};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// After a failure, so that a target that is down is not hammered.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);
const READ_BYTES: usize = 64 * 1024;

/// Asks until the run is over.
pub(super) async fn drive(run: Arc<Run>) {
    let mut buffer = vec![0; READ_BYTES];
    let mut response = Response::new();
    let mut connected: Option<TcpStream> = None;
    while run.may_begin() {
        let began = Instant::now();
        let failure = match connect(&run, &mut connected).await {
            None => Some("no connection".to_owned()),
            Some(stream) => {
                let asking = ask(&run, stream, &mut response, &mut buffer);
                let asked = tokio::time::timeout(ANSWER_TIMEOUT, asking).await;
                let asked = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                failure(&run, &response, asked)
            }
        };
        if let Some(failure) = failure {
            run.tally().fail(failure);
            connected = None;
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        }
        run.tally().succeed(began.elapsed(), &response);
        connected = connected.filter(|_| !response.closes);
    }
}

async fn connect<'a>(run: &Run, connected: &'a mut Option<TcpStream>) -> Option<&'a mut TcpStream> {
    if connected.is_none() {
        let connecting = TcpStream::connect(run.target.address());
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        *connected = Some(stream);
    }
    connected.as_mut()
}

async fn ask(run: &Run, stream: &mut TcpStream, response: &mut Response, buffer: &mut [u8]) -> io::Result<()> {
    response.reset();
    stream.write_all(&run.request).await?;
    while !response.is_whole() {
        let length = stream.read(buffer).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        response.push(&buffer[..length]).map_err(|_| io::ErrorKind::InvalidData)?;
    }
    Ok(())
}

/// Why an answer does not count, in the words of the report.
fn failure(run: &Run, response: &Response, asked: io::Result<()>) -> Option<String> {
    match asked {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Some("timeout".to_owned()),
        Err(_) => Some("connection broke".to_owned()),
        Ok(()) if response.status != 200 => Some(format!("status {}", response.status)),
        Ok(()) if run.form == Form::Stream && !response.is_done() => Some("stream without its end".to_owned()),
        Ok(()) => None,
    }
}
