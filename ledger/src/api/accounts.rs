//! Commands about accounts.

use actix_web::web::{Data, Json};
use syntopen_shared::wire::admin::{
    Account, CreateAccount, CreditAccount, CreditReceipt, SetAccountStanding, ShowAccount,
};

use crate::error::AdminError;
use crate::ledger::Ledger;

pub(super) async fn create(ledger: Data<Ledger>, command: Json<CreateAccount>) -> Result<Json<Account>, AdminError> {
    ledger.create_account(command.into_inner()).await.map(Json)
}

pub(super) async fn show(ledger: Data<Ledger>, command: Json<ShowAccount>) -> Result<Json<Account>, AdminError> {
    ledger.show_account(command.into_inner()).await.map(Json)
}

pub(super) async fn credit(
    ledger: Data<Ledger>,
    command: Json<CreditAccount>,
) -> Result<Json<CreditReceipt>, AdminError> {
    ledger.credit_account(command.into_inner()).await.map(Json)
}

pub(super) async fn standing(
    ledger: Data<Ledger>,
    command: Json<SetAccountStanding>,
) -> Result<Json<Account>, AdminError> {
    ledger.set_account_standing(command.into_inner()).await.map(Json)
}
