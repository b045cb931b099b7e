//! Google's protocol: generateContent and streamGenerateContent.

mod config;
mod contents;
mod credentials;
mod error;
mod messages;
mod model;
mod proto;
mod render;
mod request;
mod schema;
mod stream;
mod thinking;
mod tools;
mod usage;

use std::sync::atomic::Ordering;

use serde_json::{Map, Value};

use self::error::{Refusal, of_google};
use self::render::Rendering;
use self::request::GenerateRequest;
use self::usage::Usage;
use crate::simulator::State;
use crate::simulator::answer::{Answer, Wishes};
use crate::simulator::control::{Control, TOKENS_MAX};
use crate::simulator::faults::Fault;
use crate::simulator::http::Request;
use crate::simulator::log::Arrival;
use crate::simulator::script::Script;

/// How paths of the protocol begin: those of the current version and of the stable one.
const MODELS: [&str; 2] = ["/v1beta/models/", "/v1/models/"];
/// The largest body that the service takes.
const BODY_BYTES_MAX: usize = 20 * 1024 * 1024;

/// In which form the answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Json,
    /// A stream of events.
    Events,
    /// A stream that is one JSON array.
    Array,
}

/// Whether a path is of this protocol.
pub(super) fn has_path(path: &str) -> bool {
    path.starts_with("/v1beta/") || (path.starts_with("/v1/models/") && path.contains(':'))
}

/// `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.
pub(super) fn complete(state: &State, request: Request) -> (Script, Arrival) {
    let authorised = credentials::check(&request, state.api_key.as_ref());
    let called = called(&request);
    let mut arrival = Arrival::of(request);
    let Some((model, delivery)) = called else {
        return (Refusal::of_status(404, "Requested entity was not found.").script(Delivery::Json), arrival);
    };
    arrival.model.clone_from(&model);
    let parsed = parse_body(&arrival.body);
    let control = parsed.as_ref().map_or_else(|_| Ok(Control::default()), read_control);
    let control = control.map(|control| control.or(&state.defaults));
    arrival.tag = control.as_ref().ok().and_then(|control| control.tag.clone());
    let script = authorised.and(parsed).and_then(|body| {
        let asked = Asked { state, model: &model, delivery, control: control? };
        asked.answer(&body, &mut arrival)
    });
    (script.unwrap_or_else(|refusal| refusal.script(delivery)), arrival)
}

/// The model and the method that a request names.
fn called(request: &Request) -> Option<(String, Delivery)> {
    let rest = MODELS.iter().find_map(|models| request.path().strip_prefix(models))?;
    let (model, method) = rest.rsplit_once(':')?;
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let delivery = match method {
        "generateContent" => Delivery::Json,
        "streamGenerateContent" if query.split('&').any(|pair| pair == "alt=sse") => Delivery::Events,
        "streamGenerateContent" => Delivery::Array,
        _ => return None,
    };
    (request.method == "POST" && !model.is_empty()).then(|| (model.to_owned(), delivery))
}

/// Reads a body with the names that the protocol's own definitions have.
fn parse_body(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if BODY_BYTES_MAX < body.len() {
        let text = format!("Request payload size exceeds the limit: {BODY_BYTES_MAX} bytes.");
        return Err(Refusal::new(&text));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(&format!("Invalid JSON payload received. {error}")))?;
    proto::read(&body, &messages::REQUEST)
}

fn read_control(body: &Map<String, Value>) -> Result<Control, Refusal> {
    let control = Control::find_in(&[body.get("system_instruction"), body.get("contents")]);
    control.map(Option::unwrap_or_default).map_err(|wrong| Refusal::new(&format!("simulator: {wrong}")))
}

/// A request with what it asks of the simulator.
struct Asked<'a> {
    state: &'a State,
    model: &'a str,
    delivery: Delivery,
    control: Control,
}

impl Asked<'_> {
    fn answer(self, body: &Map<String, Value>, arrival: &mut Arrival) -> Result<Script, Refusal> {
        let Self { state, model, delivery, control } = self;
        let chat = GenerateRequest::parse(body, model)?;
        if TOKENS_MAX < control.tokens().saturating_mul(chat.order.choices) {
            return Err(Refusal::new(&format!("simulator: tokens times candidates must be at most {TOKENS_MAX}")));
        }
        let tag = control.tag.as_deref().unwrap_or_default();
        let fault = control.fault.as_ref().and_then(|fault| state.strikes.strike(fault, model, tag));
        let unspoilt = Fault::default();
        let fault = fault.unwrap_or(&unspoilt);
        arrival.prompt_tokens = chat.prompt_tokens(&state.counter);
        let mut script = if let Some(status) = fault.status {
            Refusal::of_fault(status, fault, delivery)
        } else {
            let answer = Answer::new(&chat.order, Wishes { control: &control, fault }, &state.counter);
            let usage = Usage::new(arrival.prompt_tokens, &answer, &control);
            arrival.completion_tokens = usage.completion_tokens();
            arrival.reasoning_tokens = usage.thoughts;
            arrival.cached_tokens = usage.cached;
            let id = state.answers.fetch_add(1, Ordering::Relaxed) + 1;
            let blocked = control.blocked.as_deref();
            let extras = control.extras.unwrap_or(false);
            let rendering = Rendering { id, chat: &chat, delivery, answer: &answer, usage, fault, blocked, extras };
            of_google(rendering.script())
        };
        script.pace(&control);
        script.spoil(fault, error::marks(fault, delivery));
        script.gate = control.wait_for;
        Ok(script)
    }
}
