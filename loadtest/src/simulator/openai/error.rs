//! OpenAI's errors.

use bytes::Bytes;
use serde_json::json;

use crate::simulator::faults::{Fault, Marks};
use crate::simulator::script::Script;

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) param: Option<String>,
    pub(super) code: Option<String>,
}

impl Refusal {
    /// A refusal that concerns no parameter.
    pub(in crate::simulator) fn new(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned(), param: None, code: usual_code(status).map(str::to_owned) }
    }

    /// A 400 because of one parameter.
    pub(super) fn of_param(param: &str, message: &str) -> Self {
        Self { param: Some(param.to_owned()), ..Self::new(400, message) }
    }

    /// The answer of a fault that has a status.
    pub(super) fn of_fault(status: u16, fault: &Fault) -> Script {
        let mut refusal = Self::new(status, &format!("The simulator was asked for status {status}."));
        refusal.message = fault.message.clone().unwrap_or(refusal.message);
        refusal.code = fault.code.clone().or(refusal.code);
        let mut script = match fault.body {
            None => refusal.script(),
            Some(body) => body.script(status),
        };
        script.retry_after.clone_from(&fault.retry_after);
        script
    }

    /// The refusal as it is written.
    pub(in crate::simulator) fn script(&self) -> Script {
        let kind = match self.code.as_deref() {
            Some("insufficient_quota") => "insufficient_quota",
            _ => usual_type(self.status),
        };
        let error = json!({"message": self.message, "type": kind, "param": self.param, "code": self.code});
        Script::whole(self.status, "application/json", Bytes::from(json!({"error": error}).to_string()))
    }
}

/// What a fault puts into the middle of a stream.
pub(super) fn marks() -> Marks {
    let message = "The server had an error while processing your request.";
    let error = json!({"message": message, "type": "server_error", "param": null, "code": null});
    Marks {
        error_event: format!("data: {}\n\n", json!({"error": error})).into(),
        garbage: Bytes::from_static(b"data: {\"id\":\"chatcmpl-\n\n"),
    }
}

const fn usual_type(status: u16) -> &'static str {
    match status {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

const fn usual_code(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("invalid_api_key"),
        404 => Some("model_not_found"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    }
}
