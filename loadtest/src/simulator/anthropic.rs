//! Anthropic's protocol: messages.

mod blocks;
mod conversation;
mod credentials;
mod error;
mod model;
mod output;
mod place;
mod render;
mod request;
mod stream;
mod thinking;
mod tools;
mod usage;

use std::sync::atomic::Ordering;

use serde_json::{Map, Value};

use self::error::Refusal;
use self::render::Rendering;
use self::request::MessageRequest;
use self::usage::Usage;
use crate::simulator::State;
use crate::simulator::answer::{Answer, Wishes};
use crate::simulator::control::{Control, TOKENS_MAX};
use crate::simulator::faults::Fault;
use crate::simulator::http::Request;
use crate::simulator::log::Arrival;
use crate::simulator::script::Script;

/// The largest body that the service takes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// `POST /v1/messages`.
pub(super) fn complete(state: &State, request: Request) -> (Script, Arrival) {
    let id = next_id(state);
    let authorised = credentials::check(&request, state.api_key.as_ref());
    let mut arrival = Arrival::of(request);
    let parsed = parse_body(&arrival.body);
    if let Ok(body) = &parsed {
        arrival.model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let control = parsed.as_ref().map_or_else(|_| Ok(Control::default()), read_control);
    let control = control.map(|control| control.or(&state.defaults));
    arrival.tag = control.as_ref().ok().and_then(|control| control.tag.clone());
    let script = authorised.and(parsed).and_then(|body| {
        let asked = Asked { state, id, control: control? };
        asked.answer(&body, &mut arrival)
    });
    (script.unwrap_or_else(|refusal| refusal.script(id)), arrival)
}

/// A request for another path or with another method.
pub(super) fn refuse(state: &State, request: Request, status: u16) -> (Script, Arrival) {
    let script = Refusal::of_status(status, "This method or path is not known.").script(next_id(state));
    (script, Arrival::of(request))
}

fn next_id(state: &State) -> u64 {
    state.answers.fetch_add(1, Ordering::Relaxed) + 1
}

fn parse_body(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if BODY_BYTES_MAX < body.len() {
        return Err(Refusal::of_status(413, "Request exceeds the maximum size"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Refusal::new("Input should be a valid dictionary")),
        Err(error) => Err(Refusal::new(&format!("The request body is not valid JSON: {error}"))),
    }
}

fn read_control(body: &Map<String, Value>) -> Result<Control, Refusal> {
    let control = Control::find_in(&[body.get("system"), body.get("messages")]);
    control.map(Option::unwrap_or_default).map_err(|wrong| Refusal::new(&format!("simulator: {wrong}")))
}

/// A request with what it asks of the simulator.
struct Asked<'a> {
    state: &'a State,
    id: u64,
    control: Control,
}

impl Asked<'_> {
    fn answer(self, body: &Map<String, Value>, arrival: &mut Arrival) -> Result<Script, Refusal> {
        let Self { state, id, control } = self;
        let chat = MessageRequest::parse(body)?;
        if TOKENS_MAX < control.tokens() || control.blocked.is_some() {
            let message = format!("simulator: tokens must be at most {TOKENS_MAX}, and blocked is Google's");
            return Err(Refusal::new(&message));
        }
        let tag = control.tag.as_deref().unwrap_or_default();
        let fault = control.fault.as_ref().and_then(|fault| state.strikes.strike(fault, chat.model, tag));
        let unspoilt = Fault::default();
        let fault = fault.unwrap_or(&unspoilt);
        arrival.prompt_tokens = chat.prompt_tokens(&state.counter);
        let mut script = if let Some(status) = fault.status {
            Refusal::of_fault(status, fault, id)
        } else {
            let answer = Answer::new(&chat.order, Wishes { control: &control, fault }, &state.counter);
            let usage = Usage::new(arrival.prompt_tokens, &answer, &control);
            arrival.completion_tokens = answer.completion_tokens();
            arrival.reasoning_tokens = answer.reasoning_tokens();
            (arrival.cached_tokens, arrival.cache_write_tokens) = (usage.cached, usage.written);
            let extras = control.extras.unwrap_or(false);
            Rendering { id, chat: &chat, answer: &answer, usage, fault, extras }.script()
        };
        script.pace(&control);
        script.spoil(fault, error::marks());
        script.gate = control.wait_for;
        Ok(script)
    }
}
