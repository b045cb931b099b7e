//! OpenAI's protocol: chat completions and the list of models.

mod credentials;
pub(super) mod error;
mod messages;
mod render;
mod request;
mod usage;

use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use self::error::Refusal;
use self::render::Rendering;
use self::request::ChatRequest;
use self::usage::Usage;
use crate::simulator::State;
use crate::simulator::answer::{Answer, Wishes};
use crate::simulator::api::json_script;
use crate::simulator::control::{Control, TOKENS_MAX};
use crate::simulator::faults::Fault;
use crate::simulator::http::Request;
use crate::simulator::log::Arrival;
use crate::simulator::script::Script;

/// `POST /v1/chat/completions`.
pub(super) fn complete(state: &State, request: Request) -> (Script, Arrival) {
    let authorised = credentials::check(&request, state.api_key.as_ref());
    let mut arrival = Arrival::of(request);
    let parsed = parse_body(&arrival.body);
    if let Ok(body) = &parsed {
        arrival.model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let control = parsed.as_ref().map_or_else(|_| Ok(Control::default()), read_control);
    let control = control.map(|control| control.or(&state.defaults));
    arrival.tag = control.as_ref().ok().and_then(|control| control.tag.clone());
    let script = authorised.and(parsed).and_then(|body| answer(state, &body, control?, &mut arrival));
    (script.unwrap_or_else(|refusal| refusal.script()), arrival)
}

/// `GET /v1/models`.
pub(super) fn list_models(state: &State, request: Request) -> (Script, Arrival) {
    let script = credentials::check(&request, state.api_key.as_ref()).map_or_else(
        |refusal| refusal.script(),
        |()| {
            let model =
                |id: &String| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"});
            json_script(&json!({"object": "list", "data": state.models.iter().map(model).collect::<Vec<_>>()}))
        },
    );
    (script, Arrival::of(request))
}

fn parse_body(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Refusal::new(400, "The body must be a JSON object.")),
        Err(error) => Err(Refusal::new(400, &format!("We could not parse the JSON body of your request: {error}"))),
    }
}

fn read_control(body: &Map<String, Value>) -> Result<Control, Refusal> {
    let control = match body.get("simulator").filter(|control| !control.is_null()) {
        Some(control) => Control::parse(control).map(Some),
        None => Control::find_in(&[body.get("messages")]),
    };
    control.map(Option::unwrap_or_default).map_err(|wrong| Refusal::of_param("simulator", &wrong))
}

fn answer(
    state: &State,
    body: &Map<String, Value>,
    control: Control,
    arrival: &mut Arrival,
) -> Result<Script, Refusal> {
    let chat = ChatRequest::parse(body)?;
    if TOKENS_MAX < control.tokens().saturating_mul(chat.n) {
        return Err(Refusal::of_param("simulator", &format!("tokens times n must be at most {TOKENS_MAX}")));
    }
    if control.blocked.is_some() {
        return Err(Refusal::of_param("simulator", "blocked is Google's"));
    }
    let tag = control.tag.as_deref().unwrap_or_default();
    let fault = control.fault.as_ref().and_then(|fault| state.strikes.strike(fault, chat.model, tag));
    let unspoilt = Fault::default();
    let fault = fault.unwrap_or(&unspoilt);
    arrival.prompt_tokens = messages::prompt_tokens(&chat, &state.counter);
    let mut script = if let Some(status) = fault.status {
        Refusal::of_fault(status, fault)
    } else {
        let answer = Answer::new(&chat.order(), Wishes { control: &control, fault }, &state.counter);
        arrival.completion_tokens = answer.completion_tokens();
        arrival.reasoning_tokens = answer.reasoning_tokens();
        let usage = Usage::new(arrival.prompt_tokens, &answer, &control);
        arrival.cached_tokens = usage.cached;
        let id = state.answers.fetch_add(1, Ordering::Relaxed) + 1;
        Rendering { id, chat: &chat, answer: &answer, usage, fault }.script()
    };
    script.pace(&control);
    script.spoil(fault, error::marks());
    script.gate = control.wait_for;
    Ok(script)
}
