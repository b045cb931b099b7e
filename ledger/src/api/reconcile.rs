//! The reconciliation, on demand.

use actix_web::web::{Data, Json};

use crate::error::AdminError;
use crate::ledger::Ledger;
use crate::reconcile::ReconcileReport;

pub(super) async fn report(ledger: Data<Ledger>) -> Result<Json<ReconcileReport>, AdminError> {
    match ledger.reconcile().await {
        Ok(report) => Ok(Json(report)),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the reconciliation failed");
            Err(AdminError::Unavailable)
        }
    }
}
