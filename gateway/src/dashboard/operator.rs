//! The operator's pages: accounts, upstreams, catalog, ledger, audit log. For anybody else there are none.

mod account;
mod accounts;
mod audit;
mod catalog;
mod detail;
mod figures;
mod ledger;
mod money;
mod standing;
mod upstreams;

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::error::PageError;
use super::form::Form;
use super::page;
use super::viewer::{Operator, Signed};

/// The routes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/operator/accounts").route(web::get().to(accounts::show)))
        .service(page("/operator/accounts/{account}").route(web::get().to(account::show)))
        .service(page("/operator/accounts/{account}/credit").route(web::post().to(money::credit)))
        .service(page("/operator/accounts/{account}/refund").route(web::post().to(money::refund)))
        .service(page("/operator/accounts/{account}/suspend").route(web::post().to(standing::suspend)))
        .service(page("/operator/accounts/{account}/resume").route(web::post().to(standing::resume)))
        .service(page("/operator/upstreams").route(web::get().to(upstreams::show)))
        .service(page("/operator/catalog").route(web::get().to(catalog::show)))
        .service(page("/operator/ledger").route(web::get().to(ledger::show)))
        .service(page("/operator/ledger/reconcile").route(web::post().to(ledger::reconcile)))
        .service(page("/operator/audit").route(web::get().to(audit::show)));
}

/// A form of an operator. Anybody else finds no such page, whatever the form holds.
pub(crate) struct OperatorForm<T>(pub(crate) Signed, pub(crate) T);

/// A form that only has its button.
#[derive(serde::Deserialize)]
pub(crate) struct Button {}

impl<T: DeserializeOwned + 'static> FromRequest for OperatorForm<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = Operator::from_request(request, payload);
        let form = Form::<T>::from_request(request, payload);
        Box::pin(async move {
            let Operator(signed) = operator.await?;
            let Form(fields) = form.await?;
            Ok(Self(signed, fields))
        })
    }
}
