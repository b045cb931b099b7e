//! What one request has used so far.
//!
//! The relay writes it, the checkpointer reads it every two seconds, and the outbox turns it into the charge. Counting
//! with the tokenizer happens on their side, never on the relay's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use syntopen_shared::id::{AccountId, KeyId, RequestId};
use syntopen_shared::money::NanoUsd;
use syntopen_shared::price::Tokens;
use syntopen_shared::wire::ledger::{Finish, FinishKind, Outcome, Usage, UsageSource};
use tokio::sync::OwnedSemaphorePermit;

use crate::catalog::{Candidate, Model};
use crate::protocol::ChatRequest;
use crate::tokens::{RequestFrame, Tokenizer};

/// Texts up to this size are counted where the counter stands, longer ones on a thread for blocking work.
const COUNT_INLINE_BYTES: usize = 2 * 1_024;
/// What a token has at most in ordinary text: what is charged for where counting fails.
const BYTES_PER_TOKEN_MOST: usize = 8;

/// Which model of which upstream serves.
#[derive(Clone, Debug)]
pub struct Route {
    /// The model.
    pub model: Arc<Model>,
    /// One of its upstreams.
    pub candidate: Arc<Candidate>,
}

/// Who asks for what, and since when.
#[derive(Debug)]
pub struct Job {
    /// The request.
    pub id: RequestId,
    /// Who pays.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// What is asked.
    pub request: Arc<ChatRequest>,
    /// The share of memory that its body takes, as long as it may have to be counted.
    pub body_share: Option<OwnedSemaphorePermit>,
    /// When it came in, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// The same moment, for durations.
    pub started: Instant,
}

/// How a request ends, for the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The upstream's answer is complete and these are its tokens.
    Complete(Tokens, UsageSource, Outcome),
    /// It broke off; what was received so far is charged, if an upstream had answered at all.
    Broken(Outcome),
    /// Nothing is charged.
    Released(Outcome),
}

/// The meter of one request.
#[derive(Debug)]
pub struct Meter {
    job: Job,
    state: Mutex<State>,
    /// Held while text is counted, so that two counters do not count the same part.
    counting: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    route: Route,
    amount: NanoUsd,
    attempts: u32,
    answered: bool,
    /// The provider's figures, and nothing but them, up to the moment of its last report.
    reported: Option<Tokens>,
    /// Generated since that report, and not counted yet.
    text: String,
    /// Generated since that report, and counted.
    counted_output: u64,
    counted_input: Option<u64>,
    /// Changes when `text` begins anew, so that a count of the old text is not added to the new.
    beginning: u64,
    first_byte: Option<Duration>,
}

impl Meter {
    /// The meter of a request that has not reached an upstream; `route` is where it would go first.
    #[must_use]
    pub fn new(job: Job, route: Route) -> Self {
        let state = State {
            route,
            amount: NanoUsd::ZERO,
            attempts: 0,
            answered: false,
            reported: None,
            text: String::new(),
            counted_output: 0,
            counted_input: None,
            beginning: 0,
            first_byte: None,
        };
        Self { job, state: Mutex::new(state), counting: tokio::sync::Mutex::default() }
    }

