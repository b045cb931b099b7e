//! One connection of a run, on the bare socket: a client library would cost more than what it measures.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::load::response::Response;
use crate::load::{Form, Run, Target};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// After a failure, so that a target that is down is not hammered.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);
const READ_BYTES: usize = 64 * 1024;

/// Asks until the run is over: one target, and one key after the other, from another one than its neighbours do.
pub(super) async fn drive(run: Arc<Run>, number: usize) {
    let Some(asked) = run.targets.get(number % run.targets.len().max(1)) else { return };
    let mut requests = asked.requests.iter().cycle().skip(number % asked.requests.len().max(1));
    let mut buffer = vec![0; READ_BYTES];
    let mut response = Response::new();
    let mut connected: Option<TcpStream> = None;
    while let (Some(began), Some(request)) = (run.schedule.turn().await, requests.next()) {
        let failure = match connect(&asked.target, &mut connected).await {
            None => Some("no connection".to_owned()),
            Some(stream) => {
                let asking = ask(request, stream, &mut response, &mut buffer);
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

async fn connect<'a>(target: &Target, connected: &'a mut Option<TcpStream>) -> Option<&'a mut TcpStream> {
    if connected.is_none() {
        let connecting = TcpStream::connect(target.address());
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        *connected = Some(stream);
    }
    connected.as_mut()
}

async fn ask(request: &[u8], stream: &mut TcpStream, response: &mut Response, buffer: &mut [u8]) -> io::Result<()> {
    response.reset();
    stream.write_all(request).await?;
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
