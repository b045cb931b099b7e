//! Commands about API keys.

use actix_web::web::{Data, Json};
use syntopen_shared::wire::admin::{CreateKey, CreatedKey, KeyList, ListKeys, RevokeKey, UpdateKey};
use syntopen_shared::wire::ledger::KeyRecord;

use crate::error::AdminError;
use crate::ledger::Ledger;

pub(super) async fn create(ledger: Data<Ledger>, command: Json<CreateKey>) -> Result<Json<CreatedKey>, AdminError> {
    ledger.create_key(command.into_inner()).await.map(Json)
}

pub(super) async fn list(ledger: Data<Ledger>, command: Json<ListKeys>) -> Result<Json<KeyList>, AdminError> {
    ledger.list_keys(command.into_inner()).await.map(Json)
}

pub(super) async fn update(ledger: Data<Ledger>, command: Json<UpdateKey>) -> Result<Json<KeyRecord>, AdminError> {
    ledger.update_key(command.into_inner()).await.map(Json)
}

pub(super) async fn revoke(ledger: Data<Ledger>, command: Json<RevokeKey>) -> Result<Json<KeyRecord>, AdminError> {
    ledger.revoke_key(command.into_inner()).await.map(Json)
}