    /// The request.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.job.id
    }

    /// Who pays.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.job.account
    }

    /// With which key.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.job.key
    }

    /// How long ago the request came in.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.job.started.elapsed()
    }

    /// How much is held for it.
    #[must_use]
    pub fn amount(&self) -> NanoUsd {
        self.state().amount
    }

    /// The ledger holds `amount` for it.
    pub fn granted(&self, amount: NanoUsd) {
        self.state().amount = amount;
    }

    /// It is sent to an upstream.
    pub fn attempt(&self, route: &Route) {
        let mut state = self.state();
        state.route = route.clone();
        state.attempts += 1;
    }

    /// An upstream has answered with its response head: from now on what comes is charged.
    pub fn answered(&self) {
        let mut state = self.state();
        state.answered = true;
        state.first_byte.get_or_insert(self.job.started.elapsed());
    }

    /// The upstream that had answered failed before anything of its answer reached the client: nothing of it is
    /// charged.
    pub fn failed(&self) {
        let mut state = self.state();
        (state.answered, state.first_byte, state.reported) = (false, None, None);
        state.begin_anew();
    }

    /// Lets the relay append generated text.
    pub fn receive<T>(&self, append: impl FnOnce(&mut String) -> T) -> T {
        append(&mut self.state().text)
    }

    /// The provider's own figures so far.
    pub fn report(&self, tokens: Tokens) {
        let mut state = self.state();
        state.reported = Some(tokens);
        state.begin_anew();
    }

    /// The request's tokens by our tokenizer: its input, and the text received so far.
    pub async fn count(&self, tokenizer: &Arc<Tokenizer>) -> Tokens {
        let _alone = self.counting.lock().await;
        // The text stays where it is until it is counted: this future may be dropped before that.
        let (text, known_input, beginning) = {
            let state = self.state();
            (state.text.clone(), state.counted_input, state.beginning)
        };
        let text_bytes = text.len();
        let input_bytes = usize::try_from(self.job.request.shape().text_bytes).unwrap_or(usize::MAX);
        let uncounted = text_bytes.saturating_add(if known_input.is_none() { input_bytes } else { 0 });
        let (request, tokenizer) = (Arc::clone(&self.job.request), Arc::clone(tokenizer));
        let count = move || (known_input.unwrap_or_else(|| count_input(&tokenizer, &request)), tokenizer.count(&text));
        let (input, output) = if uncounted <= COUNT_INLINE_BYTES {
            count()
        } else {
            let at_least = |bytes: usize| u64::try_from(bytes / BYTES_PER_TOKEN_MOST).unwrap_or(u64::MAX);
            let known = known_input.unwrap_or_else(|| at_least(input_bytes));
            tokio::task::spawn_blocking(count).await.unwrap_or_else(|_| (known, at_least(text_bytes)))
        };
        let mut state = self.state();
        state.counted_input = Some(input);
        if state.beginning == beginning {
            state.text.drain(..text_bytes);
            state.counted_output = state.counted_output.saturating_add(output);
        }
        state.partial()
    }

    /// Whether text has come that the provider's last figures do not tell of.
    #[must_use]
    pub fn has_text_since_report(&self) -> bool {
        let state = self.state();
        !state.text.is_empty() || state.counted_output > 0
    }

    /// Whether [`Meter::count`] has something to count that the charge of a broken answer would need.
    #[must_use]
    pub fn needs_count(&self) -> bool {
        let state = self.state();
        state.answered && (!state.text.is_empty() || state.reported.is_none() && state.counted_input.is_none())
    }

    /// The usage row of a running request: what it would be charged if it ended now, as far as it has been counted.
    #[must_use]
    pub fn so_far(&self) -> Usage {
        let (tokens, source) = {
            let state = self.state();
            if state.answered { (state.partial(), Some(UsageSource::Partial)) } else { (Tokens::default(), None) }
        };
        self.usage(tokens, source, Outcome::Running)
    }

    /// The usage row at the start: no tokens yet.
    #[must_use]
    pub fn at_start(&self) -> Usage {
        self.usage(Tokens::default(), None, Outcome::Running)
    }

    /// The end of the hold.
    pub async fn finish(&self, ending: Ending, tokenizer: &Arc<Tokenizer>) -> Finish {
        let (kind, usage) = match ending {
            Ending::Complete(tokens, source, outcome) => {
                (FinishKind::Settle, self.usage(tokens, Some(source), outcome))
            }
            Ending::Broken(outcome) if self.state().answered => {
                let tokens = if self.needs_count() { self.count(tokenizer).await } else { self.state().partial() };
                (FinishKind::Settle, self.usage(tokens, Some(UsageSource::Partial), outcome))
            }
            Ending::Broken(outcome) | Ending::Released(outcome) => {
                (FinishKind::Release, self.usage(Tokens::default(), None, outcome))
            }
        };
        Finish { id: self.job.id, account: self.job.account, key: self.job.key, kind, usage }
    }

    fn usage(&self, tokens: Tokens, source: Option<UsageSource>, outcome: Outcome) -> Usage {
        let state = self.state();
        let Route { model, candidate } = &state.route;
        let prices = *model.prices.for_input(tokens.total_input());
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Usage {
            model: Arc::clone(&model.id),
            provider: Arc::clone(&candidate.upstream.provider_name),
            upstream: Arc::clone(&candidate.upstream.name),
            tokens,
            prices,
            cost_price: candidate.cost.as_ref().and_then(|cost| cost.for_input(tokens.total_input()).cost(&tokens)),
            // Figures so absurd that they have no price were not accepted as the provider's (see `relay`).
            cost: prices.cost(&tokens).unwrap_or(NanoUsd::ZERO),
            source,
            outcome,
            stream: self.job.request.is_stream(),
            attempts: state.attempts,
            started_ms: self.job.started_ms,
            first_byte_ms: state.first_byte.map(ms),
            duration_ms: ms(self.job.started.elapsed()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is awaited while it is held, and nothing in it can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin_anew(&mut self) {
        self.text.clear();
        self.counted_output = 0;
        self.beginning += 1;
    }

    /// What has come so far: the provider's figures and what has been counted since, or our own count alone.
    fn partial(&self) -> Tokens {
        let input = self.counted_input.unwrap_or(0);
        let base = self.reported.unwrap_or(Tokens { input, ..Tokens::default() });
        Tokens { output: base.output.saturating_add(self.counted_output), ..base }
    }
}

/// The input tokens of a request by our tokenizer.
#[must_use]
pub fn count_input(tokenizer: &Tokenizer, request: &ChatRequest) -> u64 {
    let (shape, texts) = (request.shape(), request.texts());
    let frame = RequestFrame { messages: u64::from(shape.messages), tools: u64::from(shape.tools) };
    tokenizer.count_request(texts.iter().map(AsRef::as_ref), frame)
}
