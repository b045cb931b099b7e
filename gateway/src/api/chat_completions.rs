//! `POST /chat/completions`.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use super::envelope;
use crate::app::App;
use crate::chat::{self, Arrival};

/// Generates a chat completion.
pub async fn create(
    app: web::Data<App>,
    upstreams: web::Data<awc::Client>,
    head: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let arrival =
        Arrival { id: envelope::request_id(&head), started: Instant::now(), head: &head, body, upstreams: &upstreams };
    let answer = envelope::guarded(&app, &head, chat::complete(&app, arrival)).await;
    app.metrics.answered("chat_completions", answer.status().as_u16());
    answer
}
