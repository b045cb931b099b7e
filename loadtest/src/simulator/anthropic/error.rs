//! Anthropic's errors.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::simulator::faults::{Fault, Marks};
use crate::simulator::script::Script;
use crate::simulator::service::Service;

/// The code of an error that says that a limit of spending is reached, which stands in its details.
const SPEND_LIMIT: &str = "enforced_spend_limit_reached";

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    kind: String,
    message: String,
    details: Option<Box<Value>>,
}

impl Refusal {
    /// A request that is wrong.
    pub(super) fn new(message: &str) -> Self {
        Self::of_status(400, message)
    }

    /// A refusal for another reason than that the request is wrong.
    pub(super) fn of_status(status: u16, message: &str) -> Self {
        Self { status, kind: usual_type(status).to_owned(), message: message.to_owned(), details: None }
    }

    /// The answer of a fault that has a status.
    pub(super) fn of_fault(status: u16, fault: &Fault, id: u64) -> Script {
        let usual = if status == 529 {
            "Overloaded".to_owned()
        } else {
            format!("The simulator was asked for status {status}.")
        };
        let mut refusal = Self::of_status(status, fault.message.as_deref().unwrap_or(&usual));
        match fault.code.as_deref() {
            Some(SPEND_LIMIT) => refusal.details = Some(Box::new(json!({"error_code": SPEND_LIMIT}))),
            Some(kind) => kind.clone_into(&mut refusal.kind),
            None => {}
        }
        let mut script = match fault.body {
            None => refusal.script(id),
            Some(body) => of_anthropic(body.script(status), id),
        };
        script.retry_after.clone_from(&fault.retry_after);
        script
    }

    /// The refusal as it is written.
    pub(super) fn script(&self, id: u64) -> Script {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(details) = &self.details {
            error["details"] = Value::clone(details);
        }
        let body = json!({"type": "error", "error": error, "request_id": request_id(id)});
        of_anthropic(Script::whole(self.status, "application/json", Bytes::from(body.to_string())), id)
    }
}

/// A script with Anthropic's headers.
pub(super) fn of_anthropic(script: Script, id: u64) -> Script {
    Script { service: Service::Anthropic(request_id(id)), ..script }
}

fn request_id(id: u64) -> String {
    format!("req_sim{id}")
}

/// What a fault puts into the middle of a stream.
pub(super) fn marks() -> Marks {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let garbage = b"event: content_block_delta\ndata: {\"type\":\"content_block_de\n\n";
    Marks { error_event: super::stream::event(&error).into(), garbage: Bytes::from_static(garbage) }
}

const fn usual_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
