//! What reconciliations came to, kept in the book for the operator to see.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::office::operator::ledger::Scope;

use super::{Finding, ReconcileReport};
use crate::book::reconciliations::{self, Outcome};
use crate::book::{Book, Result};

/// Differences that are told.
const TOLD_MAX: usize = 20;

/// Notes a comparison of the hot state with the book that a ledger made by itself.
pub(crate) async fn note(book: &Book, (began_ms, ended_ms): (i64, i64), report: &ReconcileReport) {
    let noted: Result<()> = async {
        let mut writer = book.writer().await;
        let mut transaction = writer.begin_charges().await?;
        let id = reconciliations::begin(&mut transaction, Scope::Hot, began_ms).await?;
        reconciliations::end(&mut transaction, (&id, ended_ms), Ok(&outcome(report))).await?;
        transaction.commit().await
    }
    .await;
    unless_noted(noted);
}

/// Notes what the one came to that was begun under this id.
pub(crate) async fn end(book: &Book, at: (&str, i64), report: anyhow::Result<ReconcileReport>) {
    let outcome = report.map(|report| outcome(&report)).map_err(|error| {
        tracing::warn!(error = format!("{error:#}"), "the reconciliation failed");
        "The book, or Redis, could not be read."
    });
    let noted: Result<()> = async {
        let mut writer = book.writer().await;
        let mut transaction = writer.begin_charges().await?;
        reconciliations::end(&mut transaction, at, outcome.as_ref().map_err(|failure| *failure)).await?;
        transaction.commit().await
    }
    .await;
    unless_noted(noted);
}

fn unless_noted(noted: Result<()>) {
    if let Err(error) = noted {
        tracing::warn!(%error, "a reconciliation was not noted");
    }
}

fn outcome(report: &ReconcileReport) -> Outcome {
    Outcome {
        drift: report.drift,
        pending: i64::try_from(report.pending).unwrap_or(i64::MAX),
        routes: report.routes.clone(),
        findings: report.findings.iter().take(TOLD_MAX).map(sentence).collect(),
    }
}

fn sentence(Finding { check, subject, expected, found }: &Finding) -> String {
    format!("{check}: {subject} has {}, expected {}", NanoUsd::new(*found), NanoUsd::new(*expected))
}
