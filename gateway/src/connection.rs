//! A client's connection: what the HTTP server below the application refuses gets the envelope here.
//!
//! A head that is not HTTP, is too large or comes too slowly never becomes a request, so that no middleware sees it.
//! The server writes an answer of its own for it, without a body, and closes the connection. Every refusal of the
//! application has a body, which is why such an answer can be told from all others by its bytes alone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_rt::time::{Sleep, sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

mod refusal;
#[cfg(test)]
mod tests;

/// A client that still sends has so long to read why it is refused. Closing at once would take the answer from it.
const LINGER: Duration = Duration::from_secs(1);
/// No more than so much of what it still sends is read.
const LINGER_BYTES: usize = 4 << 20;
/// So much of it at a time.
const LINGER_PIECE: usize = 8 << 10;

/// A stream to a client whose bare refusals are written as envelopes.
///
/// Everything else goes through as it is; a write costs the comparison of its last bytes. Vectored writes are not
/// offered, because the server above does not use them.
pub struct Connection<T> {
    stream: T,
    state: State,
}

enum State {
    Open,
    /// The envelope is being written.
    Refusing {
        answer: Vec<u8>,
        written: usize,
    },
    /// It has been, and the client may finish what it sends.
    Lingering {
        until: Pin<Box<Sleep>>,
        bytes_left: usize,
    },
    /// Nothing more is said.
    Refused,
}

impl<T> Connection<T> {
    /// Takes a stream that was just accepted.
    pub const fn new(stream: T) -> Self {
        Self { stream, state: State::Open }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Connection<T> {
    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.state {
                State::Refusing { answer, written } if *written < answer.len() => {
                    match ready!(Pin::new(&mut self.stream).poll_write(cx, &answer[*written..]))? {
                        0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                        more => *written += more,
                    }
                }
                State::Refusing { .. } => {
                    ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
                    ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                    self.state = State::Lingering { until: Box::pin(sleep(LINGER)), bytes_left: LINGER_BYTES };
                }
                State::Lingering { until, bytes_left } => {
                    if until.as_mut().poll(cx).is_pending() {
                        let read = ready!(poll_discard(&mut self.stream, cx));
                        if let Some(left) = read.and_then(|read| bytes_left.checked_sub(read)) {
                            *bytes_left = left;
                            continue;
                        }
                    }
                    self.state = State::Refused;
                }
                State::Open | State::Refused => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// How many bytes came; `None` when none will come any more.
fn poll_discard(stream: &mut (impl AsyncRead + Unpin), cx: &mut Context<'_>) -> Poll<Option<usize>> {
    let mut piece = [0; LINGER_PIECE];
    let mut piece = ReadBuf::new(&mut piece);
    let read = ready!(Pin::new(stream).poll_read(cx, &mut piece));
    Poll::Ready(Some(piece.filled().len()).filter(|count| read.is_ok() && *count > 0))
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    /// A bare refusal counts as written when the client has its envelope, so that the server closes no earlier.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if matches!(self.state, State::Open) {
            match refusal::find(bytes) {
                None => return Pin::new(&mut self.stream).poll_write(cx, bytes),
                // Answers to earlier requests may be in the same write.
                Some(found) if found.start > 0 => {
                    return Pin::new(&mut self.stream).poll_write(cx, &bytes[..found.start]);
                }
                Some(found) => self.state = State::Refusing { answer: found.envelope(), written: 0 },
            }
        }
        ready!(self.poll_refuse(cx))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.state {
            State::Open => Pin::new(&mut self.stream).poll_shutdown(cx),
            _ => self.poll_refuse(cx),
        }
    }
}
