//! The commands of gateways, in batches that are answered in order.

use actix_web::web::{Data, Json};
use syntopen_shared::chaos::failpoint;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    BATCH_MAX, Checkpoint, Confirm, Finish, FinishAnswer, FinishRefused, Hold, HoldAnswer, KeyRecord, KeyReport,
    Report, Resolve,
};

use crate::error::AdminError;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

pub(super) async fn hold(
    ledger: Data<Ledger>,
    metrics: Data<Metrics>,
    holds: Json<Vec<Hold>>,
) -> Result<Json<Vec<HoldAnswer>>, AdminError> {
    let holds = batch(&metrics, holds)?;
    let answers = ledger.hold_all(holds).await;
    failpoint("ledger.applied");
    for answer in &answers {
        match answer {
            Some(Ok(_)) => metrics.command("hold", "granted"),
            Some(Err(refused)) => metrics.command("hold", &refused.to_string()),
            None => metrics.command("hold", "unavailable"),
        }
    }
    Ok(Json(answers))
}

pub(super) async fn checkpoint(
    ledger: Data<Ledger>,
    metrics: Data<Metrics>,
    checkpoints: Json<Vec<Checkpoint>>,
) -> Result<Json<Vec<bool>>, AdminError> {
    let checkpoints = batch(&metrics, checkpoints)?;
    let taken = ledger.checkpoint_all(checkpoints).await;
    for is_taken in &taken {
        metrics.command("checkpoint", if *is_taken { "taken" } else { "unavailable" });
    }
    Ok(Json(taken))
}

pub(super) async fn finish(
    ledger: Data<Ledger>,
    metrics: Data<Metrics>,
    finishes: Json<Vec<Finish>>,
) -> Result<Json<Vec<FinishAnswer>>, AdminError> {
    let finishes = batch(&metrics, finishes)?;
    let answers = ledger.finish_all(finishes).await;
    failpoint("ledger.applied");
    for answer in &answers {
        let outcome = match answer {
            Some(Ok(_)) => "applied",
            Some(Err(FinishRefused::Conflict)) => "conflict",
            Some(Err(FinishRefused::Frozen)) => "frozen",
            None => "unavailable",
        };
        metrics.command("finish", outcome);
    }
    Ok(Json(answers))
}

pub(super) async fn confirm(
    ledger: Data<Ledger>,
    metrics: Data<Metrics>,
    confirms: Json<Vec<Confirm>>,
) -> Result<Json<Vec<bool>>, AdminError> {
    let confirms = batch(&metrics, confirms)?;
    Ok(Json(ledger.confirm(confirms).await?))
}

pub(super) async fn resolve(ledger: Data<Ledger>, asked: Json<Resolve>) -> Result<Json<Option<KeyRecord>>, AdminError> {
    Ok(Json(ledger.resolve(asked.hash).await?))
}

pub(super) async fn refresh(
    ledger: Data<Ledger>,
    metrics: Data<Metrics>,
    keys: Json<Vec<KeyId>>,
) -> Result<Json<Vec<KeyRecord>>, AdminError> {
    let keys = batch(&metrics, keys)?;
    Ok(Json(ledger.refresh(&keys).await?))
}

pub(super) async fn report(ledger: Data<Ledger>, asked: Json<Report>) -> Result<Json<Option<KeyReport>>, AdminError> {
    Ok(Json(ledger.report(asked.key).await?))
}

fn batch<T>(metrics: &Metrics, Json(batch): Json<Vec<T>>) -> Result<Vec<T>, AdminError> {
    if BATCH_MAX < batch.len() {
        let count = batch.len();
        return Err(AdminError::Invalid(format!("a batch is at most {BATCH_MAX} commands, this one has {count}")));
    }
    metrics.batch.observe(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
    Ok(batch)
}
