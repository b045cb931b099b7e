//! The rest of a streamed answer: upstream events in, client events out.

use std::pin::Pin;
use std::time::{Duration, Instant};

use actix_rt::time::{Sleep, sleep};
use actix_web::web::{Bytes, BytesMut};
use awc::ClientResponse;
use futures_util::StreamExt as _;

use crate::answer::{AnswerContext, ChatChunk, ReportedUsage, UpstreamError, UpstreamErrorKind};
use crate::app::App;
use crate::guard::HoldGuard;
use crate::meter::Route;
use crate::providers::sse::{Event, LineTooLong, Parser};
use crate::providers::{Brought, StreamDecoder};

/// An upstream that says more than it has to is not listened to for longer.
const GIVE_BACK_MAX: Duration = Duration::from_secs(1);

const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Relays one stream. It reads the upstream only when it is asked for more, so that a slow reader slows the upstream.
pub struct StreamRelay {
    upstream: ClientResponse,
    parser: Parser,
    events: Vec<Event>,
    decoder: StreamDecoder,
    chunks: Vec<ChatChunk>,
    quiet: Quiet,
    ready: BytesMut,
    withheld: BytesMut,
    withholding: bool,
    /// A chunk of the answer has come.
    has_begun: bool,
    withheld_max: usize,
    begun_with: Option<Step>,
    failed: Option<UpstreamError>,
    /// The upstream has closed its answer, which must not be read again.
    closed: bool,
    usage: Option<ReportedUsage>,
    include_usage: bool,
    route: Route,
    guard: HoldGuard,
}

/// An upstream's answer whose head has come.
pub struct Upstream {
    /// The answer.
    pub response: ClientResponse,
    /// Who gives it.
    pub route: Route,
    /// Pays for it.
    pub guard: HoldGuard,
}

/// What the client is sent next.
pub enum Step {
    /// These bytes.
    Send(Bytes),
    /// Nothing before the answer is settled: it has finished.
    Finished,
}

/// A stream that has come to its end.
pub struct Ended {
    /// What the client has not been sent yet: everything from the first finish on.
    pub withheld: BytesMut,
    /// The provider's figures.
    pub usage: Option<ReportedUsage>,
    /// Builds the usage chunk, where the client asked for one.
    pub usage_chunk: Option<StreamDecoder>,
    /// Who answered.
    pub route: Route,
    /// Pays for it.
    pub guard: HoldGuard,
}

enum Read {
    Bytes(Bytes),
    End,
    Silence,
}

impl StreamRelay {
    /// A relay of an upstream's answer.
    #[must_use]
    pub fn new(app: &App, context: AnswerContext, upstream: Upstream) -> Self {
        let Upstream { response, route, guard } = upstream;
        let include_usage = context.include_usage;
        Self {
            upstream: response,
            parser: Parser::new(app.config.limits.sse_line_bytes),
            events: Vec::new(),
            decoder: StreamDecoder::new(route.candidate.upstream.provider, context),
            chunks: Vec::new(),
            quiet: Quiet::new(app.config.timeouts.comment, app.config.timeouts.idle),
            ready: BytesMut::new(),
            withheld: BytesMut::new(),
            withholding: false,
            has_begun: false,
            withheld_max: app.config.limits.answer_bytes,
            begun_with: None,
            failed: None,
            closed: false,
            usage: None,
            include_usage,
            route,
            guard,
        }
    }

    /// Waits for the first step: an upstream that fails before it has failed before the first byte to the client.
    ///
    /// # Errors
    /// Why it failed, and the guard, to try elsewhere.
    pub async fn begin(mut self) -> Result<Box<Self>, (UpstreamError, HoldGuard)> {
        match self.step().await {
            Ok(first) => {
                self.begun_with = Some(first);
                Ok(Box::new(self))
            }
            Err(failure) => Err((failure, self.guard)),
        }
    }

    /// The next step towards the end of the answer.
    ///
    /// # Errors
    /// When the upstream breaks off, fails, or is silent for too long.
    pub async fn step(&mut self) -> Result<Step, UpstreamError> {
        if let Some(first) = self.begun_with.take() {
            return Ok(first);
        }
        loop {
            if !self.ready.is_empty() {
                self.quiet.said();
                return Ok(Step::Send(self.ready.split().freeze()));
            }
            // What stands behind the last finish takes nothing from the answer any more.
            if self.is_finished() {
                return Ok(Step::Finished);
            }
            if let Some(failed) = self.failed.take() {
                return Err(failed);
            }
            // What came before an error is sent before it; the error is the next step.
            self.failed = match self.read().await {
                Ok(Read::Silence) => return Ok(Step::Send(COMMENT)),
                Ok(Read::Bytes(bytes)) => self.decode(bytes).err(),
                Ok(Read::End) => self.close().and_then(|()| self.decoder.end()).err(),
                Err(failed) => Some(failed),
            };
        }
    }

