//! The dashboard: pages for customers and for the operator, made on the server.
//!
//! A page is a handler and, beside it, its template. Who looks at it is told by an extractor ([`viewer`]), which
//! answers for itself where nobody is signed in; a form comes through [`form::Form`], which lets through only what one
//! of our own pages has sent. What is shown comes from the ledger, by [`crate::clients::office::Office`]: the gateway
//! keeps nothing of it.

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, web};
use origin::Origin;

use crate::app::App;

mod address;
mod assets;
mod billing;
#[cfg(test)]
mod components;
mod cookie;
mod docs;
mod error;
mod first_steps;
mod form;
mod format;
mod headers;
mod invitations;
mod keys;
mod links;
mod members;
mod models;
pub mod oidc;
mod operator;
mod origin;
mod overview;
mod page;
mod pager;
mod payments;
mod playground;
pub mod seal;
mod settings;
mod sign_in;
mod sign_out;
mod sign_up;
mod snippets;
mod throttle;
mod usage;
mod viewer;

/// Below this path is everything that a browser sees.
pub(crate) const BASE: &str = "/dashboard";

/// The pages.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(page("/docs").wrap(from_fn(headers::wrap)).route(web::get().to(docs::show)));
    config.service(web::redirect("/", BASE)).service(
        web::scope(BASE)
            .wrap(from_fn(headers::wrap))
            .app_data(address::config())
            .service(page("").route(web::get().to(overview::show)))
            .configure(sign_in::configure)
            .service(page("/sign-up").route(web::get().to(sign_up::show)).route(web::post().to(sign_up::submit)))
            .service(page("/sign-out").route(web::post().to(sign_out::submit)))
            .configure(settings::configure)
            .configure(links::configure)
            .configure(invitations::configure)
            .configure(members::configure)
            .service(page("/assets/{version}/{name}").route(web::get().to(assets::serve)))
            .configure(playground::configure)
            .configure(operator::configure)
            .configure(usage::configure)
            .configure(billing::configure)
            .configure(payments::configure)
            .configure(keys::configure)
            .configure(models::configure)
            .default_service(web::to(error::not_found)),
    );
}

/// Scheme and authority by which the sender of a request reaches us.
pub(crate) fn base(app: &App, request: &HttpRequest) -> String {
    Origin::of(app, request).base
}

fn page(path: &str) -> Resource {
    web::resource(path).default_service(web::to(error::not_found))
}
