//! Google's errors.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Delivery, credentials};
use crate::simulator::faults::{Fault, Marks};
use crate::simulator::script::Script;
use crate::simulator::service::Service;

/// The reason of an error that says that the key is wrong, which stands in its details.
const KEY_INVALID: &str = "API_KEY_INVALID";

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    status: String,
    message: String,
    details: Option<Box<Value>>,
}

impl Refusal {
    /// A request that is wrong.
    pub(super) fn new(message: &str) -> Self {
        Self::of_status(400, message)
    }

    /// A refusal for another reason than that the request is wrong.
    pub(super) fn of_status(code: u16, message: &str) -> Self {
        Self { code, status: usual_status(code).to_owned(), message: message.to_owned(), details: None }
    }

    pub(super) fn with_details(self, details: Value) -> Self {
        Self { details: Some(Box::new(details)), ..self }
    }

    /// The answer of a fault that has a status.
    pub(super) fn of_fault(code: u16, fault: &Fault, delivery: Delivery) -> Script {
        if let Some(body) = fault.body {
            return of_google(body.script(code));
        }
        let usual = format!("The simulator was asked for status {code}.");
        let mut refusal = Self::of_status(code, &usual);
        match fault.code.as_deref() {
            Some(KEY_INVALID) => refusal = Self { code, ..credentials::invalid_key() },
            Some(status) => status.clone_into(&mut refusal.status),
            None => {}
        }
        if let Some(message) = &fault.message {
            refusal.message.clone_from(message);
        }
        if let Some(seconds) = &fault.retry_after {
            // There is no header for it here.
            let kind = "type.googleapis.com/google.rpc.RetryInfo";
            refusal = refusal.with_details(json!([{"@type": kind, "retryDelay": format!("{seconds}s")}]));
        }
        refusal.script(delivery)
    }

    /// The refusal as it is written: in an array where the answer would have been one.
    pub(super) fn script(&self, delivery: Delivery) -> Script {
        let body = match delivery {
            Delivery::Array => json!([self.to_json()]),
            Delivery::Json | Delivery::Events => self.to_json(),
        };
        of_google(Script::whole(self.code, "application/json; charset=UTF-8", Bytes::from(format!("{body:#}\n"))))
    }

    fn to_json(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message, "status": self.status});
        if let Some(details) = &self.details {
            error["details"] = Value::clone(details);
        }
        json!({"error": error})
    }
}

/// A script with Google's headers.
pub(super) fn of_google(script: Script) -> Script {
    Script { service: Service::Google, ..script }
}

/// What a fault puts into the middle of a stream.
pub(super) fn marks(fault: &Fault, delivery: Delivery) -> Marks {
    let error = Refusal::of_status(503, "The model is overloaded. Please try again later.").to_json();
    let begins = fault.error_event_after == Some(0);
    let error_event = match delivery {
        Delivery::Array => format!("{}{error}\r\n]", if begins { "[" } else { ",\r\n" }),
        _ if fault.bare_error_event => format!("{error:#}\n"),
        _ => format!("data: {error}\r\n\r\n"),
    };
    let garbage: &[u8] = b"data: {\"candidates\": [{\"content\": {\"pa\r\n\r\n";
    Marks { error_event: error_event.into(), garbage: Bytes::from_static(garbage) }
}

const fn usual_status(code: u16) -> &'static str {
    match code {
        400 | 413 | 422 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}
