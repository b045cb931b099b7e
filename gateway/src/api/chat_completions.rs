//! `POST /chat/completions`.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use super::envelope;
use super::openapi::answer::{ChatCompletion, ServerSentEvent};
use super::openapi::refusals::OfCompletions;
use super::openapi::request::ChatCompletionRequest;
use crate::app::App;
use crate::chat::{self, Arrival, Asking};

/// Generates a chat completion.
#[utoipa::path(
    post,
    path = "/api/v1/chat/completions",
    operation_id = "createChatCompletion",
    tag = "chat",
    request_body = ChatCompletionRequest,
    responses(
        (
            status = 200,
            description = "The answer; with `stream: true`, server-sent events whose data are objects of the schema \
                           ChatCompletionChunk, ended by `data: [DONE]`.",
            content((ChatCompletion = "application/json"), (ServerSentEvent = "text/event-stream"))
        ),
        OfCompletions
    ),
    security(("api_key" = []))
)]
pub async fn create(
    app: web::Data<App>,
    upstreams: web::Data<awc::Client>,
    head: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let arrival = Arrival {
        id: envelope::request_id(&head),
        started: Instant::now(),
        asking: Asking::Client { head: &head, body },
        upstreams: &upstreams,
    };
    let answer = envelope::guarded(&app, &head, chat::complete(&app, arrival)).await;
    app.metrics.answered("chat_completions", answer.status().as_u16());
    answer
}
