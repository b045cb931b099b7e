//! What an account used: every request, as a list, as a file and one by one.

use actix_web::web;

use super::page;

mod csv;
pub(crate) mod days;
mod details;
mod filter;
mod list;
pub(crate) mod words;

/// The pages of this area.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/usage").route(web::get().to(list::show)))
        .service(page("/usage.csv").route(web::get().to(csv::export)))
        .service(page("/usage/daily.json").route(web::get().to(days::json)))
        .service(page("/usage/{id}").route(web::get().to(details::show)));
}
