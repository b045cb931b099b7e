//! The ledger's own program: today, the reconciliation of a stopped gateway's book.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::reconcile::{ReconcileReport, of_data_dir};
use clap::{Parser, Subcommand};
use syntopen_shared::money::NanoUsd;

#[derive(Parser)]
#[command(name = "syntopen-ledger", about = "Accounts, balances and the book of Syntopen")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Counts the money by every route; exits with 1 where they differ.
    Reconcile {
        /// The data directory of a gateway that does not run.
        #[arg(long, default_value = "./data")]
        data_dir: PathBuf,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the program to its end.
///
/// # Errors
/// When the book cannot be opened or read.
pub async fn run() -> anyhow::Result<ExitCode> {
    let Command::Reconcile { data_dir, json } = Arguments::parse().command;
    let report = of_data_dir(&data_dir).await?;
    let text = if json { serde_json::to_string(&report)? } else { for_people(&report) };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(if report.drift == NanoUsd::ZERO { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn for_people(report: &ReconcileReport) -> String {
    let ReconcileReport { drift, findings, accounts, transfers, requests, .. } = report;
    let counted = format!("{accounts} accounts, {transfers} transfers, {requests} requests: drift {drift}");
    let lines = findings.iter().map(|finding| {
        format!("{} ({}): {} instead of {}", finding.check, finding.subject, finding.found, finding.expected)
    });
    std::iter::once(counted).chain(lines).collect::<Vec<_>>().join("\n")
}
