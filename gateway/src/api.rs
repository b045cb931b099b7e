//! All routes of the gateway on one page.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, Route, web};

use crate::dashboard;
use crate::error::ApiError;

pub mod chat_completions;
pub mod envelope;
pub mod health;
pub mod key;
pub mod metrics;
pub mod models;
pub mod openapi;
pub mod stripe_webhook;

/// The two bases under which the API answers.
const BASES: [&str; 2] = ["/api/v1", "/v1"];

/// Paths of OpenAI's API that this one does not have, so that a customer is told so.
const NOT_OFFERED: [&str; 16] = [
    "assistants",
    "audio",
    "batches",
    "completions",
    "containers",
    "conversations",
    "embeddings",
    "evals",
    "files",
    "fine_tuning",
    "images",
    "moderations",
    "realtime",
    "responses",
    "threads",
    "vector_stores",
];

/// The public port.
pub fn configure(config: &mut web::ServiceConfig) {
    for base in BASES {
        let scope = routes()
            .into_iter()
            .fold(web::scope(base), |scope, (method, path, route)| scope.service(resource(path, method, route)));
        config.service(scope.default_service(web::to(not_found)));
    }
    config.service(resource("/openapi.json", "GET", web::get().to(openapi::show)));
    config.service(resource("/webhooks/stripe", "POST", web::post().to(stripe_webhook::receive)));
    config.configure(dashboard::configure).default_service(web::to(not_found));
}

/// The API, below each of its bases. All of it is in `/openapi.json`.
fn routes() -> [(&'static str, &'static str, Route); 4] {
    [
        ("POST", "/chat/completions", web::post().to(chat_completions::create)),
        ("GET", "/models", web::get().to(models::list)),
        ("GET", "/models/{id:.+}", web::get().to(models::retrieve)),
        ("GET", "/key", web::get().to(key::show)),
    ]
}

/// The ops port: never to be published.
pub fn configure_ops(config: &mut web::ServiceConfig) {
    config
        .service(resource("/healthz", "GET", web::get().to(health::live)))
        .service(resource("/readyz", "GET", web::get().to(health::ready)))
        .service(resource("/metrics", "GET", web::get().to(metrics::show)))
        .default_service(web::to(not_found));
}

fn resource(path: &str, method: &'static str, route: Route) -> actix_web::Resource {
    let refuse = move |request: HttpRequest| async move { method_not_allowed(&request, method) };
    web::resource(path).route(route).default_service(web::to(refuse))
}

fn method_not_allowed(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    let message = format!("This path takes {allowed}, not {}.", shorten(request.method()));
    let mut response = ApiError::method_not_allowed(message).error_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn shorten(method: &Method) -> &str {
    method.as_str().get(..20).unwrap_or(method.as_str())
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    let below = BASES.iter().find_map(|base| request.path().strip_prefix(base));
    let name = below.and_then(|path| path.trim_start_matches('/').split('/').next());
    let message = match NOT_OFFERED.iter().find(|known| Some(**known) == name) {
        Some(known) => {
            format!("OpenAI's `{known}` endpoints are not offered here yet; chat/completions and models are.")
        }
        None => "There is nothing at this path. The API's base is /api/v1.".to_owned(),
    };
    ApiError::not_found(message).error_response()
}
