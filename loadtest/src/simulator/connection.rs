//! One client's connection: reads requests and plays their scripts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::simulator::State;
use crate::simulator::api;
use crate::simulator::http::{Persistence, ReadError, Request, Socket};
use crate::simulator::log::{Outcome, Tracker};
use crate::simulator::openai;
use crate::simulator::script::{Ending, Opening, Piece, Script};

const CONNECTIONS_MAX: usize = 20_000;
/// How long a connection may be silent between two requests, or in the middle of one.
const IDLE_MAX: Duration = Duration::from_secs(3_600);
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Accepts connections for ever.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, mostly: others have to end first.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // An error here is the client's going, which the record of its request already says.
            let _: io::Result<()> = serve(stream, &state).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, state: &Arc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = Socket::new(stream);
    loop {
        let Ok(read) = tokio::time::timeout(IDLE_MAX, socket.read_request()).await else { return Ok(()) };
        let request = match read {
            Ok(Some(request)) => request,
            Ok(None) | Err(ReadError::Broken(_)) => return Ok(()),
            Err(error) => return refuse(&mut socket, &error).await,
        };
        let persistence = request.persistence;
        let goes_on = answer(&mut socket, request, state).await;
        if !goes_on || persistence != Persistence::KeepAlive {
            return Ok(());
        }
    }
}

async fn refuse(socket: &mut Socket, error: &ReadError) -> io::Result<()> {
    let status = match error {
        ReadError::HeadTooLarge => 431,
        ReadError::BodyTooLarge => 413,
        ReadError::Malformed | ReadError::Broken(_) => 400,
    };
    let script = openai::error::Refusal::new(status, &error.to_string()).script();
    let mut bytes = script.head("none", Persistence::Close);
    script.pieces.iter().for_each(|piece| bytes.extend_from_slice(&piece.bytes));
    socket.write(&bytes).await
}

/// Answers one request; false when the connection is of no more use.
async fn answer(socket: &mut Socket, request: Request, state: &Arc<State>) -> bool {
    let persistence = request.persistence;
    let (script, tracker) = match api::route(state, request) {
        api::Routed::Own(script) => (script, None),
        api::Routed::Provider(script, arrival) => (script, Some(state.log.begin(arrival))),
    };
    let played = play(socket, &script, Performance { state, persistence, tracker: tracker.as_ref() }).await;
    let outcome = match (&played, script.opening, script.ending) {
        (Err(Gone), ..) => Outcome::Cancelled,
        (Ok(()), Opening::Head, Ending::Complete) => return true,
        (Ok(()), ..) => Outcome::Broken,
    };
    let goes_on = played.is_ok() && script.opening == Opening::Head && script.ending == Ending::Truncated;
    if let Some(tracker) = tracker {
        tracker.end(outcome);
    }
    goes_on
}

/// The client went before the end.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// What a script is played with.
#[derive(Clone, Copy)]
struct Performance<'a> {
    state: &'a State,
    persistence: Persistence,
    tracker: Option<&'a Tracker>,
}

async fn play(socket: &mut Socket, script: &Script, with: Performance<'_>) -> Result<(), Gone> {
    if let Some(gate) = &script.gate {
        tokio::select! {
            () = with.state.gates.pass(gate) => {}
            () = socket.gone() => return Err(Gone),
        }
    }
    pause(socket, script.delay).await?;
    match script.opening {
        Opening::Head => {}
        Opening::Close => return Ok(()),
        Opening::Stall => return stall(socket).await,
    }
    if let Some(tracker) = with.tracker {
        tracker.head(script.status);
    }
    play_body(socket, script, with).await?;
    if script.ending == Ending::Stall { stall(socket).await } else { Ok(()) }
}

/// Writes head and pieces, each piece in a write of its own; the head goes with the first, where that need not wait.
async fn play_body(socket: &mut Socket, script: &Script, with: Performance<'_>) -> Result<(), Gone> {
    let id = with.tracker.map_or_else(|| "own".to_owned(), |tracker| format!("req_sim{}", tracker.id()));
    let mut output = script.head(&id, with.persistence);
    let chunked = script.streams && with.persistence != Persistence::CloseUnframed;
    let ends_well = matches!(script.ending, Ending::Complete | Ending::Truncated);
    if script.pieces.is_empty() {
        if chunked && ends_well {
            output.extend_from_slice(b"0\r\n\r\n");
        }
        finish_if_complete(script, with);
        return Ok(socket.write(&output).await?);
    }
    for (position, piece) in script.pieces.iter().enumerate() {
        let last = position + 1 == script.pieces.len();
        if !piece.pause.is_zero() || script.byte_by_byte {
            socket.write(&output).await?;
            output.clear();
            pause(socket, piece.pause).await?;
        }
        if let Some(tracker) = with.tracker {
            tracker.tokens(piece.tokens);
        }
        if last {
            finish_if_complete(script, with);
        }
        if script.byte_by_byte {
            write_bytes(socket, piece, chunked).await?;
        } else {
            frame(&mut output, &piece.bytes, chunked);
        }
        if last && chunked && ends_well {
            output.extend_from_slice(b"0\r\n\r\n");
        }
        socket.write(&output).await?;
        output.clear();
    }
    Ok(())
}

fn finish_if_complete(script: &Script, with: Performance<'_>) {
    if let (Ending::Complete, Some(tracker)) = (script.ending, with.tracker) {
        tracker.end(Outcome::Complete);
    }
}

async fn write_bytes(socket: &mut Socket, piece: &Piece, chunked: bool) -> io::Result<()> {
    let mut output = BytesMut::with_capacity(8);
    for byte in piece.bytes.chunks(1) {
        output.clear();
        frame(&mut output, byte, chunked);
        socket.write(&output).await?;
    }
    Ok(())
}

fn frame(output: &mut BytesMut, bytes: &[u8], chunked: bool) {
    if !chunked {
        output.extend_from_slice(bytes);
    } else if !bytes.is_empty() {
        output.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        output.extend_from_slice(bytes);
        output.extend_from_slice(b"\r\n");
    }
}

async fn pause(socket: &mut Socket, length: Duration) -> Result<(), Gone> {
    if length.is_zero() {
        return Ok(());
    }
    tokio::select! {
        () = tokio::time::sleep(length) => Ok(()),
        () = socket.gone() => Err(Gone),
    }
}

async fn stall(socket: &mut Socket) -> Result<(), Gone> {
    // The bound keeps a client that never gives up from holding the connection for ever.
    pause(socket, IDLE_MAX).await
}