    /// Whether anything of the answer has come.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether every choice has its finish, or the upstream has ended in good order.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.decoder.is_finished() || (self.closed && self.failed.is_none() && self.decoder.end().is_ok())
    }

    /// Reads what follows the finish of an answer, the usage that is, and takes the stream apart.
    ///
    /// Every choice has its finish: a missing end, or rubbish behind it, takes nothing from the answer any more.
    pub async fn end(mut self) -> Ended {
        while !self.decoder.is_done() && !self.closed {
            match self.read().await {
                Ok(Read::Silence) => {}
                Ok(Read::Bytes(bytes)) => match self.decode(bytes) {
                    Ok(()) => {}
                    Err(_) => break,
                },
                // What an unterminated last event tells is welcome, but not needed any more.
                Ok(Read::End) => drop(self.close()),
                Err(_) => break,
            }
        }
        if self.decoder.is_done() && !self.closed {
            actix_rt::spawn(give_back(self.upstream));
        }
        Ended {
            withheld: self.withheld,
            usage: self.usage,
            usage_chunk: self.include_usage.then_some(self.decoder),
            route: self.route,
            guard: self.guard,
        }
    }

    /// The guard of a stream that goes no further.
    #[must_use]
    pub fn into_guard(self) -> HoldGuard {
        self.guard
    }

    async fn read(&mut self) -> Result<Read, UpstreamError> {
        if self.closed {
            return Ok(Read::End);
        }
        tokio::select! {
            biased;
            part = self.upstream.next() => {
                self.quiet.heard();
                match part {
                    None => {
                        self.closed = true;
                        Ok(Read::End)
                    }
                    Some(Ok(bytes)) => Ok(Read::Bytes(bytes)),
                    Some(Err(_)) => Err(UpstreamError::truncated()),
                }
            }
            silence = self.quiet.passed() => match silence {
                Silence::Comment => Ok(Read::Silence),
                Silence::TooLong => Err(UpstreamError::new(UpstreamErrorKind::Timeout, "The provider was silent for too long.")),
            },
        }
    }

    fn decode(&mut self, bytes: Bytes) -> Result<(), UpstreamError> {
        self.parse(|parser, events| parser.push(bytes, events))
    }

    /// The upstream's last event may lack the blank line that ends it.
    fn close(&mut self) -> Result<(), UpstreamError> {
        self.parse(Parser::finish)
    }

    fn parse(
        &mut self,
        parse: impl FnOnce(&mut Parser, &mut Vec<Event>) -> Result<(), LineTooLong>,
    ) -> Result<(), UpstreamError> {
        let mut events = std::mem::take(&mut self.events);
        let parsed = parse(&mut self.parser, &mut events);
        let decoded = events.drain(..).try_for_each(|event| self.accept(&event));
        self.events = events;
        decoded?;
        parsed.map_err(|_| UpstreamError::undecodable())
    }

    fn accept(&mut self, event: &Event) -> Result<(), UpstreamError> {
        let (decoder, mut chunks) = (&mut self.decoder, std::mem::take(&mut self.chunks));
        let decoded = self.guard.meter().receive(|text| decoder.push(event, Brought { text, chunks: &mut chunks }));
        // What an event brought before its error is part of the answer.
        let passed = chunks.drain(..).try_for_each(|chunk| self.pass_on(chunk));
        self.chunks = chunks;
        decoded.and(passed)
    }

    fn pass_on(&mut self, chunk: ChatChunk) -> Result<(), UpstreamError> {
        let ChatChunk { json, finishes, usage } = chunk;
        // Figures without a price are absurd: then our own count stands.
        if let Some(usage) = usage.filter(|usage| self.route.model.prices.cost(&usage.tokens).is_some()) {
            self.guard.meter().report(usage.tokens);
            self.usage = Some(usage);
        }
        self.withholding |= finishes;
        self.has_begun |= json.is_some();
        let out = if self.withholding { &mut self.withheld } else { &mut self.ready };
        if let Some(json) = json {
            write_event(out, &json);
        }
        if self.withheld.len() > self.withheld_max {
            return Err(UpstreamError::undecodable());
        }
        Ok(())
    }
}

/// Reads an answer that is complete to its very end, which gives the connection back for the next call.
async fn give_back(mut upstream: ClientResponse) {
    let reading = async { while upstream.next().await.is_some_and(|part| part.is_ok()) {} };
    let _late = actix_rt::time::timeout(GIVE_BACK_MAX, reading).await;
}

/// Writes one event of the stream to the client.
pub fn write_event(out: &mut BytesMut, data: &[u8]) {
    out.reserve(data.len() + 8);
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// What a stream does while its upstream is silent.
struct Quiet {
    timer: Pin<Box<Sleep>>,
    /// When the upstream was heard last, and the client told something.
    heard: Instant,
    said: Instant,
    comment: Duration,
    idle: Duration,
}

enum Silence {
    Comment,
    TooLong,
}

impl Quiet {
    fn new(comment: Duration, idle: Duration) -> Self {
        let now = Instant::now();
        Self { timer: Box::pin(sleep(comment.min(idle))), heard: now, said: now, comment, idle }
    }

    fn heard(&mut self) {
        self.heard = Instant::now();
    }

    fn said(&mut self) {
        self.said = Instant::now();
    }

    /// Returns when it is time for a comment, or when the silence has lasted too long. The timer is not set anew for
    /// every piece that comes, but when it has run out too early.
    async fn passed(&mut self) -> Silence {
        loop {
            self.timer.as_mut().await;
            let (now, too_long) = (Instant::now(), self.heard + self.idle);
            let comment = self.said + self.comment;
            self.timer.as_mut().reset(comment.min(too_long).max(now).into());
            if now >= too_long {
                return Silence::TooLong;
            }
            if now >= comment {
                self.said = now;
                self.timer.as_mut().reset((now + self.comment).min(too_long).into());
                return Silence::Comment;
            }
        }
    }
}
