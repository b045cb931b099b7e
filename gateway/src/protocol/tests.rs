//! What is refused and what is accepted, and that nothing a client sends does worse than that.

use bytes::Bytes;

use super::{ChatRequest, InvalidRequest};

mod accepted;
mod measured;
mod mutated;
mod refused;
mod refused_messages;
mod refused_tools;
mod rewritten;

fn parse(body: &str) -> Result<ChatRequest, InvalidRequest> {
    ChatRequest::parse(Bytes::copy_from_slice(body.as_bytes()))
}

/// The least request, with more parameters.
fn with(params: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{params}}}"#)
}

fn with_messages(messages: &str) -> String {
    format!(r#"{{"model":"m","messages":{messages}}}"#)
}

/// A case of what is refused: the fragment, the field at fault, and a piece of what is said about it.
type Refusal<'t> = (&'t str, &'t str, &'t str);

fn assert_refused(body: &str, (fragment, param, message): Refusal<'_>) {
    let refusal = parse(body).expect_err(fragment);
    assert_eq!(refusal.param.as_deref().unwrap_or_default(), param, "{fragment}: {refusal}");
    assert!(refusal.message.contains(message), "{fragment}: {refusal}");
    assert!(refusal.to_string().len() < 500, "{fragment}: {refusal}");
}
