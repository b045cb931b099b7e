//! All paths of the simulator on one page.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::json;

use crate::simulator::State;
use crate::simulator::anthropic;
use crate::simulator::google;
use crate::simulator::http::Request;
use crate::simulator::log::Arrival;
use crate::simulator::openai;
use crate::simulator::openai::error::Refusal;
use crate::simulator::script::Script;

/// Whose path a request is for.
pub(super) enum Routed {
    /// The simulator's own: not in the record.
    Own(Script),
    /// A provider's.
    Provider(Script, Arrival),
}

/// Decides the whole answer to a request.
pub(super) fn route(state: &State, request: Request) -> Routed {
    if let Some(path) = request.path().strip_prefix("/simulator/") {
        return Routed::Own(own(state, &request, path));
    }
    let (script, arrival) = match (request.method.as_str(), request.path()) {
        ("POST", "/v1/chat/completions") => openai::complete(state, request),
        ("POST", "/v1/messages") => anthropic::complete(state, request),
        (_, "/v1/messages") => anthropic::refuse(state, request, 405),
        (_, path) if google::has_path(path) => google::complete(state, request),
        ("GET", "/v1/models") => openai::list_models(state, request),
        (_, "/v1/chat/completions" | "/v1/models") => {
            unanswered(request, &Refusal::new(405, "This method is not allowed here."))
        }
        _ => unanswered(request, &Refusal::new(404, "There is no such path.")),
    };
    Routed::Provider(script, arrival)
}

fn own(state: &State, request: &Request, path: &str) -> Script {
    let gate = path.strip_prefix("gates/").and_then(|rest| rest.strip_suffix("/open"));
    match (request.method.as_str(), path, gate) {
        ("POST", _, Some(gate)) => {
            state.gates.open(gate);
            json_script(&json!({"gate": gate, "open": true}))
        }
        ("GET", "inflight", _) => json_script(&json!({"inflight": state.log.inflight()})),
        ("GET", "served", _) => json_script(&json!({"served": served(state, request)})),
        _ => Refusal::new(404, "The simulator has no such path.").script(),
    }
}

/// The records, of one tag where the query names it.
fn served(state: &State, request: &Request) -> Vec<crate::simulator::Served> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let query: HashMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let mut served = state.log.served();
    if let Some(tag) = query.get("tag") {
        served.retain(|served| served.tag.as_deref() == Some(tag));
    }
    served
}

fn unanswered(request: Request, refusal: &Refusal) -> (Script, Arrival) {
    (refusal.script(), Arrival::of(request))
}

impl Arrival {
    /// What a record knows of a request that was not understood further.
    pub(super) fn of(request: Request) -> Self {
        Self {
            tag: None,
            model: String::new(),
            request: format!("{} {}", request.method, request.target),
            headers: request.headers,
            body: request.body,
            prompt_tokens: 0,
            completion_tokens: 0,
            cached_tokens: 0,
            cache_write_tokens: 0,
            reasoning_tokens: 0,
        }
    }
}

/// A JSON answer of status 200.
pub(super) fn json_script(value: &serde_json::Value) -> Script {
    Script::whole(200, "application/json", Bytes::from(value.to_string()))
}
