//! `GET /openapi.json`: the API as `OpenAPI` 3.1, generated from the handlers and from the types in this folder.
//!
//! The gateway validates requests by hand, over the bytes that were sent ([`crate::protocol`]): the types here describe
//! that to programs and are never filled. The tests of the libraries compare both.

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, RefOr, Response, Server};
use utoipa::{Modify, OpenApi as _};

use self::refusals::{ATTEMPTS, DROPPED, MAX_TOKENS, Named, RATE_LIMIT, REQUEST_ID};
use super::{chat_completions, key, models};
use crate::app::App;
use crate::dashboard;

#[expect(dead_code, reason = "described, never filled")]
pub(super) mod answer;
#[expect(dead_code, reason = "described, never filled")]
pub(super) mod looks;
#[expect(dead_code, reason = "the envelope is described, never filled")]
pub(crate) mod refusals;
#[expect(dead_code, reason = "described, never filled")]
pub(super) mod request;

const OK: &str = "200";
const DESCRIPTION: &str = "OpenAI-compatible chat completions, paid from a prepaid balance. Set the base URL of an \
                           OpenAI SDK to /api/v1 here.";

/// The handlers, and the types that no handler names.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(chat_completions::create, models::list, models::retrieve, key::show),
    components(schemas(answer::ChatCompletionChunk, refusals::ErrorEnvelope)),
    tags((name = "chat", description = "Completions"), (name = "account", description = "Models and keys")),
    modifiers(&Common)
)]
struct Api;

/// What no handler says of itself.
struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut OpenApi) {
        api.info = Info::new("Syntopen API", env!("CARGO_PKG_VERSION"));
        api.info.description = Some(DESCRIPTION.to_owned());
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sk-syn-…");
        let bearer = bearer.description(Some("An API key, made in the dashboard.")).build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        for path in api.paths.paths.values_mut() {
            if let Some(completion) = &mut path.post {
                let headers = [REQUEST_ID, MAX_TOKENS, ATTEMPTS, DROPPED].into_iter().chain(RATE_LIMIT);
                add(completion.responses.responses.get_mut(OK), headers);
            }
            if let Some(look) = &mut path.get {
                add(look.responses.responses.get_mut(OK), [REQUEST_ID]);
            }
        }
    }
}

fn add(response: Option<&mut RefOr<Response>>, headers: impl IntoIterator<Item = Named>) {
    let Some(RefOr::T(response)) = response else { return };
    let mut with = ResponseBuilder::from(std::mem::take(response));
    for (name, header) in headers.into_iter().map(Named::header) {
        with = with.header(name, header);
    }
    *response = with.build();
}

/// The document, for clients that reach the API at `base`.
fn document(base: &str) -> OpenApi {
    let mut api = Api::openapi();
    api.servers = Some(vec![Server::new(base)]);
    api
}

/// The document.
pub async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let document = document(&dashboard::base(&app, &request));
    std::future::ready(HttpResponse::Ok().json(document)).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api;
    use crate::error::{ApiError, Funds};

    #[test]
    fn every_route_is_described() {
        let document: Value = serde_json::to_value(document("https://gateway.example")).unwrap();
        assert_eq!(document["servers"], json!([{ "url": "https://gateway.example" }]));
        let routes = api::routes().map(|(method, path, _)| {
            let path = format!("{}{}", api::BASES[0], path.replace(":.+}", "}"));
            (path, method.to_ascii_lowercase())
        });
        for (path, method) in &routes {
            assert!(document["paths"][path][method]["responses"]["200"].is_object(), "{method} {path}");
        }
        assert_eq!(document["paths"].as_object().unwrap().len(), routes.len());
    }

    #[test]
    fn every_error_is_described() {
        use actix_web::http::StatusCode;
        let funds = Funds {
            required: Default::default(),
            available: Default::default(),
            held: Default::default(),
            affordable_tokens: 0,
        };
        let of_status = [404, 405, 408, 413, 415, 431, 400, 500].map(|status| StatusCode::from_u16(status).unwrap());
        let errors = [
            ApiError::invalid_request(""),
            ApiError::invalid_api_key(""),
            ApiError::insufficient_balance("", funds),
            ApiError::model_not_allowed(""),
            ApiError::account_suspended(),
            ApiError::model_not_found(""),
            ApiError::not_found(""),
            ApiError::method_not_allowed(""),
            ApiError::request_timeout(),
            ApiError::payload_too_large(1),
            ApiError::unsupported_media_type(),
            ApiError::rate_limit_exceeded(1, 1),
            ApiError::internal(),
            ApiError::upstream_error(""),
            ApiError::upstream_unavailable(""),
            ApiError::upstream_timeout(),
            ApiError::service_unavailable(""),
        ];
        for error in errors.into_iter().chain(of_status.map(ApiError::of_status)) {
            let (status, body) = (actix_web::ResponseError::status_code(&error).as_u16(), error.body());
            let is_it = |refused: &&refusals::Refused| {
                refused.status == status
                    && body["error"]["code"] == refused.code
                    && body["error"]["type"] == refused.kind
            };
            assert!(refusals::REFUSALS.iter().any(|refused| is_it(&refused)), "{error}");
        }
    }
}
